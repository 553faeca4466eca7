//! Which policy rules at which instant, as far as a tape has told.

use std::{collections::HashMap, sync::Arc};

use portcullis::{
    domain::{Instant, PolicyHash, Symbol},
    policy::{Policy, PolicyAbsence},
};

/// What came into force, and when; earlier instants first.
///
/// Grows with the different policies of a tape and with the instants at which one came into force or was
/// withdrawn, not with its other records. A clone shares everything until it changes.
#[derive(Debug, Clone)]
pub struct Timeline {
    reigns: Arc<Vec<Reign>>,
    seen: Arc<Seen>,
    not_found: Arc<PolicyAbsence>,
}

/// Every policy so far, and what it lists.
#[derive(Debug, Clone, Default)]
struct Seen {
    policies: Vec<Arc<Policy>>,
    /// Twins that differ in whether they state their hash are two: a guardrail may ask for it. All else that
    /// decides is in the hash.
    numbers: HashMap<(PolicyHash, bool), usize, foldhash::fast::FixedState>,
    /// The twin that came last.
    last_of: HashMap<PolicyHash, usize, foldhash::fast::FixedState>,
    symbols: Symbols,
}

/// Every symbol that some policy listed, numbered in the order of their first listing.
#[derive(Debug, Clone, Default)]
struct Symbols {
    names: Vec<Symbol>,
    numbers: HashMap<Symbol, usize, foldhash::fast::FixedState>,
}

#[derive(Debug, Clone)]
struct Reign {
    from: Instant,
    ruler: Ruler,
}

#[derive(Debug, Clone)]
enum Ruler {
    Policy(usize),
    Nobody(Arc<PolicyAbsence>),
}

/// What rules: a policy and its number, or why there is none.
pub type Rule<'a> = Result<(&'a Policy, usize), &'a PolicyAbsence>;

impl Timeline {
    /// What rules from the beginning.
    #[must_use]
    pub fn new(initial: Result<Policy, PolicyAbsence>) -> Self {
        let not_found = Arc::new(PolicyAbsence::NotFound);
        let mut timeline = Self {
            reigns: Arc::default(),
            seen: Arc::default(),
            not_found,
        };
        match initial {
            Ok(policy) => timeline.enthrone(policy, Instant::MIN),
            Err(absence) => timeline.push(Instant::MIN, Ruler::Nobody(Arc::new(absence))),
        }
        timeline
    }

    /// A policy comes into force. One that was seen before is kept once.
    pub fn enthrone(&mut self, policy: Policy, from: Instant) {
        let (hash, states_hash) = (policy.hash(), policy.states_hash());
        let number = match self.seen.numbers.get(&(hash, states_hash)) {
            Some(number) => *number,
            None => Arc::make_mut(&mut self.seen).add(policy),
        };
        if self.seen.last_of.get(&hash) != Some(&number) {
            Arc::make_mut(&mut self.seen).last_of.insert(hash, number);
        }
        self.push(from, Ruler::Policy(number));
    }

    /// From here on there is none.
    pub fn withdraw(&mut self, from: Instant) {
        let nobody = Ruler::Nobody(Arc::clone(&self.not_found));
        self.push(from, nobody);
    }

    /// Of one instant the later record stays. A reign like the one before it stays too: a record that comes
    /// later may begin between the two.
    fn push(&mut self, from: Instant, ruler: Ruler) {
        let reigns = Arc::make_mut(&mut self.reigns);
        let after = reigns.partition_point(|reign| reign.from <= from);
        match after.checked_sub(1).and_then(|i| reigns.get_mut(i)) {
            Some(reign) if reign.from == from => reign.ruler = ruler,
            _ => reigns.insert(after, Reign { from, ruler }),
        }
    }

