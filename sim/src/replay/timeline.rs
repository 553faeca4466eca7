//! The policies on a tape, ordered by the time from which each is active.

use std::{collections::HashMap, sync::Arc};

use portcullis::{
    policy::{Policy, PolicyUnavailable},
    types::{PolicyHash, Symbol, Timestamp},
};

/// The activations and withdrawals of policies, ordered by timestamp.
///
/// The size grows with the number of different policies and of activation timestamps on a tape, not with its other
/// records. A clone shares all data until one of the two changes.
#[derive(Debug, Clone)]
pub struct Timeline {
    reigns: Arc<Vec<Activation>>,
    seen: Arc<Seen>,
    not_found: Arc<PolicyUnavailable>,
}

/// All policies so far, and the symbols they list.
#[derive(Debug, Clone, Default)]
struct Seen {
    policies: Vec<Arc<Policy>>,
    /// Indexes by hash and by whether the policy states its hash, because a guardrail may require a stated hash.
    /// Everything else that affects a decision is covered by the hash.
    numbers: HashMap<(PolicyHash, bool), usize, foldhash::fast::FixedState>,
    /// The index of the latest policy with this hash.
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
    ruler: ActivePolicy,
}

#[derive(Debug, Clone)]
enum ActivePolicy {
    Policy(usize),
    Nobody(Arc<PolicyUnavailable>),
}

/// The active policy with its number, or the reason why there is none.
pub type Rule<'a> = Result<(&'a Policy, usize), &'a PolicyUnavailable>;

impl Timeline {
    /// Creates a timeline in which `initial` is active from the beginning.
    #[must_use]
    pub fn new(initial: Result<Policy, PolicyUnavailable>) -> Self {
        let not_found = Arc::new(PolicyUnavailable::NotFound);
        let mut timeline = Self {
            reigns: Arc::default(),
            seen: Arc::default(),
            not_found,
        };
        match initial {
            Ok(policy) => timeline.activate(policy, Timestamp::MIN),
            Err(absence) => timeline.push(Timestamp::MIN, ActivePolicy::Nobody(Arc::new(absence))),
        }
        timeline
    }

    /// Activates a policy from a timestamp on. A policy that is already known is stored only once.
    pub fn activate(&mut self, policy: Policy, from: Timestamp) {
        let (hash, states_hash) = (policy.hash(), policy.states_hash());
        let number = match self.seen.numbers.get(&(hash, states_hash)) {
            Some(number) => *number,
            None => Arc::make_mut(&mut self.seen).add(policy),
        };
        if self.seen.last_of.get(&hash) != Some(&number) {
            Arc::make_mut(&mut self.seen).last_of.insert(hash, number);
        }
        self.push(from, ActivePolicy::Policy(number));
    }

    /// Withdraws the policy from a timestamp on.
    pub fn withdraw(&mut self, from: Timestamp) {
        let nobody = ActivePolicy::Nobody(Arc::clone(&self.not_found));
        self.push(from, nobody);
    }

    /// Inserts an activation. If two have the same timestamp, the later record wins. An activation that repeats the
    /// previous one is kept, because a later record may be inserted between the two.
    fn push(&mut self, from: Timestamp, ruler: ActivePolicy) {
        let reigns = Arc::make_mut(&mut self.reigns);
        let after = reigns.partition_point(|reign| reign.from <= from);
        match after.checked_sub(1).and_then(|i| reigns.get_mut(i)) {
            Some(reign) if reign.from == from => reign.ruler = ruler,
            _ => reigns.insert(after, Activation { from, ruler }),
        }
    }

