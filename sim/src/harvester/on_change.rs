//! What is told when it changes, and not every time it is found.

use std::collections::BTreeMap;

/// Things that are found in every look, by name.
#[derive(Debug, Default)]
pub(super) struct OnChange {
    told: BTreeMap<String, String>,
    /// The same of the look that is under way.
    found: BTreeMap<String, String>,
}

impl OnChange {
    /// Something is found; whether that is news.
    pub(super) fn is_news(&mut self, name: &str, what: String) -> bool {
        let is_news = self.told.get(name) != Some(&what);
        self.found.insert(name.to_owned(), what);
        is_news
    }

    /// A look has ended; the names of what was found in the one before, and is no more.
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
    fn a_thing_is_news_once() {
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
