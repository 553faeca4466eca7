//! The answers of the engine: trade, exit or skip.

use std::fmt;

use super::{Gate, LeverageFrom, SkipCode, SkipReason, gates::freshness};
use crate::{
    exit::ExitPermit,
    guardrails::Guardrails,
    intent::{Entry, Intent, Size},
    policy::{InForce, Policy},
    provenance::{Source, Sourced},
    types::{
        Leverage, Margin, Notional, PolicyHash, Price, Quantity, Rounded, Side, Symbol, Timestamp,
    },
};

/// The answer to one intent.
#[derive(Debug)]
#[must_use]
pub enum Decision<'a> {
    /// A trade: an entry that passed every gate.
    Trade(Trade<'a>),
    /// An exit that may reduce or close a position.
    Exit(ExitPermit<'a>),
    /// A skip: nothing is done, for the reason in its evidence.
    Skip(Skip<'a>),
}

/// The proof that an entry passed every gate. Only the engine can create one: there is no constructor, no
/// conversion and no deserializer.
#[derive(Debug)]
pub struct Trade<'a> {
    pub(super) intent: &'a Intent<'a>,
    pub(super) entry: &'a Entry,
    pub(super) in_force: InForce<'a>,
    pub(super) guardrails: &'a Guardrails,
    // To keep a trade small, everything that can be computed from the fields is computed by a getter and not stored.
    pub(super) leverage: Leverage,
    pub(super) leverage_from: LeverageFrom,
    pub(super) size: Size,
    pub(super) notional: Notional,
    pub(super) margin: Margin,
}

/// A skipped intent, with the evidence.
#[derive(Debug, Clone, Copy)]
pub struct Skip<'a> {
    pub(super) intent: &'a Intent<'a>,
    pub(super) policy: Option<&'a Policy>,
    pub(super) denial: SkipReason<'a>,
}

impl<'a> Decision<'a> {
    /// Returns `TRADE`, `EXIT` or `SKIP`.
    #[must_use]
    pub const fn verdict(&self) -> &'static str {
        match self {
            Self::Trade(_) => "TRADE",
            Self::Exit(_) => "EXIT",
            Self::Skip(_) => "SKIP",
        }
    }

    /// Returns the skip reason, or `None` for a trade or an exit.
    #[must_use]
    pub const fn reason(&self) -> Option<SkipCode> {
        match self {
            Self::Trade(_) | Self::Exit(_) => None,
            Self::Skip(skip) => Some(skip.reason()),
        }
    }

    /// Returns the gates that passed, in order.
    #[must_use]
    pub fn gates_passed(&self) -> &'static [Gate] {
        match self {
            Self::Trade(_) => Gate::ALL,
            Self::Exit(_) => Gate::Halt.passed_before(),
            Self::Skip(skip) => skip.denial.gate().passed_before(),
        }
    }

    /// Returns the policy under which the decision was made, or `None` if no gate checked a policy.
    #[must_use]
    pub const fn policy(&self) -> Option<&'a Policy> {
        match self {
            Self::Trade(trade) => Some(trade.policy()),
            Self::Exit(_) => None,
            Self::Skip(skip) => skip.policy,
        }
    }

    /// Returns the intent that was decided.
    #[must_use]
    pub const fn intent(&self) -> &'a Intent<'a> {
        match self {
            Self::Trade(trade) => trade.intent,
            Self::Exit(permit) => permit.intent(),
            Self::Skip(skip) => skip.intent,
        }
    }
}

impl<'a> Trade<'a> {
    /// Returns the intent of the trade.
    #[must_use]
    pub const fn intent(&self) -> &'a Intent<'a> {
        self.intent
    }

    /// Returns the symbol to trade.
    #[must_use]
    pub const fn symbol(&self) -> Symbol {
        self.entry.symbol()
    }

    /// Returns the side of the trade.
    #[must_use]
    pub const fn side(&self) -> Side {
        self.entry.side()
    }

    /// Returns the leverage: the leverage of the policy, or a lower one that the intent requested or that an open
    /// position has.
    #[must_use]
    pub const fn leverage(&self) -> Sourced<Leverage> {
        Sourced::new(
            self.leverage,
            self.leverage_from.source(self.entry.symbol()),
        )
    }

    /// Returns the leverage that the intent requested, if any.
    #[must_use]
    pub fn leverage_requested(&self) -> Option<Sourced<Leverage>> {
        let requested = self.entry.leverage()?.ok()?;
        Some(Sourced::new(requested, Source::Intent("leverage")))
    }

    /// Returns the size as stated in the intent.
    #[must_use]
    pub const fn size(&self) -> Sourced<Size> {
        Sourced::new(self.size, self.entry.size_source())
    }

    /// Returns the notional of the position, in USD.
    #[must_use]
    pub fn notional(&self) -> Sourced<Notional> {
        let source = match self.size {
            Size::Notional(_) => self.entry.size_source(),
            Size::Margin(_) => Source::Derived("margin*leverage"),
        };
        Sourced::new(self.notional, source)
    }

