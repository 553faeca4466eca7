//! The command `portcullis simulate`.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use portcullis::types::Symbol;
use portcullis_sim::{
    report::{SimulationReport, html::simulation_page},
    simulate::{
        Costs, LedgerEntry, MarketRule, Progress, Settings,
        candles::{self, CandleFile, Interval, ReadOptions, TimeLabel, TimeUnit},
        simulate, simulate_set,
        units::{Money, Rate},
    },
};

use crate::{
    args::{
        engine::EngineArgs,
        rehearsal::RehearsalArgs,
        sizes::SizeArgs,
        values::{BareUnit, parse_duration, parse_report},
    },
    failure::Failure,
    input::{policy::InitialPolicy, rehearsal::SetInput, stdin::find_stdin, tapes::Tapes},
    output::{
        file::{open_all, write_report},
        progress::RunProgress,
    },
    print::{Format, print_summary, warn},
};

/// Help of `--min-quantity`. It differs from the help of the harvester, which makes no entries.
const MIN_QUANTITY_HELP: &str = "The smallest quantity that the market allows for a symbol, in units: BTCUSDT=0.001

An entry with a smaller quantity is not filled. If the partial close of a harvest would leave less than this, the whole \
position is closed instead. Exits have no minimum size. Can be repeated, once per symbol.";

#[derive(Debug, Clone, clap::Args)]
#[command(mut_arg("min_quantities", |arg| arg.long_help(MIN_QUANTITY_HELP)))]
pub(crate) struct Args {
    /// The tapes to read: JSON Lines (plain, gzip or zstd) or Parquet; use `-` for standard input
    ///
    /// Quoted glob patterns are expanded in name order.
    #[arg(value_name = "TAPE", required = true)]
    tapes: Vec<PathBuf>,
    /// The policy file (JSON) that is active until the first policy record on the tape [default: none]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    set: RehearsalArgs,
    /// The candle file of one symbol: CSV, JSON, Parquet or Feather
    ///
    /// CSV and JSON can be in gzip, zstd or zip. The required columns are a time (`timestamp`, `date`, `open_time`, …),
    /// `open`, `high`, `low` and `close`, in any order and in upper or lower case. The symbol is the beginning of the
    /// file name, as in `BTCUSDT_1m.csv`, or is given explicitly, as in `BTCUSDT=FILE`. Can be repeated, with one file
    /// per symbol.
    #[arg(long, value_name = "[SYMBOL=]FILE", required = true, value_parser = parse_candles)]
    candles: Vec<CandleFile>,
    /// The length of a candle: a number and s, m (minutes), h, d, w or M (months)
    ///
    /// If omitted, the most frequent time between two adjacent candles of each file is used. Give the length if most
    /// candles are missing. Two candles whose starts are less than 1.5 lengths apart have no gap between them.
    #[arg(long, value_name = "LENGTH")]
    interval: Option<Interval>,
    /// The unit of candle times that are numbers
    ///
    /// If omitted, the unit of each file is found from the name of the column, such as `time_ms`, or from the values, which
    /// must all be in the years 2000 to 2099.
    #[arg(long, value_name = "UNIT", value_parser = parse_unit)]
    time_unit: Option<TimeUnit>,
    /// The meaning of candle times: the start or the end of each candle
    ///
    /// If omitted, the meaning in each file is found from the name of the column, such as `close_time`, or from the values,
    /// such as 23:59:59.999 or the last days of months. If neither shows it, the start is assumed.
    #[arg(long, value_name = "open|close", value_parser = parse_label)]
    time_label: Option<TimeLabel>,
    /// If an entry was decided during a gap, fill it at the open of the first candle after the gap [default: such an
    /// entry is not filled]
    #[arg(long)]
    fill_after_gap: bool,
    /// The starting cash in USD
    #[arg(long, value_name = "USD", value_parser = parse_money, allow_negative_numbers = true)]
    cash: Money,
    /// The fee of each fill as a share (0 to 1) of its notional: 0.0004 is 4 basis points
    ///
    /// If omitted, no fees are charged.
    #[arg(long, value_name = "SHARE", value_parser = parse_share, allow_negative_numbers = true)]
    taker_fee: Option<Rate>,
    /// The funding per 8 hours, as a share of the value of a position
    ///
    /// If the rate is positive, longs pay and shorts receive funding. If omitted, no funding is charged.
    #[arg(long, value_name = "SHARE", value_parser = parse_rate, allow_negative_numbers = true)]
    funding_rate: Option<Rate>,
    /// The maintenance margin as a share (0 to 1) of the value of the position
    ///
    /// A position is liquidated if its margin plus its unrealised profit is at most this amount. If omitted, a position
    /// is liquidated when its whole margin is lost.
    #[arg(long, value_name = "SHARE", value_parser = parse_share, allow_negative_numbers = true)]
    maintenance_margin: Option<Rate>,
    /// The time over which the market state is computed, in whole seconds or with a unit, such as `4h`
    ///
    /// The market state (volatility, trend strength and trend probability) is computed from the closing prices in this
    /// time window. If omitted, there is no market state, and thus no kill score and no proposal of a full close.
    #[arg(long, value_name = "DURATION", value_parser = parse_window, requires = "trend_certain")]
    market_window: Option<u32>,
    /// The trend strength at which the probability of a trend is 1; required with `--market-window`
    #[arg(long, value_name = "TS", value_parser = parse_positive, requires = "market_window")]
    trend_certain: Option<f64>,
    /// Write all position events to this file as JSON Lines
    ///
    /// They are compressed if the name ends in `.gz` or `.zst`. Use `-` for standard output; the summary is then written to standard error.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write an HTML report of equity, positions and closes to this file; it loads no external resources
    #[arg(long, value_name = "FILE", value_parser = parse_report)]
    report: Option<PathBuf>,
    /// The output format of the summary
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    #[command(flatten)]
    sizes: SizeArgs,
    #[command(flatten)]
    settings: EngineArgs,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    args.settings.check_stdin(
        args.policy.as_deref(),
        Some(&args.set),
        find_stdin(&args.tapes),
    )?;
    let (engine, run_settings) = args.settings.resolve()?;
    let tapes = Tapes::resolve(&args.tapes)?;
    let set = SetInput::read(args.set.files())?;
    let initial = InitialPolicy::read(args.policy.as_deref())?;
    let options = ReadOptions {
        interval: args.interval,
        time_unit: args.time_unit,
        time_label: args.time_label,
    };
    let series = candles::read(&args.candles, &options).map_err(Failure::error)?;
    let settings = settings(args);
    let replayer = args.settings.replayer(engine, false);
    let inputs: Vec<&Path> = tapes
        .paths()
        .chain(args.policy.as_deref())
        .chain(args.set.paths())
        .chain(args.settings.operator.guardrails())
        .chain(args.candles.iter().map(|file| file.path.as_path()))
        .collect();
    let reader = tapes.reader();
    let progress = RunProgress::new(reader.progress());
    let outputs = [args.out.as_deref(), args.report.as_deref()];
    let [mut out, report] = open_all(outputs, &inputs, &progress)?;
    let mut written = Ok(());
    let mut on_entry = |entry: &LedgerEntry| {
        if let (Some(out), Ok(())) = (&mut out, &written) {
            written = serde_json::to_writer(out.writer(), entry)
                .map_err(std::io::Error::from)
                .and_then(|()| out.writer().write_all(b"\n"));
        }
    };
    let mut on_progress = |so_far| match so_far {
        Progress::Records(records) => progress.set_records(records),
        Progress::Candles(candles) => progress.set_candles(candles),
    };
    let run = (&replayer, &settings);
    let (on_entry, on_progress) = (&mut on_entry, &mut on_progress);
    let simulated = match &set {
        Some(set) => simulate_set(run, &set.loaded, reader, &series, on_entry, on_progress),
        None => simulate(run, initial.policy, reader, &series, on_entry, on_progress),
    };
    progress.finish();
    let (decisions, outcome) = simulated.map_err(Failure::error)?;
    written.map_err(|error| Failure::write(&error))?;
    if let Some(out) = out {
        out.finish()?;
    }
    let summary = SimulationReport {
        decisions: &decisions,
        outcome: &outcome,
        settings: &settings,
        series: &series,
        run_settings: &run_settings,
        tapes: &tapes.names,
    };
    write_report(report, || simulation_page(&summary))?;
    print_summary(&summary, args.format, args.out.as_deref())?;
    tapes.warn_if_unreadable(decisions.counts.records, decisions.counts.unreadable());
    if let Some(note) = summary.fee_note() {
        warn(format_args!("note: {note}"));
    }
    initial.validity
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
        fill_after_gap: args.fill_after_gap,
        sizes: args.sizes.by_symbol(),
    }
}

