//! The trace of a decision: the values that each gate compared.

use super::Gate;
use crate::{
    exit::{ExitOwnership, ExitRule},
    guardrails::{Guardrails, Halt},
    intent::{Request, Size},
    policy::{Limits, Policy},
    provenance::Sourced,
    types::{Leverage, Margin, Notional, SignedDuration, Symbol, Timestamp},
};

/// The values that a passed gate compared.
#[derive(Debug, Clone, Copy)]
pub enum GateCheck<'a> {
    /// The intent as it was read.
    Readable(&'a Request),
    /// The source of the intent, the exit ownership, and the rule by which an exit passed.
    ExitOwnership {
        /// The source, if the intent states one.
        source: Option<&'a str>,
        /// The names of the exit owner and its delegates.
        ownership: &'a ExitOwnership,
        /// The rule for an exit; `None` for an entry.
        rule: Option<ExitRule>,
    },
    /// The symbol, and the halt that does not cover it.
    Halt {
        /// The symbol of the intent.
        symbol: Symbol,
        /// The halt of the engine, which does not cover the symbol.
        halt: &'a Halt,
    },
    /// The policy, and the guardrails that permit it.
    Policy {
        /// The policy that is active.
        policy: &'a Policy,
        /// The guardrails of the engine.
        guardrails: &'a Guardrails,
    },
    /// The validity of the policy, and the time of the decision.
    InForce {
        /// The policy that is active.
        policy: &'a Policy,
        /// The time of the decision.
        now: Timestamp,
        /// True if the caller assumed that the policy is in force, so that nothing was compared.
        assumed: bool,
    },
    /// The age of the intent and its bounds.
    Freshness {
        /// The age of the intent; negative if the intent is ahead of the clock, `None` if it has no
        /// time of sending.
        age: Option<SignedDuration>,
        /// The largest allowed age; `None` if there is no bound.
        age_max: Option<Sourced<SignedDuration>>,
        /// The largest allowed lead; `None` if there is no bound.
        lead_max: Option<Sourced<SignedDuration>>,
    },
    /// The symbol, which is in the universe.
    Universe {
        /// The symbol of the intent.
        symbol: Symbol,
    },
    /// The requested leverage and the leverage of the trade.
    Leverage {
        /// The requested leverage, if any.
        requested: Option<Leverage>,
        /// The leverage of the trade.
        applied: Sourced<Leverage>,
    },
    /// The size of the trade, with its source.
    Size(Sourced<Size>),
    /// The numbers of the trade and their limits.
    Limits {
        /// The leverage of the trade.
        leverage: Leverage,
        /// The margin of the trade, in USD.
        margin: Margin,
        /// The notional of the trade, in USD.
        notional: Notional,
        /// The limits of the policy.
        limits: &'a Limits,
        /// The guardrails of the engine.
        guardrails: &'a Guardrails,
    },
}

impl GateCheck<'_> {
    /// Returns the gate that compared the values.
    #[must_use]
    pub const fn gate(&self) -> Gate {
        match self {
            Self::Readable(_) => Gate::Readable,
            Self::ExitOwnership { .. } => Gate::ExitOwnership,
            Self::Halt { .. } => Gate::Halt,
            Self::Policy { .. } => Gate::Policy,
            Self::InForce { .. } => Gate::InForce,
            Self::Freshness { .. } => Gate::Freshness,
            Self::Universe { .. } => Gate::Universe,
            Self::Leverage { .. } => Gate::Leverage,
            Self::Size(_) => Gate::Size,
            Self::Limits { .. } => Gate::Limits,
        }
    }
}

/// The values that the passed gates compared, in order.
#[derive(Debug, Clone, Default)]
pub struct Trace<'a>(Vec<GateCheck<'a>>);

impl<'a> Trace<'a> {
    /// Returns one entry for each passed gate.
    #[must_use]
    pub fn passed(&self) -> &[GateCheck<'a>] {
        &self.0
    }
}

/// An observer of the gates. It receives references and returns nothing, so it cannot change a
/// decision. The values are computed only if the observer calls the closure.
pub(super) trait Observer<'a> {
    fn passed(&mut self, compared: impl FnOnce() -> GateCheck<'a>);
}

/// An observer that does nothing, so that an untraced decision has no overhead.
pub(super) struct Unobserved;

impl<'a> Observer<'a> for Unobserved {
    #[inline(always)]
    fn passed(&mut self, _: impl FnOnce() -> GateCheck<'a>) {}
}

impl<'a> Observer<'a> for Trace<'a> {
    fn passed(&mut self, compared: impl FnOnce() -> GateCheck<'a>) {
        self.0.push(compared());
    }
}
