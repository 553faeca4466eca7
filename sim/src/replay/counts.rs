//! Counts of answers. All counts are integers, so the order of addition does not change the result.

use portcullis::{
    answer::{Answer, RecordKind, Verdict},
    decide::SkipCode,
    harvest::HarvestAction,
    types::Timestamp,
};
use serde::{Deserialize, Serialize};

use super::{reached::Reached, skip_samples::SkipSamples};

pub(super) const REASONS: usize = 256;

/// Counts of the answers of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// The number of records.
    pub records: u64,
    decisions: [u64; Verdict::ALL.len()],
    #[serde(with = "reasons_by_number")]
    reasons: [u64; REASONS],
    actions: [u64; HarvestAction::ALL.len()],
    /// Counts by symbol number.
    symbols: Vec<SymbolCounts>,
    /// Counts of symbols that no policy lists, and of records without a symbol.
    pub other_symbols: SymbolCounts,
    /// The number of answers under each policy, by policy number.
    snapshots: Vec<u64>,
    /// The number of policy updates that were applied.
    pub policies_applied: u64,
    /// The number of policy updates that were rejected.
    pub policies_rejected: u64,
    /// The number of timestamps without a UTC offset, which are read as UTC.
    pub offset_assumed: u64,
    /// The number of records that were skipped and have no timestamp.
    pub untimed: u64,
    /// Examples of the skips.
    pub samples: SkipSamples,
    /// The earliest and the latest timestamp.
    #[serde(with = "span_in_micros")]
    pub span: Option<(Timestamp, Timestamp)>,
}

/// Counts of the answers for one symbol.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SymbolCounts {
    /// The number of trades.
    pub trades: u64,
    /// The number of permitted exits.
    pub exits: u64,
    /// The number of skipped intents and positions.
    pub skips: u64,
    /// The number of evaluated positions.
    pub harvests: u64,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            records: 0,
            decisions: [0; Verdict::ALL.len()],
            reasons: [0; REASONS],
            actions: [0; HarvestAction::ALL.len()],
            symbols: Vec::new(),
            other_symbols: SymbolCounts::default(),
            snapshots: Vec::new(),
            policies_applied: 0,
            policies_rejected: 0,
            offset_assumed: 0,
            untimed: 0,
            samples: SkipSamples::default(),
            span: None,
        }
    }
}

impl Counts {
    /// Counts one answer, with the numbers of its symbol and its policy.
    pub fn add(&mut self, answer: &Answer<'_>, symbol: Option<usize>, policy: Option<usize>) {
        let reason = answer.reason.map(|r| usize::from(r.number()));
        let is_first = reason.and_then(|place| self.reasons.get(place)) == Some(&0);
        if is_first || answer.reason == Some(SkipCode::PolicyUniverseFilter) {
            self.samples.add(answer);
        }
        self.add_verdict(answer.decision, answer.reason);
        if let Some(action) = answer.harvest_action {
            bump(
                &mut self.actions,
                HarvestAction::ALL.iter().position(|a| *a == action),
            );
        }
        if let Some(ts) = answer.ts {
            self.extend_span(ts, ts);
        }
        match (answer.event, answer.decision) {
            (Some(RecordKind::PolicyUpdated), Verdict::Policy) => self.policies_applied += 1,
            (Some(RecordKind::PolicyUpdated), _) => self.policies_rejected += 1,
            (Some(RecordKind::PolicyWithdrawn), _) => {}
            (Some(RecordKind::Intent | RecordKind::Position) | None, _) => {
                let policy = policy.filter(|_| answer.policy_hash.is_some());
                self.add_about(answer.decision, symbol, policy);
            }
        }
    }

    /// Counts the answer to an entry, without an example of its skip. `policy` is the number of the policy that the
    /// answer names.
    pub(super) fn add_entry(
        &mut self,
        (verdict, reason): (Verdict, Option<SkipCode>),
        ts: Option<Timestamp>,
        symbol: Option<usize>,
        policy: Option<usize>,
    ) {
        self.add_verdict(verdict, reason);
        if let Some(ts) = ts {
            self.extend_span(ts, ts);
        }
        self.add_about(verdict, symbol, policy);
    }

