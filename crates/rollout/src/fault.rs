//! The errors of documents.

use std::fmt;

use portcullis::types::Shown;
use thiserror::Error;

/// The reason why a text or a value is not a document of this crate, with all faults that were found.
///
/// If a field is missing, unknown, a duplicate or of the wrong type, only the first fault is found.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("invalid {document}: {}", joined(.faults))]
pub struct DocumentError {
    document: &'static str,
    faults: Vec<Fault>,
}

/// One fault of a document. It is displayed as the path and the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    path: String,
    reason: String,
}

impl DocumentError {
    /// Returns an error if there is a fault.
    pub(crate) fn check(document: &'static str, faults: Vec<Fault>) -> Result<(), Self> {
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Self { document, faults })
        }
    }

    pub(crate) fn of(document: &'static str, fault: Fault) -> Self {
        Self {
            document,
            faults: vec![fault],
        }
    }

    /// Returns the faults, in the order of the document. There is at least one.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

impl Fault {
    pub(crate) fn new(path: impl fmt::Display, reason: impl fmt::Display) -> Self {
        Self {
            path: path.to_string(),
            reason: reason.to_string(),
        }
    }

    /// Returns the path of the field, such as `arms[0].bps`; `.` means the whole text.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}`: {}",
            Shown(&self.path),
            Shown(&self.reason).whole()
        )
    }
}

fn joined(faults: &[Fault]) -> String {
    let texts: Vec<String> = faults.iter().map(Fault::to_string).collect();
    texts.join("; ")
}
