//! The command `portcullis replay`.

mod parts;
mod ranking;

use std::{
    fmt,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use portcullis::{decide::Engine, guardrails::Guardrails};
use portcullis_service::stream::StreamSource;
use portcullis_sim::{
    generate::write_tape,
    replay::{
        AnswerTally, ReplayError, Replayer, Sinks,
        parts::{NamedText, Settings},
        replay, replay_set,
    },
    report::{ReplayReport, RunSettings, html::replay_page},
    tape::{OpenTape, TapeSource},
};

use crate::{
    args::{
        engine::EngineArgs,
        rehearsal::RehearsalArgs,
        store::Address,
        threads::ThreadsArg,
        values::{parse_report, parse_whole},
    },
    commands::generate::{SAMPLE_RECORDS, SAMPLE_SEED},
    failure::Failure,
    input::{
        file::{read_file, shown_path},
        policy::{InitialPolicy, read_guardrails_text},
        rehearsal::SetInput,
        stdin::find_stdin,
        tapes::Tapes,
    },
    output::{
        answers::{answers_to, set_answers_to},
        file::{open_all, write_report},
        progress::RunProgress,
    },
    print::{Format, print_summary, warn},
};

/// The guardrails for the built-in sample tape.
const SAMPLE_GUARDRAILS: &str = include_str!("../../../../../examples/guardrails.json");

/// The largest number of parts of a plan.
const PARTS_MAX: u64 = 100_000;

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// The tapes to read: JSON Lines (plain, gzip or zstd) or Parquet; use `-` for standard input [default: the
    /// built-in sample tape]
    ///
    /// Quoted glob patterns are expanded in name order. URLs (`s3://BUCKET/KEY`, `https://…`) can be read if the command
    /// was built with the feature `object-store`.
    #[arg(value_name = "TAPE")]
    tapes: Vec<PathBuf>,
    /// Replay a Redis stream of intents up to its current end, instead of a tape
    ///
    /// Each intent is evaluated at the time of its stream entry. The format of the URL is
    /// redis://[[user]:password@]host[:port]/[db/]STREAM
    #[arg(long, value_name = "URL", conflicts_with = "tapes")]
    from: Option<Address>,
    /// The policy file (JSON) that is active until the first policy record on the tape [default: none]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    set: RehearsalArgs,
    /// Rank all policies (`*.json`) in this directory
    ///
    /// Each record is answered once under each policy, which is active for the whole tape; policy records on the tape
    /// are ignored. Policies are ranked by the total notional of their trades.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["policy", "policy_set", "out"])]
    policies: Option<PathBuf>,
    /// Write the answers to this file: Parquet if the name ends in `.parquet`, otherwise JSON Lines
    ///
    /// JSON Lines are compressed if the name ends in `.gz` or `.zst`. Use `-` for standard output; the summary is then written to standard error.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write an HTML report with charts, tables and filters of the answers to this file; it loads no external resources
    #[arg(long, value_name = "FILE", value_parser = parse_report, conflicts_with = "policies")]
    report: Option<PathBuf>,
    /// The output format of the summary
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Divide the replay of the tapes into at most N parts, and write the plan to standard output
    ///
    /// The plan is JSON. It contains the settings and the policies, so that `--part` needs only the plan and the tapes.
    #[arg(long, value_name = "N", value_parser = parse_parts, allow_negative_numbers = true, requires = "tapes",
        conflicts_with_all = ["policies", "policy_set", "out", "report", "format"])]
    plan: Option<u64>,
    /// Evaluate one part of this plan, and write its result as JSON to standard output for `portcullis merge`
    ///
    /// If `--out` is given, the answers of the part are written to that file.
    #[arg(long, value_name = "PLAN", requires = "number", conflicts_with_all = ["tapes", "from", "policy", "policies", "policy_set",
        "report", "format", "plan", "assume_in_force", "guardrails"])]
    part: Option<PathBuf>,
    /// The number of the part to evaluate, counted from 1
    #[arg(long, value_name = "K", requires = "part", value_parser = parse_parts, allow_negative_numbers = true)]
    number: Option<u64>,
    #[command(flatten)]
    threads: ThreadsArg,
    #[command(flatten)]
    settings: EngineArgs,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    if let (Some(plan), Some(number)) = (&args.part, args.number) {
        let (operator, out) = (&args.settings.operator, args.out.as_deref());
        return parts::evaluate(plan, number, operator, out, args.threads.count());
    }
    args.settings.check_stdin(
        args.policy.as_deref(),
        Some(&args.set),
        find_stdin(&args.tapes),
    )?;
    if let Some(parts) = args.plan {
        let (tapes, policy) = (args.tapes()?, args.policy.as_deref());
        return parts::plan(&tapes, policy, &args.settings, parts, args.threads.count());
    }
    let (engine, run_settings, guardrails) = args.engine()?;
    let replayer = args.settings.replayer(engine, args.report.is_some());
    let tapes = args.tapes()?;
    if let Some(folder) = &args.policies {
        let threads = args.threads.count();
        return ranking::run(
            folder,
            &replayer,
            &run_settings,
            &tapes,
            threads,
            args.format,
        );
    }
    replay_tapes(args, &tapes, (&replayer, &run_settings, guardrails))
}

