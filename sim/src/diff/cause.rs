//! The search for the smallest policy change that causes a flip.

use std::collections::HashMap;

use portcullis::{policy::Policy, types::Symbol};

use super::{Change, change::changed};

/// The differences between two policies, with a cache of the intermediate policies that were tried.
pub(super) struct Causes<'p> {
    before: &'p Policy,
    changes: Vec<Change>,
    /// Intermediate policies by the indexes of the applied changes; `None` if the policy is invalid.
    tried: HashMap<Vec<usize>, Option<Policy>, foldhash::fast::FixedState>,
}

impl<'p> Causes<'p> {
    pub(super) fn new(before: &'p Policy, changes: Vec<Change>) -> Self {
        Self {
            before,
            changes,
            tried: HashMap::default(),
        }
    }

    /// Returns the one field that causes the flip if it alone is changed. If there is no such
    /// field, returns a set of fields that cause the flip together, none of which can be removed.
    /// Returns an empty list if even all fields together do not cause the flip.
    pub(super) fn of(
        &mut self,
        symbol: Option<Symbol>,
        mut flips: impl FnMut(&Policy) -> bool,
    ) -> Vec<String> {
        let changes = self.changes.iter().enumerate();
        let mut needed: Vec<usize> = changes
            .filter(|(_, change)| change.concerns(symbol))
            .map(|(place, _)| place)
            .collect();
        let alone = needed
            .iter()
            .find(|place| self.try_with(&[**place], &mut flips));
        if let Some(place) = alone.copied() {
            return self.names(&[place]);
        }
        if !self.try_with(&needed, &mut flips) {
            return Vec::new();
        }
        for place in needed.clone() {
            let mut fewer = needed.clone();
            fewer.retain(|it| *it != place);
            if self.try_with(&fewer, &mut flips) {
                needed = fewer;
            }
        }
        self.names(&needed)
    }

    fn try_with(&mut self, places: &[usize], flips: &mut impl FnMut(&Policy) -> bool) -> bool {
        if !self.tried.contains_key(places) {
            let made = places.iter().filter_map(|place| self.changes.get(*place));
            let policy = changed(self.before, made);
            self.tried.insert(places.to_vec(), policy);
        }
        let policy = self.tried.get(places).and_then(Option::as_ref);
        policy.is_some_and(flips)
    }

    fn names(&self, places: &[usize]) -> Vec<String> {
        let made = places.iter().filter_map(|place| self.changes.get(*place));
        made.map(|change| change.field.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use portcullis::types::Timestamp;

    use super::*;
    use crate::{diff::changes, sample::policy_json};

    #[test]
    fn a_cause_is_the_smallest_set_of_changes_that_concern_the_symbol() {
        let before = policy_json(Timestamp::from_millis(1_000_000).unwrap());
        let after = [
            ("portcullis policy sample", "other"),
            ("\"lock_R\": 1.2", "\"lock_R\": 1.1"),
            ("\"ETHUSDT\": 10", "\"ETHUSDT\": 11"),
            ("1.0.0-ai-sample", "2"),
        ];
        let after = after
            .iter()
            .fold(before.clone(), |text, (old, new)| text.replace(old, new));
        let [before, after] = [before, after].map(|text| Policy::from_json(&text).unwrap());
        let mut causes = Causes::new(&before, changes(Some(&before), &after));
        let [bitcoin, ether] = ["BTCUSDT", "ETHUSDT"].map(|name| Symbol::new(name).ok());
        let leverages = "leverage_by_symbol";
        for (symbol, fields, cause) in [
            (bitcoin, &["policy_version"][..], &["policy_version"][..]),
            (
                bitcoin,
                &["generator", "policy_version"],
                &["generator", "policy_version"],
            ),
            (
                ether,
                &[leverages, "policy_version"],
                &["leverage_by_symbol.ETHUSDT", "policy_version"],
            ),
            (ether, &[leverages], &["leverage_by_symbol.ETHUSDT"]),
            (bitcoin, &[leverages], &[]),
            (bitcoin, &["valid_until_epoch", "absent"], &[]),
        ] {
            let is_changed = |policy: &Policy, name: &&str| {
                let changed = policy.fields().get(*name);
                changed != before.fields().get(*name)
            };
            let found = causes.of(symbol, |policy| {
                fields.iter().all(|name| is_changed(policy, name))
            });
            assert_eq!(found, cause, "{fields:?}");
        }
    }
}
