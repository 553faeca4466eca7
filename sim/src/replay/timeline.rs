//! The policies on a tape, ordered by the time from which each is active.

use std::{collections::HashMap, sync::Arc};

use portcullis::{
    policy::{Policy, PolicyState, PolicyUnavailable},
    types::{PolicyHash, Symbol, Timestamp},
};

/// The activations and withdrawals of policies, ordered by timestamp.
///
/// The size grows with the number of different policies and of activation timestamps on a tape, not with its other
/// records. A clone shares all data until one of the two changes.
#[derive(Debug, Clone)]
pub struct Timeline {
    activations: Arc<Vec<Activation>>,
    known: Arc<KnownPolicies>,
    not_found: Arc<PolicyUnavailable>,
}

/// All policies so far, and the symbols they list.
#[derive(Debug, Clone, Default)]
struct KnownPolicies {
    policies: Vec<Arc<Policy>>,
    /// Indexes by hash and by whether the policy states its hash, because a guardrail may require a stated hash.
    /// Everything else that affects a decision is covered by the hash.
    numbers: HashMap<(PolicyHash, bool), usize, foldhash::fast::FixedState>,
    /// The index of the most recent policy with this hash.
    last_of: HashMap<PolicyHash, usize, foldhash::fast::FixedState>,
    symbols: Symbols,
}

/// All symbols that a policy listed, numbered by first occurrence.
#[derive(Debug, Clone, Default)]
struct Symbols {
    names: Vec<Symbol>,
    numbers: HashMap<Symbol, usize, foldhash::fast::FixedState>,
}

#[derive(Debug, Clone)]
struct Activation {
    from: Timestamp,
    /// The number of the policy, or the reason why there is none.
    policy: Result<usize, Arc<PolicyUnavailable>>,
}

/// A change of the active policy.
#[derive(Debug)]
pub(super) struct PolicyChange {
    /// The time from which it applies.
    pub(super) from: Timestamp,
    /// The new policy; `None` if the policy is withdrawn.
    pub(super) policy: Option<Policy>,
}

/// The policy state at a timestamp, and the number of its policy if there is one.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct NumberedPolicy<'a> {
    /// The policy that is active, or the reason why there is none.
    pub state: PolicyState<'a>,
    /// The number of the policy, in the order in which policies first occurred.
    pub number: Option<usize>,
}

impl<'a> NumberedPolicy<'a> {
    /// Creates the state for a policy that is unavailable.
    #[must_use]
    pub const fn unavailable(reason: &'a PolicyUnavailable) -> Self {
        Self {
            state: PolicyState::unavailable(reason),
            number: None,
        }
    }
}

impl Timeline {
    /// Creates a timeline in which `initial` is active from the beginning.
    #[must_use]
    pub fn new(initial: Result<Policy, PolicyUnavailable>) -> Self {
        let not_found = Arc::new(PolicyUnavailable::NotFound);
        let mut timeline = Self {
            activations: Arc::default(),
            known: Arc::default(),
            not_found,
        };
        match initial {
            Ok(policy) => timeline.activate(policy, Timestamp::MIN),
            Err(unavailable) => timeline.push(Timestamp::MIN, Err(Arc::new(unavailable))),
        }
        timeline
    }

    /// Activates a policy from a timestamp on. A policy that is already known is stored only once.
    pub fn activate(&mut self, policy: Policy, from: Timestamp) {
        let number = self.add(policy);
        self.push(from, Ok(number));
    }

    /// Adds a policy without an activation, and returns its number. A policy that is already known is stored only once.
    pub(super) fn add(&mut self, policy: Policy) -> usize {
        let (hash, states_hash) = (policy.hash(), policy.states_hash());
        let number = match self.known.numbers.get(&(hash, states_hash)) {
            Some(number) => *number,
            None => Arc::make_mut(&mut self.known).add(policy),
        };
        if self.known.last_of.get(&hash) != Some(&number) {
            Arc::make_mut(&mut self.known).last_of.insert(hash, number);
        }
        number
    }

    /// Withdraws the policy from a timestamp on.
    pub fn withdraw(&mut self, from: Timestamp) {
        self.push(from, Err(Arc::clone(&self.not_found)));
    }

    /// Applies a change.
    pub(super) fn apply(&mut self, change: PolicyChange) {
        match change.policy {
            Some(policy) => self.activate(policy, change.from),
            None => self.withdraw(change.from),
        }
    }

