//! The command `portcullis explain`.

use std::path::PathBuf;

use portcullis_sim::replay::{ExplainError, explain};

use crate::{
    args::{engine::EngineArgs, values::parse_whole},
    failure::Failure,
    input::{file::shown_path, policy::InitialPolicy, tapes::Tapes},
    print::{Format, print_json, print_painted},
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
    /// The output format
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    #[command(flatten)]
    settings: EngineArgs,
}

fn parse_n(text: &str) -> Result<u64, String> {
    parse_whole(text, 1..=u64::MAX)
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    args.settings
        .check_stdin(args.policy.as_deref(), None, Some(&args.tape))?;
    let (engine, _) = args.settings.resolve()?;
    let initial = InitialPolicy::read(args.policy.as_deref())?;
    let replayer = args.settings.replayer(engine, false);
    let tapes = Tapes::resolve(std::slice::from_ref(&args.tape))?;
    match explain(&replayer, initial.policy, tapes.reader(), args.n) {
        Err(ExplainError::Tape(error)) => Err(Failure::error(error)),
        Err(ExplainError::NoRecord { records }) => Err(Failure::error(format_args!(
            "`{}` has no record {}; its last record is {records}",
            shown_path(&args.tape),
            args.n
        ))),
        Ok(explained) => {
            match args.format {
                Format::Text => print_painted(&explained.text)?,
                Format::Json => print_json(&explained.json)?,
            }
            initial.validity
        }
    }
}
