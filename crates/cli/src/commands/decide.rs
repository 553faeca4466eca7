//! `portcullis decide`, and the code it shares with `portcullis harvest`: each input line is answered immediately.

use std::{
    io,
    path::{Path, PathBuf},
};

use portcullis::{policy::PolicyUnavailable, types::Timestamp};

use super::{
    Failure,
    input::{initial_policy, parse_now, refused_policy, stdin_once, warn},
    operator::OperatorArgs,
};
use portcullis_sim::{
    replay::{AnswersTo, ReplayError, Replayer, Scope, Sinks, replay},
    tape::{TapeReader, TapeSource},
};

#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    answering: Answering,
    #[command(flatten)]
    operator: OperatorArgs,
}

/// Arguments of the commands that answer line by line.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Answering {
    /// The policy file (JSON) [default: none; records that need a policy are skipped]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The time at which to evaluate all records, in epoch seconds [default: each record's own timestamp]
    #[arg(long, value_name = "EPOCH", value_parser = parse_now, allow_negative_numbers = true)]
    now: Option<Timestamp>,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    answer_lines(&args.answering, &args.operator, Scope::Intents)
}

/// Answers standard input on standard output. Each answer is written before the next line is read.
pub(super) fn answer_lines(
    args: &Answering,
    operator: &OperatorArgs,
    scope: Scope,
) -> Result<(), Failure> {
    stdin_once(&[
        ("`--policy`", args.policy.as_deref()),
        ("`--guardrails`", operator.guardrails()),
        ("the records", Some(Path::new("-"))),
    ])?;
    let (engine, _) = operator.resolve(false)?;
    let initial = initial_policy(args.policy.as_ref())?;
    let refused = matches!(initial, Err(PolicyUnavailable::Refused(_)));
    let judge = Replayer {
        engine,
        assume_in_force: false,
        reports: false,
        now: args.now,
        scope,
    };
    let mut out = io::stdout().lock();
    let mut is_told = false;
    let sinks = Sinks {
        answers: AnswersTo::Lines(&mut out),
        tally: None,
        progress: &mut |counts| {
            if counts.untimed > 0 && !is_told {
                is_told = true;
                warn(
                    "warning: skipped a record without a timestamp; use `--now` to set the evaluation time",
                );
            }
        },
    };
    let tapes = TapeReader::new(vec![TapeSource::Stdin]);
    match replay(&judge, initial, tapes, 1, sinks) {
        Ok(_) => refused_policy(refused, args.policy.as_ref()),
        Err(ReplayError::Write(error)) => Err(Failure::output(&error)),
        Err(
            other @ (ReplayError::Tape { .. }
            | ReplayError::Threads { .. }
            | ReplayError::Miscounted { .. }),
        ) => Err(Failure::unusable(other)),
    }
}
