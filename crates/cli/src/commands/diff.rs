//! The command `portcullis diff`.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use portcullis_sim::{
    diff::{
        AnswerFile, DiffError, Difference, FlipRows, FlipSink, ReplayedAnswers, diff, diff_answers,
    },
    report::{DiffInputs, DiffReport, html::diff_page},
    tape::{Object, Progress, TapeSource},
};

use crate::{
    args::{engine::EngineArgs, threads::ThreadsArg, values::parse_report},
    failure::Failure,
    input::{
        file::shown_path,
        policy::{InitialPolicy, valid_policy},
        stdin::{check_single_stdin, find_stdin, is_stdin},
        tapes::Tapes,
    },
    output::{
        file::{OutputFile, open_all, write_report},
        progress::RunProgress,
    },
    print::{Format, print_summary},
};

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// The tapes to read: JSON Lines (plain, gzip or zstd) or Parquet; use `-` for standard input
    ///
    /// Quoted glob patterns are expanded in name order. Omit the tapes when comparing two files of answers.
    #[arg(value_name = "TAPE")]
    tapes: Vec<PathBuf>,
    /// The policy file (JSON); give this option twice, first with the old policy, then with the new one
    ///
    /// Each of the two policies is active for the whole tape, and policy records on the tape are ignored. With
    /// `--answers`, give this option at most once: the policy is then active until the first policy record on the tape,
    /// as in `replay`.
    #[arg(long = "policy", value_name = "FILE")]
    policies: Vec<PathBuf>,
    /// The file of recorded answers, as written by `replay --out`: JSON Lines (plain, gzip or zstd) or Parquet; use `-`
    /// for standard input
    ///
    /// Give this option once to compare the recorded answers with those that this version of Portcullis gives for the
    /// same tapes. Give it twice to compare old with new answers.
    #[arg(long = "answers", value_name = "FILE")]
    answers: Vec<PathBuf>,
    /// Write the first record of each kind of flip (changed answer) to this file, as a tape for a regression test
    ///
    /// Requires two policies.
    #[arg(long, value_name = "FILE")]
    minimal: Option<PathBuf>,
    /// Write all flips to this file, in record order: Parquet if the name ends in `.parquet`, otherwise JSON Lines
    ///
    /// JSON Lines are compressed if the name ends in `.gz` or `.zst`.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write an HTML report with charts and tables of the flips to this file; it loads no external resources
    #[arg(long, value_name = "FILE", value_parser = parse_report)]
    report: Option<PathBuf>,
    /// Exit with status 1 if there is at least one flip
    #[arg(long)]
    fail_on_flip: bool,
    /// The output format
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    #[command(flatten)]
    threads: ThreadsArg,
    #[command(flatten)]
    settings: EngineArgs,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let comparison = comparison(args)?;
    check_stdin(args)?;
    match comparison {
        Comparison::Policies(before, after) => diff_policies(args, before, after),
        Comparison::Answers(before, after) => diff_answer_files(args, before, after),
        Comparison::Engine(file) => diff_engine(args, file),
    }
}

/// The two sides to compare.
enum Comparison<'a> {
    /// The answers under two policies.
    Policies(&'a Path, &'a Path),
    /// Two files of answers.
    Answers(&'a Path, &'a Path),
    /// A file of answers, and the answers of this engine.
    Engine(&'a Path),
}

/// Selects the comparison, or returns a usage error that names the missing or surplus argument.
fn comparison(args: &Args) -> Result<Comparison<'_>, Failure> {
    let fail = |why: &str| Err(Failure::error(why));
    let has_tape = !args.tapes.is_empty();
    let comparison = match (&*args.answers, &*args.policies) {
        ([], []) => {
            return fail(
                "nothing to compare: give `--policy` twice and a TAPE, `--answers` once and its TAPE, or `--answers` twice",
            );
        }
        ([], [_, _]) if !has_tape => {
            return fail(
                "`--policy` is given twice without a TAPE: give the tape whose records are to be answered under both policies",
            );
        }
        ([], [before, after]) => return Ok(Comparison::Policies(before, after)),
        ([], policies) => {
            let times = match policies.len() {
                1 => "once".to_owned(),
                times => format!("{times} times"),
            };
            return fail(&format!(
                "`--policy` is given {times}, but two policies are compared: give the old policy first, then the new one"
            ));
        }
        ([_], _) if !has_tape => {
            return fail(
                "`--answers` is given once without a TAPE: give a second file of answers, or the tape that these answers belong to",
            );
        }
        ([_], [_, _, ..]) => {
            return fail(
                "`--policy` is given more than once together with `--answers`: give only the policy that is active at the beginning of the tape, or none",
            );
        }
        ([file], [] | [_]) => Comparison::Engine(file),
        ([_, _], _) if has_tape => {
            return fail(
                "`--answers` is given twice together with a TAPE: two files of answers are compared without a tape; to compare answers with those of this version, give one file of answers and its TAPE",
            );
        }
        ([_, _], [_, ..]) => return fail(&without_engine("--policy")),
        ([_, _], []) if args.settings.operator.guardrails().is_some() => {
            return fail(&without_engine("--guardrails"));
        }
        ([_, _], []) if args.settings.assume_in_force => {
            return fail(&without_engine("--assume-in-force"));
        }
        ([before, after], []) => Comparison::Answers(before, after),
        (more, _) => {
            return fail(&format!(
                "`--answers` is given {} times: give it twice, first with the old answers, then with the new ones; or give it once, with a TAPE",
                more.len()
            ));
        }
    };
    if args.minimal.is_some() {
        return fail(
            "`--minimal` requires two policies, because recorded answers are not on the tape; use `explain TAPE --n K` to inspect a record",
        );
    }
    if args.threads.is_given() {
        return fail(
            "`--threads` requires two policies, because recorded answers are compared on one thread; remove it",
        );
    }
    Ok(comparison)
}

