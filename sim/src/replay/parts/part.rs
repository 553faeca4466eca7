//! The result of a part of a replay.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Input, PartsError, Place, Settings, event::PolicyEvent};
use crate::replay::{Counts, DigestPart, ReplayOutcome, TapeCounts};

/// The result of consecutive parts of a replay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    pub(super) format: u32,
    pub(super) engine: String,
    pub(super) settings_hash: String,
    pub(super) settings: Settings,
    pub(super) inputs: Vec<Input>,
    pub(super) from: Place,
    pub(super) to: Place,
    /// The number of the first record, counted from 1.
    pub(super) first_n: u64,
    /// The changes of the policy within the part.
    pub(super) events: Vec<PolicyEvent>,
    /// The fingerprints of the policy timeline before the first and after the last record.
    pub(super) timeline_before: String,
    pub(super) timeline_after: String,
    pub(super) counts: Counts,
    /// The counts of each file with records in the part, by the index of the file.
    pub(super) files: BTreeMap<usize, TapeCounts>,
    pub(super) digest: DigestPart,
}

impl Part {
    /// Returns the settings of the replay.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Returns the files of the replay.
    #[must_use]
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// Returns the numbers of the first and of the last record. If there are no records, the second number is one less
    /// than the first.
    #[must_use]
    pub const fn records(&self) -> (u64, u64) {
        (self.first_n, self.first_n + self.counts.records - 1)
    }

    /// Checks the version, and that the values of the part are consistent. `name` is the name of its file.
    pub(super) fn check(&self, name: &str) -> Result<(), PartsError> {
        PartsError::check_version(name, self.format, &self.engine)?;
        let faults = [
            (
                self.settings_hash != self.settings.hash(),
                "its settings do not have the hash that it states",
            ),
            (self.first_n == 0, "its first record has the number 0"),
            (self.from >= self.to, "it ends before it begins"),
            (!self.counts.adds_up(), "its counts do not add up"),
        ];
        match faults.iter().find(|(is_fault, _)| *is_fault) {
            Some((_, why)) => Err(PartsError::damaged(format_args!("{name}: {why}"))),
            None => Ok(()),
        }
    }

    /// Returns the outcome of the whole replay, or `None` if the part does not contain all records.
    pub(super) fn outcome(&self) -> Result<Option<ReplayOutcome>, PartsError> {
        let is_whole =
            self.from == Place::default() && self.to == Place::beginning(self.inputs.len());
        let Some(digest) = self
            .digest
            .digest()
            .filter(|_| is_whole && self.first_n == 1)
        else {
            return Ok(None);
        };
        let mut timeline = self.settings.timeline();
        let hash = |of: &crate::replay::Timeline| of.fingerprint().to_hex().to_string();
        let before = hash(&timeline);
        PolicyEvent::apply_all(&self.events, &mut timeline)?;
        if before != self.timeline_before || hash(&timeline) != self.timeline_after {
            return Err(PartsError::damaged(
                "its policies do not give its policy timeline",
            ));
        }
        let mut files = vec![TapeCounts::default(); self.inputs.len()];
        for (index, counts) in &self.files {
            if let Some(file) = files.get_mut(*index) {
                *file = *counts;
            }
        }
        Ok(Some(ReplayOutcome {
            counts: self.counts.clone(),
            timeline,
            digest,
            set: None,
            unreadable_tapes: TapeCounts::unreadable_tapes(&files),
        }))
    }
}
