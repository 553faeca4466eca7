//! The data of the page of a replay: answers by time, symbol and kind.

use std::{cmp::Reverse, fmt};

use portcullis::{answer::Verdict, decide::SkipCode, harvest::HarvestAction, types::Symbol};
use serde::Serialize;

use crate::replay::{
    AnswerTally, Cells, EXPIRIES, KILLS, LEVERAGES, NOTIONALS, NearMissKind, R_STEPS, RATIOS,
};

const RATIO_NAMES: [&str; RATIOS.len() + 1] = [
    "up to 10 % higher",
    "up to 25 % higher",
    "up to 50 % higher",
    "up to 2 times",
    "up to 5 times",
    "more than 5 times",
];
const EXPIRY_NAMES: [&str; EXPIRIES.len() + 1] = [
    "up to a minute later",
    "up to an hour later",
    "up to a day later",
    "up to a week later",
    "more than a week later",
];

/// The counts in the form that the script of the page reads. Cells are flat: bucket, symbol, kind, count, repeated.
#[derive(Debug, Serialize)]
pub(super) struct CubeData {
    /// The start of the first time bucket in epoch milliseconds.
    start: i64,
    /// The width of a time bucket in milliseconds.
    width: i64,
    buckets: i64,
    symbols: Vec<String>,
    kinds: Vec<&'static str>,
    answers: Vec<i64>,
    leverages: Histogram,
    notionals: Histogram,
    ladder: Histogram,
    /// The threshold lines of the ladder chart: label and position on the axis.
    thresholds: Vec<(String, f64)>,
    actions: Vec<&'static str>,
    kills: Histogram,
    components: Vec<i64>,
}

impl CubeData {
    /// `symbols` contains the names, each at the index of its number.
    pub(super) fn new(tally: &AnswerTally, symbols: &[Symbol], thresholds: &[Threshold]) -> Self {
        let (first, last) = tally.buckets.unwrap_or_default();
        let mut names = vec![
            "(not in any policy)".to_owned(),
            "(policy changes)".to_owned(),
        ];
        names.extend(symbols.iter().map(ToString::to_string));
        let histogram = |cells: &Cells, bounds: &[f64]| Histogram::new(cells, first, bounds);
        Self {
            start: first * tally.width,
            width: tally.width,
            buckets: last - first + 1,
            symbols: names,
            kinds: kinds(),
            answers: tally.answers.flat(first),
            leverages: histogram(&tally.leverages, &LEVERAGES),
            notionals: histogram(&tally.notionals, &NOTIONALS),
            ladder: histogram(&tally.ladder, &R_STEPS),
            thresholds: thresholds
                .iter()
                .map(|it| (it.to_string(), step(it.r)))
                .collect(),
            actions: HarvestAction::ALL.iter().map(Into::into).collect(),
            kills: histogram(&tally.kills, &KILLS),
            components: tally.components.flat(first),
        }
    }
}

#[derive(Debug, Serialize)]
struct Histogram {
    ends: Vec<String>,
    cells: Vec<i64>,
}

impl Histogram {
    fn new(cells: &Cells, first: i64, bounds: &[f64]) -> Self {
        Self {
            ends: labels(bounds),
            cells: cells.flat(first),
        }
    }
}

/// A policy field that is a threshold for R.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Threshold {
    pub(super) field: &'static str,
    pub(super) r: f64,
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.r)
    }
}

/// Returns the position of an R value on the axis of the ladder chart, where 0 is the middle of the first bin and 1 the
/// middle of the second.
fn step(r: f64) -> f64 {
    let mut from = f64::NEG_INFINITY;
    let mut place = 0.0;
    for to in R_STEPS {
        if r <= to {
            // The first bin has no lower bound.
            let share = (r - from) / (to - from);
            return if from.is_finite() {
                place - 0.5 + share
            } else {
                0.0
            };
        }
        from = to;
        place += 1.0;
    }
    place
}

/// Returns one row per near miss: the change, its amount or symbol, the number of skips, and the first record.
pub(super) fn near_miss_rows(tally: &AnswerTally) -> Vec<Vec<String>> {
    const LISTED: &str = "symbol listed, with a leverage";
    let row = |change: String, amount: &str, count: u64, first: String| {
        vec![change, amount.to_owned(), count.to_string(), first]
    };
    let name = |names: &[&'static str], bin: usize| names.get(bin).copied().unwrap_or("");
    let kinds = tally.near_misses.iter().map(|(kind, (count, first))| {
        let (change, amount) = match kind {
            NearMissKind::Limit(limit, bin) => (
                format!("higher limit: {}", limit.name()),
                name(&RATIO_NAMES, *bin),
            ),
            NearMissKind::Expiry(bin) => ("later expiry".to_owned(), name(&EXPIRY_NAMES, *bin)),
        };
        row(change, amount, *count, first.to_string())
    });
    let mut rows: Vec<_> = kinds.collect();
    let mut symbols: Vec<_> = tally.missing_symbols.iter().collect();
    symbols.sort_by_key(|(symbol, (count, _))| (Reverse(*count), **symbol));
    rows.extend(symbols.into_iter().map(|(symbol, (count, first))| {
        row(
            LISTED.to_owned(),
            &symbol.to_string(),
            *count,
            first.to_string(),
        )
    }));
    let others = tally.other_missing_symbols;
    if others > 0 {
        rows.push(row(LISTED.to_owned(), "others", others, "–".to_owned()));
    }
    rows
}

/// Returns the names of the kinds: verdicts, then skip reasons.
fn kinds() -> Vec<&'static str> {
    let verdicts = Verdict::ALL.iter().map(Into::into);
    let reasons = SkipCode::ALL.iter().map(|reason| reason.code());
    verdicts.chain(reasons).collect()
}

/// Returns the bin labels: `≤ 5` for each upper bound, and `> 5` for the values above the last one.
fn labels(bounds: &[f64]) -> Vec<String> {
    let mut names: Vec<String> = bounds.iter().map(|it| format!("≤ {it}")).collect();
    names.extend(bounds.last().map(|it| format!("> {it}")));
    names
}
