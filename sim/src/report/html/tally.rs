//! Counts of answers for a report, by time, symbol and kind, in a bounded number of cells.

use std::{collections::BTreeMap, fmt};

use portcullis::{
    answer::Verdict,
    decide::SkipCode,
    harvest::HarvestAction,
    types::{Symbol, Timestamp},
};
use serde::Serialize;

use super::report_row::{About, Bound, Near, ReportRow};

/// The maximum number of time buckets. Above it, buckets are merged in pairs.
const STRETCHES_MAX: i64 = 96;

/// The maximum number of symbols that have their own row in the near misses.
const SYMBOLS_MAX: usize = 200;

/// Counts by time bucket (−1: no timestamp), symbol number (0: not in any policy, 1: policy change) and kind number.
#[derive(Debug, Default)]
struct Cells(BTreeMap<(Option<i64>, usize, usize), u64>);

impl Cells {
    fn add(&mut self, stretch: Option<i64>, symbol: usize, kind: usize) {
        *self.0.entry((stretch, symbol, kind)).or_insert(0) += 1;
    }

    /// Merges time buckets in pairs.
    fn widen(&mut self) {
        let cells = std::mem::take(&mut self.0);
        for ((stretch, symbol, kind), count) in cells {
            let wider = stretch.map(|stretch| stretch.div_euclid(2));
            *self.0.entry((wider, symbol, kind)).or_insert(0) += count;
        }
    }

    /// Returns four numbers per cell. Buckets are counted from `first`.
    fn flat(&self, first: i64) -> Vec<i64> {
        let whole = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let cells = self.0.iter().flat_map(|((stretch, symbol, kind), count)| {
            [
                stretch.map_or(-1, |stretch| stretch - first),
                whole(*symbol),
                whole(*kind),
                i64::try_from(*count).unwrap_or(i64::MAX),
            ]
        });
        cells.collect()
    }
}

/// The counts for the report of a replay.
#[derive(Debug)]
pub struct Tally {
    /// The width of a time bucket in milliseconds.
    width: i64,
    stretches: Option<(i64, i64)>,
    answers: Cells,
    leverages: Cells,
    notionals: Cells,
    ladder: Cells,
    kills: Cells,
    components: Cells,
    near: BTreeMap<NearKind, (u64, u64)>,
    symbols: BTreeMap<Symbol, (u64, u64)>,
    other_symbols: (u64, u64),
}

/// A change under which skips would pass, as one row of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum NearKind {
    Bound(Bound, usize),
    Expiry(usize),
}

// The upper bounds of histogram bins. Values above the last bound are in one more bin.
const LEVERAGES: [f64; 12] = [
    1.0, 2.0, 3.0, 5.0, 8.0, 10.0, 15.0, 20.0, 25.0, 50.0, 75.0, 100.0,
];
const NOTIONALS: [f64; 13] = [
    10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1e3, 2.5e3, 5e3, 1e4, 2.5e4, 5e4, 1e5,
];
const R_STEPS: [f64; 23] = [
    -3.0, -2.5, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5,
    6.0, 6.5, 7.0, 7.5, 8.0,
];
const KILLS: [f64; 20] = [
    0.5, 0.525, 0.55, 0.575, 0.6, 0.625, 0.65, 0.675, 0.7, 0.725, 0.75, 0.775, 0.8, 0.825, 0.85,
    0.875, 0.9, 0.925, 0.95, 0.975,
];
const RATIOS: [f64; 5] = [1.1, 1.25, 1.5, 2.0, 5.0];
const RATIO_NAMES: [&str; 6] = [
    "up to 10 % higher",
    "up to 25 % higher",
    "up to 50 % higher",
    "up to 2 times",
    "up to 5 times",
    "more than 5 times",
];
const EXPIRIES: [f64; 4] = [60.0, 3600.0, 86400.0, 604_800.0];
const EXPIRY_NAMES: [&str; 5] = [
    "up to a minute later",
    "up to an hour later",
    "up to a day later",
    "up to a week later",
    "more than a week later",
];

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

/// Returns the index of the first upper bound that is not below a value.
fn place(value: f64, ends: &[f64]) -> usize {
    ends.partition_point(|end| *end < value)
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            width: 1000,
            stretches: None,
            answers: Cells::default(),
            leverages: Cells::default(),
            notionals: Cells::default(),
            ladder: Cells::default(),
            kills: Cells::default(),
            components: Cells::default(),
            near: BTreeMap::new(),
            symbols: BTreeMap::new(),
            other_symbols: (0, 0),
        }
    }
}

