//! `portcullis simulate`

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use portcullis::{domain::Symbol, policy::PolicyAbsence};

use super::{
    Failure,
    failure::{print_json_to, print_to},
    input::{illegible, initial_policy, is_stdin, refused_policy, stdin_once},
    operator::OperatorArgs,
    out::{open_all, parse_report, write_report},
    replay::{Bar, Format},
};
use crate::{
    replay::{Judge, Scope},
    report::html::simulation_page,
    simulate::{
        Costs, MarketRule, Progress, Settings, Told,
        candles::{self, CandleFile},
        simulate,
        units::{Money, Rate},
    },
    tape::{TapeReader, TapeSource, resolve},
};

#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    /// Tapes: JSONL, plain, gzip or zstd, or Parquet; `-` is standard input, patterns are expanded by name
    #[arg(value_name = "TAPE", required = true)]
    tapes: Vec<PathBuf>,
    /// The policy in force from the beginning (JSON)
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Candles of a symbol (CSV: timestamp or open_time, open, high, low, close); may be given again. The symbol is the
    /// beginning of the file's name (`BTCUSDT_1m.csv`), or is named: `BTCUSDT=FILE`
    #[arg(long, value_name = "[SYMBOL=]FILE", required = true, value_parser = parse_candles)]
    candles: Vec<CandleFile>,
    /// Cash at the start, in USD
    #[arg(long, value_name = "USD", value_parser = parse_money, allow_negative_numbers = true)]
    cash: Money,
    /// Fee of every fill as a share of it: 0.0004 is 4 basis points [without it: none is charged]
    #[arg(long, value_name = "SHARE", value_parser = parse_share, allow_negative_numbers = true)]
    taker_fee: Option<Rate>,
    /// Funding every eight hours as a share of what a position is worth; a long pays a positive one [without it: none is
    /// charged]
    #[arg(long, value_name = "SHARE", value_parser = parse_rate, allow_negative_numbers = true)]
    funding_rate: Option<Rate>,
    /// Share of what a position is worth that has to be left of its margin [without it: a position is liquidated when its
    /// margin is gone]
    #[arg(long, value_name = "SHARE", value_parser = parse_share, allow_negative_numbers = true)]
    maintenance_margin: Option<Rate>,
    /// Work out the state of a market from so many seconds of closing prices [without it: no kill score is known]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..), requires = "trend_certain")]
    market_window: Option<u32>,
    /// The strength of a trend that counts as certain
    #[arg(long, value_name = "TS", value_parser = parse_positive, requires = "market_window")]
    trend_certain: Option<f64>,
    /// Write what happened to every position here, one JSON object a line; `-` is standard output, and the summary goes
    /// to standard error
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write a page for a browser here (HTML): equity, positions, what was closed and why; it fetches nothing
    #[arg(long, value_name = "FILE", value_parser = parse_report)]
    report: Option<PathBuf>,
    /// How the summary is written
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Judge as if every policy were in force at every record's time
    #[arg(long)]
    assume_in_force: bool,
    #[command(flatten)]
    operator: OperatorArgs,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let tape = args.tapes.iter().find(|tape| is_stdin(tape));
    stdin_once(&[
        ("`--policy`", args.policy.as_deref()),
        ("`--guardrails`", args.operator.guardrails()),
        ("the tape", tape.map(PathBuf::as_path)),
    ])?;
    let (engine, operator) = args.operator.resolve(args.assume_in_force)?;
    let sources = resolve(&args.tapes).map_err(Failure::unusable)?;
    let names: Vec<String> = sources.iter().map(ToString::to_string).collect();
    let initial = initial_policy(args.policy.as_ref())?;
    let refused = matches!(initial, Err(PolicyAbsence::Refused(_)));
    let series = candles::read(&args.candles).map_err(Failure::unusable)?;
    let settings = settings(args);
    let judge = Judge {
        engine,
        assume_in_force: args.assume_in_force,
        reports: false,
        now: None,
        scope: Scope::Tape,
    };
    let mut inputs: Vec<&Path> = tape.map(PathBuf::as_path).into_iter().collect();
    inputs.extend(sources.iter().filter_map(TapeSource::path));
    inputs.extend(args.policy.as_deref());
    inputs.extend(args.operator.guardrails());
    inputs.extend(args.candles.iter().map(|file| file.path.as_path()));
    let tapes = TapeReader::new(sources.clone());
    let bar = Bar::new(tapes.progress());
    let records = Arc::new(AtomicU64::new(0));
    let asked = [args.out.as_ref(), args.report.as_ref()];
    let [mut out, report] = open_all(asked, &inputs, &records, &bar.bar)?;
    let mut written = Ok(());
    let simulated = simulate(
        (&judge, &settings),
        initial,
        tapes,
        &series,
        &mut |entry| {
            if let (Some(out), Ok(())) = (&mut out, &written) {
                written = serde_json::to_writer(out.writer(), entry)
                    .map_err(std::io::Error::from)
                    .and_then(|()| out.writer().write_all(b"\n"));
            }
        },
        &mut |progress| match progress {
            Progress::Records(so_far) => {
                records.store(so_far, Ordering::Relaxed);
                bar.show(so_far);
            }
            Progress::Candles(so_far) => bar.bar.set_message(format!("{so_far} candles")),
        },
    );
    bar.finish();
    let (decided, outcome) = simulated.map_err(Failure::unusable)?;
    written.map_err(|error| Failure::output(&error))?;
    let is_taken = args.out.as_deref() == Some(Path::new("-"));
    if let Some(out) = out {
        out.finish()?;
    }
    let told = Told {
        decided: &decided,
        outcome: &outcome,
        settings: &settings,
        series: &series,
        operator: &operator,
        tapes: &names,
    };
    write_report(report, || simulation_page(&told))?;
    let mut to: Box<dyn std::io::Write> = match is_taken {
        true => Box::new(std::io::stderr()),
        false => Box::new(std::io::stdout()),
    };
    match args.format {
        Format::Text => print_to(&mut to, &told)?,
        Format::Json => print_json_to(&mut to, &told)?,
    }
    illegible(decided.counts.records, decided.counts.unreadable(), &names);
    refused_policy(refused, args.policy.as_ref())
}

