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

use portcullis::{decide::Reason, domain::Symbol, event::Scratch, policy::Policy};

use cause::Causes;
pub use change::{Change, changes, changes_text};
pub use flip::{Effect, Flip, FlipKind};
pub use told::Told;
pub(crate) use told::{cause_text, effect_text, moved_text, or_none};

use crate::{
    replay::{Apart, Ask, Judge},
    report::{Totals, table::to_day},
    tape::{Line, LineContent, TapeError, TapeReader},
};

/// So many of the largest flips are kept whole.
const LARGEST: usize = 100;

/// What comes of a comparison.
#[derive(Debug)]
pub struct Difference {
    /// What differs between the policies.
    pub changes: Vec<Change>,
    /// What was read, and what was set aside of it.
    pub read: Apart,
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
    let listed = changes(Some(before), after);
    let mut comparison = Comparison {
        before,
        after,
        causes: Causes::new(before, listed.clone()),
        difference: Difference {
            changes: listed,
            read: Apart::default(),
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
    let mut read = Apart::default();
    for chunk in tapes {
        let chunk = chunk?;
        for line in chunk.lines() {
            read.read(judge, line, &mut scratch, |ask| {
                comparison.compare(line, ask)
            });
        }
        progress(read.records);
    }
    let mut difference = comparison.difference;
    difference.read = read;
    keep_largest(&mut difference.largest);
    Ok(difference)
}

struct Comparison<'p> {
    before: &'p Policy,
    after: &'p Policy,
    causes: Causes<'p>,
    difference: Difference,
}

impl Comparison<'_> {
    fn compare(&mut self, line: Line<'_>, ask: &Ask<'_>) {
        let effect = |policy: &Policy, totals: &mut Totals| {
            let mut effect = None;
            ask(policy, &mut |answer| {
                totals.add(answer);
                effect = Some(Effect::of(answer));
            });
            effect
        };
        let difference = &mut self.difference;
        let before = effect(self.before, &mut difference.totals.0);
        let after = effect(self.after, &mut difference.totals.1);
        let (Some(before), Some(after)) = (before, after) else {
            return;
        };
        let unreadable = Some(Reason::IntentUnreadable);
        difference.unreadable += u64::from(before.reason == unreadable);
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
            let mut does = false;
            ask(policy, &mut |answer| {
                does = Effect::of(answer).does_as(&after)
            });
            does
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

fn keep_largest(flips: &mut Vec<Flip>) {
    flips.sort_by(Flip::larger_first);
    flips.truncate(LARGEST);
}
