//! Counts of recorded and missing items.

use std::fmt;

/// Maximum number of missing items that are named.
const NAMED: usize = 10;

/// Counts of recorded and missing items.
#[derive(Debug, Default)]
pub struct Tally {
    /// Answers recorded.
    pub answers: u64,
    /// Policies recorded.
    pub policies: u64,
    /// True if the last read returned all remaining answers.
    pub is_whole: bool,
    /// Plans and skip records that were trimmed before they were read.
    pub(super) trimmed: u64,
    /// Answered entries that are no longer in their streams.
    pub(super) gone: Named,
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
            missing.push(format!(
                "{} answers were trimmed from their streams before they were read",
                self.trimmed
            ));
        }
        for (named, what) in [
            (
                &self.gone,
                "answered entries are no longer in their streams",
            ),
            (
                &self.foreign,
                "records cannot be recorded: they were not written by a bridge of this version, or it reads other \
                 streams",
            ),
            (&self.unknown, "policies are not stored on the server"),
        ] {
            if named.count > 0 {
                missing.push(format!("{} {what}: {named}", named.count));
            }
        }
        missing
    }
}
