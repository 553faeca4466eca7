//! The command `portcullis history`.

use std::{
    fs,
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use portcullis_forge::Comparison;
use portcullis_sim::{
    backfill::{BackfillSettings, Part, Publication, backfill},
    replay::Replayer,
    report::{BackfillReport, html::backfill_page},
    simulate::{
        Costs, Settings,
        candles::{self, CandleFile},
        units::Money,
    },
    text::counted,
};
use portcullis_store::PolicyStore;
use serde_json::json;

use crate::{
    args::{operator::OperatorArgs, store::AddressArg, values::parse_report},
    commands::{
        policy::read_options,
        simulate::{parse_candles, parse_money},
    },
    failure::Failure,
    input::{
        file::shown_path,
        stdin::{check_single_stdin, find_stdin},
        tapes::Tapes,
    },
    output::{
        file::{open_all, write_report},
        progress::RunProgress,
    },
    print::{Format, print_summary, warn},
};

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// The tapes with the recorded intents: JSON Lines (plain, gzip or zstd) or Parquet; use `-` for standard input
    ///
    /// Quoted glob patterns are expanded in name order.
    #[arg(value_name = "TAPE", required = true)]
    tapes: Vec<PathBuf>,
    #[command(flatten)]
    address: AddressArg,
    /// The candle file of one symbol; as in `portcullis simulate` [default: nothing is simulated]
    #[arg(long, value_name = "[SYMBOL=]FILE", requires = "cash", value_parser = parse_candles)]
    candles: Vec<CandleFile>,
    /// The starting cash of the simulation of each day, in USD
    #[arg(long, value_name = "USD", requires = "candles", value_parser = parse_money, allow_negative_numbers = true)]
    cash: Option<Money>,
    /// The file with the finished days, so that a later run computes only new ones; it is created if it does not exist
    #[arg(long, value_name = "FILE")]
    parts: Option<PathBuf>,
    /// Write an HTML report to this file; it loads no external resources
    #[arg(long, value_name = "FILE", value_parser = parse_report)]
    report: Option<PathBuf>,
    /// The output format
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    #[command(flatten)]
    operator: OperatorArgs,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    check_single_stdin(&[
        ("the tape", find_stdin(&args.tapes)),
        ("--guardrails", args.operator.guardrails()),
    ])?;
    let (engine, run_settings) = args.operator.resolve(true)?;
    let tapes = Tapes::resolve(&args.tapes)?;
    let series = candles::read(&args.candles, &read_options()).map_err(Failure::error)?;
    let store = args.address.open()?;
    let publications = publications(store.as_ref())?;
    let known = read_parts(args.parts.as_deref())?;
    let replayer = Replayer {
        assume_in_force: true,
        ..Replayer::new(engine)
    };
    let simulation = args.cash.map(settings);
    let identity = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "guardrails": format!("{:?}", replayer.engine.guardrails()),
        "exit_owner": run_settings.exit_owner,
        "exit_delegates": run_settings.exit_delegates,
        "simulation": simulation,
        "candles": series.iter().map(|it| it.symbol.to_string()).collect::<Vec<_>>(),
    });
    let identity = blake3::hash(identity.to_string().as_bytes()).to_string();
    let backfill_settings = BackfillSettings {
        replayer: &replayer,
        simulation: simulation.as_ref().map(|it| (it, series.as_slice())),
        identity: &identity,
    };
    let reader = tapes.reader();
    let progress = RunProgress::new(reader.progress());
    let inputs: Vec<&Path> = tapes.paths().chain(args.operator.guardrails()).collect();
    let [report] = open_all([args.report.as_deref()], &inputs, &progress)?;
    let result = backfill(
        &backfill_settings,
        &publications,
        &known,
        reader,
        &mut |records| {
            progress.set_records(records);
        },
    );
    progress.finish();
    let result = result.map_err(Failure::error)?;
    append_parts(args.parts.as_deref(), &result.finished)?;
    let summary = BackfillReport {
        backfill: &result,
        publications: &publications,
        run_settings: &run_settings,
        tapes: &tapes.names,
    };
    write_report(report, || backfill_page(&summary))?;
    print_summary(&summary, args.format, None)?;
    if result.parts.is_empty() {
        return Err(Failure::error(format_args!(
            "`{}` contains no intents with a time, so there is no history",
            tapes.names.join("`, `")
        )));
    }
    Ok(())
}

