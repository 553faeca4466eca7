//! Detection of changes, so that a repeated finding is logged once.

use std::collections::BTreeMap;

/// Findings of the scans of all positions, by name.
#[derive(Debug, Default)]
pub(super) struct OnChange {
    told: BTreeMap<String, String>,
    /// Findings of the current scan.
    found: BTreeMap<String, String>,
}

impl OnChange {
    /// Records a finding. Returns true if the previous scan did not have the same finding.
    pub(super) fn is_news(&mut self, name: &str, what: String) -> bool {
        let is_news = self.told.get(name) != Some(&what);
        self.found.insert(name.to_owned(), what);
        is_news
    }

    /// Ends a scan. Returns the names that had a finding in the previous scan but not in this one.
    pub(super) fn end_look(&mut self) -> Vec<String> {
        let before = std::mem::replace(&mut self.told, std::mem::take(&mut self.found));
        let is_over = |name: &String| !self.told.contains_key(name);
        before.into_keys().filter(is_over).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unchanged_finding_is_not_news() {
        let mut things = OnChange::default();
        assert!(things.is_news("a", "x".to_owned()));
        assert!(things.end_look().is_empty());
        assert!(!things.is_news("a", "x".to_owned()));
        assert!(things.end_look().is_empty());
        assert!(things.is_news("a", "y".to_owned()));
        assert!(things.end_look().is_empty());
        assert_eq!(things.end_look(), ["a"]);
        assert!(things.is_news("a", "y".to_owned()));
    }
}
