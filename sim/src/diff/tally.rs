//! Counts of flips for an HTML report, by time, symbol, kind, reason and cause, in a bounded number of cells.

use std::collections::{BTreeMap, BTreeSet};

use portcullis::{
    decide::SkipCode,
    types::{Symbol, Timestamp},
};

use super::flip::{Flip, FlipKind};

/// The maximum numbers of cells and of time buckets. If one of the two is exceeded, buckets are
/// merged in pairs.
const CELLS_MAX: usize = 50_000;
const BUCKETS_MAX: i64 = 1000;

/// The maximum number of merges. After that, one bucket covers all timestamps from 1970 on, and another one all earlier
/// timestamps.
const DOUBLINGS_MAX: u32 = 24;

/// The maximum number of symbols and of causes that are counted separately.
const NAMES_MAX: usize = 200;

const DAY_MS: i64 = 86_400_000;

/// The counts for the HTML report of a comparison.
#[derive(Debug, Default)]
pub struct FlipTally {
    /// The number of merges. The width of a time bucket is one day times 2 to the power of this
    /// number.
    doublings: u32,
    pub(crate) cells: BTreeMap<Cell, u64>,
    pub(crate) symbols: Names<Symbol>,
    pub(crate) causes: Names<Vec<String>>,
}

/// The key of a count. Symbols and causes are given by their numbers in [`Names`]. The number 0 means that there is no
/// name, or that the name first occurred after [`NAMES_MAX`] other names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cell {
    pub(crate) bucket: Option<i64>,
    pub(crate) symbol: usize,
    pub(crate) kind: FlipKind,
    pub(crate) reason: Option<SkipCode>,
    pub(crate) cause: usize,
}

/// The numbers of names. They are counted from 1 in the order in which the names first occurred.
#[derive(Debug)]
pub(crate) struct Names<T>(BTreeMap<T, usize>);

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Ord + Clone> Names<T> {
    fn add(&mut self, name: Option<&T>) -> usize {
        let Some(name) = name else { return 0 };
        let next = self.0.len() + 1;
        match self.0.get(name) {
            Some(number) => *number,
            None if next > NAMES_MAX => 0,
            None => {
                self.0.insert(name.clone(), next);
                next
            }
        }
    }

    /// Returns the number of a name; 0 if the name has no number.
    pub(crate) fn number(&self, name: Option<&T>) -> usize {
        name.and_then(|name| self.0.get(name).copied()).unwrap_or(0)
    }

    /// Returns the names in the order of their numbers. The first name has number 1.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = &T> {
        let mut names: Vec<_> = self.0.iter().collect();
        names.sort_by_key(|(_, number)| **number);
        names.into_iter().map(|(name, _)| name)
    }
}

impl FlipTally {
    /// Counts one flip.
    pub(super) fn add(&mut self, flip: &Flip) {
        let day = |at: Timestamp| at.as_millis().div_euclid(DAY_MS);
        let cell = Cell {
            bucket: flip.ts.map(|at| day(at) >> self.doublings),
            symbol: self.symbols.add(flip.symbol.as_ref()),
            kind: flip.kind,
            reason: flip.reason(),
            cause: self.causes.add(flip.cause.as_ref()),
        };
        *self.cells.entry(cell).or_default() += 1;
        while self.is_too_large() && self.doublings < DOUBLINGS_MAX {
            self.widen();
        }
    }

    /// Returns the width of a time bucket in milliseconds.
    pub(crate) const fn width(&self) -> i64 {
        DAY_MS << self.doublings
    }

    fn is_too_large(&self) -> bool {
        let (first, last) = self.span();
        self.cells.len() > CELLS_MAX || last - first >= BUCKETS_MAX
    }

    /// Returns the first and the last time bucket.
    pub(crate) fn span(&self) -> (i64, i64) {
        // Cells without a timestamp sort first.
        let first = self.cells.range(FIRST_WITH_TIME..).next();
        let last = self.cells.last_key_value();
        let bucket = |cell: Option<(&Cell, &u64)>| cell.and_then(|(cell, _)| cell.bucket);
        (bucket(first).unwrap_or(0), bucket(last).unwrap_or(0))
    }

    fn widen(&mut self) {
        self.doublings += 1;
        for (cell, count) in std::mem::take(&mut self.cells) {
            let bucket = cell.bucket.map(|bucket| bucket >> 1);
            *self.cells.entry(Cell { bucket, ..cell }).or_default() += count;
        }
    }