fn without_engine(flag: &str) -> String {
    format!(
        "`{flag}` cannot be used with two `--answers`: recorded answers are compared as they are; remove it"
    )
}

/// Checks that at most one argument reads standard input.
fn check_stdin(args: &Args) -> Result<(), Failure> {
    let name = |flag: &str, index: usize, count: usize| match (index, count) {
        (_, 1) => format!("`--{flag}`"),
        (0, _) => format!("the first `--{flag}`"),
        _ => format!("the second `--{flag}`"),
    };
    let mut arguments = Vec::new();
    for (flag, files) in [("policy", &args.policies), ("answers", &args.answers)] {
        for (index, file) in files.iter().enumerate() {
            arguments.push((name(flag, index, files.len()), Some(file.as_path())));
        }
    }
    arguments.push((
        "`--guardrails`".to_owned(),
        args.settings.operator.guardrails(),
    ));
    arguments.push(("the tape".to_owned(), find_stdin(&args.tapes)));
    let arguments: Vec<_> = arguments
        .iter()
        .map(|(name, path)| (&**name, *path))
        .collect();
    check_single_stdin(&arguments)
}

fn diff_policies(args: &Args, before: &Path, after: &Path) -> Result<(), Failure> {
    let (engine, run_settings) = args.settings.resolve()?;
    let (before, after) = (valid_policy(before)?, valid_policy(after)?);
    let tapes = Tapes::resolve(&args.tapes)?;
    let reader = tapes.reader();
    let mut outputs = Outputs::open(args, Some(&tapes), reader.progress())?;
    let replayer = args.settings.replayer(engine, false);
    let (policies, threads) = ((&before, &after), args.threads.count());
    let difference = outputs.write_flips(|flips, progress| {
        diff(&replayer, policies, reader, threads, flips, progress)
    })?;
    let report = DiffReport {
        difference: &difference,
        compared: DiffInputs::Policies {
            policies: (&before, &after),
            tapes: &tapes.names,
            run_settings: &run_settings,
        },
    };
    outputs.write_report(args, &report)?;
    tapes.warn_if_unreadable(difference.read.records, difference.unreadable);
    args.check_flips(&report)
}

fn diff_answer_files(args: &Args, before: &Path, after: &Path) -> Result<(), Failure> {
    let (before, after) = (answer_source(before)?, answer_source(after)?);
    let names = (before.to_string(), after.to_string());
    let (mut before, mut after) = (AnswerFile::new(before), AnswerFile::new(after));
    let mut outputs = Outputs::open(args, None, before.progress())?;
    let difference = outputs
        .write_flips(|flips, progress| diff_answers(&mut before, &mut after, flips, progress))?;
    let report = DiffReport {
        difference: &difference,
        compared: DiffInputs::Answers {
            files: (&names.0, &names.1),
        },
    };
    outputs.write_report(args, &report)?;
    args.check_flips(&report)
}

