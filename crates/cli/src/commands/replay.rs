//! `portcullis replay`

use std::{
    fmt,
    io::{self, IsTerminal as _, Read, Write},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use portcullis::{decide::Engine, guardrails::Guardrails, policy::PolicyUnavailable};

use super::{
    Failure,
    failure::{print_json_to, print_to},
    input::{initial_policy, is_stdin, parse_whole, refused_policy, stdin_once, warn},
    operator::OperatorArgs,
    out::{Out, open_all, parse_report, write_report},
    rank,
};
use portcullis_service::stream::StreamSource;
use portcullis_sim::{
    generate::write_tape,
    replay::{AnswersTo, ReplayError, Replayer, Scope, Sinks, replay},
    report::{
        AnswerRows, Summary,
        html::{Tally, replay_page},
    },
    tape::{OpenTape, Progress, TapeReader, TapeSource, resolve},
};

/// The guardrails for the built-in sample tape.
const SAMPLE_GUARDRAILS: &str = include_str!("../../../../examples/guardrails.json");

/// The built-in sample tape is the output of `portcullis generate` for these two values.
pub(super) const SAMPLE_RECORDS: u64 = 5000;
pub(super) const SAMPLE_SEED: u64 = 1;

/// The largest number of threads. More than this are of no use.
const THREADS_MAX: u64 = 256;

/// The largest default number of threads, on any machine. One reader thread cannot supply more.
const THREADS_UNASKED: usize = 16;

#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    /// The tapes to read: JSON Lines (plain, gzip or zstd) or Parquet; use `-` for standard input [default: the
    /// built-in sample tape]
    ///
    /// Quoted glob patterns are expanded in name order.
    #[arg(value_name = "TAPE")]
    tapes: Vec<PathBuf>,
    /// Replay the entries of a Redis stream of intents, up to its current end
    ///
    /// Each intent is evaluated at the time of its stream entry. The format of the URL is
    /// redis://[[user]:password@]host[:port]/[db/]STREAM
    #[arg(long, value_name = "URL", conflicts_with = "tapes")]
    from: Option<String>,
    /// The policy file (JSON) that is active from the beginning
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Compare and rank all policies (`*.json`) in this directory
    ///
    /// Each policy is active for the whole tape, and policy records on the tape are ignored. Policies are ranked by
    /// the notional of their trades.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["policy", "out", "threads"])]
    policies: Option<PathBuf>,
    /// Write the answers to this file: Parquet if the name ends in `.parquet`, otherwise JSON Lines
    ///
    /// Use `-` for standard output; the summary is then written to standard error.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write an HTML report with charts, tables and filters of the answers to this file; it loads no external resources
    #[arg(long, value_name = "FILE", value_parser = parse_report, conflicts_with = "policies")]
    report: Option<PathBuf>,
    /// The output format of the summary
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Treat every policy as in force at every record's time
    #[arg(long)]
    assume_in_force: bool,
    /// The number of worker threads [default: one per core, at most 16]
    #[arg(long, value_name = "N", value_parser = parse_threads, allow_negative_numbers = true)]
    threads: Option<usize>,
    #[command(flatten)]
    operator: OperatorArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Human-readable text
    Text,
    /// Machine-readable JSON
    Json,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let is_sample = args.tapes.is_empty() && args.from.is_none();
    let tape = args.tapes.iter().find(|tape| is_stdin(tape));
    stdin_once(&[
        ("`--policy`", args.policy.as_deref()),
        ("`--guardrails`", args.operator.guardrails()),
        ("the tape", tape.map(PathBuf::as_path)),
    ])?;
    let (engine, operator) = if is_sample && args.operator.guardrails().is_none() {
        let guardrails = Guardrails::from_json(SAMPLE_GUARDRAILS).map_err(Failure::unusable)?;
        let named = "built-in sample (examples/guardrails.json)".to_owned();
        args.operator
            .with(guardrails, named, args.assume_in_force)?
    } else {
        args.operator.resolve(args.assume_in_force)?
    };
    let sources = if is_sample {
        vec![sample_tape()?]
    } else if let Some(url) = &args.from {
        let stream = StreamSource::at(url).map_err(Failure::unusable)?;
        vec![TapeSource::Custom(Arc::new(StreamTape(stream)))]
    } else {
        resolve(&args.tapes).map_err(Failure::unusable)?
    };
    let names: Vec<String> = sources.iter().map(ToString::to_string).collect();
    if let Some(folder) = &args.policies {
        let judge = judge(args, engine);
        let tapes = (TapeReader::new(sources), &*names);
        return rank::run(folder, &judge, &operator, tapes, args.format);
    }
    let initial = initial_policy(args.policy.as_ref())?;
    let refused = matches!(initial, Err(PolicyUnavailable::Refused(_)));
    let mut inputs: Vec<&Path> = tape.map(PathBuf::as_path).into_iter().collect();
    inputs.extend(sources.iter().filter_map(TapeSource::path));
    inputs.extend(args.policy.as_deref());
    inputs.extend(args.operator.guardrails());
    let records = Arc::new(AtomicU64::new(0));
    let tapes = TapeReader::new(sources.clone());
    let bar = Bar::new(tapes.progress());
    let asked = [args.out.as_ref(), args.report.as_ref()];
    let [mut out, report] = open_all(asked, &inputs, &records, &bar.bar)?;
    let judge = judge(args, engine);
    let mut tally = report.is_some().then(Tally::default);
    let answers = answers_to(out.as_mut())?;
    let outcome = replay(
        &judge,
        initial,
        tapes,
        threads(args.threads),
        Sinks {
            answers,
            tally: tally.as_mut(),
            progress: &mut |counts| {
                records.store(counts.records, Ordering::Relaxed);
                bar.show(counts.records);
            },
        },
    );
    bar.finish();
    // The answers before a read error are kept.
    let finished = match (out, &outcome) {
        (None, _) | (_, Err(ReplayError::Write(_))) => Ok(()),
        (Some(out), _) => out.finish(),
    };
    let outcome = outcome.map_err(|error| match error {
        ReplayError::Write(error) => Failure::output(&error),
        other @ (ReplayError::Tape { .. }
        | ReplayError::Threads { .. }
        | ReplayError::Miscounted { .. }) => Failure::unusable(other),
    })?;
    finished?;
    let summary = Summary {
        outcome: &outcome,
        operator: &operator,
        tapes: &names,
    };
    let is_taken = args.out.as_deref() == Some(Path::new("-"));
    let mut to: Box<dyn Write> = if is_taken {
        Box::new(io::stderr())
    } else {
        Box::new(io::stdout())
    };
    if let Some(tally) = &tally {
        write_report(report, || replay_page(&summary, tally))?;
    }
    match args.format {
        Format::Text => print_to(&mut to, &summary)?,
        Format::Json => print_json_to(&mut to, &summary)?,
    }
    if let [first, more @ ..] = &*outcome.illegible {
        let name = names.get(*first).map(String::as_str).unwrap_or_default();
        let more = match more.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        warn(format_args!(
            "warning: no line of `{name}`{more} could be read as a record; is it a tape?"
        ));
    }
    refused_policy(refused, args.policy.as_ref())
}