impl Tally {
    /// Counts one answer.
    pub fn add(&mut self, seen: &ReportRow) {
        let stretch = seen.at.map(|at| self.stretch(at));
        let symbol = match seen.about {
            About::Unlisted => 0,
            About::Policy => 1,
            About::Symbol(number) => number + 2,
        };
        self.answers.add(stretch, symbol, kind(seen));
        if let Some(leverage) = seen.leverage {
            let place = place(leverage, &LEVERAGES);
            self.leverages.add(stretch, symbol, place);
        }
        if let Some(notional) = seen.notional_usd {
            let place = place(notional, &NOTIONALS);
            self.notionals.add(stretch, symbol, place);
        }
        let action = HarvestAction::ALL
            .iter()
            .position(|it| Some(*it) == seen.action);
        if let (Some(r_net), Some(action)) = (seen.r_net, action) {
            let kind = place(r_net, &R_STEPS) * HarvestAction::ALL.len() + action;
            self.ladder.add(stretch, symbol, kind);
        }
        if let Some(kill) = seen.kill {
            let closes = seen.action == Some(HarvestAction::FullCloseProposed);
            let kind = place(kill.score, &KILLS) * 2 + usize::from(closes);
            self.kills.add(stretch, symbol, kind);
            for (is_above, number) in kill.components.into_iter().zip(0..) {
                if is_above {
                    self.components.add(stretch, symbol, number);
                }
            }
        }
        self.add_near(seen);
    }

    fn add_near(&mut self, seen: &ReportRow) {
        let cell = match seen.near {
            None => return,
            Some(Near::Bound(bound, ratio)) => self
                .near
                .entry(NearKind::Bound(bound, place(ratio, &RATIOS)))
                .or_insert((0, seen.n)),
            Some(Near::Expiry(seconds)) => self
                .near
                .entry(NearKind::Expiry(place(seconds, &EXPIRIES)))
                .or_insert((0, seen.n)),
            Some(Near::Symbol(symbol)) => {
                if self.symbols.len() < SYMBOLS_MAX || self.symbols.contains_key(&symbol) {
                    self.symbols.entry(symbol).or_insert((0, seen.n))
                } else {
                    &mut self.other_symbols
                }
            }
        };
        cell.0 += 1;
    }

    /// Returns the time bucket of a timestamp. Merges buckets until [`STRETCHES_MAX`] of them cover all timestamps.
    fn stretch(&mut self, at: Timestamp) -> i64 {
        let of = |width: i64| at.as_millis().div_euclid(width);
        let mut stretch = of(self.width);
        let (mut first, mut last) = match self.stretches {
            None => (stretch, stretch),
            Some((first, last)) => (first.min(stretch), last.max(stretch)),
        };
        while last - first >= STRETCHES_MAX {
            self.width *= 2;
            for cells in [
                &mut self.answers,
                &mut self.leverages,
                &mut self.notionals,
                &mut self.ladder,
                &mut self.kills,
                &mut self.components,
            ] {
                cells.widen();
            }
            (first, last) = (first.div_euclid(2), last.div_euclid(2));
            stretch = of(self.width);
        }
        self.stretches = Some((first, last));
        stretch
    }

    /// Returns the counts for the script of the page. `symbols` contains the names, each at the index of its number.
    pub(super) fn data(&self, symbols: &[Symbol], thresholds: &[Threshold]) -> CubeData {
        let (first, last) = self.stretches.unwrap_or_default();
        let mut names = vec![
            "(not in any policy)".to_owned(),
            "(policy changes)".to_owned(),
        ];
        names.extend(symbols.iter().map(ToString::to_string));
        CubeData {
            start: first * self.width,
            width: self.width,
            stretches: last - first + 1,
            symbols: names,
            kinds: kinds(),
            answers: self.answers.flat(first),
            leverages: Histogram::new(&self.leverages, first, ends(&LEVERAGES)),
            notionals: Histogram::new(&self.notionals, first, ends(&NOTIONALS)),
            ladder: Histogram::new(&self.ladder, first, ends(&R_STEPS)),
            thresholds: thresholds
                .iter()
                .map(|it| (it.to_string(), step(it.r)))
                .collect(),
            actions: HarvestAction::ALL.iter().map(Into::into).collect(),
            kills: Histogram::new(&self.kills, first, ends(&KILLS)),
            components: self.components.flat(first),
        }
    }