    /// Returns the kinds that occur.
    pub(crate) fn kinds(&self) -> Vec<FlipKind> {
        let kinds: BTreeSet<_> = self.cells.keys().map(|cell| cell.kind).collect();
        kinds.into_iter().collect()
    }

    /// Returns `None`, for flips without a skip reason, followed by the skip reasons that occur.
    pub(crate) fn reasons(&self) -> Vec<Option<SkipCode>> {
        let mut reasons: BTreeSet<_> = self.cells.keys().map(|cell| cell.reason).collect();
        reasons.insert(None);
        reasons.into_iter().collect()
    }
}

/// The lower bound of the times of all cells that have a timestamp.
const FIRST_WITH_TIME: Cell = Cell {
    bucket: Some(i64::MIN),
    symbol: 0,
    kind: FlipKind::TradeToSkip,
    reason: None,
    cause: 0,
};

#[cfg(test)]
mod tests {
    use portcullis::answer::Verdict;

    use super::*;
    use crate::diff::flip::Effect;

    fn flip(n: u64, day: i64, symbol: &str) -> Flip {
        let effect = Effect::without_numbers(Verdict::Trade, None);
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
        assert_eq!(tally.width(), 2 * DAY_MS);
        assert_eq!(tally.span(), (10_000, 10_849));
        assert_eq!(tally.symbols.in_order().count(), NAMES_MAX);
        let number = |name: &str| tally.symbols.number(Symbol::new(name).ok().as_ref());
        assert_eq!(["S0", "S7", "S199", "S200"].map(number), [1, 8, 200, 0]);
        assert_eq!(tally.symbols.number(None), 0);
        assert_eq!(tally.cells.values().sum::<u64>(), 9_000);
        let of_others = tally.cells.iter().filter(|(cell, _)| cell.symbol == 0);
        assert_eq!(of_others.map(|(_, count)| count).sum::<u64>(), 3_000);
    }

    #[test]
    fn buckets_are_merged_from_a_span_of_the_maximum() {
        let mut tally = FlipTally::default();
        for (day, width, span) in [
            (20, DAY_MS, (20, 20)),
            (1019, DAY_MS, (20, 1019)),
            (1020, 2 * DAY_MS, (10, 510)),
        ] {
            tally.add(&flip(1, day, "BTCUSDT"));
            assert_eq!((tally.width(), tally.span()), (width, span));
        }
    }

    /// Without times, merging removes no cells.
    #[test]
    fn merging_ends_when_one_bucket_covers_all_times() {
        let mut tally = FlipTally::default();
        for n in 0..=50_000 {
            let kind = [FlipKind::Size, FlipKind::Leverage][usize::from(n >= 40_000)];
            tally.add(&Flip {
                ts: None,
                kind,
                cause: Some(vec![format!("C{}", n / 200 % 200)]),
                ..flip(1, 0, &format!("S{}", n % 200))
            });
        }
        assert_eq!(tally.cells.len(), 50_001);
        assert_eq!(tally.width(), DAY_MS << DOUBLINGS_MAX);
    }

    #[test]
    fn the_kinds_and_reasons_that_occur_are_listed_once() {
        let mut tally = FlipTally::default();
        assert_eq!(tally.reasons(), [None]);
        let stale = Some(SkipCode::PolicyStale);
        for (kind, reason) in [
            (FlipKind::Size, None),
            (FlipKind::TradeToSkip, stale),
            (FlipKind::TradeToSkip, stale),
        ] {
            tally.add(&Flip {
                kind,
                after: Effect::without_numbers(Verdict::Skip, reason),
                ..flip(1, 20, "BTCUSDT")
            });
        }
        assert_eq!(tally.kinds(), [FlipKind::TradeToSkip, FlipKind::Size]);
        assert_eq!(tally.reasons(), [None, stale]);
    }

    #[test]
    fn cells_are_merged_above_the_maximum() {
        let mut tally = FlipTally::default();
        for n in 0..150_000 {
            let day = i64::try_from(n % 750).unwrap();
            tally.add(&flip(n, day, &format!("S{}", n / 750)));
            // Up to the maximum, each flip has its own cell.
            assert_eq!(tally.width() > DAY_MS, n >= 50_000, "{n}");
        }
        assert!(tally.cells.len() <= CELLS_MAX);
        let count: u64 = tally.cells.values().sum();
        assert_eq!(count, 150_000);
        let (first, last) = tally.span();
        assert!(tally.width() > DAY_MS && last - first < 749);
    }
}
