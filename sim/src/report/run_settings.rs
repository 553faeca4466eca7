//! The settings of a run that every report lists.

use std::fmt;

use portcullis::types::Shown;
use serde::ser::SerializeMap;

use crate::text::thousands;

/// The line in a report that states that policies were treated as in force.
pub(super) const ASSUMED: &str = "every policy was ASSUMED to be in force at every record's time";

/// The settings of a run.
#[derive(Debug, Clone)]
pub struct RunSettings {
    /// The source of the guardrails, or `none`.
    pub guardrails: String,
    /// The service that owns exits.
    pub exit_owner: String,
    /// The additional services that may close positions.
    pub exit_delegates: Vec<String>,
    /// True if every policy was treated as in force at every record's time.
    pub assume_in_force: bool,
}

impl RunSettings {
    /// Appends the settings to a JSON object.
    pub(super) fn serialize_into<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("guardrails", &self.guardrails)?;
        map.serialize_entry("exit_owner", &self.exit_owner)?;
        map.serialize_entry("exit_delegates", &self.exit_delegates)?;
        map.serialize_entry("assume_in_force", &self.assume_in_force)
    }

    /// Writes the guardrails, and a line if every policy was treated as in force.
    pub(super) fn write_policy_settings(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "guardrails: {}", Shown(&self.guardrails).whole())?;
        self.write_assumption(f)
    }

    /// Writes a line if every policy was treated as in force.
    pub(super) fn write_assumption(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.assume_in_force {
            true => writeln!(f, "{ASSUMED}"),
            false => Ok(()),
        }
    }
}

/// Writes the number of timestamps without a UTC offset, if there are any.
pub(super) fn write_offset_note(f: &mut fmt::Formatter<'_>, count: u64) -> fmt::Result {
    match count {
        0 => Ok(()),
        1 => writeln!(f, "1 timestamp has no UTC offset; it was read as UTC"),
        count => writeln!(
            f,
            "{} timestamps have no UTC offset; they were read as UTC",
            thousands(count)
        ),
    }
}