    /// Inserts an activation. If two have the same timestamp, the later record wins. An activation that repeats the
    /// previous one is kept, because a later record may be inserted between the two.
    fn push(&mut self, from: Timestamp, policy: Result<usize, Arc<PolicyUnavailable>>) {
        let activations = Arc::make_mut(&mut self.activations);
        let after = activations.partition_point(|activation| activation.from <= from);
        match after.checked_sub(1).and_then(|i| activations.get_mut(i)) {
            Some(activation) if activation.from == from => activation.policy = policy,
            _ => activations.insert(after, Activation { from, policy }),
        }
    }

    /// Returns the policy that is active at a timestamp.
    #[must_use]
    pub fn at(&self, timestamp: Timestamp) -> NumberedPolicy<'_> {
        let activation = match self.activations.last() {
            // This is the fast path, because most records come after all activations so far.
            Some(last) if last.from <= timestamp => Some(last),
            _ => {
                let is_before = |activation: &Activation| activation.from <= timestamp;
                let after = self.activations.partition_point(is_before);
                after.checked_sub(1).and_then(|i| self.activations.get(i))
            }
        };
        match activation.map(|activation| &activation.policy) {
            Some(Ok(number)) => self.numbered(*number),
            Some(Err(unavailable)) => NumberedPolicy::unavailable(unavailable),
            None => NumberedPolicy::unavailable(&self.not_found),
        }
    }

    /// Returns the time from which the policy at a timestamp is active, and the time of the next activation, if any.
    pub(super) fn bounds_at(&self, timestamp: Timestamp) -> Option<(Timestamp, Option<Timestamp>)> {
        let is_before = |activation: &Activation| activation.from <= timestamp;
        let after = self.activations.partition_point(is_before);
        let active = after.checked_sub(1).and_then(|i| self.activations.get(i))?;
        Some((
            active.from,
            self.activations.get(after).map(|next| next.from),
        ))
    }

    fn numbered(&self, number: usize) -> NumberedPolicy<'_> {
        match self.known.policies.get(number) {
            Some(policy) => NumberedPolicy {
                state: PolicyState::present(policy),
                number: Some(number),
            },
            None => NumberedPolicy::unavailable(&self.not_found),
        }
    }

    /// Returns all activations in order of time. The first one is active from the beginning.
    pub fn activations(&self) -> impl Iterator<Item = (Timestamp, PolicyState<'_>)> {
        let activations = self.activations.iter();
        activations.map(|activation| (activation.from, self.at(activation.from).state))
    }

    /// Returns the policy with this hash, if it is known. If the policy occurred both with and
    /// without a stated hash, the more recent form is returned, because that form would be in a
    /// policy store.
    #[must_use]
    pub fn by_hash(&self, hash: PolicyHash) -> Option<NumberedPolicy<'_>> {
        let number = *self.known.last_of.get(&hash)?;
        Some(self.numbered(number))
    }

    /// Returns a hash of everything in which two timelines can differ: the policies in the order in which they first
    /// occurred, the most recent form of each, and all activations and withdrawals.
    #[must_use]
    pub fn fingerprint(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        for (number, policy) in self.known.policies.iter().enumerate() {
            let hash = policy.hash();
            let is_last = self.known.last_of.get(&hash) == Some(&number);
            let flags = [b'P', policy.states_hash().into(), is_last.into()];
            hasher.update(&flags).update(hash.as_bytes());
        }
        for Activation { from, policy } in self.activations.iter() {
            hasher.update(b"A").update(&from.as_micros().to_le_bytes());
            match policy {
                Ok(number) => hasher.update(b"N").update(number.to_string().as_bytes()),
                Err(unavailable) => {
                    let text = unavailable.to_string();
                    hasher
                        .update(b"U")
                        .update(blake3::hash(text.as_bytes()).as_bytes())
                }
            };
        }
        hasher.finalize()
    }

    /// Returns all policies in the order in which they first occurred.
    pub fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.known.policies.iter().map(AsRef::as_ref)
    }

    /// Returns the number of a symbol that a policy listed.
    #[must_use]
    pub fn symbol_number(&self, symbol: &Symbol) -> Option<usize> {
        self.known.symbols.numbers.get(symbol).copied()
    }

    /// Returns all symbols that a policy listed, each at the index of its number.
    #[must_use]
    pub fn symbols(&self) -> &[Symbol] {
        &self.known.symbols.names
    }
}

