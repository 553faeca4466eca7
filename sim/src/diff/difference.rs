//! The result of a comparison.

use std::collections::BTreeMap;

use portcullis::{answer::Verdict, decide::SkipCode, types::Symbol};

use super::{
    change::Change,
    error::DiffError,
    flip::{Effect, Flip, FlipKind},
    rows::FlipSink,
    tally::FlipTally,
};
use crate::{
    replay::{FixedReplay, Reached, SkipSamples, Totals},
    text::to_day,
};

/// The number of largest flips that are kept in full.
const LARGEST: usize = 100;

/// The result of a comparison.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Difference {
    /// The differences between the policies, if two policies are compared.
    pub changes: Vec<Change>,
    /// Counts of the records read and ignored.
    pub read: FixedReplay,
    /// The number of records that are unreadable on both sides.
    pub unreadable: u64,
    /// The number of records whose answer, on at least one side, depends on the numbers of a policy in force.
    pub reached_policy: u64,
    /// The number of other records that are usable and need no policy, such as exits.
    pub without_policy: u64,
    /// The skips of all other records on the first side, by reason.
    pub unreached: BTreeMap<SkipCode, u64>,
    /// Examples of the skips on the first side, if two policies are compared.
    pub samples: SkipSamples,
    /// The number of records whose two answers have the same effect and the same skip reason.
    pub same: u64,
    /// Records that are skipped for another reason, by old and new reason. The effect is the same, so they are not
    /// flips.
    pub reasons: BTreeMap<(SkipCode, SkipCode), u64>,
    /// The number of flips by kind.
    pub kinds: BTreeMap<FlipKind, u64>,
    /// The number of flips by the reason of the skip that appears or disappears.
    pub by_reason: BTreeMap<SkipCode, u64>,
    /// The number of flips by symbol; records without a symbol have the empty key.
    pub by_symbol: BTreeMap<String, u64>,
    /// The number of flips by day of the record, in UTC.
    pub by_day: BTreeMap<String, u64>,
    /// The number of flips by cause: the policy field that causes the flip alone, or all fields that are needed
    /// together. Empty unless two policies are compared.
    pub by_cause: BTreeMap<Vec<String>, u64>,
    /// The totals of all trades, before and after.
    pub totals: (Totals, Totals),
    /// Counts for the HTML report.
    pub tally: FlipTally,
    /// The flips with the largest change of notional, then of leverage, largest first.
    pub largest: Vec<Flip>,
    /// The first record of each kind of flip, verbatim: a small tape with every kind.
    pub minimal: Vec<String>,
}

impl Difference {
    /// Returns the number of flips.
    #[must_use]
    pub fn flips(&self) -> u64 {
        self.kinds.values().sum()
    }

    /// Counts two answers to one record and returns the kind of the flip, if any. The caller must
    /// also pass the flip to [`Self::count`].
    pub(super) fn compare(&mut self, before: &Effect, after: &Effect) -> Option<FlipKind> {
        for (effect, totals) in [(before, &mut self.totals.0), (after, &mut self.totals.1)] {
            if effect.decision == Verdict::Trade {
                totals.add_trade(effect.notional_usd, effect.leverage);
            }
        }
        let reached = |effect: &Effect| Reached::by(effect.decision, effect.reason);
        match reached(before).max(reached(after)) {
            Reached::Policy => self.reached_policy += 1,
            Reached::Ownership => self.without_policy += 1,
            Reached::Nothing => {
                if let Some(reason) = before.reason {
                    *self.unreached.entry(reason).or_default() += 1;
                }
            }
        }
        let unreadable = Some(SkipCode::IntentUnreadable);
        self.unreadable += u64::from(before.reason == unreadable && after.reason == unreadable);
        let kind = FlipKind::between(before, after);
        if kind.is_none() {
            match (before.reason, after.reason) {
                (Some(old), Some(new)) if old != new => {
                    *self.reasons.entry((old, new)).or_default() += 1;
                }
                _ => self.same += 1,
            }
        }
        kind
    }

    /// Adds the counts of a comparison of other records, except the counts of flips, for which the caller calls
    /// [`Self::count`].
    pub(super) fn merge(&mut self, other: &Self) {
        self.read.merge(other.read);
        self.unreadable += other.unreadable;
        self.reached_policy += other.reached_policy;
        self.without_policy += other.without_policy;
        for (reason, count) in &other.unreached {
            *self.unreached.entry(*reason).or_default() += count;
        }
        self.samples.merge(&other.samples);
        self.same += other.same;
        for (reasons, count) in &other.reasons {
            *self.reasons.entry(*reasons).or_default() += count;
        }
        self.totals.0.merge(&other.totals.0);
        self.totals.1.merge(&other.totals.1);
    }

    /// Counts a flip and returns true if it is the first of its kind.
    pub(super) fn count(&mut self, flip: Flip) -> bool {
        let of_kind = self.kinds.entry(flip.kind).or_default();
        *of_kind += 1;
        let is_first = *of_kind == 1;
        if let Some(reason) = flip.reason() {
            *self.by_reason.entry(reason).or_default() += 1;
        }
        let symbol = flip.symbol.as_ref().map(Symbol::to_string);
        *self
            .by_symbol
            .entry(symbol.unwrap_or_default())
            .or_default() += 1;
        let day = flip.ts.map(to_day).unwrap_or_default();
        *self.by_day.entry(day).or_default() += 1;
        if let Some(cause) = &flip.cause {
            *self.by_cause.entry(cause.clone()).or_default() += 1;
        }
        self.tally.add(&flip);
        self.largest.push(flip);
        if self.largest.len() >= 2 * LARGEST {
            self.keep_largest();
        }
        is_first
    }

    fn keep_largest(&mut self) {
        self.largest.sort_by(Flip::larger_first);
        self.largest.truncate(LARGEST);
    }

    /// Completes the comparison and checks that the counts add up.
    pub(super) fn finish(mut self, flips: FlipSink<'_>) -> Result<Self, DiffError> {
        flips.finish().map_err(DiffError::Write)?;
        self.keep_largest();
        let read = self.read.records.saturating_sub(self.read.ignored);
        let compared = self.same + self.reasons.values().sum::<u64>() + self.flips();
        let by = |counts: &BTreeMap<String, u64>| counts.values().sum::<u64>();
        let flips = [by(&self.by_symbol), by(&self.by_day)];
        if compared != read || flips != [self.flips(); 2] {
            return Err(DiffError::Miscounted { read, compared });
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(spoil: impl Fn(&mut Difference), expected: (u64, u64)) {
        let effect = Effect::without_numbers(Verdict::Skip, Some(SkipCode::PolicyMissing));
        let mut difference = Difference::default();
        for reason in [SkipCode::PolicyMissing, SkipCode::PolicyStale] {
            let reason = Some(reason);
            difference.read.records += 1;
            assert_eq!(
                difference.compare(&effect, &Effect { reason, ..effect }),
                None
            );
        }
        spoil(&mut difference);
        match difference.finish(FlipSink::Discard) {
            Err(DiffError::Miscounted { read, compared }) => {
                assert_eq!((read, compared), expected);
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn lost_or_duplicate_records_are_errors() {
        check(|it| it.read.records += 1, (3, 2));
        check(|it| it.same += 1, (2, 3));
        check(|it| it.reasons.clear(), (2, 1));
        check(|it| it.read.ignored += 1, (1, 2));
        check(
            |it| *it.by_day.entry(String::new()).or_default() += 1,
            (2, 2),
        );
    }
}
