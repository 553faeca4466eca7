//! The reasons why a number of a draft differs from its target.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A rule that kept a number from its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clamp {
    /// The leverage is at the `cap` of a regime.
    Cap,
    /// A guardrail is lower than the target.
    Guardrail,
    /// A symbol enters the universe with the leverage `start_leverage`.
    StartLeverage,
    /// The number is loosened by at most the step of one run.
    MaxStep,
    /// The number is loosened by at most the step against the policy of 24 hours ago.
    MaxStep24h,
    /// There is no policy of 24 hours ago, or it does not state the number, so the number is not loosened.
    DayAgoUnknown,
    /// Loosening is held back in this run.
    Held,
    /// The number is rounded down to a whole number.
    RoundedDown,
    /// The templates do not state this limit, so the limit of the previous policy is kept.
    NotInTemplates,
}

impl fmt::Display for Clamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cap => "limited by the cap of the regime",
            Self::Guardrail => "limited by a guardrail",
            Self::StartLeverage => "new symbol",
            Self::MaxStep => "limited by `max_step`",
            Self::MaxStep24h => "limited by `max_step_24h`",
            Self::DayAgoUnknown => "not loosened, because its value of 24 hours ago is unknown",
            Self::Held => "not loosened, because loosening is held back",
            Self::RoundedDown => "rounded down",
            Self::NotInTemplates => "kept, because the templates do not state it",
        })
    }
}