/// Replays the tapes under their policies or under a policy set, and writes the outputs.
fn replay_tapes(
    args: &Args,
    tapes: &Tapes,
    (replayer, run_settings, guardrails): (&Replayer, &RunSettings, Option<NamedText>),
) -> Result<(), Failure> {
    let set = SetInput::read(args.set.files())?;
    let policy = args.policy.as_deref().map(named_text).transpose()?;
    let initial = match (&args.policy, &policy) {
        (Some(path), Some(file)) => InitialPolicy::of(path, &file.text)?,
        (_, _) => InitialPolicy::read(None)?,
    };
    let settings = Settings {
        guardrails,
        policy,
        exit_owner: run_settings.exit_owner.clone(),
        exit_delegates: run_settings.exit_delegates.clone(),
        assume_in_force: run_settings.assume_in_force,
    };
    let inputs: Vec<&Path> = tapes
        .paths()
        .chain(args.policy.as_deref())
        .chain(args.set.paths())
        .chain(args.settings.operator.guardrails())
        .collect();
    let reader = tapes.reader();
    let progress = RunProgress::new(reader.progress());
    let outputs = [args.out.as_deref(), args.report.as_deref()];
    let [mut out, report] = open_all(outputs, &inputs, &progress)?;
    let mut tally = report.is_some().then(AnswerTally::default);
    let sinks = Sinks {
        answers: match &set {
            Some(set) => set_answers_to(out.as_mut(), set.settings_hash(&settings))?,
            None => answers_to(out.as_mut(), Some(settings.hash()))?,
        },
        tally: tally.as_mut(),
        progress: &mut |counts| progress.set_records(counts.records),
    };
    let threads = args.threads.count();
    let outcome = match &set {
        Some(set) => replay_set(replayer, &set.loaded, reader, threads, sinks),
        None => replay(replayer, initial.policy, reader, threads, sinks),
    };
    progress.finish();
    // The answers that precede a read error are kept.
    let finished = match (out, &outcome) {
        (None, _) | (_, Err(ReplayError::Write(_))) => Ok(()),
        (Some(out), _) => out.finish(),
    };
    let outcome = outcome?;
    finished?;
    let summary = ReplayReport {
        outcome: &outcome,
        run_settings,
        tapes: &tapes.names,
    };
    if let Some(tally) = &tally {
        write_report(report, || replay_page(&summary, tally))?;
    }
    print_summary(&summary, args.format, args.out.as_deref())?;
    warn_of_unreadable(&tapes.names, &outcome.unreadable_tapes);
    initial.validity
}

impl Args {
    fn is_sample(&self) -> bool {
        self.tapes.is_empty() && self.from.is_none()
    }

    /// Returns the engine, the settings, and the content of the guardrails file, if there is one.
    fn engine(&self) -> Result<(Engine, RunSettings, Option<NamedText>), Failure> {
        let operator = &self.settings.operator;
        let (text, guardrails, name) = match operator.guardrails() {
            Some(path) => {
                let (text, guardrails) = read_guardrails_text(path)?;
                (text, guardrails, shown_path(path))
            }
            None if self.is_sample() => (
                SAMPLE_GUARDRAILS.to_owned(),
                Guardrails::from_json(SAMPLE_GUARDRAILS).map_err(Failure::error)?,
                "built-in sample (examples/guardrails.json)".to_owned(),
            ),
            None => {
                let (engine, settings) = self.settings.resolve()?;
                return Ok((engine, settings, None));
            }
        };
        let assume_in_force = self.settings.assume_in_force;
        let (engine, settings) =
            operator.resolve_with(guardrails, name.clone(), assume_in_force)?;
        Ok((engine, settings, Some(NamedText { name, text })))
    }

    fn tapes(&self) -> Result<Tapes, Failure> {
        if self.is_sample() {
            let mut bytes = Vec::new();
            write_tape(SAMPLE_RECORDS, SAMPLE_SEED, &mut bytes).map_err(Failure::error)?;
            return Ok(Tapes::new(vec![TapeSource::Memory {
                name: "the built-in sample",
                bytes: bytes.into(),
            }]));
        }
        match &self.from {
            Some(url) => {
                let stream = StreamSource::at(url.as_str()).map_err(Failure::error)?;
                let tape = TapeSource::Custom(Arc::new(StreamTape(stream)));
                Ok(Tapes::new(vec![tape]))
            }
            None => Tapes::resolve(&self.tapes),
        }
    }
}

/// Reads a file, with its name for messages.
fn named_text(path: &Path) -> Result<NamedText, Failure> {
    Ok(NamedText {
        name: shown_path(path),
        text: read_file(path)?,
    })
}

/// Writes a warning if tapes have no line that could be read as a record. The tapes are given by their indexes.
pub(super) fn warn_of_unreadable(names: &[String], tapes: &[usize]) {
    if let [first, more @ ..] = tapes {
        let name = names.get(*first).map(String::as_str).unwrap_or_default();
        let more = match more.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        warn(format_args!(
            "warning: no line of `{name}`{more} could be read as a record; is it a tape?"
        ));
    }
}

fn parse_parts(text: &str) -> Result<u64, String> {
    parse_whole(text, 1..=PARTS_MAX)
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
