//! Comparison of two policies over one tape: the answers that change, and the policy fields that cause each change.
//!
//! Each record is read once and answered twice, as if each policy had been active from beginning to end. Policy changes
//! on the tape are ignored but counted, because they would replace both policies. The policy that a recorded decision
//! was made under is not used either.
//!
//! [`diff_answers`] compares recorded answers with other answers, row by row. There the tape's own policies apply, and
//! causes are not available.

mod answers;
mod cause;
mod change;
mod error;
mod flip;
mod recorded;
mod render;
mod rows;

use std::{collections::BTreeMap, io};

use portcullis::{
    answer::Verdict, decide::SkipCode, policy::Policy, record::Scratch, types::Symbol,
};

pub use answers::{AnswerFile, Answers, Replayed, diff_answers};
use cause::Causes;
pub use change::{Change, changes, changes_text};
pub use error::DiffError;
pub use flip::{Effect, Flip, FlipKind};
pub use recorded::{Recorded, RowError};
pub use render::{DiffInputs, DiffReport};
pub(crate) use render::{cause_text, flip_row};
pub use rows::{FlipRows, FlipsTo};

use crate::{
    replay::{Ask, FixedPolicyReplay, Replayer},
    report::{Totals, html::FlipTally, table::to_day},
    tape::{Line, LineContent, TapeReader},
};

/// The number of largest flips that are kept in full.
const LARGEST: usize = 100;

/// The result of a comparison.
#[derive(Debug, Default)]
pub struct Difference {
    /// The differences between the policies, if two policies are compared.
    pub changes: Vec<Change>,
    /// Counts of the records read and ignored.
    pub read: FixedPolicyReplay,
    /// The number of records that are unreadable on both sides.
    pub unreadable: u64,
    /// The number of records with the same effect and the same skip reason.
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
    /// The first record of each kind of flip, verbatim: a small tape that shows every kind.
    pub minimal: Vec<String>,
}

impl Difference {
    /// Returns the number of flips.
    #[must_use]
    pub fn flips(&self) -> u64 {
        self.kinds.values().sum()
    }

    /// Counts two answers to one record and returns the kind of the flip, if any. The caller must also count the flip.
    fn compare(&mut self, before: &Effect, after: &Effect) -> Option<FlipKind> {
        for (effect, totals) in [(before, &mut self.totals.0), (after, &mut self.totals.1)] {
            if effect.decision == Verdict::Trade {
                totals.add_trade(effect.notional_usd, effect.leverage);
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

    /// Counts a flip and returns true if it is the first of its kind.
    fn count(&mut self, flip: Flip) -> bool {
        let of_kind = self.kinds.entry(flip.kind).or_default();
        *of_kind += 1;
        let is_first = *of_kind == 1;
        if let Some(reason) = flip.before.reason.or(flip.after.reason) {
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
    fn finish(mut self, flips: FlipsTo<'_>) -> Result<Self, DiffError> {
        flips.finish().map_err(DiffError::Write)?;
        self.keep_largest();
        let read = self.read.records.saturating_sub(self.read.set_aside);
        let compared = self.same + self.reasons.values().sum::<u64>() + self.flips();
        let by = |counts: &BTreeMap<String, u64>| counts.values().sum::<u64>();
        let flips = [by(&self.by_symbol), by(&self.by_day)];
        if compared != read || flips != [self.flips(); 2] {
            return Err(DiffError::Miscounted { read, compared });
        }
        Ok(self)
    }
}

/// Compares the answers of two policies to every record of the tapes. `flips` receives every flip in order; `progress`
/// receives the number of records so far.
///
/// # Errors
/// Returns an error if a tape cannot be read to its end or flips cannot be written.
pub fn diff(
    judge: &Replayer,
    policies: (&Policy, &Policy),
    tapes: TapeReader,
    flips: FlipsTo<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<Difference, DiffError> {
    let (before, after) = policies;
    let listed = changes(Some(before), after);
    let mut comparison = Comparison {
        before,
        after,
        causes: Causes::new(before, listed.clone()),
        difference: Difference {
            changes: listed,
            ..Difference::default()
        },
        flips,
        failed: None,
    };
    let mut scratch = Scratch::default();
    let mut read = FixedPolicyReplay::default();
    for chunk in tapes {
        let chunk = chunk?;
        for line in chunk.lines() {
            read.read(judge, line, &mut scratch, |ask| {
                comparison.compare(line, ask)
            });
        }
        if let Some(error) = comparison.failed {
            return Err(DiffError::Write(error));
        }
        progress(read.records);
    }
    let mut difference = comparison.difference;
    difference.read = read;
    difference.finish(comparison.flips)
}

struct Comparison<'p, 'w> {
    before: &'p Policy,
    after: &'p Policy,
    causes: Causes<'p>,
    difference: Difference,
    flips: FlipsTo<'w>,
    /// The first error of writing flips.
    failed: Option<io::Error>,
}

impl Comparison<'_, '_> {
    fn compare(&mut self, line: Line<'_>, ask: &Ask<'_>) {
        let effect = |policy: &Policy| {
            let mut effect = None;
            ask(policy, &mut |answer| effect = Some(Effect::of(answer)));
            effect
        };
        let (Some(before), Some(after)) = (effect(self.before), effect(self.after)) else {
            return;
        };
        let Some(kind) = self.difference.compare(&before, &after) else {
            return;
        };
        let mut flip = None;
        ask(self.before, &mut |answer| {
            flip = Some(Flip::new(answer, kind, before, after));
        });
        let Some(mut flip) = flip else { return };
        flip.cause = Some(self.causes.of(flip.symbol, |policy| {
            let mut does = false;
            ask(policy, &mut |answer| {
                does = Effect::of(answer).does_as(&after)
            });
            does
        }));
        if self.failed.is_none() {
            self.failed = self.flips.take(&flip).err();
        }
        if let (true, LineContent::Text(text)) = (self.difference.count(flip), line.content) {
            self.difference.minimal.push(text.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(spoil: impl Fn(&mut Difference), expected: (u64, u64)) {
        let effect = Effect {
            decision: Verdict::Skip,
            reason: Some(SkipCode::PolicyMissing),
            side: None,
            leverage: None,
            size_usd: None,
            notional_usd: None,
            quantity: None,
            harvest_action: None,
            stop_proposed: None,
        };
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
        match difference.finish(FlipsTo::Nowhere) {
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
        check(|it| it.read.set_aside += 1, (1, 2));
        check(
            |it| *it.by_day.entry(String::new()).or_default() += 1,
            (2, 2),
        );
    }
}
