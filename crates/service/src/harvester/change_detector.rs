//! Detection of new findings, so that a finding that persists over several scans is logged once.

use std::collections::BTreeMap;

/// Findings of the scans of all positions, by name.
#[derive(Debug, Default)]
pub(super) struct ChangeDetector {
    previous: BTreeMap<String, String>,
    /// Findings of the current scan.
    current: BTreeMap<String, String>,
}

impl ChangeDetector {
    /// Records a finding. Returns true if the previous scan did not have the same finding.
    pub(super) fn is_new(&mut self, name: &str, what: String) -> bool {
        let is_new = self.previous.get(name) != Some(&what);
        self.current.insert(name.to_owned(), what);
        is_new
    }

    /// Ends a scan. Returns the names that had a finding in the previous scan but not in this one.
    pub(super) fn end_scan(&mut self) -> Vec<String> {
        let ended = std::mem::replace(&mut self.previous, std::mem::take(&mut self.current));
        let is_over = |name: &String| !self.previous.contains_key(name);
        ended.into_keys().filter(is_over).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unchanged_finding_is_not_news() {
        let mut things = ChangeDetector::default();
        assert!(things.is_new("a", "x".to_owned()));
        assert!(things.end_scan().is_empty());
        assert!(!things.is_new("a", "x".to_owned()));
        assert!(things.end_scan().is_empty());
        assert!(things.is_new("a", "y".to_owned()));
        assert!(things.end_scan().is_empty());
        assert_eq!(things.end_scan(), ["a"]);
        assert!(things.is_new("a", "y".to_owned()));
    }
}
