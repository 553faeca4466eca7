//! Counts of answers for an HTML report, by time, symbol and kind, in a bounded number of cells.

use std::collections::BTreeMap;

use portcullis::{
    answer::Verdict,
    decide::SkipCode,
    harvest::HarvestAction,
    types::{Symbol, Timestamp},
};

use super::report_row::{LimitKind, NearMiss, ReportRow, Subject};

/// The maximum number of time buckets. Above it, buckets are merged in pairs.
const BUCKETS_MAX: i64 = 96;

/// The maximum number of symbols that have their own row in the near misses.
const SYMBOLS_MAX: usize = 200;

/// Counts by time bucket (`None`: no timestamp), symbol number (0: not in any policy, 1: policy
/// change) and kind number.
#[derive(Debug, Default)]
pub(crate) struct Cells(BTreeMap<(Option<i64>, usize, usize), u64>);

impl Cells {
    fn add(&mut self, bucket: Option<i64>, symbol: usize, kind: usize) {
        *self.0.entry((bucket, symbol, kind)).or_insert(0) += 1;
    }

    /// Merges time buckets in pairs.
    fn widen(&mut self) {
        let cells = std::mem::take(&mut self.0);
        for ((bucket, symbol, kind), count) in cells {
            let wider = bucket.map(|bucket| bucket.div_euclid(2));
            *self.0.entry((wider, symbol, kind)).or_insert(0) += count;
        }
    }

    /// Returns four numbers per cell: time bucket counted from `first` (−1: no timestamp), symbol,
    /// kind and count.
    pub(crate) fn flat(&self, first: i64) -> Vec<i64> {
        let whole = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let cells = self.0.iter().flat_map(|((bucket, symbol, kind), count)| {
            [
                bucket.map_or(-1, |bucket| bucket - first),
                whole(*symbol),
                whole(*kind),
                i64::try_from(*count).unwrap_or(i64::MAX),
            ]
        });
        cells.collect()
    }
}

/// The counts for the HTML report of a replay.
#[derive(Debug)]
pub struct AnswerTally {
    /// The width of a time bucket in milliseconds.
    pub(crate) width: i64,
    /// The first and the last time bucket.
    pub(crate) buckets: Option<(i64, i64)>,
    /// Answers by the number of their kind: verdicts, then skip reasons.
    pub(crate) answers: Cells,
    /// Trades by the number of their leverage bin in [`LEVERAGES`].
    pub(crate) leverages: Cells,
    /// Trades by the number of their notional bin in [`NOTIONALS`].
    pub(crate) notionals: Cells,
    /// The number of evaluated positions, by the number of their R bin in [`R_STEPS`] and by harvest action.
    pub(crate) ladder: Cells,
    /// The number of evaluated positions, by the number of their kill score bin in [`KILLS`], and by whether a full
    /// close is proposed.
    pub(crate) kills: Cells,
    /// The number of evaluated positions, by each component of the kill score that is above zero.
    pub(crate) components: Cells,
    /// For each change with which skipped entries would pass: the number of skips, and the number of
    /// the first record.
    pub(crate) near_misses: BTreeMap<NearMissKind, (u64, u64)>,
    /// For each symbol that the policy lacks: the number of skips, and the number of the first
    /// record.
    pub(crate) missing_symbols: BTreeMap<Symbol, (u64, u64)>,
    /// The number of skips for all missing symbols beyond the maximum.
    pub(crate) other_missing_symbols: u64,
}

/// The change with which skipped entries would pass the gate that failed, with the bin of its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum NearMissKind {
    /// A higher limit, with the number of a bin of [`RATIOS`].
    Limit(LimitKind, usize),
    /// A later expiry, with the number of a bin of [`EXPIRIES`].
    Expiry(usize),
}

// The upper bounds of histogram bins. Values above the last bound are in one more bin.
pub(crate) const LEVERAGES: [f64; 12] = [
    1.0, 2.0, 3.0, 5.0, 8.0, 10.0, 15.0, 20.0, 25.0, 50.0, 75.0, 100.0,
];
pub(crate) const NOTIONALS: [f64; 13] = [
    10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1e3, 2.5e3, 5e3, 1e4, 2.5e4, 5e4, 1e5,
];
pub(crate) const R_STEPS: [f64; 23] = [
    -3.0, -2.5, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5,
    6.0, 6.5, 7.0, 7.5, 8.0,
];
pub(crate) const KILLS: [f64; 20] = [
    0.5, 0.525, 0.55, 0.575, 0.6, 0.625, 0.65, 0.675, 0.7, 0.725, 0.75, 0.775, 0.8, 0.825, 0.85,
    0.875, 0.9, 0.925, 0.95, 0.975,
];
pub(crate) const RATIOS: [f64; 5] = [1.1, 1.25, 1.5, 2.0, 5.0];
pub(crate) const EXPIRIES: [f64; 4] = [60.0, 3600.0, 86400.0, 604_800.0];