/// Returns the publications of a store, oldest first. A renewal, which differs from the policy before it only in its
/// validity, is not listed.
fn publications(store: &dyn PolicyStore) -> Result<Vec<Publication>, Failure> {
    let entries = store.history(usize::MAX).map_err(Failure::error)?;
    let mut publications: Vec<Publication> = Vec::new();
    let mut unreadable = 0;
    for entry in entries.iter().rev() {
        let (Ok(policy), Some(at)) = (entry.policy(), entry.published_at()) else {
            unreadable += 1;
            continue;
        };
        let is_renewal = publications.last().is_some_and(|last| {
            let comparison = Comparison::of(&last.policy, policy, at);
            comparison.is_some_and(|it| {
                it.tighter()
                    .chain(it.looser())
                    .all(|field| field == "valid_until_epoch")
            })
        });
        if !is_renewal {
            publications.push(Publication {
                policy: policy.clone(),
                at,
            });
        }
    }
    if unreadable > 0 {
        warn(format_args!(
            "note: {} of the history cannot be read as a policy, and not used",
            counted(unreadable, "publication")
        ));
    }
    if publications.is_empty() {
        return Err(Failure::error(format_args!(
            "{}: the history has no publications; publish a policy, or check the address in `--store`",
            store.name()
        )));
    }
    publications.sort_by_key(|publication| publication.at);
    Ok(publications)
}

fn settings(cash: Money) -> Settings {
    Settings {
        cash,
        costs: Costs {
            taker_fee: None,
            funding_rate: None,
            maintenance_margin: None,
        },
        market: None,
        fill_after_gap: false,
        sizes: std::collections::BTreeMap::new(),
    }
}

/// Reads the finished parts of earlier runs. A last line without a line feed was not written completely and is ignored.
fn read_parts(path: Option<&Path>) -> Result<Vec<Part>, Failure> {
    let Some(path) = path else {
        return Ok(Vec::new());
    };
    let fail = |why: String| Failure::error(format_args!("`{}`: {why}", shown_path(path)));
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(fail(error.to_string())),
    };
    let whole = text
        .rfind('\n')
        .map_or("", |end| text.get(..end).unwrap_or_default());
    let parse = |(number, line): (usize, &str)| {
        let part: Part = serde_json::from_str(line).map_err(|error| {
            fail(format!(
                "line {}: {error}; this is not a file of `portcullis history --parts`",
                number + 1
            ))
        })?;
        match part.format {
            1 => Ok(part),
            other => Err(fail(format!(
                "line {}: format {other} is not supported; this version reads format 1",
                number + 1
            ))),
        }
    };
    whole.lines().enumerate().map(parse).collect()
}

/// Appends finished parts. An incomplete last line is removed first.
fn append_parts(path: Option<&Path>, parts: &[Part]) -> Result<(), Failure> {
    let Some(path) = path.filter(|_| !parts.is_empty()) else {
        return Ok(());
    };
    let fail =
        |error: std::io::Error| Failure::error(format_args!("`{}`: {error}", shown_path(path)));
    let mut options = fs::OpenOptions::new();
    let mut file = options.create(true).append(true).open(path).map_err(fail)?;
    let text = fs::read(path).map_err(fail)?;
    let whole = text
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |end| end + 1);
    file.set_len(u64::try_from(whole).unwrap_or(u64::MAX))
        .map_err(fail)?;
    let mut lines = Vec::new();
    for part in parts {
        serde_json::to_writer(&mut lines, part).map_err(Failure::error)?;
        lines.push(b'\n');
    }
    file.write_all(&lines)
        .and_then(|()| file.sync_all())
        .map_err(fail)
}