fn diff_engine(args: &Args, file: &Path) -> Result<(), Failure> {
    let (engine, run_settings) = args.settings.resolve()?;
    let policy = args.policies.first();
    let initial = InitialPolicy::read(policy.map(PathBuf::as_path))?;
    let file = answer_source(file)?;
    let file_name = file.to_string();
    let tapes = Tapes::resolve(&args.tapes)?;
    let reader = tapes.reader();
    let mut outputs = Outputs::open(args, Some(&tapes), reader.progress())?;
    let replayer = args.settings.replayer(engine, false);
    let mut before = AnswerFile::new(file);
    let mut after = ReplayedAnswers::new(&replayer, initial.policy, reader);
    let difference = outputs
        .write_flips(|flips, progress| diff_answers(&mut before, &mut after, flips, progress))?;
    let policy_name = policy.map(|path| shown_path(path));
    let report = DiffReport {
        difference: &difference,
        compared: DiffInputs::Engine {
            file: &file_name,
            policy: policy_name.as_deref(),
            tapes: &tapes.names,
            run_settings: &run_settings,
        },
    };
    outputs.write_report(args, &report)?;
    tapes.warn_if_unreadable(difference.read.records, difference.unreadable);
    initial.validity?;
    args.check_flips(&report)
}

/// The progress display and the output files of a comparison.
struct Outputs {
    progress: RunProgress,
    minimal: Option<OutputFile>,
    flips: Option<OutputFile>,
    report: Option<OutputFile>,
}

impl Outputs {
    fn open(args: &Args, tapes: Option<&Tapes>, bytes: Arc<Progress>) -> Result<Self, Failure> {
        let inputs: Vec<&Path> = (args.policies.iter().chain(&args.answers))
            .map(PathBuf::as_path)
            .chain(tapes.into_iter().flat_map(Tapes::paths))
            .chain(args.settings.operator.guardrails())
            .collect();
        let progress = RunProgress::new(bytes);
        let paths = [&args.minimal, &args.out, &args.report].map(Option::as_deref);
        let [minimal, flips, report] = open_all(paths, &inputs, &progress)?;
        Ok(Self {
            progress,
            minimal,
            flips,
            report,
        })
    }

    /// Runs the comparison, shows its progress, and completes the output of flips.
    fn write_flips(
        &mut self,
        compare: impl FnOnce(FlipSink<'_>, &mut dyn FnMut(u64)) -> Result<Difference, DiffError>,
    ) -> Result<Difference, Failure> {
        let flips = flips_to(self.flips.as_mut())?;
        let difference = compare(flips, &mut |records| self.progress.set_records(records));
        self.progress.finish();
        let difference = difference?;
        self.flips.take().map_or(Ok(()), OutputFile::finish)?;
        Ok(difference)
    }

    /// Writes the minimal tape, the HTML report and the summary.
    fn write_report(self, args: &Args, report: &DiffReport<'_>) -> Result<(), Failure> {
        if let Some(mut out) = self.minimal {
            for line in &report.difference.minimal {
                writeln!(out.writer(), "{line}").map_err(|error| Failure::write(&error))?;
            }
            out.finish()?;
        }
        write_report(self.report, || diff_page(report))?;
        print_summary(report, args.format, args.out.as_deref())
    }
}

/// Returns the output for flips: Parquet if the file name ends in `.parquet`, otherwise JSON lines.
fn flips_to(out: Option<&mut OutputFile>) -> Result<FlipSink<'_>, Failure> {
    Ok(match out {
        None => FlipSink::Discard,
        Some(out) if out.is_parquet() => {
            let rows = FlipRows::new(out.writer());
            FlipSink::Rows(Box::new(rows.map_err(|error| Failure::write(&error))?))
        }
        Some(out) => FlipSink::Lines(out.writer()),
    })
}

impl Args {
    /// Returns an error if nothing was compared, or if `--fail-on-flip` is set and an answer flips.
    fn check_flips(&self, report: &DiffReport<'_>) -> Result<(), Failure> {
        if let Some(why) = report.judged_nothing() {
            return Err(Failure::Error(why));
        }
        let difference = report.difference;
        match difference.flips() {
            1.. if self.fail_on_flip => Err(Failure::Negative(format!(
                "{} of {} answers flip",
                difference.flips(),
                difference.read.records
            ))),
            _ => Ok(()),
        }
    }
}

/// Returns the source of recorded answers. The path is not expanded as a pattern.
fn answer_source(path: &Path) -> Result<TapeSource, Failure> {
    if is_stdin(path) {
        return Ok(TapeSource::Stdin);
    }
    if let Some(object) = Object::at(path.as_os_str()).map_err(Failure::error)? {
        return Ok(TapeSource::Object(object));
    }
    let name = format!("`{}`", shown_path(path));
    let metadata =
        fs::metadata(path).map_err(|error| Failure::error(format_args!("{name}: {error}")))?;
    if metadata.is_dir() {
        return Err(Failure::error(format_args!(
            "{name} is a directory, not a file"
        )));
    }
    Ok(TapeSource::File(path.to_owned()))
}