/// Returns the index of the first upper bound that is not below a value.
fn bin(value: f64, ends: &[f64]) -> usize {
    ends.partition_point(|end| *end < value)
}

impl Default for AnswerTally {
    fn default() -> Self {
        Self {
            width: 1000,
            buckets: None,
            answers: Cells::default(),
            leverages: Cells::default(),
            notionals: Cells::default(),
            ladder: Cells::default(),
            kills: Cells::default(),
            components: Cells::default(),
            near_misses: BTreeMap::new(),
            missing_symbols: BTreeMap::new(),
            other_missing_symbols: 0,
        }
    }
}

impl AnswerTally {
    /// Counts one answer.
    pub(super) fn add(&mut self, row: &ReportRow) {
        let bucket = row.at.map(|at| self.bucket(at));
        let symbol = match row.subject {
            Subject::Unlisted => 0,
            Subject::Policy => 1,
            Subject::Symbol(number) => number + 2,
        };
        self.answers.add(bucket, symbol, kind(row));
        if let Some(leverage) = row.leverage {
            let bin = bin(leverage, &LEVERAGES);
            self.leverages.add(bucket, symbol, bin);
        }
        if let Some(notional) = row.notional_usd {
            let bin = bin(notional, &NOTIONALS);
            self.notionals.add(bucket, symbol, bin);
        }
        let action = HarvestAction::ALL
            .iter()
            .position(|it| Some(*it) == row.action);
        if let (Some(r_net), Some(action)) = (row.r_net, action) {
            let kind = bin(r_net, &R_STEPS) * HarvestAction::ALL.len() + action;
            self.ladder.add(bucket, symbol, kind);
        }
        if let Some(kill) = row.kill {
            let closes = row.action == Some(HarvestAction::FullCloseProposed);
            let kind = bin(kill.score, &KILLS) * 2 + usize::from(closes);
            self.kills.add(bucket, symbol, kind);
            for (is_above, number) in kill.components.into_iter().zip(0..) {
                if is_above {
                    self.components.add(bucket, symbol, number);
                }
            }
        }
        self.add_near_miss(row);
    }

    fn add_near_miss(&mut self, row: &ReportRow) {
        let cell = match row.near_miss {
            None => return,
            Some(NearMiss::Limit(limit, ratio)) => self
                .near_misses
                .entry(NearMissKind::Limit(limit, bin(ratio, &RATIOS)))
                .or_insert((0, row.n)),
            Some(NearMiss::Expiry(seconds)) => self
                .near_misses
                .entry(NearMissKind::Expiry(bin(seconds, &EXPIRIES)))
                .or_insert((0, row.n)),
            Some(NearMiss::Symbol(symbol)) => {
                let symbols = &mut self.missing_symbols;
                if symbols.len() < SYMBOLS_MAX || symbols.contains_key(&symbol) {
                    symbols.entry(symbol).or_insert((0, row.n))
                } else {
                    self.other_missing_symbols += 1;
                    return;
                }
            }
        };
        cell.0 += 1;
    }

    /// Returns the time bucket of a timestamp. Merges buckets until [`BUCKETS_MAX`] of them cover all timestamps.
    fn bucket(&mut self, at: Timestamp) -> i64 {
        let of = |width: i64| at.as_millis().div_euclid(width);
        let mut bucket = of(self.width);
        let (mut first, mut last) = match self.buckets {
            None => (bucket, bucket),
            Some((first, last)) => (first.min(bucket), last.max(bucket)),
        };
        while last - first >= BUCKETS_MAX {
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
            bucket = of(self.width);
        }
        self.buckets = Some((first, last));
        bucket
    }
}