fn judge(args: &Args, engine: Engine) -> Replayer {
    Replayer {
        engine,
        assume_in_force: args.assume_in_force,
        reports: args.report.is_some(),
        now: None,
        scope: Scope::Tape,
    }
}

/// Returns the output for answers: Parquet if the file name ends in `.parquet`, otherwise JSON lines.
fn answers_to(out: Option<&mut Out>) -> Result<AnswersTo<'_>, Failure> {
    Ok(match out {
        None => AnswersTo::Nobody,
        Some(out) if out.is_rows() => {
            let rows = AnswerRows::new(out.writer());
            AnswersTo::Rows(Box::new(rows.map_err(|error| Failure::output(&error))?))
        }
        Some(out) => AnswersTo::Lines(out.writer()),
    })
}

/// Generates the sample tape.
fn sample_tape() -> Result<TapeSource, Failure> {
    let mut bytes = Vec::new();
    write_tape(SAMPLE_RECORDS, SAMPLE_SEED, &mut bytes).map_err(Failure::unusable)?;
    Ok(TapeSource::Memory {
        name: "the built-in sample",
        bytes: bytes.into(),
    })
}

fn threads(asked: Option<usize>) -> usize {
    let cores = || thread::available_parallelism().map_or(1, NonZeroUsize::get);
    asked.unwrap_or_else(|| cores().min(THREADS_UNASKED))
}

fn parse_threads(text: &str) -> Result<usize, String> {
    let threads = parse_whole(text, 1..=THREADS_MAX)?;
    usize::try_from(threads).map_err(|error| error.to_string())
}

/// A progress bar on standard error; hidden if that is not a terminal.
pub(super) struct Bar {
    pub(super) bar: ProgressBar,
    progress: Arc<Progress>,
}

impl Bar {
    pub(super) fn new(progress: Arc<Progress>) -> Self {
        let bar = match progress.total() {
            _ if !io::stderr().is_terminal() => ProgressBar::hidden(),
            Some(total) => ProgressBar::new(total).with_style(style(
                "{bar:30} {percent:>3} %  {msg}  {binary_bytes_per_sec}  {eta} left",
            )),
            None => ProgressBar::no_length()
                .with_style(style("{spinner} {msg}  {binary_bytes_per_sec}")),
        };
        if !bar.is_hidden() {
            bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
            // A short run ends before the first tick, so no bar appears.
            bar.enable_steady_tick(Duration::from_millis(500));
        }
        Self { bar, progress }
    }

    pub(super) fn show(&self, records: u64) {
        if !self.bar.is_hidden() {
            self.bar.set_position(self.progress.consumed());
            self.bar.set_message(format!("{records} records"));
        }
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

pub(super) fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// A stream of a Redis server as a tape.
#[derive(Debug)]
struct StreamTape(StreamSource);

impl fmt::Display for StreamTape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl OpenTape for StreamTape {
    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(self.0.open()?))
    }
}