fn parse_window(text: &str) -> Result<u32, String> {
    let bounds = Duration::from_secs(1)..=Duration::from_secs(u32::MAX.into());
    let window = parse_duration(text, BareUnit::Seconds, bounds)?;
    if window.subsec_nanos() > 0 {
        return Err("not a whole number of seconds".to_owned());
    }
    u32::try_from(window.as_secs()).map_err(|error| error.to_string())
}

pub(crate) fn parse_candles(text: &str) -> Result<CandleFile, String> {
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

fn parse_unit(text: &str) -> Result<TimeUnit, String> {
    text.parse().map_err(|_| "use s, ms, us or ns".to_owned())
}

fn parse_label(text: &str) -> Result<TimeLabel, String> {
    text.parse().map_err(|_| "use open or close".to_owned())
}

pub(crate) fn parse_money(text: &str) -> Result<Money, String> {
    Money::parse(text).map_err(|error| error.to_string())
}

fn parse_rate(text: &str) -> Result<Rate, String> {
    Rate::parse(text).map_err(|error| format!("{error}; use a share from 0 to 1, such as 0.0004"))
}

fn parse_share(text: &str) -> Result<Rate, String> {
    let rate = parse_rate(text)?;
    if rate.is_negative() {
        return Err("negative; use a share from 0 to 1, such as 0.0004".to_owned());
    }
    Ok(rate)
}

fn parse_positive(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if number > 0.0 && number <= f64::MAX => Ok(number),
        Ok(_) | Err(_) => Err("not a finite number greater than 0".to_owned()),
    }
}
