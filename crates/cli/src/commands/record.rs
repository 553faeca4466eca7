//! `portcullis record`

use std::{
    io::{self, IsTerminal as _},
    path::{Path, PathBuf},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget};

use super::{
    Failure,
    input::warn,
    out::{Out, Temporary},
    service::ServerArg,
    streams::StreamArgs,
};
use portcullis_service::{
    recorder::{RecordError, Settings, Sinks, Tally, record, record_once},
    runtime::{Server, Stop},
};

/// Text at the end of the help.
const LAW: &str = "\
A replay of the recording writes the same bytes as the bridge, if it has the same --guardrails,
--exit-owner and --exit-delegate:

  portcullis record --once --out tape.jsonl --answers live.jsonl
  portcullis replay tape.jsonl --guardrails FILE --out again.jsonl
  cmp live.jsonl again.jsonl

The streams are read from the beginning. The exit status is 1 if an answer is missing in the recording;
standard error lists what is missing.";

#[derive(Debug, Clone, clap::Args)]
#[command(after_help = LAW)]
pub(super) struct Args {
    /// Write the tape to this file; `-` is standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
    /// Write the bridge's answers to this file, numbered like the records of the tape
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    /// Stop after all answers up to now are recorded [default: stop on SIGTERM or Ctrl-C]
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    server: ServerArg,
    #[command(flatten)]
    streams: StreamArgs,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    if args.answers.as_ref() == Some(&args.out) {
        return Err(Failure::unusable(format_args!(
            "`{}`: --out and --answers must be different files",
            args.out.display()
        )));
    }
    let settings = settings(args.server.resolve()?, &args.streams);
    let stop = Stop::on_signals().map_err(Failure::unusable)?;
    let mut tape = Out::open(&args.out, &[], Temporary::default())?;
    let answers = args.answers.as_ref();
    let answers = answers.map(|name| Out::open(name, &[&args.out], Temporary::default()));
    let mut answers = answers.transpose()?;
    let bar = bar(&args.out);
    let sinks = Sinks {
        tape: tape.writer(),
        answers: answers
            .as_mut()
            .map(|out| -> &mut dyn io::Write { out.writer() }),
        progress: &mut |tally| {
            bar.set_message(format!("{} answers recorded", tally.answers));
        },
    };
    let recorded = if args.once {
        record_once(&settings, sinks, &stop)
    } else {
        record(&settings, sinks, &stop)
    };
    bar.finish_and_clear();
    let tally = recorded.map_err(|error| match error {
        RecordError::Write(error) => Failure::output(&error),
        other @ (RecordError::Service(_) | RecordError::Redis { .. } | RecordError::Nothing(_)) => {
            Failure::unusable(other)
        }
    })?;
    tape.finish()?;
    answers.map_or(Ok(()), Out::finish)?;
    report(&tally)
}

fn settings(redis: Server, streams: &StreamArgs) -> Settings {
    Settings {
        redis,
        asked: [streams.intent_stream.clone(), streams.exit_stream.clone()],
        answered: [streams.plan_stream.clone(), streams.skip_stream.clone()],
        keys: streams.key_prefix.clone(),
    }
}

/// Prints the counts. Returns a failure if the recording is incomplete.
fn report(tally: &Tally) -> Result<(), Failure> {
    warn(format_args!(
        "recorded {} answers and {} policies",
        tally.answers, tally.policies
    ));
    let missing = tally.missing();
    for line in &missing {
        warn(line);
    }
    if !tally.is_whole {
        return Err(Failure::No(
            "stopped before all answers were recorded".to_owned(),
        ));
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::No("the recording is incomplete".to_owned()))
}

/// Returns a progress bar on standard error, hidden if that is not a terminal or shares one with the tape.
fn bar(out: &Path) -> ProgressBar {
    let is_mixed = out == Path::new("-") && io::stdout().is_terminal();
    if is_mixed || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::no_length();
    bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
    bar.set_style(super::replay::style("{spinner} {msg}"));
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}
