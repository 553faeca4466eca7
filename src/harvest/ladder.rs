//! The profit ladder: the stages in which profit is taken.

use std::hint::select_unpredictable;

use serde::Serialize;
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use crate::{policy::Theta, types::RMultiple};

/// The share of a position's largest size that was taken, or that is proposed to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Nothing is taken.
    None,
    /// A quarter is taken, so that three quarters are left.
    Partial25,
    /// Half is taken.
    Partial50,
    /// Three quarters are taken, so that a quarter is left.
    Partial75,
}

/// The action that a harvest proposes.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(into = "&'static str")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum HarvestAction {
    /// Nothing is closed.
    None,
    /// The position is closed down to three quarters of its largest size.
    #[strum(serialize = "PARTIAL_25")]
    Partial25,
    /// The position is closed down to half of its largest size.
    #[strum(serialize = "PARTIAL_50")]
    Partial50,
    /// The position is closed down to a quarter of its largest size.
    #[strum(serialize = "PARTIAL_75")]
    Partial75,
    /// The whole position is closed.
    FullCloseProposed,
}

impl Stage {
    /// The stages that take a part of a position, in ascending order.
    pub(super) const PARTIAL: [Self; 3] = [Self::Partial25, Self::Partial50, Self::Partial75];

    /// Parses `NONE`, `PARTIAL_25`, `PARTIAL_50` or `PARTIAL_75`, ignoring ASCII case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::None,
            Self::Partial25,
            Self::Partial50,
            Self::Partial75,
        ]
        .into_iter()
        .find(|stage| text.eq_ignore_ascii_case(HarvestAction::from(*stage).as_str()))
    }

    /// Returns the stage that a profit reaches, regardless of the stages taken before. A higher R never reaches a lower
    /// stage.
    pub(super) fn reached(r_net: RMultiple, theta: &Theta) -> Self {
        // The steps are counted without branches, because the branch predictor cannot predict the
        // profit.
        let steps = [
            theta.t1_r().value(),
            theta.t2_r().value(),
            theta.t3_r().value(),
        ];
        match steps.into_iter().filter(|step| r_net >= *step).count() {
            0 => Self::None,
            1 => Self::Partial25,
            2 => Self::Partial50,
            _ => Self::Partial75,
        }
    }

    /// Returns the share of the largest size that is left after this stage.
    pub(super) const fn kept_share(self) -> f64 {
        match self {
            Self::None => 1.0,
            Self::Partial25 => 0.75,
            Self::Partial50 => 0.5,
            Self::Partial75 => 0.25,
        }
    }

    /// Returns this stage if it is above the stage already taken, otherwise [`Stage::None`].
    pub(super) fn above(self, harvested: Self) -> Self {
        select_unpredictable(self > harvested, self, Self::None)
    }
}

impl HarvestAction {
    /// Every action, in ascending order.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Returns `NONE`, `PARTIAL_25`, `PARTIAL_50`, `PARTIAL_75` or `FULL_CLOSE_PROPOSED`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl From<Stage> for HarvestAction {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::None => Self::None,
            Stage::Partial25 => Self::Partial25,
            Stage::Partial50 => Self::Partial50,
            Stage::Partial75 => Self::Partial75,
        }
    }
}
