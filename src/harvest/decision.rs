//! What a harvest answers.

use super::{
    HarvestAction, HarvestReasons, InputFault, KillScore, RPart, RUnavailable, Thresholds,
    profit_lock,
};
use crate::{
    domain::{PositionSide, Price, Symbol},
    policy::{NotInForce, Policy, PolicyAbsence, Theta},
    provenance::Sourced,
};

/// The answer to one position.
#[derive(Debug, Clone, Copy)]
pub enum HarvestDecision<'a> {
    /// At least one of R and K is known.
    Harvest(Harvest<'a>),
    /// Nothing can be said, and why.
    Skip(HarvestSkip<'a>),
}

/// Why nothing can be said of a position.
#[derive(Debug, Clone, Copy)]
pub enum HarvestSkip<'a> {
    /// There is none: the side is flat, or the quantity 0.
    NoPosition,
    /// There is no policy, and why.
    PolicyAbsent(&'a PolicyAbsence),
    /// There is a policy, and its θ is not in force.
    PolicyNotInForce(NotInForce),
    /// Nobody says how far the stop was, and K cannot be told either.
    MissingStop {
        /// Why there is no K.
        kill: InputFault,
    },
    /// An input of R is of no use, and K cannot be told either.
    InvalidInput {
        /// Why there is no R.
        r: InputFault,
        /// Why there is no K; the same as for R where the whole position is too old.
        kill: InputFault,
    },
}

/// What is proposed for a position. Only the engine makes one.
///
/// ```compile_fail
/// fn forged<'a>() -> portcullis::harvest::Harvest<'a> {
///     Default::default()
/// }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Harvest<'a> {
    pub(super) policy: &'a Policy,
    pub(super) theta: &'a Theta,
    pub(super) symbol: Symbol,
    pub(super) side: Option<PositionSide>,
    pub(super) action: HarvestAction,
    pub(super) stop: Option<Price>,
    pub(super) r: Result<RPart, RUnavailable>,
    pub(super) kill: Result<KillScore, InputFault>,
    pub(super) reasons: HarvestReasons,
}

impl<'a> Harvest<'a> {
    /// The policy that gave θ; its version and hash are told with the answer.
    #[must_use]
    pub const fn policy(&self) -> &'a Policy {
        self.policy
    }

    /// Every threshold, with its source.
    #[must_use]
    pub const fn thresholds(&self) -> Thresholds<'a> {
        Thresholds(self.theta)
    }

    /// The symbol of the position.
    #[must_use]
    pub const fn symbol(&self) -> Symbol {
        self.symbol
    }

    /// The side of the position, where one can be told (K does without).
    #[must_use]
    pub const fn side(&self) -> Option<PositionSide> {
        self.side
    }

    /// What to close.
    #[must_use]
    pub const fn action(&self) -> HarvestAction {
        self.action
    }

    /// Where to pull the stop, in USD for one unit, if it should be pulled.
    #[must_use]
    pub const fn stop(&self) -> Option<Sourced<Price>> {
        match (self.stop, &self.r) {
            (Some(stop), Ok(r)) => Some(Sourced::new(stop, profit_lock::source(r))),
            (None, _) | (_, Err(_)) => None,
        }
    }

    /// R_net and what it was worked out from.
    ///
    /// # Errors
    /// Why there is none; the ladder and the profit lock are silent with it.
    pub const fn r(&self) -> Result<&RPart, RUnavailable> {
        match &self.r {
            Ok(r) => Ok(r),
            Err(why) => Err(*why),
        }
    }

    /// The kill score and its components.
    ///
    /// # Errors
    /// Why there is none.
    pub const fn kill(&self) -> Result<&KillScore, InputFault> {
        match &self.kill {
            Ok(kill) => Ok(kill),
            Err(why) => Err(*why),
        }
    }

    /// Why this is proposed, and which parts were silent.
    #[must_use]
    pub const fn reasons(&self) -> HarvestReasons {
        self.reasons
    }
}
