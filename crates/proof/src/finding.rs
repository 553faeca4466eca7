//! Findings and accepted findings.

use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use super::{Check, Day};

/// One violation of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The check that is violated.
    pub check: Check,
    /// The file, relative to the path as given to [`prove`](super::prove).
    #[serde(serialize_with = "shown")]
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1 in characters.
    pub column: usize,
    /// The offending value or name.
    pub value: String,
    /// A sentence that explains the violation and names the value.
    pub why: String,
    /// The source line without surrounding whitespace. If it is longer than 200 characters, the part around the column.
    pub code: String,
    /// The acceptance of this finding, if it has expired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expired: Option<Expired>,
    /// The number of characters of `code` before the finding.
    #[serde(skip)]
    pub(super) before: usize,
}

/// An expired acceptance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Expired {
    /// The reason for the acceptance.
    pub reason: String,
    /// The last day of the acceptance.
    pub until: Day,
}

/// An accepted finding. It does not fail the proof, but every report lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Accepted {
    /// The finding.
    #[serde(flatten)]
    pub finding: Finding,
    /// The reason for the acceptance.
    pub reason: String,
    /// The last day of the acceptance.
    pub until: Day,
}

/// Serializes a path as text. Bytes that are not UTF-8 become `�`.
pub(super) fn shown<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.display())
}
