//! The rule of a permitted exit.

use serde::Serialize;
use strum::IntoStaticStr;

/// The rule under which an exit was permitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum ExitRule {
    /// The source is the exit owner.
    Owner,
    /// The source is a listed delegate.
    Delegate,
}

impl ExitRule {
    /// Returns `owner` or `delegate`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
