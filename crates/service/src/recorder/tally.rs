//! Counts of recorded and missing items.

use std::fmt;

use crate::runtime::counted;

/// Maximum number of missing items whose names are kept.
const NAMED: usize = 10;

/// Counts of recorded and missing items.
#[derive(Debug, Default)]
pub struct Tally {
    /// The number of recorded answers.
    pub answers: u64,
    /// The number of recorded policies.
    pub policies: u64,
    /// True if the last read returned all remaining answers.
    pub is_whole: bool,
    /// The number of plans and skip records that were trimmed before they were read.
    pub(super) trimmed: u64,
    /// Answered entries that are no longer in their streams.
    pub(super) deleted: Named,
    /// Records that are not answers of a bridge of this version.
    pub(super) foreign: Named,
    /// Hashes of policies that were used and are not stored anywhere.
    pub(super) unknown: Named,
}

/// A count of items and the names of the first ones.
#[derive(Debug, Default)]
pub(super) struct Named {
    count: u64,
    names: Vec<String>,
}

impl Named {
    pub(super) fn add(&mut self, name: String) {
        self.count = self.count.saturating_add(1);
        if self.names.len() < NAMED {
            self.names.push(name);
        }
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names.join(", "))?;
        let named = u64::try_from(self.names.len()).unwrap_or(u64::MAX);
        match self.count.saturating_sub(named) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

impl Tally {
    /// Returns one line for each kind of item that is missing in the recording.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        if self.trimmed > 0 {
            missing.push(counted(
                self.trimmed,
                "answer was trimmed from its stream before it was read",
                "answers were trimmed from their streams before they were read",
            ));
        }
        for (named, one, many) in [
            (
                &self.deleted,
                "answered entry is no longer in its stream",
                "answered entries are no longer in their streams",
            ),
            (
                &self.foreign,
                "record cannot be recorded: it was not written by a bridge of this version, or the bridge reads other \
                 streams",
                "records cannot be recorded: they were not written by a bridge of this version, or the bridge reads \
                 other streams",
            ),
            (
                &self.unknown,
                "policy is not stored on the server",
                "policies are not stored on the server",
            ),
        ] {
            if named.count > 0 {
                missing.push(format!("{}: {named}", counted(named.count, one, many)));
            }
        }
        missing
    }
}