    /// Returns the policy that is active at a timestamp.
    pub fn at(&self, instant: Timestamp) -> Rule<'_> {
        let reign = match self.reigns.last() {
            // Fast path: most records come after all activations so far.
            Some(last) if last.from <= instant => Some(last),
            _ => {
                let after = self.reigns.partition_point(|reign| reign.from <= instant);
                after.checked_sub(1).and_then(|i| self.reigns.get(i))
            }
        };
        match reign.map(|reign| &reign.ruler) {
            Some(ActivePolicy::Policy(number)) => self
                .seen
                .policies
                .get(*number)
                .map(|policy| (policy.as_ref(), *number))
                .ok_or(&self.not_found),
            Some(ActivePolicy::Nobody(absence)) => Err(absence),
            None => Err(&self.not_found),
        }
    }

    /// Returns all activations in order of time. The first one is active from the beginning.
    pub fn reigns(&self) -> impl Iterator<Item = (Timestamp, Result<&Policy, &PolicyUnavailable>)> {
        let reigns = self.reigns.iter();
        reigns.map(|reign| (reign.from, self.at(reign.from).map(|(policy, _)| policy)))
    }

    /// Returns the policy with this hash, if it is known. If one version states its hash and another does not, the
    /// later one is returned, because a policy store would contain that one.
    #[must_use]
    pub fn by_hash(&self, hash: PolicyHash) -> Option<(&Policy, usize)> {
        let number = *self.seen.last_of.get(&hash)?;
        Some((self.seen.policies.get(number)?.as_ref(), number))
    }

    /// Returns all policies in the order in which they first occurred.
    pub fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.seen.policies.iter().map(AsRef::as_ref)
    }

    /// Returns the number of a symbol that a policy listed.
    #[must_use]
    pub fn symbol_number(&self, symbol: &Symbol) -> Option<usize> {
        self.seen.symbols.numbers.get(symbol).copied()
    }

    /// Returns all symbols that a policy listed, each at the index of its number.
    #[must_use]
    pub fn symbols(&self) -> &[Symbol] {
        &self.seen.symbols.names
    }
}

impl Seen {
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

    fn ruler(timeline: &Timeline, seconds: i64) -> String {
        match timeline.at(at(seconds)) {
            Ok((policy, _)) => policy.version().to_owned(),
            Err(absence) => absence.to_string(),
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
        timeline.activate(policy("same instant"), at(30));
        assert_eq!(ruler(&timeline, 9), "no policy");
        assert_eq!(ruler(&timeline, 10), "earlier");
        assert_eq!(ruler(&timeline, 19), "earlier");
        assert_eq!(ruler(&timeline, 20), "later");
        assert_eq!(ruler(&timeline, 30), "same instant");
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
        let states = |rule: Option<(&Policy, usize)>| rule.unwrap().0.states_hash();
        timeline.activate(bare.clone(), at(5));
        assert!(states(timeline.at(at(4)).ok()));
        assert!(!states(timeline.at(at(5)).ok()));
        assert!(!states(timeline.by_hash(hash)));
        timeline.activate(stated, at(6));
        assert!(states(timeline.by_hash(hash)));
        timeline.activate(bare, at(7));
        assert!(!states(timeline.by_hash(hash)));
        assert_eq!(timeline.policies().count(), 2);
    }

    #[test]
    fn a_repeated_withdrawal_ends_a_policy_inserted_before_it() {
        let mut timeline = Timeline::new(Err(PolicyUnavailable::NotFound));
        timeline.withdraw(at(10));
        timeline.withdraw(at(20));
        timeline.activate(policy("late"), at(15));
        assert_eq!(ruler(&timeline, 15), "late");
        assert_eq!(ruler(&timeline, 20), "no policy");
    }

    #[test]
    fn one_activation_is_kept_per_timestamp() {
        let mut timeline = Timeline::new(Ok(policy("one")));
        for _ in 0..1000 {
            timeline.withdraw(at(5));
            timeline.activate(policy("one"), at(5));
        }
        assert_eq!(timeline.reigns.len(), 2);
        assert_eq!(ruler(&timeline, 5), "one");
    }

    #[test]
    fn a_clone_shares_data_until_it_changes() {
        let timeline = Timeline::new(Ok(policy("one")));
        let mut clone = timeline.clone();
        assert!(Arc::ptr_eq(&timeline.reigns, &clone.reigns));
        clone.withdraw(at(5));
        assert!(Arc::ptr_eq(&timeline.seen, &clone.seen));
        assert_eq!(ruler(&timeline, 5), "one");
        assert_eq!(ruler(&clone, 5), "no policy");
    }
}
