//! `portcullis explain`

use std::path::PathBuf;

use portcullis::policy::PolicyUnavailable;

use super::{
    Failure,
    failure::{print, print_json},
    input::{initial_policy, parse_whole, refused_policy, stdin_once},
    operator::OperatorArgs,
    replay::Format,
};
use portcullis_sim::{
    replay::{Replayer, Scope, explain},
    tape::{TapeReader, resolve},
};

#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    /// The tape to read: JSON Lines (plain, gzip or zstd) or Parquet; use `-` for standard input
    #[arg(value_name = "TAPE")]
    tape: PathBuf,
    /// The policy file (JSON) that is active from the beginning
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The number of the record, counted from 1
    #[arg(long, value_name = "K", default_value = "1", value_parser = parse_n, allow_negative_numbers = true)]
    n: u64,
    /// Treat every policy as in force at every record's time
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

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    stdin_once(&[
        ("`--policy`", args.policy.as_deref()),
        ("`--guardrails`", args.operator.guardrails()),
        ("the tape", Some(&args.tape)),
    ])?;
    let (engine, _) = args.operator.resolve(args.assume_in_force)?;
    let initial = initial_policy(args.policy.as_ref())?;
    let refused = matches!(initial, Err(PolicyUnavailable::Refused(_)));
    let judge = Replayer {
        engine,
        assume_in_force: args.assume_in_force,
        reports: false,
        now: None,
        scope: Scope::Tape,
    };
    let sources = resolve(std::slice::from_ref(&args.tape)).map_err(Failure::unusable)?;
    match explain(&judge, initial, TapeReader::new(sources), args.n) {
        Err(error) => Err(Failure::unusable(error)),
        Ok(Err(records)) => Err(Failure::unusable(format_args!(
            "`{}` has no record {}; its last record is {records}",
            args.tape.display(),
            args.n
        ))),
        Ok(Ok(told)) => {
            match args.format {
                Format::Text => print(told.text)?,
                Format::Json => print_json(&told.json)?,
            }
            refused_policy(refused, args.policy.as_ref())
        }
    }
}
