//! What is found in a file, and what is accepted of it.

use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use super::{Check, Day};

/// One breach of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The check that finds it.
    pub check: Check,
    /// As it was reached from a given path.
    #[serde(serialize_with = "shown")]
    pub file: PathBuf,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// The value, or the name, that counts.
    pub value: String,
    /// Why it counts, in a sentence that names it.
    pub why: String,
    /// The line without the blanks around it; of one that is longer than 200 characters what stands around the column.
    pub code: String,
    /// The acceptance that it had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expired: Option<Expired>,
    /// How many characters of `code` stand before it.
    #[serde(skip)]
    pub(super) before: usize,
}

/// An acceptance that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Expired {
    /// Why the finding was accepted.
    pub reason: String,
    /// The last day on which it was.
    pub until: Day,
}

/// A finding that may stay: it fails nothing, and is listed all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Accepted {
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
    /// Why it may stay.
    pub reason: String,
    /// The last day on which it may.
    pub until: Day,
}

/// A path as a text; what is no UTF-8 of it becomes `�`.
pub(super) fn shown<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.display())
}
