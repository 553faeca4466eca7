//! Two policies over one tape: which answers would be others, and what in the policy makes them so.
//!
//! Each record is read once and answered twice, as if the one policy and then the other had ruled from beginning
//! to end. The tape's own changes of policy, and the policy that a recorded decision was made by, are set aside and
//! counted: they would answer for both.

mod cause;
mod change;
mod flip;
mod told;

use std::collections::BTreeMap;

use portcullis::{
    answer::Answer,
    decide::{Objection, Reason},
    domain::Symbol,
    event::{Event, Scratch},
    policy::Policy,
};

use cause::Causes;
pub use change::{Change, changes, changes_text};
pub use flip::{Effect, Flip, FlipKind};
pub use told::{Told, Totals};

use crate::{
    replay::{Judge, read_snapshot},
    report::table::to_day,
    tape::{Line, LineContent, TapeError, TapeReader},
};

/// So many of the largest flips are kept whole.
const LARGEST: usize = 100;

/// What comes of a comparison.
#[derive(Debug)]
pub struct Difference {
    /// What differs between the policies.
    pub changes: Vec<Change>,
    /// Records read.
    pub records: u64,
    /// Of these, changes of policy, which were set aside.
    pub set_aside: u64,
    /// Recorded decisions, whose own policy was set aside.
    pub recorded: u64,
    /// Records that nobody could read, which no policy changes.
    pub unreadable: u64,
    /// Records that are skipped for another reason: nothing else is done, so they are no flips.
    pub reasons: BTreeMap<(Reason, Reason), u64>,
    /// Flips of each kind.
    pub kinds: BTreeMap<FlipKind, u64>,
    /// By the reason of the skip that comes or goes.
    pub by_reason: BTreeMap<Reason, u64>,
    /// By symbol; records without one by the empty text.
    pub by_symbol: BTreeMap<String, u64>,
    /// By the day of the record, in UTC.
    pub by_day: BTreeMap<String, u64>,
    /// By the fields of the policy that, changed alone, make it; where it takes several, by all of them.
    pub by_cause: BTreeMap<Vec<String>, u64>,
    /// What all trades come to under the first policy, and under the second.
    pub totals: (Totals, Totals),
    /// The flips that move the most notional, then the most leverage, largest first.
    pub largest: Vec<Flip>,
    /// The first record of each kind of flip, as it stood: a tape of its own that shows them all.
    pub minimal: Vec<(Flip, String)>,
}

impl Difference {
    /// How many answers flip.
    #[must_use]
    pub fn flips(&self) -> u64 {
        self.kinds.values().sum()
    }
}

/// Compares what two policies answer to every record of the tapes. `progress` hears the records so far.
///
/// # Errors
/// A tape that cannot be read to its end.
pub fn diff(
    judge: &Judge,
    policies: (&Policy, &Policy),
    tapes: TapeReader,
    progress: &mut dyn FnMut(u64),
) -> Result<Difference, TapeError> {
    let (before, after) = policies;
    let mut comparison = Comparison {
        judge,
        before,
        after,
        causes: Causes::new(before, changes(Some(before), after)),
        difference: Difference {
            changes: changes(Some(before), after),
            records: 0,
            set_aside: 0,
            recorded: 0,
            unreadable: 0,
            reasons: BTreeMap::new(),
            kinds: BTreeMap::new(),
            by_reason: BTreeMap::new(),
            by_symbol: BTreeMap::new(),
            by_day: BTreeMap::new(),
            by_cause: BTreeMap::new(),
            totals: <(Totals, Totals)>::default(),
            largest: Vec::new(),
            minimal: Vec::new(),
        },
    };
    let mut scratch = Scratch::default();
    for chunk in tapes {
        let chunk = chunk?;
        for line in chunk.lines() {
            comparison.line(line, &mut scratch);
        }
        progress(comparison.difference.records);
    }
    let mut difference = comparison.difference;
    keep_largest(&mut difference.largest);
    Ok(difference)
}

struct Comparison<'p> {
    judge: &'p Judge,
    before: &'p Policy,
    after: &'p Policy,
    causes: Causes<'p>,
    difference: Difference,
}

/// Hands the answer under a policy to whoever asks for it.
type Ask<'e> = dyn Fn(&Policy, &mut dyn FnMut(&Answer<'_>)) + 'e;