    /// Returns a row per change: the change, its amount or symbol, the number of skips, and the first record.
    pub(super) fn near_rows(&self) -> Vec<[String; 4]> {
        let row = |what: String, change: &str, (count, n): (u64, u64)| {
            [what, change.to_owned(), count.to_string(), n.to_string()]
        };
        let name = |names: &[&'static str], place: usize| names.get(place).copied().unwrap_or("");
        let mut rows: Vec<_> = self
            .near
            .iter()
            .map(|(kind, counts)| match kind {
                NearKind::Bound(bound, place) => row(
                    format!("higher limit: {}", bound.name()),
                    name(&RATIO_NAMES, *place),
                    *counts,
                ),
                NearKind::Expiry(place) => row(
                    "later expiry".to_owned(),
                    name(&EXPIRY_NAMES, *place),
                    *counts,
                ),
            })
            .collect();
        let mut symbols: Vec<_> = self.symbols.iter().collect();
        symbols.sort_by_key(|(symbol, (count, _))| (std::cmp::Reverse(*count), **symbol));
        let symbols = symbols.into_iter().map(|(symbol, counts)| {
            row(
                "symbol listed, with a leverage".to_owned(),
                &symbol.to_string(),
                *counts,
            )
        });
        rows.extend(symbols);
        if self.other_symbols.0 > 0 {
            let (count, _) = self.other_symbols;
            let what = "symbol listed, with a leverage".to_owned();
            rows.push([what, "others".to_owned(), count.to_string(), "–".to_owned()]);
        }
        rows
    }
}

/// Returns the names of the kinds: verdicts, then skip reasons.
fn kinds() -> Vec<&'static str> {
    let verdicts = Verdict::ALL.iter().map(Into::into);
    let reasons = SkipCode::ALL.iter().map(|reason| reason.code());
    verdicts.chain(reasons).collect()
}

/// Returns the number of an answer's kind: its skip reason if it has one, else its verdict.
fn kind(seen: &ReportRow) -> usize {
    let reason = seen
        .reason
        .and_then(|reason| SkipCode::ALL.iter().position(|it| *it == reason));
    let verdict = Verdict::ALL.iter().position(|it| *it == seen.decision);
    match reason {
        Some(place) => Verdict::ALL.len() + place,
        None => verdict.unwrap_or_default(),
    }
}

/// Returns the bin labels: `≤ 5` for each upper bound, and `> 5` for the values above the last one.
fn ends(ends: &[f64]) -> Vec<String> {
    let mut names: Vec<String> = ends.iter().map(|end| format!("≤ {end}")).collect();
    names.extend(ends.last().map(|end| format!("> {end}")));
    names
}

/// The counts in the form that the script of the page reads. Cells are flat: bucket, symbol, kind, count, repeated.
#[derive(Debug, Serialize)]
pub(super) struct CubeData {
    /// The start of the first time bucket in epoch milliseconds.
    start: i64,
    /// The width of a time bucket in milliseconds.
    width: i64,
    stretches: i64,
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

#[derive(Debug, Serialize)]
struct Histogram {
    ends: Vec<String>,
    cells: Vec<i64>,
}

impl Histogram {
    fn new(cells: &Cells, first: i64, ends: Vec<String>) -> Self {
        Self {
            ends,
            cells: cells.flat(first),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(n: u64, millis: i64) -> ReportRow {
        ReportRow {
            n,
            at: Timestamp::from_millis(millis).ok(),
            about: About::Symbol(0),
            decision: Verdict::Trade,
            reason: None,
            leverage: Some(5.0),
            notional_usd: Some(100.0),
            r_net: None,
            kill: None,
            action: None,
            near: None,
        }
    }

    #[test]
    fn buckets_are_bounded_and_no_count_is_lost() {
        let mut tally = Tally::default();
        for n in 0..10_000_u64 {
            tally.add(&seen(n, i64::try_from(n * n).unwrap() * 7));
        }
        let data = tally.data(&[], &[]);
        assert!((48..=96).contains(&data.stretches), "{}", data.stretches);
        let counts = |cells: &[i64]| cells.chunks(4).map(|cell| cell[3]).sum::<i64>();
        assert_eq!(counts(&data.answers), 10_000);
        assert_eq!(counts(&data.leverages.cells), 10_000);
        let stretches = data.answers.chunks(4).map(|cell| cell[0]);
        assert!(
            stretches
                .clone()
                .all(|it| (0..data.stretches).contains(&it))
        );
        assert_eq!(stretches.min(), Some(0));
    }

    #[test]
    fn record_order_does_not_matter() {
        let of = |order: &mut dyn Iterator<Item = i64>| {
            let mut tally = Tally::default();
            order.for_each(|n| tally.add(&seen(1, n * 60_000)));
            serde_json::to_string(&tally.data(&[], &[])).unwrap()
        };
        assert_eq!(of(&mut (0..500)), of(&mut (0..500).rev()));
    }

    #[test]
    fn a_value_on_a_bound_belongs_to_the_lower_bin() {
        assert_eq!(place(0.5, &LEVERAGES), 0);
        assert_eq!(place(1.0, &LEVERAGES), 0);
        assert_eq!(place(1.5, &LEVERAGES), 1);
        assert_eq!(place(500.0, &LEVERAGES), LEVERAGES.len());
    }
}