    /// What came into force last at or before an instant.
    pub fn at(&self, instant: Instant) -> Rule<'_> {
        let reign = match self.reigns.last() {
            // Most records come after every policy so far.
            Some(last) if last.from <= instant => Some(last),
            _ => {
                let after = self.reigns.partition_point(|reign| reign.from <= instant);
                after.checked_sub(1).and_then(|i| self.reigns.get(i))
            }
        };
        match reign.map(|reign| &reign.ruler) {
            Some(Ruler::Policy(number)) => self
                .seen
                .policies
                .get(*number)
                .map(|policy| (policy.as_ref(), *number))
                .ok_or(&self.not_found),
            Some(Ruler::Nobody(absence)) => Err(absence),
            None => Err(&self.not_found),
        }
    }

    /// What comes into force when, the earliest first; the first rules from the beginning.
    pub fn reigns(&self) -> impl Iterator<Item = (Instant, Result<&Policy, &PolicyAbsence>)> {
        let reigns = self.reigns.iter();
        reigns.map(|reign| (reign.from, self.at(reign.from).map(|(policy, _)| policy)))
    }

    /// The policy of this hash, if it was seen. Of twins, one of which states its hash and one of which does
    /// not, the one that came last: the store of a service would have held that one.
    #[must_use]
    pub fn by_hash(&self, hash: PolicyHash) -> Option<(&Policy, usize)> {
        let number = *self.seen.last_of.get(&hash)?;
        Some((self.seen.policies.get(number)?.as_ref(), number))
    }

    /// Every policy, in the order in which they were seen.
    pub fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.seen.policies.iter().map(AsRef::as_ref)
    }

    /// The number of a symbol that some policy listed.
    #[must_use]
    pub fn symbol_number(&self, symbol: &Symbol) -> Option<usize> {
        self.seen.symbols.numbers.get(symbol).copied()
    }

    /// Every symbol that some policy listed, by number.
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

    fn at(seconds: i64) -> Instant {
        Instant::from_millis(seconds * 1000).unwrap()
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
    fn the_last_to_come_into_force_rules() {
        let mut timeline = Timeline::new(Err(PolicyAbsence::NotFound));
        timeline.enthrone(policy("later"), at(20));
        timeline.enthrone(policy("earlier"), at(10));
        timeline.withdraw(at(30));
        timeline.enthrone(policy("same instant"), at(30));
        assert_eq!(ruler(&timeline, 9), "no policy");
        assert_eq!(ruler(&timeline, 10), "earlier");
        assert_eq!(ruler(&timeline, 19), "earlier");
        assert_eq!(ruler(&timeline, 20), "later");
        assert_eq!(ruler(&timeline, 30), "same instant");
    }

    #[test]
    fn a_policy_seen_twice_is_kept_once() {
        let mut timeline = Timeline::new(Ok(policy("one")));
        timeline.enthrone(policy("one"), at(5));
        assert_eq!(timeline.policies().count(), 1);
        assert_eq!(timeline.symbols().len(), 10);
    }

    #[test]
    fn a_twin_that_states_its_hash_is_another_policy() {
        let bare = policy("one");
        let hash = bare.hash();
        let text = crate::sample::policy_json(at(1_000_000)).replace("1.0.0-ai-sample", "one");
        let stated = text.replacen('{', &format!(r#"{{"policy_hash": "{hash}","#), 1);
        let stated = Policy::from_json(&stated).unwrap();
        assert_eq!(stated.hash(), hash);
        let mut timeline = Timeline::new(Ok(stated.clone()));
        let states = |rule: Option<(&Policy, usize)>| rule.unwrap().0.states_hash();
        timeline.enthrone(bare.clone(), at(5));
        assert!(states(timeline.at(at(4)).ok()));
        assert!(!states(timeline.at(at(5)).ok()));
        assert!(!states(timeline.by_hash(hash)));
        timeline.enthrone(stated, at(6));
        assert!(states(timeline.by_hash(hash)));
        timeline.enthrone(bare, at(7));
        assert!(!states(timeline.by_hash(hash)));
        assert_eq!(timeline.policies().count(), 2);
    }

    #[test]
    fn a_change_that_repeats_the_one_before_it_outlives_what_comes_between() {
        let mut timeline = Timeline::new(Err(PolicyAbsence::NotFound));
        timeline.withdraw(at(10));
        timeline.withdraw(at(20));
        timeline.enthrone(policy("late"), at(15));
        assert_eq!(ruler(&timeline, 15), "late");
        assert_eq!(ruler(&timeline, 20), "no policy");
    }

    #[test]
    fn of_one_instant_one_reign_is_kept() {
        let mut timeline = Timeline::new(Ok(policy("one")));
        for _ in 0..1000 {
            timeline.withdraw(at(5));
            timeline.enthrone(policy("one"), at(5));
        }
        assert_eq!(timeline.reigns.len(), 2);
        assert_eq!(ruler(&timeline, 5), "one");
    }

    #[test]
    fn a_clone_shares_until_it_changes() {
        let timeline = Timeline::new(Ok(policy("one")));
        let mut clone = timeline.clone();
        assert!(Arc::ptr_eq(&timeline.reigns, &clone.reigns));
        clone.withdraw(at(5));
        assert!(Arc::ptr_eq(&timeline.seen, &clone.seen));
        assert_eq!(ruler(&timeline, 5), "one");
        assert_eq!(ruler(&clone, 5), "no policy");
    }
}
