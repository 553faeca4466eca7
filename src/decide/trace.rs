//! The record of a decision: what each gate compared.

use super::Gate;
use crate::{
    domain::{Instant, Leverage, Margin, Notional, Span, Symbol},
    exit::{ExitOwnership, ExitRule},
    guardrails::{Guardrails, Halt},
    intent::{Request, Size},
    policy::{Limits, Policy},
    provenance::Sourced,
};

/// What a gate that opened had compared.
#[derive(Debug, Clone, Copy)]
pub enum Compared<'a> {
    /// What the intent says.
    Readable(&'a Request),
    /// Who asked, who owns exits, and the rule by which an exit passed.
    ExitOwnership {
        /// Who asked, where the intent says so.
        source: Option<&'a str>,
        /// Who owns exits.
        ownership: &'a ExitOwnership,
        /// None for an entry.
        rule: Option<ExitRule>,
    },
    /// The symbol, and what is halted.
    Halt {
        /// The symbol.
        symbol: Symbol,
        /// What is halted.
        halt: &'a Halt,
    },
    /// The policy, and the guardrails that permit it.
    Policy {
        /// The policy.
        policy: &'a Policy,
        /// The guardrails.
        guardrails: &'a Guardrails,
    },
    /// The validity of the policy, and the instant.
    InForce {
        /// The policy.
        policy: &'a Policy,
        /// The instant.
        now: Instant,
        /// Nobody compared: the caller assumed it.
        assumed: bool,
    },
    /// The age of the intent, and the bounds of it.
    Freshness {
        /// The age, negative ahead of the clock; none where the intent does not say when it was sent.
        age: Option<Span>,
        /// The largest age, where anybody set one.
        age_max: Option<Sourced<Span>>,
        /// The largest lead, where anybody set one.
        lead_max: Option<Sourced<Span>>,
    },
    /// The symbol, found in the universe.
    Universe {
        /// The symbol.
        symbol: Symbol,
    },
    /// The policy's leverage, what was asked, and what came of it.
    Leverage {
        /// What was asked, if anything was.
        requested: Option<Leverage>,
        /// What came of it.
        applied: Sourced<Leverage>,
    },
    /// The size.
    Size(Sourced<Size>),
    /// The numbers of the trade, and their limits.
    Limits {
        /// The leverage.
        leverage: Leverage,
        /// The margin.
        margin: Margin,
        /// The notional.
        notional: Notional,
        /// The policy's limits.
        limits: &'a Limits,
        /// The operator's.
        guardrails: &'a Guardrails,
    },
}

impl Compared<'_> {
    /// The gate that compared it.
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

/// What the gates that opened had compared, in their order.
#[derive(Debug, Clone, Default)]
pub struct Trace<'a>(Vec<Compared<'a>>);

impl<'a> Trace<'a> {
    /// One entry a gate passed.
    #[must_use]
    pub fn passed(&self) -> &[Compared<'a>] {
        &self.0
    }
}

/// Watches the gates. It sees references and answers nothing: it cannot change what is decided. What it does
/// not ask for is not put together.
pub(super) trait Observer<'a> {
    fn passed(&mut self, compared: impl FnOnce() -> Compared<'a>);
}

/// Watches nothing, and costs nothing.
pub(super) struct Unobserved;

impl<'a> Observer<'a> for Unobserved {
    #[inline(always)]
    fn passed(&mut self, _: impl FnOnce() -> Compared<'a>) {}
}

impl<'a> Observer<'a> for Trace<'a> {
    fn passed(&mut self, compared: impl FnOnce() -> Compared<'a>) {
        self.0.push(compared());
    }
}
