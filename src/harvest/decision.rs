//! The answer to one position.

use super::{
    HarvestAction, HarvestReasons, InputError, KillScore, RError, RPart, lots::Close, profit_lock,
};
use crate::{
    policy::{NotInForceError, Policy, Theta},
    provenance::Sourced,
    types::{Fraction, PositionSide, Price, Quantity, Symbol},
};

/// A harvest decision for one position.
#[derive(Debug, Clone, Copy)]
pub enum HarvestDecision<'a> {
    /// A proposal: R, K or both are available.
    Harvest(Harvest<'a>),
    /// A skip: nothing can be proposed.
    Skip(HarvestSkip<'a>),
}

/// The reason why nothing can be proposed, with its evidence.
#[derive(Debug, Clone, Copy)]
pub enum HarvestSkip<'a> {
    /// There is no open position: the side is flat, or the quantity is 0.
    NoPosition,
    /// The policy is unavailable, or its θ is not in force.
    NotInForce(NotInForceError<'a>),
    /// Neither the position nor the policy has a stop distance, and K is unavailable too.
    MissingStop {
        /// The reason why K is unavailable.
        kill: InputError,
    },
    /// An input of R is unusable, and K is unavailable too.
    InvalidInput {
        /// The reason why R is unavailable.
        r: InputError,
        /// The reason why K is unavailable. It is equal to `r` if the position is too old.
        kill: InputError,
    },
}

/// The proposal for a position. Only the engine can create one.
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
    pub(super) close: Close,
    pub(super) stop: Option<Price>,
    pub(super) r: Result<RPart, RError>,
    pub(super) kill: Result<KillScore, InputError>,
    pub(super) reasons: HarvestReasons,
}

impl<'a> Harvest<'a> {
    /// Returns the policy whose θ was used. Its version and hash are part of the answer.
    #[must_use]
    pub const fn policy(&self) -> &'a Policy {
        self.policy
    }

    /// Returns the harvest parameters, each with its source.
    #[must_use]
    pub const fn theta(&self) -> &'a Theta {
        self.theta
    }

    /// Returns the symbol of the position.
    #[must_use]
    pub const fn symbol(&self) -> Symbol {
        self.symbol
    }

    /// Returns the side of the position, or `None` if it is absent or unreadable. A proposal from K
    /// alone does not need the side.
    #[must_use]
    pub const fn side(&self) -> Option<PositionSide> {
        self.side
    }

    /// Returns the proposed action.
    #[must_use]
    pub const fn action(&self) -> HarvestAction {
        self.action
    }

    /// Returns the quantity to close, in units of the symbol; `None` if nothing is closed, or if the quantity of the
    /// position is unknown.
    #[must_use]
    pub const fn close_quantity(&self) -> Option<Quantity> {
        self.close.quantity
    }

    /// Returns the share of the current quantity to close; `None` if nothing is closed.
    #[must_use]
    pub const fn close_fraction(&self) -> Option<Fraction> {
        self.close.fraction
    }

    /// Returns the proposed stop, in USD per unit, or `None` if the stop stays unchanged.
    #[must_use]
    pub const fn stop(&self) -> Option<Sourced<Price>> {
        match (self.stop, &self.r) {
            (Some(stop), Ok(r)) => Some(Sourced::new(stop, profit_lock::source(r))),
            (None, _) | (_, Err(_)) => None,
        }
    }

    /// Returns R_net and its inputs.
    ///
    /// # Errors
    /// Returns an error if R is unavailable. The ladder and the profit lock are then unavailable too.
    pub const fn r(&self) -> Result<&RPart, RError> {
        match &self.r {
            Ok(r) => Ok(r),
            Err(why) => Err(*why),
        }
    }

    /// Returns the kill score and its components.
    ///
    /// # Errors
    /// Returns an error if K is unavailable.
    pub const fn kill(&self) -> Result<&KillScore, InputError> {
        match &self.kill {
            Ok(kill) => Ok(kill),
            Err(why) => Err(*why),
        }
    }

    /// Returns the reasons for the proposal, and the parts that were unavailable.
    #[must_use]
    pub const fn reasons(&self) -> HarvestReasons {
        self.reasons
    }
}
