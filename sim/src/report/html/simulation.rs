//! The page of a simulation.

use std::collections::BTreeSet;

use portcullis::domain::Symbol;

use super::{Chart, Data, Marked, Page, Section, Series, Table, counts_section, shown};
use crate::{
    report::table::{some, thousands, to_second},
    simulate::{Close, Point, Told, Trip, units::Money},
};

const MINUTE_MS: i64 = 60_000;

/// So many steps the filters of time have.
const STRETCHES_MAX: i64 = 200;

/// So many tapes are named.
const TAPES_SHOWN: usize = 20;

/// So many positions are listed: those that gained or lost the most.
const POSITIONS_SHOWN: usize = 500;

/// What came of decisions and harvests at recorded prices.
#[must_use]
pub fn simulation_page(told: &Told<'_>) -> Page {
    let outcome = told.outcome;
    let mut facts = vec![
        ("tapes", shown(&some(told.tapes, TAPES_SHOWN))),
        (
            "records",
            thousands(told.decided.counts.records + told.decided.positions),
        ),
        (
            "cash at the start",
            format!("{} USD", outcome.cash_at_start),
        ),
        ("equity at the end", format!("{} USD", outcome.equity)),
        (
            "largest fall",
            format!("{} USD", outcome.curve.drawdown_usd),
        ),
        (
            "positions",
            format!(
                "{} opened, {} still open",
                thousands(outcome.opened),
                thousands(outcome.still_open)
            ),
        ),
    ];
    facts.extend(told.settings_told());
    facts.push(("guardrails", shown(&told.operator.guardrails)));
    if told.operator.assume_in_force {
        let assumed = "every policy was ASSUMED to be in force at every record's time";
        facts.push(("policies", assumed.to_owned()));
    }
    let counts = |counts: &std::collections::BTreeMap<&'static str, u64>| {
        let counts = counts
            .iter()
            .map(|(why, count)| ((*why).to_owned(), *count));
        counts.collect::<Vec<_>>()
    };
    let columns = ["why", "count"];
    let over_all = "Over all of it, whatever the filters say.";
    let sections = vec![
        equity(told),
        exposure(told),
        counts_section(
            ("closes", "Why positions were closed"),
            "In parts or in all. Over all of it, whatever the filters say.",
            &counts(&outcome.closes),
            columns,
        ),
        counts_section(
            ("not_done", "Orders that were not carried out"),
            over_all,
            &counts(&outcome.not_done),
            columns,
        ),
        counts_section(
            ("harvests", "What the harvest answered"),
            "At the end of every candle. Over all of it, whatever the filters say.",
            &counts(&outcome.harvests),
            columns,
        ),
        shares(told, "by_symbol", "By symbol", |trip| {
            trip.symbol.to_string()
        }),
        shares(told, "by_policy", "By policy", |trip| shown(&trip.policy)),
        positions(told),
    ];
    Page {
        title: "Portcullis: a simulation".to_owned(),
        facts,
        data: Data {
            marked: marked(told),
            sections,
            ..Data::default()
        },
    }
}

/// What the filters choose by; nothing where no candle was seen.
fn marked(told: &Told<'_>) -> Option<Marked> {
    let points = &told.outcome.curve.points;
    // A point is the end of its candle; a position may have been opened at the first one's beginning.
    let opened = told.outcome.trips.iter().map(|trip| trip.opened);
    let first = opened.chain([points.first()?.ts]).min()?.as_millis();
    let last = points.last()?.ts.as_millis();
    let width = match (last - first) / STRETCHES_MAX + 1 {
        // Ends of whole minutes are easier to read.
        width @ MINUTE_MS.. => (width / MINUTE_MS + 1) * MINUTE_MS,
        width => width,
    };
    let symbols = symbols(told);
    Some(Marked {
        symbols: symbols.iter().map(ToString::to_string).collect(),
        kinds: reasons(told),
        start: first,
        width,
        stretches: (last - first) / width + 1,
    })
}

