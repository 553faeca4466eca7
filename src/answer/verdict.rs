//! The verdict of an answer.

use serde::Serialize;
use strum::{EnumString, IntoStaticStr, VariantArray};

/// The verdict of an answer.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum Verdict {
    /// An entry passed every gate.
    Trade,
    /// An exit passed: reduce or close.
    Exit,
    /// No action.
    Skip,
    /// A position was evaluated.
    Harvest,
    /// The policy changed.
    Policy,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Returns the name of the verdict.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