fn settings(args: &Args) -> Settings {
    let rule = |(window_sec, trend_certain)| MarketRule {
        window_sec,
        trend_certain,
    };
    Settings {
        cash: args.cash,
        costs: Costs {
            taker_fee: args.taker_fee,
            funding_rate: args.funding_rate,
            maintenance_margin: args.maintenance_margin,
        },
        market: args.market_window.zip(args.trend_certain).map(rule),
    }
}

fn parse_candles(text: &str) -> Result<CandleFile, String> {
    let (symbol, path) = match text.split_once('=') {
        Some((symbol, path)) => (Some(symbol), path),
        None => (None, text),
    };
    let symbol = symbol.map(Symbol::new).transpose();
    Ok(CandleFile {
        symbol: symbol.map_err(|error| error.to_string())?,
        path: path.into(),
    })
}

fn parse_money(text: &str) -> Result<Money, String> {
    Money::parse(text).map_err(|error| error.to_string())
}

fn parse_rate(text: &str) -> Result<Rate, String> {
    Rate::parse(text).map_err(|error| format!("a share of one: {error}"))
}

fn parse_share(text: &str) -> Result<Rate, String> {
    let rate = parse_rate(text)?;
    if rate.is_negative() {
        return Err("a share of one: it is below 0".to_owned());
    }
    Ok(rate)
}

fn parse_positive(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if number > 0.0 && number <= f64::MAX => Ok(number),
        Ok(_) | Err(_) => Err("not a finite number above 0".to_owned()),
    }
}