    /// Counts the answers to entries. It counts neither per symbol nor keeps examples of skips. `skips` contains the number of
    /// skips for each reason, at the index [`SkipCode::number`].
    pub(super) fn add_entries(
        &mut self,
        trades: u64,
        skips: &[u64; REASONS],
        (first, last): (Timestamp, Timestamp),
    ) {
        let skipped = skips.iter().sum::<u64>();
        self.records += trades + skipped;
        for (verdict, count) in Verdict::ALL.iter().zip(&mut self.decisions) {
            match verdict {
                Verdict::Trade => *count += trades,
                Verdict::Skip => *count += skipped,
                Verdict::Exit | Verdict::Harvest | Verdict::Policy => {}
            }
        }
        add_all(&mut self.reasons, skips);
        self.other_symbols.trades += trades;
        self.other_symbols.skips += skipped;
        self.extend_span(first, last);
    }

    fn add_verdict(&mut self, verdict: Verdict, reason: Option<SkipCode>) {
        self.records += 1;
        let place = Verdict::ALL.iter().position(|it| *it == verdict);
        bump(&mut self.decisions, place);
        let reason = reason.map(|it| usize::from(it.number()));
        bump(&mut self.reasons, reason);
    }

    fn add_about(&mut self, verdict: Verdict, symbol: Option<usize>, policy: Option<usize>) {
        self.symbol(symbol).add(verdict);
        if let Some(number) = policy {
            grow(&mut self.snapshots, number);
            bump(&mut self.snapshots, Some(number));
        }
    }

    fn symbol(&mut self, number: Option<usize>) -> &mut SymbolCounts {
        if let Some(number) = number {
            grow(&mut self.symbols, number);
            if let Some(counts) = self.symbols.get_mut(number) {
                return counts;
            }
        }
        &mut self.other_symbols
    }

    fn extend_span(&mut self, first: Timestamp, last: Timestamp) {
        self.span = Some(match self.span {
            None => (first, last),
            Some((from, to)) => (from.min(first), to.max(last)),
        });
    }

    /// Adds the counts of another part of the run.
    pub fn merge(&mut self, other: &Self) {
        self.records += other.records;
        add_all(&mut self.decisions, &other.decisions);
        add_all(&mut self.reasons, &other.reasons);
        add_all(&mut self.actions, &other.actions);
        if let Some(last) = other.symbols.len().checked_sub(1) {
            grow(&mut self.symbols, last);
        }
        for (to, from) in self.symbols.iter_mut().zip(&other.symbols) {
            to.merge(*from);
        }
        self.other_symbols.merge(other.other_symbols);
        if let Some(last) = other.snapshots.len().checked_sub(1) {
            grow(&mut self.snapshots, last);
        }
        add_all(&mut self.snapshots, &other.snapshots);
        self.policies_applied += other.policies_applied;
        self.policies_rejected += other.policies_rejected;
        self.offset_assumed += other.offset_assumed;
        self.untimed += other.untimed;
        self.samples.merge(&other.samples);
        if let Some((first, last)) = other.span {
            self.extend_span(first, last);
        }
    }

    /// Returns the number of answers for each verdict.
    pub fn decisions(&self) -> impl Iterator<Item = (Verdict, u64)> {
        Verdict::ALL.iter().copied().zip(self.decisions)
    }

    /// Returns the number of skips for each reason that occurred, in the order of [`SkipCode::ALL`].
    pub fn reasons(&self) -> impl Iterator<Item = (SkipCode, u64)> {
        SkipCode::ALL.iter().filter_map(|reason| {
            let count = *self.reasons.get(usize::from(reason.number()))?;
            (count > 0).then_some((*reason, count))
        })
    }

    /// Returns the number of records whose answer depends on the numbers of a policy in force.
    #[must_use]
    pub fn reached_policy(&self) -> u64 {
        let answers = self.decisions();
        let answers = answers.filter(|(it, _)| Reached::by(*it, None) == Reached::Policy);
        let skips = self.reasons();
        let skips = skips.filter(|(it, _)| Reached::by_reason(*it) == Reached::Policy);
        answers.map(|(_, count)| count).sum::<u64>() + skips.map(|(_, count)| count).sum::<u64>()
    }

