//! Counts of the entries of a run under a policy set, by arm.

use std::collections::BTreeMap;

use portcullis::{
    answer::{Answer, Verdict},
    decide::SkipCode,
    types::PolicyHash,
};
use portcullis_rollout::{Agreement, ArmReason, Decided, PolicySet, ShadowAnswer};

use super::exact_sum::ExactSum;

/// The policy set of a run, and the counts of its entries.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SetOutcome {
    /// The set.
    pub set: PolicySet,
    /// The counts of the entries.
    pub counts: SetCounts,
}

/// Counts of the entries of a run under a policy set.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct SetCounts {
    /// The entries that the live policy decided.
    pub live: EntryCounts,
    /// The entries that each arm decided or, as a shadow, would have decided, by the hash of its policy.
    arms: BTreeMap<[u8; 32], EntryCounts>,
    /// The number of entries for each code of an arm reason.
    pub arm_reasons: BTreeMap<&'static str, u64>,
    /// The number of policy changes on the tapes. They have an answer, but do not change the policies.
    pub ignored: u64,
    /// The number of records with a recorded policy. They are decided under the set, not under their recorded policies.
    pub recorded: u64,
}

/// Counts of the entries under one policy of a set.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct EntryCounts {
    /// The number of entries.
    pub entries: u64,
    /// The number of trades.
    pub trades: u64,
    /// The total notional of the trades, in USD.
    pub notional_usd: ExactSum,
    /// The number of skips by reason.
    pub skips: BTreeMap<SkipCode, u64>,
    /// For a shadow: the number of comparisons with the answer, by result.
    pub agreements: BTreeMap<Agreement, u64>,
}

impl SetCounts {
    /// Returns the counts of an arm; all zeros if it had no entry.
    #[must_use]
    pub fn of_arm(&self, hash: PolicyHash) -> EntryCounts {
        let found = self.arms.get(hash.as_bytes());
        found.cloned().unwrap_or_default()
    }

    /// Counts the answer to an entry.
    pub(super) fn add(&mut self, decided: &Decided<'_>, answer: &Answer<'_>) {
        let counts = match decided.arm() {
            Some(hash) => self.arm(hash),
            None => &mut self.live,
        };
        counts.add(answer.decision, answer.reason, answer.notional_usd);
        if let Some(code) = decided.arm_reason().map(ArmReason::code) {
            *self.arm_reasons.entry(code).or_insert(0) += 1;
        }
    }

    /// Counts the answer of a shadow.
    pub(super) fn add_shadow(&mut self, shadow: &ShadowAnswer) {
        let counts = self.arm(shadow.arm());
        counts.add(shadow.verdict(), shadow.reason(), shadow.notional_usd());
        *counts.agreements.entry(shadow.agreement()).or_insert(0) += 1;
    }

    /// Adds the counts of another part of the run.
    pub(super) fn merge(&mut self, other: &Self) {
        self.live.merge(&other.live);
        for (hash, counts) in &other.arms {
            self.arms.entry(*hash).or_default().merge(counts);
        }
        merge(&mut self.arm_reasons, &other.arm_reasons);
        self.ignored += other.ignored;
        self.recorded += other.recorded;
    }

    fn arm(&mut self, hash: PolicyHash) -> &mut EntryCounts {
        self.arms.entry(*hash.as_bytes()).or_default()
    }
}

impl EntryCounts {
    /// Returns the number of comparisons of a shadow whose policy could be used.
    #[must_use]
    pub fn compared(&self) -> u64 {
        let compared = self.agreements.iter().filter(|(it, _)| it.is_compared());
        compared.map(|(_, count)| count).sum()
    }

    fn add(&mut self, verdict: Verdict, reason: Option<SkipCode>, notional_usd: Option<f64>) {
        self.entries += 1;
        self.trades += u64::from(verdict == Verdict::Trade);
        if let Some(usd) = notional_usd {
            self.notional_usd.add(usd);
        }
        if let Some(reason) = reason {
            *self.skips.entry(reason).or_insert(0) += 1;
        }
    }

    fn merge(&mut self, other: &Self) {
        self.entries += other.entries;
        self.trades += other.trades;
        self.notional_usd.merge(&other.notional_usd);
        merge(&mut self.skips, &other.skips);
        merge(&mut self.agreements, &other.agreements);
    }
}

fn merge<K: Ord + Copy>(to: &mut BTreeMap<K, u64>, from: &BTreeMap<K, u64>) {
    for (key, count) in from {
        *to.entry(*key).or_insert(0) += count;
    }
}
