//! The command `portcullis decide`, and the code it shares with `portcullis harvest`: each input
//! line is answered immediately.

use std::{
    io,
    path::{Path, PathBuf},
};

use portcullis::types::Timestamp;
use portcullis_sim::{
    replay::{AnswerSink, Replayer, Scope, Sinks, replay},
    tape::{TapeReader, TapeSource},
};

use crate::{
    args::{operator::OperatorArgs, values::parse_epoch},
    failure::Failure,
    input::{policy::InitialPolicy, stdin::check_single_stdin},
    print::warn,
};

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    lines: LineArgs,
    #[command(flatten)]
    operator: OperatorArgs,
}

/// Arguments of the commands that answer line by line.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct LineArgs {
    /// The policy file (JSON) [default: none; records that need a policy are skipped]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The time at which to evaluate all records, in epoch seconds or as in `2026-01-05T00:00:00Z` [default: the timestamp
    /// of each record]
    #[arg(long, value_name = "EPOCH", value_parser = parse_epoch, allow_negative_numbers = true)]
    now: Option<Timestamp>,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    answer_lines(&args.lines, &args.operator, Scope::Intents)
}

/// Answers standard input on standard output. Each answer is written before the next line is read.
pub(crate) fn answer_lines(
    args: &LineArgs,
    operator: &OperatorArgs,
    scope: Scope,
) -> Result<(), Failure> {
    check_single_stdin(&[
        ("`--policy`", args.policy.as_deref()),
        ("`--guardrails`", operator.guardrails()),
        ("the records", Some(Path::new("-"))),
    ])?;
    let (engine, _) = operator.resolve(false)?;
    let initial = InitialPolicy::read(args.policy.as_deref())?;
    let replayer = Replayer {
        now: args.now,
        scope,
        ..Replayer::new(engine)
    };
    let mut out = io::stdout().lock();
    let mut has_warned = false;
    let sinks = Sinks {
        answers: AnswerSink::Lines(&mut out),
        tally: None,
        progress: &mut |counts| {
            if counts.untimed > 0 && !has_warned {
                has_warned = true;
                warn(
                    "warning: skipped a record without a timestamp; use `--now` to set the evaluation time",
                );
            }
        },
    };
    let tapes = TapeReader::new(vec![TapeSource::Stdin]);
    match replay(&replayer, initial.policy, tapes, 1, sinks).map_err(Failure::from) {
        // If the pipe is closed, an invalid policy still determines the exit status.
        Ok(_) | Err(Failure::BrokenPipe) => initial.validity,
        Err(failure) => Err(failure),
    }
}
