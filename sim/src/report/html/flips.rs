//! Counts of flips for a report, by time, symbol, kind, reason and cause, in a bounded number of cells.

use std::collections::{BTreeMap, BTreeSet};

use portcullis::{
    decide::SkipCode,
    types::{Symbol, Timestamp},
};
use serde::Serialize;

use super::{Mark, shown};
use crate::diff::{Flip, FlipKind, cause_text};

/// The maximum numbers of cells and of time buckets. If one is exceeded, buckets are merged in pairs.
const CELLS_MAX: usize = 50_000;
const STRETCHES_MAX: i64 = 1000;

/// The maximum number of merges. After that, one bucket covers all possible timestamps.
const DOUBLINGS_MAX: u32 = 24;

/// The maximum number of symbols and of causes that are counted separately.
const NAMES_MAX: usize = 200;

const DAY_MS: i64 = 86_400_000;

/// The counts for the report of a comparison.
#[derive(Debug, Default)]
pub struct FlipTally {
    /// The number of merges: a time bucket is one day times 2 to this power.
    doublings: u32,
    cells: BTreeMap<Cell, u64>,
    symbols: Names,
    causes: Names,
}

/// The key of a count. Symbols and causes are numbers; 0 is no name, or a name beyond the maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Cell {
    stretch: Option<i64>,
    symbol: usize,
    kind: FlipKind,
    reason: Option<SkipCode>,
    cause: usize,
}

/// Names with their numbers, from 1, in order of appearance.
#[derive(Debug, Default)]
struct Names(BTreeMap<String, usize>);

impl Names {
    fn number(&mut self, name: Option<String>) -> usize {
        let Some(name) = name else { return 0 };
        let next = self.0.len() + 1;
        match self.0.get(&name) {
            Some(number) => *number,
            None if next > NAMES_MAX => 0,
            None => {
                self.0.insert(name, next);
                next
            }
        }
    }

    fn find(&self, name: Option<String>) -> usize {
        name.and_then(|name| self.0.get(&name).copied())
            .unwrap_or(0)
    }

    /// Returns the names, each at the index of its number; `none` is the name of number 0.
    fn list(&self, none: &str) -> Vec<String> {
        let mut names: Vec<_> = self.0.iter().collect();
        names.sort_by_key(|(_, number)| **number);
        let names = names.into_iter().map(|(name, _)| shown(name));
        std::iter::once(none.to_owned()).chain(names).collect()
    }
}

/// The counts in the form that the script of the page reads.
#[derive(Debug, Serialize)]
pub(super) struct FlipCells {
    pub(super) symbols: Vec<String>,
    pub(super) kinds: Vec<&'static str>,
    /// The skip reasons; the first is the label for no skip.
    pub(super) reasons: Vec<&'static str>,
    causes: Vec<String>,
    /// The start of the first time bucket in epoch milliseconds, the width of a bucket in milliseconds, and the number
    /// of buckets.
    pub(super) start: i64,
    pub(super) width: i64,
    pub(super) stretches: i64,
    /// Six numbers per cell: bucket (−1: no timestamp), symbol, kind, reason, cause, count.
    cells: Vec<i64>,
}

impl FlipTally {
    /// Counts one flip.
    pub(crate) fn add(&mut self, flip: &Flip) {
        let day = |at: Timestamp| at.as_millis().div_euclid(DAY_MS);
        let cell = Cell {
            stretch: flip.ts.map(|at| day(at) >> self.doublings),
            symbol: self.symbols.number(symbol(flip)),
            kind: flip.kind,
            reason: reason(flip),
            cause: self.causes.number(flip.cause.as_deref().map(cause_text)),
        };
        *self.cells.entry(cell).or_default() += 1;
        while self.is_too_large() && self.doublings < DOUBLINGS_MAX {
            self.widen();
        }
    }

    fn is_too_large(&self) -> bool {
        let (first, last) = self.span();
        self.cells.len() > CELLS_MAX || last - first >= STRETCHES_MAX
    }

    fn span(&self) -> (i64, i64) {
        // Cells without a timestamp sort first.
        let first = self.cells.range(FIRST_WITH_TIME..).next();
        let last = self.cells.last_key_value();
        let stretch = |cell: Option<(&Cell, &u64)>| cell.and_then(|(cell, _)| cell.stretch);
        (stretch(first).unwrap_or(0), stretch(last).unwrap_or(0))
    }

    fn widen(&mut self) {
        self.doublings += 1;
        for (cell, count) in std::mem::take(&mut self.cells) {
            let stretch = cell.stretch.map(|stretch| stretch >> 1);
            *self.cells.entry(Cell { stretch, ..cell }).or_default() += count;
        }
    }