/// Of all positions, in order.
fn symbols(told: &Told<'_>) -> Vec<Symbol> {
    let symbols = told.outcome.trips.iter().map(|trip| trip.symbol);
    symbols.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Why positions ended, in order.
fn reasons(told: &Told<'_>) -> Vec<&'static str> {
    let reasons = told.outcome.trips.iter().map(ended);
    reasons.collect::<BTreeSet<_>>().into_iter().collect()
}

fn ended(trip: &Trip) -> &'static str {
    trip.reason.map_or("–", Close::as_str)
}

/// A line over time, and what of a point it shows.
type Line = (&'static str, fn(&Point) -> Money);

fn lines(told: &Told<'_>, lines: &[Line]) -> Chart {
    let points = &told.outcome.curve.points;
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

/// What is shown is as exact as it is told.
fn cents(amount: Money) -> f64 {
    amount.to_string().parse().unwrap_or(f64::NAN)
}

fn equity(told: &Told<'_>) -> Section {
    let points = told.outcome.curve.points.iter();
    let rows = points.map(|point| {
        vec![
            to_second(point.ts),
            point.equity_usd.to_string(),
            point.cash_usd.to_string(),
            point.exposure_usd.to_string(),
        ]
    });
    let points = told.outcome.curve.points.iter();
    let marks = points.map(|point| [point.ts.as_millis(), -1, -1, -1]);
    Section {
        id: "equity",
        title: "Equity",
        lead: "In USD, at the ends of candles: cash, margins, and what is gained but not closed. Of a long way the lowest and the \
               highest of each part. Filtered by time."
            .to_owned(),
        empty: "No candle.",
        wide: true,
        chart: Some(lines(told, &[("equity", |point| point.equity_usd)])),
        table: Table {
            columns: vec!["time", "equity USD", "cash USD", "positions USD"],
            rows: rows.collect(),
        },
        marks: Some(marks.collect()),
        ..Section::default()
    }
}

fn exposure(told: &Told<'_>) -> Section {
    let most = told.outcome.curve.exposure_max_usd;
    Section {
        id: "exposure",
        title: "Cash, and what positions were worth",
        lead: "In USD, all positions together. Filtered by time.".to_owned(),
        empty: "No candle.",
        wide: true,
        chart: Some(lines(
            told,
            &[
                ("positions", |point| point.exposure_usd),
                ("cash", |point| point.cash_usd),
            ],
        )),
        table: Table {
            columns: vec!["the most, in USD"],
            rows: vec![vec![most.to_string()]],
        },
        ..Section::default()
    }
}

fn shares(
    told: &Told<'_>,
    id: &'static str,
    title: &'static str,
    of: impl Fn(&Trip) -> String,
) -> Section {
    let shares = told.outcome.by(of).unwrap_or_default();
    let rows = shares.iter().map(|(name, it)| {
        vec![
            name.clone(),
            thousands(it.positions),
            it.notional_usd.to_string(),
            it.pnl_usd.to_string(),
            it.fees_usd.to_string(),
            it.funding_usd.to_string(),
            it.unrealised_usd.to_string(),
            it.net_usd.to_string(),
        ]
    });
    Section {
        id,
        title,
        lead: "What was gained less costs, in USD. Over all positions, whatever the filters say."
            .to_owned(),
        empty: "No position was opened.",
        chart: Some(Chart {
            kind: "bars",
            sideways: true,
            labels: shares.keys().cloned().collect(),
            series: vec![Series {
                name: "net",
                values: shares.values().map(|it| cents(it.net_usd)).collect(),
            }],
            ..Chart::default()
        }),
        table: Table {
            columns: vec![
                "of",
                "positions",
                "notional",
                "gain",
                "fees",
                "funding",
                "still open",
                "net",
            ],
            rows: rows.collect(),
        },
        ..Section::default()
    }
}

fn positions(told: &Told<'_>) -> Section {
    let mut trips: Vec<_> = told.outcome.trips.iter().collect();
    let net = |trip: &Trip| trip.net().unwrap_or_default();
    trips.sort_by_key(|trip| (std::cmp::Reverse(net(trip).max(-net(trip))), trip.n));
    trips.truncate(POSITIONS_SHOWN);
    let (symbols, reasons) = (symbols(told), reasons(told));
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
            "Up to {POSITIONS_SHOWN}, those that gained or lost the most first; the filters choose among these, by the time of opening."
        ),
        marks,
        empty: "No position was opened.",
        wide: true,
        table: Table {
            columns: vec![
                "record", "symbol", "side", "opened", "closed", "because", "notional", "net", "R",
            ],
            rows: rows.collect(),
        },
        ..Section::default()
    }
}
