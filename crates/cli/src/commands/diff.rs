//! `portcullis diff`

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use portcullis::{decide::Engine, policy::PolicyUnavailable};

use super::{
    Failure,
    failure::{print_json_to, print_to},
    input::{illegible, initial_policy, is_stdin, refused_policy, stdin_once, valid_policy},
    operator::OperatorArgs,
    out::{Out, open_all, parse_report, write_report},
    replay::{Bar, Format},
};
use portcullis_sim::{
    diff::{
        AnswerFile, DiffError, DiffInputs, DiffReport, Difference, FlipRows, FlipsTo, Replayed,
        diff, diff_answers,
    },
    replay::{Replayer, Scope},
    report::html::diff_page,
    tape::{Progress, TapeReader, TapeSource, resolve},
};

#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    /// The tapes to read: JSON Lines (plain, gzip or zstd) or Parquet; use `-` for standard input
    ///
    /// Quoted glob patterns are expanded in name order. Omit the tapes when comparing two files of answers.
    #[arg(value_name = "TAPE")]
    tapes: Vec<PathBuf>,
    /// The policy file (JSON); provide twice to compare an old with a new policy
    ///
    /// Each of the two policies is active for the whole tape, and policy records on the tape are ignored. With
    /// `--answers`, this is the policy that is active from the beginning, as in `replay`.
    #[arg(long = "policy", value_name = "FILE")]
    policies: Vec<PathBuf>,
    /// The file of recorded answers, as written by `replay --out`: JSON Lines (plain, gzip or zstd) or Parquet; use `-`
    /// for standard input
    ///
    /// Provide once to compare the answers with those of this engine to the tapes. Provide twice to compare old with
    /// new answers.
    #[arg(long = "answers", value_name = "FILE")]
    answers: Vec<PathBuf>,
    /// Write the first record of each kind of flip to this file, as a tape for a regression test
    ///
    /// Requires two policies.
    #[arg(long, value_name = "FILE")]
    minimal: Option<PathBuf>,
    /// Write all flips to this file, in record order: Parquet if the name ends in `.parquet`, otherwise JSON Lines
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write an HTML report with charts and tables of the flips to this file; it loads no external resources
    #[arg(long, value_name = "FILE", value_parser = parse_report)]
    report: Option<PathBuf>,
    /// Exit with status 1 if any answer flips
    #[arg(long)]
    fail_on_flip: bool,
    /// Treat every policy as in force at every record's time
    #[arg(long)]
    assume_in_force: bool,
    /// The output format
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    #[command(flatten)]
    operator: OperatorArgs,
}

/// The two sides to compare.
enum Asked<'a> {
    Policies(&'a Path, &'a Path),
    Answers(&'a Path, &'a Path),
    Engine(&'a Path),
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let asked = asked(args)?;
    claim_stdin(args)?;
    match asked {
        Asked::Policies(before, after) => policies(args, before, after),
        Asked::Answers(before, after) => answers(args, before, after),
        Asked::Engine(file) => engine(args, file),
    }
}

fn asked(args: &Args) -> Result<Asked<'_>, Failure> {
    let refuse = |why: &str| Err(Failure::unusable(why));
    let has_tape = !args.tapes.is_empty();
    let asked = match (&*args.answers, &*args.policies) {
        ([], []) => {
            return refuse(
                "nothing to compare: give `--policy` twice and a TAPE, `--answers` once and its TAPE, or `--answers` twice",
            );
        }
        ([], [_, _]) if !has_tape => {
            return refuse(
                "`--policy` is given twice without a TAPE: give the tape that both policies should answer",
            );
        }
        ([], [before, after]) => return Ok(Asked::Policies(before, after)),
        ([], policies) => {
            let times = match policies.len() {
                1 => "1 time".to_owned(),
                times => format!("{times} times"),
            };
            return refuse(&format!(
                "`--policy` is given {times}: give it twice, first the old policy, then the new one"
            ));
        }
        ([_], _) if !has_tape => {
            return refuse(
                "`--answers` is given once without a TAPE: give a second file of answers, or the tape that these answers belong to",
            );
        }
        ([_], [_, _, ..]) => {
            return refuse(
                "`--policy` is given more than once together with `--answers`: give only the policy that is active from the beginning, or none",
            );
        }
        ([file], [] | [_]) => Asked::Engine(file),
        ([_, _], _) if has_tape => {
            return refuse(
                "`--answers` is given twice together with a TAPE: two files of answers are compared without a tape; give only one of them to compare it with this engine",
            );
        }
        ([_, _], [_, ..]) => return refuse(&judges_nothing("--policy")),
        ([_, _], []) if args.operator.guardrails().is_some() => {
            return refuse(&judges_nothing("--guardrails"));
        }
        ([_, _], []) if args.assume_in_force => {
            return refuse(&judges_nothing("--assume-in-force"));
        }
        ([before, after], []) => Asked::Answers(before, after),
        (more, _) => {
            return refuse(&format!(
                "`--answers` is given {} times: give it twice, first the old answers, then the new ones, or once with a TAPE",
                more.len()
            ));
        }
    };
    if args.minimal.is_some() {
        return refuse(
            "`--minimal` requires two policies, because recorded answers are not on the tape; use `explain TAPE --n K` to inspect a record",
        );
    }
    Ok(asked)
}

