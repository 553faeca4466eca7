//! Merging of parts.

use super::{Part, PartsError};
use crate::replay::ReplayOutcome;

/// The result of merging parts.
#[derive(Debug)]
pub struct Merged {
    /// All parts as one.
    pub part: Part,
    /// The outcome of the whole replay; `None` if parts are missing at the beginning or at the end.
    pub outcome: Option<ReplayOutcome>,
}

/// Merges parts, which are given in any order with their names for messages. A part that is given more than once is
/// merged once.
///
/// # Errors
/// Returns an error if there is no part, if a part is damaged or was written by another version, or if two parts do not
/// belong to the same replay, overlap, or are not consecutive.
pub fn merge(parts: Vec<(String, Part)>) -> Result<Merged, PartsError> {
    let mut parts = parts;
    for (name, part) in &parts {
        part.check(name)?;
    }
    parts.sort_by_key(|(_, part)| (part.from, part.to));
    parts.dedup_by(|(_, right), (_, left)| left == right);
    let mut parts = parts.into_iter();
    let no_part = || PartsError::damaged("there is no part to merge");
    let (mut name, mut merged) = parts.next().ok_or_else(no_part)?;
    for (next_name, next) in parts {
        if let Err(why) = merged.append(next) {
            let (left, right) = (name, next_name);
            return Err(PartsError::Mismatch { left, right, why });
        }
        name = next_name;
    }
    let outcome = merged.outcome()?;
    Ok(Merged {
        part: merged,
        outcome,
    })
}

impl Part {
    /// Appends the part `next`. If `next` does not follow this part, returns the reason.
    fn append(&mut self, next: Self) -> Result<(), &'static str> {
        let faults = [
            (self.settings != next.settings, "their settings differ"),
            (
                self.inputs != next.inputs,
                "their tapes differ, or a tape has changed between them",
            ),
            (self.to > next.from, "they overlap"),
            (self.to < next.from, "a part is missing between them"),
            (
                self.first_n + self.counts.records != next.first_n,
                "the numbers of their records are not consecutive",
            ),
            (
                self.timeline_after != next.timeline_before,
                "the policies at the end of the first are not those at the beginning of the second",
            ),
            (
                !self.digest.append(&next.digest),
                "their digests are not consecutive",
            ),
        ];
        if let Some((_, why)) = faults.into_iter().find(|(is_fault, _)| *is_fault) {
            return Err(why);
        }
        self.to = next.to;
        self.events.extend(next.events);
        self.timeline_after = next.timeline_after;
        self.counts.merge(&next.counts);
        for (file, counts) in next.files {
            self.files.entry(file).or_default().add(counts);
        }
        Ok(())
    }
}
