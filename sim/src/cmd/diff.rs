//! `portcullis diff`

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{
    Failure,
    failure::{print, print_json},
    input::{illegible, is_stdin, stdin_once, valid_policy},
    operator::OperatorArgs,
    out::{open_both, parse_report, write_report},
    replay::{Bar, Format},
};
use crate::{
    diff::{Told, diff},
    replay::{Judge, Scope},
    report::html::diff_page,
    tape::{TapeReader, TapeSource, resolve},
};

#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    /// Tapes: JSONL, plain, gzip or zstd, or Parquet; `-` is standard input, patterns are expanded by name
    #[arg(value_name = "TAPE", required = true)]
    tapes: Vec<PathBuf>,
    /// A policy (JSON); given twice: the one to compare with, then the one to compare. Each rules from beginning to
    /// end, and the tape's own policies are set aside
    #[arg(long = "policy", value_name = "FILE", required = true)]
    policies: Vec<PathBuf>,
    /// Write a tape here with the first record of each kind of flip, to be kept as a test
    #[arg(long, value_name = "FILE")]
    minimal: Option<PathBuf>,
    /// Write a page for a browser here (HTML): charts and tables of the flips; it fetches nothing
    #[arg(long, value_name = "FILE", value_parser = parse_report)]
    report: Option<PathBuf>,
    /// End with status 1 if an answer flips
    #[arg(long)]
    fail_on_flip: bool,
    /// Judge as if both policies were in force at every record's time
    #[arg(long)]
    assume_in_force: bool,
    /// How the answer is written
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    #[command(flatten)]
    operator: OperatorArgs,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let [before_path, after_path] = &*args.policies else {
        return Err(Failure::unusable(format_args!(
            "`--policy` is given {} time{}: give it twice, the policy to compare with and the one to compare",
            args.policies.len(),
            if args.policies.len() == 1 { "" } else { "s" }
        )));
    };
    let tape = args.tapes.iter().find(|tape| is_stdin(tape));
    stdin_once(&[
        ("the first `--policy`", Some(before_path)),
        ("the second `--policy`", Some(after_path)),
        ("`--guardrails`", args.operator.guardrails()),
        ("the tape", tape.map(PathBuf::as_path)),
    ])?;
    let (engine, operator) = args.operator.resolve(args.assume_in_force)?;
    let (before, after) = (valid_policy(before_path)?, valid_policy(after_path)?);
    let sources = resolve(&args.tapes).map_err(Failure::unusable)?;
    let names: Vec<String> = sources.iter().map(ToString::to_string).collect();
    let mut inputs: Vec<&Path> = vec![before_path, after_path];
    inputs.extend(tape.map(PathBuf::as_path));
    inputs.extend(sources.iter().filter_map(TapeSource::path));
    inputs.extend(args.operator.guardrails());
    let judge = Judge {
        engine,
        assume_in_force: args.assume_in_force,
        writes_answers: false,
        reports: false,
        now: None,
        scope: Scope::Tape,
    };
    let tapes = TapeReader::new(sources.clone());
    let bar = Bar::new(tapes.progress());
    let records = Arc::new(AtomicU64::new(0));
    let asked = [args.minimal.as_ref(), args.report.as_ref()];
    let [minimal, report] = open_both(asked, &inputs, &records, &bar.bar, false)?;
    let difference = diff(&judge, (&before, &after), tapes, &mut |so_far| {
        records.store(so_far, Ordering::Relaxed);
        bar.show(so_far);
    });
    bar.finish();
    let difference = difference.map_err(Failure::unusable)?;
    if let Some(mut out) = minimal {
        for (_, line) in &difference.minimal {
            writeln!(out.writer(), "{line}").map_err(|error| Failure::output(&error))?;
        }
        out.finish()?;
    }
    let told = Told {
        difference: &difference,
        policies: (&before, &after),
        operator: &operator,
        tapes: &names,
    };
    write_report(report, || diff_page(&told))?;
    match args.format {
        Format::Text => print(&told)?,
        Format::Json => print_json(&told)?,
    }
    illegible(difference.read.records, difference.unreadable, &names);
    match difference.flips() {
        1.. if args.fail_on_flip => Err(Failure::No(format!(
            "{} of {} answers flip",
            difference.flips(),
            difference.read.records
        ))),
        _ => Ok(()),
    }
}
