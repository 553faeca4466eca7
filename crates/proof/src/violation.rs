//! The violations that checks report, before the file is known.

use crate::{check::Check, tree::At};

/// One violation of one check.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Violation {
    pub(crate) check: Check,
    pub(crate) at: At,
    /// The offending value or name.
    pub(crate) value: String,
    /// The reason why this is a violation.
    pub(crate) why: String,
}
