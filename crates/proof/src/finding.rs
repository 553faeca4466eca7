//! Findings, accepted findings, and files that could not be read.

use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use crate::{check::Check, settings::Day};

/// One violation of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// The check that is violated.
    pub check: Check,
    /// The path of the file. It begins with the path that was passed to [`prove`](crate::prove).
    #[serde(serialize_with = "serialize_path")]
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1 in characters.
    pub column: usize,
    /// The offending value or name.
    pub value: String,
    /// A sentence that explains the violation and names the value.
    pub why: String,
    /// The source line without surrounding whitespace. Of a line longer than 200 characters, only
    /// the part around `column`.
    pub code: String,
    /// The acceptance of this finding, if it has expired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expired: Option<Expired>,
    /// The number of characters of `code` before the finding.
    #[serde(skip)]
    pub(crate) before: usize,
}

/// An acceptance of the settings that has expired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Expired {
    /// The reason for the acceptance.
    pub reason: String,
    /// The last day of the acceptance.
    pub until: Day,
}

/// An accepted finding. It does not fail the proof, but every report lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Accepted {
    /// The finding that is accepted.
    #[serde(flatten)]
    pub finding: Finding,
    /// The reason for the acceptance.
    pub reason: String,
    /// The last day of the acceptance.
    pub until: Day,
}

/// A file or directory that could not be read or parsed. It fails the proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Unread {
    /// The path of the file. It begins with the path that was passed to [`prove`](crate::prove).
    #[serde(serialize_with = "serialize_path")]
    pub file: PathBuf,
    /// The line of the error, counted from 1, if known.
    pub line: Option<usize>,
    /// The column of the error, counted from 1 in characters, if known.
    pub column: Option<usize>,
    /// The reason why the file or directory could not be read or parsed.
    pub message: String,
}

/// Serializes a path as text. Bytes that are not UTF-8 become `�`.
pub(crate) fn serialize_path<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.display())
}