    /// Returns the number of unreadable records.
    #[must_use]
    pub fn unreadable(&self) -> u64 {
        let number = usize::from(SkipCode::IntentUnreadable.number());
        self.reasons.get(number).copied().unwrap_or_default()
    }

    /// Returns the number of positions for each harvest action.
    pub fn actions(&self) -> impl Iterator<Item = (HarvestAction, u64)> {
        HarvestAction::ALL.iter().copied().zip(self.actions)
    }

    /// Returns the counts of the symbol with this number; all zeros if there is none.
    #[must_use]
    pub fn of_symbol(&self, number: usize) -> SymbolCounts {
        self.symbols.get(number).copied().unwrap_or_default()
    }

    /// Returns the number of answers under the policy with this number.
    #[must_use]
    pub fn under_policy(&self, number: usize) -> u64 {
        self.snapshots.get(number).copied().unwrap_or_default()
    }

    /// Returns true if each record has one verdict, each skip one reason, and each evaluated position one action.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        let count = |verdict| {
            self.decisions()
                .filter(|(v, _)| *v == verdict)
                .map(|(_, count)| count)
                .sum::<u64>()
        };
        self.decisions.iter().sum::<u64>() == self.records
            && self.reasons.iter().sum::<u64>() == count(Verdict::Skip)
            && self.actions.iter().sum::<u64>() == count(Verdict::Harvest)
    }
}

impl SymbolCounts {
    /// Returns the sum of all counts.
    pub(crate) const fn total(self) -> u64 {
        self.trades + self.exits + self.skips + self.harvests
    }

    fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Trade => self.trades += 1,
            Verdict::Exit => self.exits += 1,
            Verdict::Skip => self.skips += 1,
            Verdict::Harvest => self.harvests += 1,
            Verdict::Policy => {}
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.trades += other.trades;
        self.exits += other.exits;
        self.skips += other.skips;
        self.harvests += other.harvests;
    }
}

fn bump(counts: &mut [u64], place: Option<usize>) {
    if let Some(count) = place.and_then(|place| counts.get_mut(place)) {
        *count += 1;
    }
}

fn add_all(to: &mut [u64], from: &[u64]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += from;
    }
}

fn grow<T: Default + Clone>(counts: &mut Vec<T>, number: usize) {
    if counts.len() <= number {
        counts.resize(number + 1, T::default());
    }
}

/// The serialized form of the counts of reasons: a map from the number of a reason to its count, without zeros.
mod reasons_by_number {
    use std::collections::BTreeMap;

    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::REASONS;

    pub(super) fn serialize<S: Serializer>(
        counts: &[u64; REASONS],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_map((0..=u8::MAX).zip(counts).filter(|(_, count)| **count > 0))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<[u64; REASONS], D::Error> {
        let stated: BTreeMap<u8, u64> = BTreeMap::deserialize(from)?;
        let mut counts = [0; REASONS];
        for (number, count) in stated {
            if let Some(to) = counts.get_mut(usize::from(number)) {
                *to = count;
            }
        }
        Ok(counts)
    }
}

/// The serialized form of the earliest and the latest timestamp, in epoch microseconds.
mod span_in_micros {
    use portcullis::types::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, de::Error as _};

    type Span = Option<(Timestamp, Timestamp)>;

    pub(super) fn serialize<S: Serializer>(span: &Span, to: S) -> Result<S::Ok, S::Error> {
        let micros = span.map(|(first, last)| (first.as_micros(), last.as_micros()));
        micros.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Span, D::Error> {
        let timestamp = |micros| Timestamp::from_micros(micros).map_err(D::Error::custom);
        let stated: Option<(i64, i64)> = Option::deserialize(from)?;
        stated
            .map(|(first, last)| Ok((timestamp(first)?, timestamp(last)?)))
            .transpose()
    }
}
