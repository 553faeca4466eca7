//! The report of a simulation.

use std::collections::BTreeSet;

use portcullis::types::{Shown, Symbol};

use super::page::{Chart, Data, Marked, Page, Section, Series, Table, counts_section};
use crate::{
    report::{
        run_settings::ASSUMED,
        simulation::{SimulationReport, share_cells},
    },
    simulate::{CloseReason, Point, RoundTrip, units::Money},
    text::{some, thousands, to_second},
};

const MINUTE_MS: i64 = 60_000;

/// The maximum number of steps of a time filter.
const BUCKETS_MAX: i64 = 200;

/// The maximum number of tapes that are named.
const TAPES_SHOWN: usize = 20;

/// The maximum number of candle files that are described.
const SERIES_SHOWN: usize = 10;

/// The maximum number of positions that are listed. If there are more, those with the largest profit or loss are
/// listed.
const POSITIONS_SHOWN: usize = 500;

/// Creates the report of a simulation.
#[must_use]
pub fn simulation_page(report: &SimulationReport<'_>) -> Page {
    let outcome = report.outcome;
    let mut facts = vec![
        ("Tapes", Shown(some(report.tapes, TAPES_SHOWN)).whole()),
        (
            "Records",
            thousands(report.decisions.counts.records + report.decisions.positions),
        ),
        ("Starting cash", format!("{} USD", outcome.cash_at_start)),
        ("Final equity", format!("{} USD", outcome.equity)),
        (
            "Max drawdown",
            format!("{} USD", outcome.curve.drawdown_usd),
        ),
        (
            "Positions",
            format!(
                "{} opened, {} still open",
                thousands(outcome.opened),
                thousands(outcome.still_open)
            ),
        ),
    ];
    facts.push(("Candles", some(&report.candle_texts(), SERIES_SHOWN)));
    let settings = report.setting_texts();
    let names = [
        "Fees",
        "Funding",
        "Liquidation",
        "Market state",
        "Entries decided during a gap",
    ];
    facts.extend(
        names
            .into_iter()
            .zip(settings.into_iter().map(|(_, value)| value)),
    );
    facts.push(("Sizes", report.sizes_text()));
    facts.push(("Guardrails", Shown(&report.run_settings.guardrails).whole()));
    if report.run_settings.assume_in_force {
        facts.push(("Policy validity", ASSUMED.to_owned()));
    }
    let counts = |counts: &std::collections::BTreeMap<&'static str, u64>| {
        let counts = counts
            .iter()
            .map(|(why, count)| ((*why).to_owned(), *count));
        counts.collect::<Vec<_>>()
    };
    let columns = ["Reason", "Count"];
    let over_all = "The whole run; not affected by the filters.";
    let sections = vec![
        equity(report),
        exposure(report),
        counts_section(
            ("closes", "Closes by reason"),
            "Full and partial closes. The whole run; not affected by the filters.",
            &counts(&outcome.closes),
            columns,
        ),
        counts_section(
            ("not_done", "Unfilled orders by reason"),
            over_all,
            &counts(&outcome.rejected),
            columns,
        ),
        counts_section(
            ("harvests", "Harvest results"),
            "Action or skip reason of each open position at each candle end. The whole run; not affected by the \
             filters.",
            &counts(&outcome.harvests),
            ["Result", "Count"],
        ),
        shares(
            report,
            ("by_symbol", "Symbol"),
            "Profit by symbol",
            |trip| trip.symbol.to_string(),
        ),
        shares(
            report,
            ("by_policy", "Policy"),
            "Profit by policy",
            |trip| Shown(&trip.policy).whole(),
        ),
        positions(report),
    ];
    Page {
        title: "Portcullis simulation".to_owned(),
        facts,
        data: Data {
            marked: marked(report),
            sections,
            ..Data::default()
        },
    }
}

/// Returns the names and times that the filters of the report use; `None` if there are no candles.
fn marked(report: &SimulationReport<'_>) -> Option<Marked> {
    let points = &report.outcome.curve.points;
    // Each point of the equity curve is at the end of a candle, but a position can be opened at the
    // start of the first candle.
    let opened = report.outcome.trips.iter().map(|trip| trip.opened);
    let first = opened.chain([points.first()?.ts]).min()?.as_millis();
    let last = points.last()?.ts.as_millis();
    let width = match (last - first) / BUCKETS_MAX + 1 {
        // Whole minutes are easier to read.
        width @ MINUTE_MS.. => (width / MINUTE_MS + 1) * MINUTE_MS,
        width => width,
    };
    let symbols = symbols(report);
    Some(Marked {
        symbols: symbols.iter().map(ToString::to_string).collect(),
        kinds: reasons(report),
        start: first,
        width,
        buckets: (last - first) / width + 1,
    })
}

