//! What was recorded, and what could not be.

use std::fmt;

/// How many of those that are missing are named.
const NAMED: usize = 10;

/// What was recorded, and what could not be.
#[derive(Debug, Default)]
pub struct Tally {
    /// Answers recorded.
    pub answers: u64,
    /// Policies recorded.
    pub policies: u64,
    /// Everything that was answered by the time it looked last was read.
    pub is_whole: bool,
    /// Plans and skip records that were trimmed away before anybody read them.
    pub(super) trimmed: u64,
    /// Answered entries that are not in their streams any more.
    pub(super) gone: Named,
    /// Records among the answers that no bridge wrote, or one that knew nothing of recordings.
    pub(super) foreign: Named,
    /// Policies that were decided by, and that nobody kept.
    pub(super) unknown: Named,
}

/// Some of many.
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
    /// What is missing in the recording, a line each.
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
            (&self.gone, "answered entries are in their streams no more"),
            (
                &self.foreign,
                "records hold no answer that can be recorded: no bridge of this version wrote them, or it reads other streams",
            ),
            (&self.unknown, "policies are kept nowhere"),
        ] {
            if named.count > 0 {
                missing.push(format!("{} {what}: {named}", named.count));
            }
        }
        missing
    }
}