    pub(super) fn data(&self) -> FlipCells {
        let (first, last) = self.span();
        let (kinds, reasons) = (self.kinds(), self.reasons());
        let cells = self.cells.iter().flat_map(|(cell, count)| {
            [
                cell.stretch.map_or(-1, |stretch| stretch - first),
                whole(cell.symbol),
                place(&kinds, cell.kind),
                place(&reasons, cell.reason),
                whole(cell.cause),
                i64::try_from(*count).unwrap_or(i64::MAX),
            ]
        });
        let width = DAY_MS << self.doublings;
        FlipCells {
            cells: cells.collect(),
            symbols: self.symbols.list("(no symbol or other)"),
            kinds: kinds.iter().map(|kind| kind.as_str()).collect(),
            reasons: reasons
                .iter()
                .map(|reason| reason.map_or("(no skip)", SkipCode::code))
                .collect(),
            causes: self.causes.list("(other)"),
            start: first.saturating_mul(width),
            width,
            stretches: last - first + 1,
        }
    }

    /// Returns the row marks of these flips. The marks use the same numbers for names as [`Self::data`].
    pub(super) fn marks(&self, flips: &[Flip]) -> Vec<Mark> {
        let (kinds, reasons) = (self.kinds(), self.reasons());
        let mark = |flip: &Flip| {
            [
                flip.ts.map_or(-1, Timestamp::as_millis),
                whole(self.symbols.find(symbol(flip))),
                place(&kinds, flip.kind),
                place(&reasons, reason(flip)),
            ]
        };
        flips.iter().map(mark).collect()
    }

    /// Returns the kinds that occur.
    fn kinds(&self) -> Vec<FlipKind> {
        let kinds: BTreeSet<_> = self.cells.keys().map(|cell| cell.kind).collect();
        kinds.into_iter().collect()
    }

    /// Returns the reasons that occur, with `None` first.
    fn reasons(&self) -> Vec<Option<SkipCode>> {
        let mut reasons: BTreeSet<_> = self.cells.keys().map(|cell| cell.reason).collect();
        reasons.insert(None);
        reasons.into_iter().collect()
    }
}

fn symbol(flip: &Flip) -> Option<String> {
    flip.symbol.as_ref().map(Symbol::to_string)
}

/// Returns the reason of the skip before the flip, else of the skip after it.
fn reason(flip: &Flip) -> Option<SkipCode> {
    flip.before.reason.or(flip.after.reason)
}

fn place<T: Ord>(all: &[T], one: T) -> i64 {
    whole(all.partition_point(|it| *it < one))
}

fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The lower bound of all cells with a timestamp.
const FIRST_WITH_TIME: Cell = Cell {
    stretch: Some(i64::MIN),
    symbol: 0,
    kind: FlipKind::TradeToSkip,
    reason: None,
    cause: 0,
};

#[cfg(test)]
mod tests {
    use portcullis::answer::Verdict;

    use super::*;
    use crate::diff::Effect;

    fn flip(n: u64, day: i64, symbol: &str) -> Flip {
        let effect = Effect {
            decision: Verdict::Trade,
            reason: None,
            side: None,
            leverage: None,
            size_usd: None,
            notional_usd: None,
            quantity: None,
            harvest_action: None,
            stop_proposed: None,
        };
        Flip {
            n,
            id: n.to_string(),
            ts: Timestamp::from_millis(day * DAY_MS + 7).ok(),
            symbol: Symbol::new(symbol).ok(),
            kind: FlipKind::Leverage,
            before: effect,
            after: effect,
            cause: None,
        }
    }

    #[test]
    fn buckets_are_merged_and_names_are_limited_without_loss() {
        let mut tally = FlipTally::default();
        for n in 0..9_000 {
            let day = i64::try_from(n % 1700).unwrap() + 20_000;
            tally.add(&flip(n, day, &format!("S{}", n % 300)));
        }
        let data = tally.data();
        assert_eq!(data.width, 2 * DAY_MS);
        assert_eq!(data.start, 20_000 * DAY_MS);
        assert_eq!(data.stretches, 850);
        assert_eq!(data.symbols.len(), NAMES_MAX + 1);
        let cells: Vec<&[i64]> = data.cells.chunks(6).collect();
        assert_eq!(cells.iter().map(|cell| cell[5]).sum::<i64>(), 9_000);
        let of_others = cells.iter().filter(|cell| cell[1] == 0).map(|cell| cell[5]);
        assert_eq!(of_others.sum::<i64>(), 3_000);
        assert!(cells.iter().all(|cell| (0..850).contains(&cell[0])));
    }

    #[test]
    fn cells_are_merged_above_the_maximum() {
        let mut tally = FlipTally::default();
        for n in 0..150_000 {
            let day = i64::try_from(n % 750).unwrap();
            tally.add(&flip(n, day, &format!("S{}", n / 750)));
        }
        assert!(tally.cells.len() <= CELLS_MAX);
        let count: u64 = tally.cells.values().sum();
        assert_eq!(count, 150_000);
        let data = tally.data();
        assert!(data.width > DAY_MS && data.stretches < 750);
    }
}