/// Returns the symbols of all positions in sorted order.
fn symbols(report: &SimulationReport<'_>) -> Vec<Symbol> {
    let symbols = report.outcome.trips.iter().map(|trip| trip.symbol);
    symbols.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Returns the final close reasons of all positions in sorted order.
fn reasons(report: &SimulationReport<'_>) -> Vec<&'static str> {
    let reasons = report.outcome.trips.iter().map(ended);
    reasons.collect::<BTreeSet<_>>().into_iter().collect()
}

fn ended(trip: &RoundTrip) -> &'static str {
    trip.reason.map_or("–", CloseReason::as_str)
}

/// A line of a chart over time: its name, and the value of a point.
type Line = (&'static str, fn(&Point) -> Money);

fn lines(report: &SimulationReport<'_>, lines: &[Line]) -> Chart {
    let points = &report.outcome.curve.points;
    let series = lines.iter().map(|(name, of)| Series {
        name,
        values: points.iter().map(|point| cents(of(point))).collect(),
    });
    Chart {
        kind: "lines",
        times: Some(points.iter().map(|point| point.ts.as_millis()).collect()),
        series: series.collect(),
        ..Chart::default()
    }
}

/// Rounds an amount to cents, as it is printed elsewhere on the page.
fn cents(amount: Money) -> f64 {
    amount.to_string().parse().unwrap_or(f64::NAN)
}

fn equity(report: &SimulationReport<'_>) -> Section {
    let points = report.outcome.curve.points.iter();
    let rows = points.map(|point| {
        vec![
            to_second(point.ts),
            point.equity_usd.to_string(),
            point.cash_usd.to_string(),
            point.exposure_usd.to_string(),
        ]
    });
    let points = report.outcome.curve.points.iter();
    let marks = points.map(|point| [point.ts.as_millis(), -1, -1, -1]);
    Section {
        id: "equity",
        title: "Equity (USD)",
        lead: "Cash, margins and unrealised profit at candle ends. A long run shows the lowest and the highest equity \
               of each interval. Filtered by time."
            .to_owned(),
        empty: "No candles.",
        wide: true,
        chart: Some(lines(report, &[("Equity", |point| point.equity_usd)])),
        table: Table {
            columns: vec!["Time", "Equity (USD)", "Cash (USD)", "Exposure (USD)"],
            rows: rows.collect(),
        },
        marks: Some(marks.collect()),
        ..Section::default()
    }
}

fn exposure(report: &SimulationReport<'_>) -> Section {
    let most = report.outcome.curve.exposure_max_usd;
    Section {
        id: "exposure",
        title: "Exposure and cash (USD)",
        lead: "Exposure is the value of all open positions. The chart is filtered by time."
            .to_owned(),
        empty: "No candles.",
        wide: true,
        chart: Some(lines(
            report,
            &[
                ("Exposure", |point| point.exposure_usd),
                ("Cash", |point| point.cash_usd),
            ],
        )),
        table: Table {
            columns: vec!["Max exposure (USD)"],
            rows: vec![vec![most.to_string()]],
        },
        ..Section::default()
    }
}

fn shares(
    report: &SimulationReport<'_>,
    (id, column): (&'static str, &'static str),
    title: &'static str,
    of: impl Fn(&RoundTrip) -> String,
) -> Section {
    let shares = report.outcome.by(of).unwrap_or_default();
    let rows = shares
        .iter()
        .map(|(name, it)| share_cells(name, it).to_vec());
    Section {
        id,
        title,
        lead: "Net profit is realised and unrealised profit less fees and funding. All positions; not affected by the \
               filters."
            .to_owned(),
        empty: "No positions.",
        chart: Some(Chart {
            kind: "bars",
            sideways: true,
            labels: shares.keys().cloned().collect(),
            series: vec![Series {
                name: "Net profit",
                values: shares.values().map(|it| cents(it.net_usd)).collect(),
            }],
            ..Chart::default()
        }),
        table: Table {
            columns: vec![
                column,
                "Positions",
                "Notional (USD)",
                "Realised profit (USD)",
                "Fees (USD)",
                "Funding (USD)",
                "Unrealised profit (USD)",
                "Net profit (USD)",
            ],
            rows: rows.collect(),
        },
        ..Section::default()
    }
}

fn positions(report: &SimulationReport<'_>) -> Section {
    let mut trips: Vec<_> = report.outcome.trips.iter().collect();
    let net = |trip: &RoundTrip| trip.net().unwrap_or_default();
    trips.sort_by_key(|trip| (std::cmp::Reverse(net(trip).max(-net(trip))), trip.n));
    trips.truncate(POSITIONS_SHOWN);
    let (symbols, reasons) = (symbols(report), reasons(report));
    let marks = trips.iter().map(|trip| {
        let symbol = symbols.partition_point(|it| *it < trip.symbol);
        let reason = reasons.iter().position(|it| *it == ended(trip));
        let number = |place: usize| i64::try_from(place).unwrap_or(i64::MAX);
        let opened = trip.opened.as_millis();
        [opened, number(symbol), reason.map_or(-1, number), -1]
    });
    let marks = Some(marks.collect());
    let rows = trips.iter().map(|trip| {
        vec![
            trip.n.to_string(),
            trip.symbol.to_string(),
            trip.side.to_string(),
            to_second(trip.opened),
            trip.closed.map_or_else(|| "open".to_owned(), to_second),
            ended(trip).to_owned(),
            trip.notional_usd.to_string(),
            net(trip).to_string(),
            trip.r
                .map_or_else(|| "–".to_owned(), |r| format!("{r:+.2}")),
        ]
    });
    Section {
        id: "positions",
        title: "Positions",
        lead: format!(
            "Up to {POSITIONS_SHOWN} positions with the largest profit or loss. The filters select from this list, by \
             opening time."
        ),
        marks,
        empty: "No positions.",
        wide: true,
        table: Table {
            columns: vec![
                "Record",
                "Symbol",
                "Side",
                "Opened",
                "Closed",
                "Close reason",
                "Notional (USD)",
                "Net profit (USD)",
                "R",
            ],
            rows: rows.collect(),
        },
        ..Section::default()
    }
}