fn judges_nothing(flag: &str) -> String {
    format!(
        "`{flag}` cannot be used with two `--answers`: recorded answers are compared as they are; remove it"
    )
}

fn claim_stdin(args: &Args) -> Result<(), Failure> {
    let place = |flag: &str, files: &[PathBuf], place: usize| match files.len() {
        1 => format!("`--{flag}`"),
        _ if place == 0 => format!("the first `--{flag}`"),
        _ => format!("the second `--{flag}`"),
    };
    let mut claims = Vec::new();
    for (flag, files) in [("policy", &args.policies), ("answers", &args.answers)] {
        let named = files.iter().enumerate();
        claims.extend(named.map(|(at, file)| (place(flag, files, at), Some(file.as_path()))));
    }
    claims.push(("`--guardrails`".to_owned(), args.operator.guardrails()));
    claims.push(("the tape".to_owned(), args.tape_on_stdin()));
    let claims: Vec<_> = claims.iter().map(|(who, file)| (&**who, *file)).collect();
    stdin_once(&claims)
}

/// The progress display and the output files of a run.
struct Run {
    bar: Bar,
    records: Arc<AtomicU64>,
    minimal: Option<Out>,
    flips: Option<Out>,
    report: Option<Out>,
}

impl Run {
    fn begin(args: &Args, tapes: &[TapeSource], progress: Arc<Progress>) -> Result<Self, Failure> {
        let mut inputs: Vec<&Path> = Vec::new();
        inputs.extend(args.policies.iter().map(PathBuf::as_path));
        inputs.extend(args.answers.iter().map(PathBuf::as_path));
        inputs.extend(args.tape_on_stdin());
        inputs.extend(tapes.iter().filter_map(TapeSource::path));
        inputs.extend(args.operator.guardrails());
        let bar = Bar::new(progress);
        let records = Arc::new(AtomicU64::new(0));
        let asked = [&args.minimal, &args.out, &args.report].map(Option::as_ref);
        let [minimal, flips, report] = open_all(asked, &inputs, &records, &bar.bar)?;
        Ok(Self {
            bar,
            records,
            minimal,
            flips,
            report,
        })
    }

    /// Runs the comparison, displays its progress, and completes the output of flips.
    fn hear(
        &mut self,
        compare: impl FnOnce(FlipsTo<'_>, &mut dyn FnMut(u64)) -> Result<Difference, DiffError>,
    ) -> Result<Difference, Failure> {
        let flips = flips_to(self.flips.as_mut())?;
        let (bar, records) = (&self.bar, &self.records);
        let difference = compare(flips, &mut |so_far| {
            records.store(so_far, Ordering::Relaxed);
            bar.show(so_far);
        });
        self.bar.finish();
        let difference = difference.map_err(|error| match error {
            DiffError::Write(error) => Failure::output(&error),
            other @ (DiffError::Tape(_)
            | DiffError::Unsupported { .. }
            | DiffError::Row { .. }
            | DiffError::FixedPolicyReplay { .. }
            | DiffError::Ends { .. }
            | DiffError::Miscounted { .. }) => Failure::unusable(other),
        })?;
        self.flips.take().map_or(Ok(()), Out::finish)?;
        Ok(difference)
    }

    /// Writes all requested outputs.
    fn tell(self, args: &Args, told: &DiffReport<'_>) -> Result<(), Failure> {
        if let Some(mut out) = self.minimal {
            for line in &told.difference.minimal {
                writeln!(out.writer(), "{line}").map_err(|error| Failure::output(&error))?;
            }
            out.finish()?;
        }
        write_report(self.report, || diff_page(told))?;
        let is_taken = args.out.as_deref() == Some(Path::new("-"));
        let mut to: Box<dyn Write> = match is_taken {
            true => Box::new(io::stderr()),
            false => Box::new(io::stdout()),
        };
        match args.format {
            Format::Text => print_to(&mut to, told),
            Format::Json => print_json_to(&mut to, told),
        }
    }
}

/// Returns the output for flips: Parquet if the file name ends in `.parquet`, otherwise JSON lines.
fn flips_to(out: Option<&mut Out>) -> Result<FlipsTo<'_>, Failure> {
    Ok(match out {
        None => FlipsTo::Nobody,
        Some(out) if out.is_rows() => {
            let rows = FlipRows::new(out.writer());
            FlipsTo::Rows(Box::new(rows.map_err(|error| Failure::output(&error))?))
        }
        Some(out) => FlipsTo::Lines(out.writer()),
    })
}

