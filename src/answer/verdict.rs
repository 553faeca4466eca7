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
    /// An entry passed every gate. It becomes a trade.
    Trade,
    /// An exit is permitted. It may reduce or close a position.
    Exit,
    /// Nothing is done.
    Skip,
    /// A position was evaluated. A harvest action may be proposed.
    Harvest,
    /// The active policy was replaced or withdrawn.
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