/// Returns the number of an answer's kind: its skip reason if it has one, else its verdict.
fn kind(row: &ReportRow) -> usize {
    let reason = row
        .reason
        .and_then(|reason| SkipCode::ALL.iter().position(|it| *it == reason));
    let verdict = Verdict::ALL.iter().position(|it| *it == row.decision);
    match reason {
        Some(place) => Verdict::ALL.len() + place,
        None => verdict.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::report_row::Kill, *};

    fn row(n: u64, millis: i64) -> ReportRow {
        ReportRow {
            n,
            at: Timestamp::from_millis(millis).ok(),
            subject: Subject::Symbol(0),
            decision: Verdict::Trade,
            reason: None,
            leverage: Some(5.0),
            notional_usd: Some(100.0),
            r_net: None,
            kill: None,
            action: None,
            near_miss: None,
        }
    }

    #[test]
    fn buckets_are_bounded_and_no_count_is_lost() {
        let mut tally = AnswerTally::default();
        for n in 0..10_000_u64 {
            tally.add(&row(n, i64::try_from(n * n).unwrap() * 7));
        }
        let (first, last) = tally.buckets.unwrap();
        assert!((47..96).contains(&(last - first)), "{first} to {last}");
        let counts = |cells: &Cells| cells.0.values().sum::<u64>();
        assert_eq!(counts(&tally.answers), 10_000);
        assert_eq!(counts(&tally.leverages), 10_000);
        let cells = tally.answers.flat(first);
        let buckets = cells.chunks(4).map(|cell| cell[0]);
        assert!(buckets.clone().all(|it| (0..=last - first).contains(&it)));
        assert_eq!(buckets.min(), Some(0));
    }

    #[test]
    fn record_order_does_not_matter() {
        let of = |order: &mut dyn Iterator<Item = i64>| {
            let mut tally = AnswerTally::default();
            order.for_each(|n| tally.add(&row(1, n * 60_000)));
            format!("{tally:?}")
        };
        assert_eq!(of(&mut (0..500)), of(&mut (0..500).rev()));
    }

    #[test]
    fn each_value_of_an_answer_is_counted_in_its_cell() {
        let reason = Some(SkipCode::ALL[3]);
        let skip = ReportRow {
            at: None,
            subject: Subject::Unlisted,
            decision: Verdict::Skip,
            reason,
            leverage: None,
            notional_usd: None,
            ..row(2, 0)
        };
        let update = ReportRow {
            subject: Subject::Policy,
            decision: Verdict::Policy,
            reason: None,
            at: row(3, 7_000).at,
            ..skip
        };
        let harvest = |n, r_net, score, action| ReportRow {
            at: row(n, 6_999).at,
            subject: Subject::Symbol(1),
            decision: Verdict::Harvest,
            reason: None,
            r_net: Some(r_net),
            kill: Some(Kill {
                score,
                components: [true, false, false, n == 5],
            }),
            action: Some(action),
            ..skip
        };
        let mut tally = AnswerTally::default();
        for row in [
            row(1, 5_000),
            skip,
            update,
            harvest(4, 1.84, 0.6, HarvestAction::Partial25),
            harvest(5, 9.0, 1.0, HarvestAction::FullCloseProposed),
        ] {
            tally.add(&row);
        }
        assert_eq!((tally.width, tally.buckets), (1000, Some((5, 7))));
        let flat = |cells: &Cells| cells.flat(5);
        // Bucket, symbol, kind and count of each cell. The five verdicts come before the reasons.
        assert_eq!(
            flat(&tally.answers),
            [[-1, 0, 5 + 3, 1], [0, 2, 0, 1], [1, 3, 3, 2], [2, 1, 4, 1]].concat()
        );
        assert_eq!(flat(&tally.leverages), [0, 2, 3, 1]);
        assert_eq!(flat(&tally.notionals), [0, 2, 3, 1]);
        // Five actions for each R, and two for each kill score.
        assert_eq!(
            flat(&tally.ladder),
            [[1, 3, 10 * 5 + 1, 1], [1, 3, 23 * 5 + 4, 1]].concat()
        );
        assert_eq!(
            flat(&tally.kills),
            [[1, 3, 4 * 2, 1], [1, 3, 20 * 2 + 1, 1]].concat()
        );
        assert_eq!(
            flat(&tally.components),
            [[1, 3, 0, 2], [1, 3, 3, 1]].concat()
        );
    }

    #[test]
    fn near_misses_are_counted_with_their_first_record_and_up_to_200_symbols() {
        let mut tally = AnswerTally::default();
        let mut add = |n, near_miss| {
            tally.add(&ReportRow {
                near_miss: Some(near_miss),
                ..row(n, 0)
            });
        };
        add(1, NearMiss::Limit(LimitKind::Margin, 1.25));
        add(2, NearMiss::Limit(LimitKind::Margin, 1.2));
        add(3, NearMiss::Limit(LimitKind::Age, 1.2));
        add(4, NearMiss::Expiry(61.0));
        let symbol = |n| Symbol::new(&format!("S{n}")).unwrap();
        for n in 5..208 {
            add(n, NearMiss::Symbol(symbol(n)));
        }
        add(300, NearMiss::Symbol(symbol(5)));
        let counted = tally.near_misses.into_iter().collect::<Vec<_>>();
        assert_eq!(
            counted,
            [
                (NearMissKind::Limit(LimitKind::Margin, 1), (2, 1)),
                (NearMissKind::Limit(LimitKind::Age, 1), (1, 3)),
                (NearMissKind::Expiry(1), (1, 4)),
            ]
        );
        assert_eq!(tally.missing_symbols.len(), 200);
        assert_eq!(tally.missing_symbols.get(&symbol(5)), Some(&(2, 5)));
        assert_eq!(tally.missing_symbols.get(&symbol(204)), Some(&(1, 204)));
        assert_eq!(tally.other_missing_symbols, 3);
    }

    #[test]
    fn a_value_on_a_bound_belongs_to_the_lower_bin() {
        assert_eq!(bin(0.5, &LEVERAGES), 0);
        assert_eq!(bin(1.0, &LEVERAGES), 0);
        assert_eq!(bin(1.5, &LEVERAGES), 1);
        assert_eq!(bin(500.0, &LEVERAGES), LEVERAGES.len());
    }
}
