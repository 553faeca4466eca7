//! Fields that could change an order and are not read.

use std::fmt;

use crate::types::Shown;

/// The names of the fields of an intent that could change its order and are not read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UnsupportedFields {
    /// Fields that are known to change an order. The guardrails cannot ignore them.
    listed: Vec<&'static str>,
    /// Fields that are recognised by the last token of their names, with the names as sent.
    suspected: Vec<Box<str>>,
    /// True if the record has more such fields than are kept.
    more: bool,
}

/// The largest number of names that are reported.
const REPORTED_MAX: usize = 8;

impl UnsupportedFields {
    pub(super) fn add_listed(&mut self, name: &'static str) {
        if !self.listed.contains(&name) {
            self.listed.push(name);
        }
    }

    pub(super) fn add_suspected(&mut self, name: &str) {
        self.suspected.push(name.into());
    }

    /// Notes that there are more such fields than are kept.
    pub(super) const fn add_more(&mut self) {
        self.more = true;
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.listed.is_empty() && self.suspected.is_empty() && !self.more
    }

    /// Returns the first 8 names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let suspected = self.suspected.iter().map(AsRef::as_ref);
        self.listed
            .iter()
            .copied()
            .chain(suspected)
            .take(REPORTED_MAX)
    }

    /// Returns true if all these fields may be listed in the guardrail `ignore_fields`: all of them were kept, and none
    /// is known to change an order.
    pub(crate) fn can_be_ignored(&self) -> bool {
        self.all_ignored(|_| true)
    }

    /// Returns true if every field is among those that `is_ignored` accepts.
    pub(crate) fn all_ignored(&self, is_ignored: impl Fn(&str) -> bool) -> bool {
        self.listed.is_empty() && !self.more && self.suspected.iter().all(|name| is_ignored(name))
    }
}

impl fmt::Display for UnsupportedFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, name) in self.names().enumerate() {
            let separator = if place > 0 { ", " } else { "" };
            write!(f, "{separator}`{}`", Shown(name))?;
        }
        if self.more || self.listed.len() + self.suspected.len() > REPORTED_MAX {
            f.write_str(", …")?;
        }
        Ok(())
    }
}