impl Args {
    fn tape_on_stdin(&self) -> Option<&Path> {
        let tape = self.tapes.iter().find(|tape| is_stdin(tape));
        tape.map(PathBuf::as_path)
    }

    fn judge(&self, engine: Engine) -> Replayer {
        Replayer {
            engine,
            assume_in_force: self.assume_in_force,
            reports: false,
            now: None,
            scope: Scope::Tape,
        }
    }

    /// Returns an error if `--fail-on-flip` is set and an answer flips.
    fn verdict(&self, difference: &Difference) -> Result<(), Failure> {
        match difference.flips() {
            1.. if self.fail_on_flip => Err(Failure::No(format!(
                "{} of {} answers flip",
                difference.flips(),
                difference.read.records
            ))),
            _ => Ok(()),
        }
    }
}

fn policies(args: &Args, before: &Path, after: &Path) -> Result<(), Failure> {
    let (engine, operator) = args.operator.resolve(args.assume_in_force)?;
    let (before, after) = (valid_policy(before)?, valid_policy(after)?);
    let sources = resolve(&args.tapes).map_err(Failure::unusable)?;
    let names: Vec<String> = sources.iter().map(ToString::to_string).collect();
    let tapes = TapeReader::new(sources.clone());
    let mut run = Run::begin(args, &sources, tapes.progress())?;
    let judge = args.judge(engine);
    let difference =
        run.hear(|flips, progress| diff(&judge, (&before, &after), tapes, flips, progress))?;
    let compared = DiffInputs::Policies {
        policies: (&before, &after),
        tapes: &names,
        operator: &operator,
    };
    run.tell(args, &told(&difference, compared))?;
    illegible(difference.read.records, difference.unreadable, &names);
    args.verdict(&difference)
}

fn answers(args: &Args, before: &Path, after: &Path) -> Result<(), Failure> {
    let (before, after) = (answer_source(before)?, answer_source(after)?);
    let names = (before.to_string(), after.to_string());
    let (mut before, mut after) = (AnswerFile::new(before), AnswerFile::new(after));
    let mut run = Run::begin(args, &[], before.progress())?;
    let difference =
        run.hear(|flips, progress| diff_answers(&mut before, &mut after, flips, progress))?;
    let compared = DiffInputs::Answers {
        files: (&names.0, &names.1),
    };
    run.tell(args, &told(&difference, compared))?;
    args.verdict(&difference)
}

fn engine(args: &Args, file: &Path) -> Result<(), Failure> {
    let (engine, operator) = args.operator.resolve(args.assume_in_force)?;
    let policy = args.policies.first();
    let initial = initial_policy(policy)?;
    let refused = matches!(initial, Err(PolicyUnavailable::Refused(_)));
    let file = answer_source(file)?;
    let file_name = file.to_string();
    let sources = resolve(&args.tapes).map_err(Failure::unusable)?;
    let names: Vec<String> = sources.iter().map(ToString::to_string).collect();
    let tapes = TapeReader::new(sources.clone());
    let mut run = Run::begin(args, &sources, tapes.progress())?;
    let judge = args.judge(engine);
    let mut before = AnswerFile::new(file);
    let mut after = Replayed::new(&judge, initial, tapes);
    let difference =
        run.hear(|flips, progress| diff_answers(&mut before, &mut after, flips, progress))?;
    let policy_name = policy.map(|path| path.display().to_string());
    let compared = DiffInputs::Engine {
        file: &file_name,
        policy: policy_name.as_deref(),
        tapes: &names,
        operator: &operator,
    };
    run.tell(args, &told(&difference, compared))?;
    illegible(difference.read.records, difference.unreadable, &names);
    refused_policy(refused, policy)?;
    args.verdict(&difference)
}

const fn told<'a>(difference: &'a Difference, compared: DiffInputs<'a>) -> DiffReport<'a> {
    DiffReport {
        difference,
        compared,
    }
}

/// Returns the source of recorded answers. The path is not expanded as a pattern.
fn answer_source(path: &Path) -> Result<TapeSource, Failure> {
    if is_stdin(path) {
        return Ok(TapeSource::Stdin);
    }
    let why = |why: &dyn std::fmt::Display| {
        Failure::unusable(format_args!("`{}`: {why}", path.display()))
    };
    let metadata = fs::metadata(path).map_err(|error| why(&error))?;
    if metadata.is_dir() {
        return Err(why(&"is a directory, not a file"));
    }
    Ok(TapeSource::File(path.to_owned()))
}