impl Comparison<'_> {
    fn line(&mut self, line: Line<'_>, scratch: &mut Scratch) {
        self.difference.records += 1;
        let n = self.difference.records;
        let number = usize::try_from(line.number).unwrap_or(usize::MAX);
        let judge = self.judge;
        match judge.read(line, number, scratch) {
            Event::Intent(mut intent) => {
                intent.set_line(number);
                self.difference.recorded += u64::from(intent.recorded_policy().is_some());
                self.compare(line, &|policy, hear| {
                    hear(&judge.answer_intent(&intent, judge.state(Ok((policy, 0))), n));
                });
            }
            Event::Decided(record) => {
                self.difference.recorded += 1;
                let objection = record.objection().filter(|it| !is_about_policy(it));
                self.compare(line, &|policy, hear| {
                    let state = judge.state(Ok((policy, 0)));
                    hear(&judge.answer_decided(&record, objection, state, n));
                });
            }
            Event::Position(record) => {
                self.difference.recorded += u64::from(record.recorded_policy().is_some());
                let snapshot = read_snapshot(&record);
                self.compare(line, &|policy, hear| {
                    let state = judge.state(Ok((policy, 0)));
                    hear(&judge.answer_position(&record, &snapshot, state, n));
                });
            }
            Event::PolicyUpdated(..) | Event::PolicyWithdrawn(_) => self.difference.set_aside += 1,
        }
    }

    fn compare(&mut self, line: Line<'_>, ask: &Ask<'_>) {
        let effect = |policy: &Policy| {
            let mut effect = None;
            ask(policy, &mut |answer| effect = Some(Effect::of(answer)));
            effect
        };
        let (Some(before), Some(after)) = (effect(self.before), effect(self.after)) else {
            return;
        };
        let difference = &mut self.difference;
        let unreadable = Some(Reason::IntentUnreadable);
        difference.unreadable += u64::from(before.reason == unreadable);
        difference.totals.0.add(&before);
        difference.totals.1.add(&after);
        if before == after {
            return;
        }
        let Some(kind) = FlipKind::between(&before, &after) else {
            if let (Some(old), Some(new)) = (before.reason, after.reason) {
                *difference.reasons.entry((old, new)).or_default() += 1;
            }
            return;
        };
        let mut flip = None;
        ask(self.before, &mut |answer| {
            flip = Some(Flip::new(answer, kind, before, after));
        });
        let Some(mut flip) = flip else { return };
        flip.cause = self.causes.of(flip.symbol, |policy| {
            effect(policy).is_some_and(|it| it.does_as(&after))
        });
        self.count(flip, line);
    }

    fn count(&mut self, flip: Flip, line: Line<'_>) {
        let difference = &mut self.difference;
        let first = *difference
            .kinds
            .entry(flip.kind)
            .and_modify(|n| *n += 1)
            .or_insert(1);
        if let Some(reason) = flip.before.reason.or(flip.after.reason) {
            *difference.by_reason.entry(reason).or_default() += 1;
        }
        let symbol = flip.symbol.as_ref().map(Symbol::to_string);
        *difference
            .by_symbol
            .entry(symbol.unwrap_or_default())
            .or_default() += 1;
        let day = flip.ts.map(to_day).unwrap_or_default();
        *difference.by_day.entry(day).or_default() += 1;
        *difference.by_cause.entry(flip.cause.clone()).or_default() += 1;
        if let (1, LineContent::Text(text)) = (first, line.content) {
            difference.minimal.push((flip.clone(), text.to_owned()));
        }
        difference.largest.push(flip);
        if difference.largest.len() >= 2 * LARGEST {
            keep_largest(&mut difference.largest);
        }
    }
}

/// What a service had against the policy of then is no word on another.
fn is_about_policy(objection: &Objection<'_>) -> bool {
    matches!(
        objection.reason(),
        Reason::PolicyMissing
            | Reason::PolicyMissingField
            | Reason::PolicyParseError
            | Reason::PolicyInvalid
            | Reason::PolicyHashMismatch
            | Reason::PolicySignatureInvalid
            | Reason::PolicyRolledBack
            | Reason::PolicyConstraintViolation
            | Reason::PolicyStoreUnavailable
    )
}

fn keep_largest(flips: &mut Vec<Flip>) {
    flips.sort_by(Flip::larger_first);
    flips.truncate(LARGEST);
}