impl KnownPolicies {
    fn add(&mut self, policy: Policy) -> usize {
        let number = self.policies.len();
        policy.symbols().for_each(|symbol| self.symbols.add(symbol));
        let identity = (policy.hash(), policy.states_hash());
        self.numbers.insert(identity, number);
        self.policies.push(Arc::new(policy));
        number
    }
}

impl Symbols {
    fn add(&mut self, symbol: Symbol) {
        let number = self.names.len();
        if *self.numbers.entry(symbol).or_insert(number) == number {
            self.names.push(symbol);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000).unwrap()
    }

    fn active(timeline: &Timeline, seconds: i64) -> String {
        match timeline.at(at(seconds)).state.policy() {
            Ok(policy) => policy.version().to_owned(),
            Err(unavailable) => unavailable.to_string(),
        }
    }

    fn policy(version: &str) -> Policy {
        let text = crate::sample::policy_json(at(1_000_000)).replace("1.0.0-ai-sample", version);
        Policy::from_json(&text).unwrap()
    }

    #[test]
    fn the_latest_activation_is_active() {
        let mut timeline = Timeline::new(Err(PolicyUnavailable::NotFound));
        timeline.activate(policy("later"), at(20));
        timeline.activate(policy("earlier"), at(10));
        timeline.withdraw(at(30));
        timeline.activate(policy("same timestamp"), at(30));
        assert_eq!(active(&timeline, 9), "no policy");
        assert_eq!(active(&timeline, 10), "earlier");
        assert_eq!(active(&timeline, 19), "earlier");
        assert_eq!(active(&timeline, 20), "later");
        assert_eq!(active(&timeline, 30), "same timestamp");
    }

    #[test]
    fn a_repeated_policy_is_stored_once() {
        let mut timeline = Timeline::new(Ok(policy("one")));
        timeline.activate(policy("one"), at(5));
        assert_eq!(timeline.policies().count(), 1);
        assert_eq!(timeline.symbols().len(), 10);
    }

    #[test]
    fn a_policy_that_states_its_hash_is_a_different_policy() {
        let bare = policy("one");
        let hash = bare.hash();
        let text = crate::sample::policy_json(at(1_000_000)).replace("1.0.0-ai-sample", "one");
        let stated = text.replacen('{', &format!(r#"{{"policy_hash": "{hash}","#), 1);
        let stated = Policy::from_json(&stated).unwrap();
        assert_eq!(stated.hash(), hash);
        let mut timeline = Timeline::new(Ok(stated.clone()));
        let states = |active: NumberedPolicy<'_>| active.state.policy().unwrap().states_hash();
        timeline.activate(bare.clone(), at(5));
        assert!(states(timeline.at(at(4))));
        assert!(!states(timeline.at(at(5))));
        assert!(!states(timeline.by_hash(hash).unwrap()));
        timeline.activate(stated, at(6));
        assert!(states(timeline.by_hash(hash).unwrap()));
        timeline.activate(bare, at(7));
        assert!(!states(timeline.by_hash(hash).unwrap()));
        assert_eq!(timeline.policies().count(), 2);
    }

    #[test]
    fn a_repeated_withdrawal_ends_a_policy_inserted_before_it() {
        let mut timeline = Timeline::new(Err(PolicyUnavailable::NotFound));
        timeline.withdraw(at(10));
        timeline.withdraw(at(20));
        timeline.activate(policy("late"), at(15));
        assert_eq!(active(&timeline, 15), "late");
        assert_eq!(active(&timeline, 20), "no policy");
    }

    #[test]
    fn one_activation_is_kept_per_timestamp() {
        let mut timeline = Timeline::new(Ok(policy("one")));
        for _ in 0..1000 {
            timeline.withdraw(at(5));
            timeline.activate(policy("one"), at(5));
        }
        assert_eq!(timeline.activations.len(), 2);
        assert_eq!(active(&timeline, 5), "one");
    }

    #[test]
    fn a_clone_shares_data_until_it_changes() {
        let timeline = Timeline::new(Ok(policy("one")));
        let mut clone = timeline.clone();
        assert!(Arc::ptr_eq(&timeline.activations, &clone.activations));
        clone.withdraw(at(5));
        assert!(Arc::ptr_eq(&timeline.known, &clone.known));
        assert_eq!(active(&timeline, 5), "one");
        assert_eq!(active(&clone, 5), "no policy");
    }
}