    /// Returns the margin of the position, in USD.
    #[must_use]
    pub fn margin(&self) -> Sourced<Margin> {
        let source = match self.size {
            Size::Margin(_) => self.entry.size_source(),
            Size::Notional(_) => Source::Derived("notional/leverage"),
        };
        Sourced::new(self.margin, source)
    }

    /// Returns the quantity in units of the symbol: the quantity of the intent if the size was read from this quantity,
    /// else the notional divided by the price of the intent. Returns `None` if the notional must be divided and there
    /// is no price, or if the quotient is not finite.
    #[must_use]
    pub fn quantity(&self) -> Option<Sourced<Quantity>> {
        if self.entry.is_sized_by_quantity() {
            return self.entry.quantity();
        }
        let price = self.entry.price()?.value();
        let quantity = self.notional.quantity(price).ok()?;
        Some(Sourced::new(quantity, Source::Derived("notional/price")))
    }

    /// Returns the quantity at a price, in units of the symbol, or `None` if the quotient is zero or not finite.
    #[must_use]
    pub fn quantity_at(&self, price: Price) -> Option<Quantity> {
        self.notional.quantity(price).ok()
    }

    /// Returns the entry price of the intent in USD per unit, if stated.
    #[must_use]
    pub fn entry_price(&self) -> Option<Sourced<Price>> {
        carried(self.entry.entry_price(), "entry_price")
    }

    /// Returns the stop-loss price of the intent in USD per unit, if stated.
    #[must_use]
    pub fn stop_loss(&self) -> Option<Sourced<Price>> {
        carried(self.entry.stop_loss(), "stop_loss")
    }

    /// Returns the take-profit price of the intent in USD per unit, if stated.
    #[must_use]
    pub fn take_profit(&self) -> Option<Sourced<Price>> {
        carried(self.entry.take_profit(), "take_profit")
    }

    /// Returns the last timestamp at which the trade may be executed: the expiry of the policy, or the time of the
    /// decision plus the guardrail `max_plan_age_sec` if that is earlier.
    #[must_use]
    pub fn not_after(&self) -> Sourced<Timestamp> {
        let expiry = self.in_force.policy().valid_until();
        let bound = self.guardrails.max_plan_age();
        match bound.map(|age| self.in_force.now().saturating_add(age)) {
            Some(end) if end < expiry => Sourced::new(end, Source::Guardrails("max_plan_age_sec")),
            Some(_) | None => Sourced::new(expiry, Source::Policy("valid_until_epoch")),
        }
    }

    /// Returns the time after which the intent is too old for the policy or the guardrails; `None` if neither bounds
    /// its age. A service that writes the trade later must deny it.
    #[must_use]
    pub fn fresh_until(&self) -> Option<Timestamp> {
        freshness::fresh_until(self.in_force.limits(), self.guardrails, self.intent)
    }

    /// Returns true if the policy was assumed to be in force without a check. Such a trade must
    /// never be executed. Without the feature `what-if`, the result is always false.
    #[must_use]
    pub const fn is_assumed(&self) -> bool {
        self.in_force.is_assumed()
    }

    /// Returns the policy under which the trade was decided.
    #[must_use]
    pub const fn policy(&self) -> &'a Policy {
        self.in_force.policy()
    }

    /// Returns the version of the policy under which the trade was decided.
    #[must_use]
    pub fn policy_version(&self) -> &'a str {
        self.policy().version()
    }

    /// Returns the hash of the policy under which the trade was decided.
    #[must_use]
    pub const fn policy_hash(&self) -> PolicyHash {
        self.policy().hash()
    }
}

/// Adds the name of the intent's field to a price, as its source.
fn carried(price: Option<Price>, field: &'static str) -> Option<Sourced<Price>> {
    price.map(|price| Sourced::new(price, Source::Intent(field)))
}

impl<'a> Skip<'a> {
    /// Returns the skip reason.
    #[must_use]
    pub const fn reason(&self) -> SkipCode {
        self.denial.reason()
    }

    /// Returns the evidence: the observed values, and the requirement that they failed.
    #[must_use]
    pub const fn evidence(&self) -> &SkipReason<'a> {
        &self.denial
    }

    /// Returns the gate that failed.
    #[must_use]
    pub const fn gate(&self) -> Gate {
        self.denial.gate()
    }

    /// Returns the policy, or `None` if no gate checked a policy.
    #[must_use]
    pub const fn policy(&self) -> Option<&'a Policy> {
        self.policy
    }

    /// Returns the intent that was skipped.
    #[must_use]
    pub const fn intent(&self) -> &'a Intent<'a> {
        self.intent
    }
}

impl fmt::Display for Skip<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SKIP {}: {}", self.reason(), self.denial)
    }
}

impl fmt::Display for Trade<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "TRADE {} {} {}x ({}), {} USD {} ({})",
            self.side(),
            self.symbol(),
            self.leverage,
            self.leverage().source(),
            Rounded::new(self.size.usd()),
            self.size.basis(),
            self.entry.size_source(),
        )
    }
}

impl fmt::Display for Decision<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trade(trade) => write!(f, "{trade}"),
            Self::Exit(permit) => write!(f, "{permit}"),
            Self::Skip(skip) => write!(f, "{skip}"),
        }
    }
}
