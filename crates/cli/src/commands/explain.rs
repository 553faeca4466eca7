//! The command `portcullis explain`.

use std::path::PathBuf;

use portcullis_sim::replay::{ExplainError, Replayer, Scope, explain};

use crate::{
    args::{operator::OperatorArgs, values::parse_whole},
    failure::Failure,
    input::{policy::InitialPolicy, stdin::check_single_stdin, tapes::Tapes},
    print::{Format, print, print_json},
};

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// The tape to read: JSON Lines (plain, gzip or zstd) or Parquet; use `-` for standard input
    #[arg(value_name = "TAPE")]
    tape: PathBuf,
    /// The policy file (JSON) that is active until the first policy record on the tape [default: none]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The number of the record, counted from 1
    #[arg(long, value_name = "K", default_value = "1", value_parser = parse_n, allow_negative_numbers = true)]
    n: u64,
    /// Treat every policy as in force at every record's time, even if it has expired or is not yet valid
    #[arg(long)]
    assume_in_force: bool,
    /// The output format
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    #[command(flatten)]
    operator: OperatorArgs,
}

fn parse_n(text: &str) -> Result<u64, String> {
    parse_whole(text, 1..=u64::MAX)
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    check_single_stdin(&[
        ("`--policy`", args.policy.as_deref()),
        ("`--guardrails`", args.operator.guardrails()),
        ("the tape", Some(&args.tape)),
    ])?;
    let (engine, _) = args.operator.resolve(args.assume_in_force)?;
    let initial = InitialPolicy::read(args.policy.as_deref())?;
    let replayer = Replayer {
        engine,
        assume_in_force: args.assume_in_force,
        reports: false,
        now: None,
        scope: Scope::Tape,
    };
    let tapes = Tapes::resolve(std::slice::from_ref(&args.tape))?;
    match explain(&replayer, initial.policy, tapes.reader(), args.n) {
        Err(ExplainError::Tape(error)) => Err(Failure::error(error)),
        Err(ExplainError::NoRecord { records }) => Err(Failure::error(format_args!(
            "`{}` has no record {}; its last record is {records}",
            args.tape.display(),
            args.n
        ))),
        Ok(explained) => {
            match args.format {
                Format::Text => print(explained.text)?,
                Format::Json => print_json(&explained.json)?,
            }
            initial.validity
        }
    }
}
