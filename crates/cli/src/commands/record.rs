//! The command `portcullis record`.

use std::{
    io::{self, IsTerminal as _},
    iter,
    path::{Path, PathBuf},
};

use indicatif::ProgressBar;
use portcullis_service::{
    recorder::{Settings, Sinks, Tally, record, record_once},
    runtime::{Stop, counted},
};
use portcullis_store::RedisServer;

use crate::{
    args::{profile::ProfileArg, service::ServerArg, streams::StreamArgs},
    failure::Failure,
    input::file::shown_path,
    output::{file::OutputFile, progress::spinner},
    print::warn,
    until_closed::Closed,
};

/// The text at the end of the help.
const REPLAY_HELP: &str = "\
Replay the tape with the --guardrails, --exit-owner and --exit-delegate of the bridge: the replay then writes the same \
answers as the bridge, byte for byte. If the bridge has a --profile, record with this profile, and list its delegates \
with --exit-delegate in the replay:

  portcullis record --once --out tape.jsonl --answers live.jsonl
  portcullis replay tape.jsonl --guardrails FILE --out again.jsonl
  cmp live.jsonl again.jsonl

The streams are read from their beginning. The exit status is 1 if the recording is incomplete; standard error lists \
the missing parts.";

/// Help of `--profile`. It differs from the help of the services, because a recording writes nothing to the server.
const PROFILE_HELP: &str = "The profile with which the bridge was started [default: no profile]";

#[derive(Debug, Clone, clap::Args)]
#[command(after_help = REPLAY_HELP, mut_arg("profile", |arg| arg.help(PROFILE_HELP)))]
pub(crate) struct Args {
    /// Write the tape to this file; use `-` for standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
    /// Write the answers of the bridge to this file as JSON Lines, with the record numbers of the tape
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    /// Record the answers up to the current end of the streams, then stop [default: record until SIGTERM or Ctrl-C]
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    server: ServerArg,
    #[command(flatten)]
    streams: StreamArgs,
    #[command(flatten)]
    profile: ProfileArg,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    if args.answers.as_ref() == Some(&args.out) {
        return Err(Failure::error(format_args!(
            "`{}`: --out and --answers must be different files",
            shown_path(&args.out)
        )));
    }
    let settings = settings(args.server.resolve()?, args);
    let stop = Stop::on_signals().map_err(Failure::error)?;
    let mut tape = OutputFile::open(&args.out, &[])?;
    let mut answers = (args.answers.as_ref())
        .map(|path| OutputFile::open(path, &[&args.out]))
        .transpose()?;
    let closed: Vec<Closed> = (iter::once(&tape).chain(&answers))
        .map(OutputFile::closed)
        .collect();
    let bar = bar(&args.out);
    let sinks = Sinks {
        tape: tape.writer(),
        answers: answers
            .as_mut()
            .map(|out| -> &mut dyn io::Write { out.writer() }),
        progress: &mut |tally| {
            bar.set_message(format!(
                "{} recorded",
                counted(tally.answers, "answer", "answers")
            ));
            // If the reader has closed the pipe, an endless recording stops. With `--once`, the recording continues to
            // its end, because its result determines the exit status.
            if !args.once && closed.iter().any(Closed::is_set) {
                stop.set();
            }
        },
    };
    let recorded = if args.once {
        record_once(&settings, sinks, &stop)
    } else {
        record(&settings, sinks, &stop)
    };
    bar.finish_and_clear();
    let tally = recorded?;
    tape.finish()?;
    answers.map_or(Ok(()), OutputFile::finish)?;
    if !args.once && closed.iter().any(Closed::is_set) {
        // The last answers were not written, so their number is not printed.
        return Ok(());
    }
    report(&tally)
}

fn settings(redis: RedisServer, args: &Args) -> Settings {
    let streams = &args.streams;
    Settings {
        redis,
        entry_streams: [streams.intent_stream.clone(), streams.exit_stream.clone()],
        answer_streams: [streams.plan_stream.clone(), streams.skip_stream.clone()],
        keys: streams.key_prefix.clone(),
        profile: args.profile.get(),
    }
}

/// Prints the counts. Returns a failure if the recording is incomplete.
fn report(tally: &Tally) -> Result<(), Failure> {
    warn(format_args!(
        "recorded {} and {}",
        counted(tally.answers, "answer", "answers"),
        counted(tally.policies, "policy", "policies"),
    ));
    let missing = tally.missing();
    for line in &missing {
        warn(line);
    }
    if !tally.is_whole {
        return Err(Failure::Negative(
            "stopped before all answers were recorded".to_owned(),
        ));
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::Negative("the recording is incomplete".to_owned()))
}

/// Returns a progress bar on standard error. It is hidden if standard error is not a terminal, or if the tape is
/// written to a terminal as well.
fn bar(out: &Path) -> ProgressBar {
    let is_mixed = out == Path::new("-") && io::stdout().is_terminal();
    if is_mixed || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    spinner()
}
