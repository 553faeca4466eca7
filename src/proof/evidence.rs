//! What a checker found, before it is known in which file.

use super::{check::Check, tree::At};

/// One breach of one check.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Evidence {
    pub(crate) check: Check,
    pub(crate) at: At,
    /// The value, or the name, that counts.
    pub(crate) value: String,
    /// Why it counts.
    pub(crate) why: String,
}
