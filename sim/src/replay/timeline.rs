//! Which policy rules at which instant, as far as a tape has told.

use std::{collections::HashMap, sync::Arc};

use portcullis::{
    domain::{Instant, PolicyHash, Symbol},
    policy::{Policy, PolicyAbsence},
};

/// What came into force, and when; earlier instants first, of equals the earlier record first.
///
/// Grows with the different policies of a tape, not with its records.
#[derive(Debug, Clone)]
pub struct Timeline {
    reigns: Vec<Reign>,
    policies: Vec<Arc<Policy>>,
    by_hash: HashMap<PolicyHash, usize, foldhash::fast::FixedState>,
    symbols: Symbols,
    not_found: Arc<PolicyAbsence>,
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
            reigns: Vec::new(),
            policies: Vec::new(),
            by_hash: HashMap::default(),
            symbols: Symbols::default(),
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
        let number = match self.by_hash.get(&policy.hash()) {
            Some(number) => *number,
            None => {
                let number = self.policies.len();
                policy.symbols().for_each(|symbol| self.symbols.add(symbol));
                self.by_hash.insert(policy.hash(), number);
                self.policies.push(Arc::new(policy));
                number
            }
        };
        self.push(from, Ruler::Policy(number));
    }

    /// From here on there is none.
    pub fn withdraw(&mut self, from: Instant) {
        let nobody = Ruler::Nobody(Arc::clone(&self.not_found));
        self.push(from, nobody);
    }

    fn push(&mut self, from: Instant, ruler: Ruler) {
        let place = self.reigns.partition_point(|reign| reign.from <= from);
        self.reigns.insert(place, Reign { from, ruler });
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
                .policies
                .get(*number)
                .map(|policy| (policy.as_ref(), *number))
                .ok_or(&self.not_found),
            Some(Ruler::Nobody(absence)) => Err(absence),
            None => Err(&self.not_found),
        }
    }

    /// The policy of this hash, if it was seen.
    #[must_use]
    pub fn by_hash(&self, hash: PolicyHash) -> Option<(&Policy, usize)> {
        let number = *self.by_hash.get(&hash)?;
        Some((self.policies.get(number)?.as_ref(), number))
    }

    /// Every policy, in the order in which they were seen.
    pub fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.policies.iter().map(AsRef::as_ref)
    }

    /// The number of a symbol that some policy listed.
    #[must_use]
    pub fn symbol_number(&self, symbol: &Symbol) -> Option<usize> {
        self.symbols.numbers.get(symbol).copied()
    }

    /// Every symbol that some policy listed, by number.
    #[must_use]
    pub fn symbols(&self) -> &[Symbol] {
        &self.symbols.names
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
}
