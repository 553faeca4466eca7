//! What the engine answers.

use std::fmt;

use super::{Denial, Gate, Reason};
use crate::{
    domain::{Instant, Leverage, Margin, Notional, PolicyHash, Price, Quantity, Side, Symbol},
    exit::ExitPermit,
    intent::{Entry, Intent, Size},
    policy::{InForce, Policy},
    provenance::{Source, Sourced},
};

/// The answer to one intent.
#[derive(Debug)]
#[must_use]
pub enum Decision<'a> {
    /// Trade, exactly so.
    Trade(Trade<'a>),
    /// Reduce or close.
    Exit(ExitPermit<'a>),
    /// Do nothing, and why.
    Skip(Skip<'a>),
}

/// The proof that an entry passed every gate. Only the engine makes one: there is no constructor, no
/// conversion and no deserialiser.
#[derive(Debug)]
pub struct Trade<'a> {
    pub(super) intent: &'a Intent<'a>,
    pub(super) entry: &'a Entry,
    pub(super) in_force: InForce<'a>,
    // Small on purpose: a source is put together when somebody asks for it.
    pub(super) leverage: Leverage,
    pub(super) leverage_from: LeverageFrom,
    pub(super) size: Size,
    pub(super) notional: Notional,
    pub(super) margin: Margin,
}

/// Where the leverage of a trade came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeverageFrom {
    /// The policy's entry for the symbol.
    Policy,
    /// The intent, which asked for less.
    Intent,
}

impl LeverageFrom {
    pub(super) const fn source(self, symbol: Symbol) -> Source {
        match self {
            Self::Policy => Source::PolicyLeverage(symbol),
            Self::Intent => Source::Intent("leverage"),
        }
    }
}

/// Nothing is done, with the evidence.
#[derive(Debug, Clone, Copy)]
pub struct Skip<'a> {
    pub(super) intent: &'a Intent<'a>,
    pub(super) policy: Option<&'a Policy>,
    pub(super) denial: Denial<'a>,
}

impl<'a> Decision<'a> {
    /// `TRADE`, `EXIT` or `SKIP`.
    #[must_use]
    pub const fn verdict(&self) -> &'static str {
        match self {
            Self::Trade(_) => "TRADE",
            Self::Exit(_) => "EXIT",
            Self::Skip(_) => "SKIP",
        }
    }

    /// Why nothing is done, if nothing is.
    #[must_use]
    pub const fn reason(&self) -> Option<Reason> {
        match self {
            Self::Trade(_) | Self::Exit(_) => None,
            Self::Skip(skip) => Some(skip.reason()),
        }
    }

    /// The gates that were passed, in order.
    #[must_use]
    pub fn gates_passed(&self) -> &'static [Gate] {
        match self {
            Self::Trade(_) => &Gate::ALL,
            Self::Exit(_) => Gate::Halt.passed_before(),
            Self::Skip(skip) => skip.denial.gate().passed_before(),
        }
    }

    /// The policy it was made by, where a gate had looked at one.
    #[must_use]
    pub const fn policy(&self) -> Option<&'a Policy> {
        match self {
            Self::Trade(trade) => Some(trade.policy()),
            Self::Exit(_) => None,
            Self::Skip(skip) => skip.policy,
        }
    }

    /// The intent it answers.
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
    /// The intent that asked.
    #[must_use]
    pub const fn intent(&self) -> &'a Intent<'a> {
        self.intent
    }

    /// What to trade.
    #[must_use]
    pub const fn symbol(&self) -> Symbol {
        self.entry.symbol()
    }

    /// Which way.
    #[must_use]
    pub const fn side(&self) -> Side {
        self.entry.side()
    }

    /// The leverage: the policy's, or less where the intent asked for less.
    #[must_use]
    pub const fn leverage(&self) -> Sourced<Leverage> {
        Sourced::new(
            self.leverage,
            self.leverage_from.source(self.entry.symbol()),
        )
    }

    /// The leverage that the intent asked for, if it asked.
    #[must_use]
    pub fn leverage_requested(&self) -> Option<Sourced<Leverage>> {
        let asked = self.entry.leverage()?.ok()?;
        Some(Sourced::new(asked, Source::Intent("leverage")))
    }

    /// The size, as the intent gave it.
    #[must_use]
    pub const fn size(&self) -> Sourced<Size> {
        Sourced::new(self.size, self.entry.size_source())
    }

    /// What the position is worth, in USD.
    #[must_use]
    pub fn notional(&self) -> Sourced<Notional> {
        let source = match self.size {
            Size::Notional(_) => self.entry.size_source(),
            Size::Margin(_) => Source::Derived("margin*leverage"),
        };
        Sourced::new(self.notional, source)
    }

    /// What is put up for it, in USD.
    #[must_use]
    pub fn margin(&self) -> Sourced<Margin> {
        let source = match self.size {
            Size::Margin(_) => self.entry.size_source(),
            Size::Notional(_) => Source::Derived("notional/leverage"),
        };
        Sourced::new(self.margin, source)
    }

    /// Units of the symbol: the intent's own quantity, else the notional at the price that the intent holds.
    /// `None` where it holds neither, or where the quotient is not finite.
    #[must_use]
    pub fn quantity(&self) -> Option<Sourced<Quantity>> {
        if let Some(own) = self.entry.quantity() {
            return Some(own);
        }
        let price = self.entry.price()?.value();
        let quantity = self.notional.quantity(price).ok()?;
        Some(Sourced::new(quantity, Source::Derived("notional/price")))
    }

    /// Units of the symbol at a price, `None` where the quotient is zero or not finite.
    #[must_use]
    pub fn quantity_at(&self, price: Price) -> Option<Quantity> {
        self.notional.quantity(price).ok()
    }

    /// Where the intent gets in, where it said so.
    #[must_use]
    pub fn entry_price(&self) -> Option<Sourced<Price>> {
        carried(self.entry.entry_price(), "entry_price")
    }

    /// Where the intent gets out at a loss, where it said so.
    #[must_use]
    pub fn stop_loss(&self) -> Option<Sourced<Price>> {
        carried(self.entry.stop_loss(), "stop_loss")
    }

    /// Where the intent gets out at a profit, where it said so.
    #[must_use]
    pub fn take_profit(&self) -> Option<Sourced<Price>> {
        carried(self.entry.take_profit(), "take_profit")
    }

    /// The policy's expiry: nobody may carry the trade out later.
    #[must_use]
    pub const fn not_after(&self) -> Instant {
        self.in_force.policy().valid_until()
    }

    /// Whether that policy's being in force was assumed and not checked: nobody may carry such a trade out.
    /// Never true without the feature `what-if`.
    #[must_use]
    pub const fn is_assumed(&self) -> bool {
        self.in_force.is_assumed()
    }

    /// The policy it was made under.
    #[must_use]
    pub const fn policy(&self) -> &'a Policy {
        self.in_force.policy()
    }

    /// The version of that policy.
    #[must_use]
    pub fn policy_version(&self) -> &'a str {
        self.policy().version()
    }

    /// The hash of that policy.
    #[must_use]
    pub const fn policy_hash(&self) -> PolicyHash {
        self.policy().hash()
    }
}

/// A price of the intent, with the field that held it.
fn carried(price: Option<Price>, field: &'static str) -> Option<Sourced<Price>> {
    price.map(|price| Sourced::new(price, Source::Intent(field)))
}

impl<'a> Skip<'a> {
    /// The reason's code.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.denial.reason()
    }

    /// What was observed, and what was required.
    #[must_use]
    pub const fn evidence(&self) -> &Denial<'a> {
        &self.denial
    }

    /// The gate that failed.
    #[must_use]
    pub const fn gate(&self) -> Gate {
        self.denial.gate()
    }

    /// The policy, where there was one and a gate had looked at it.
    #[must_use]
    pub const fn policy(&self) -> Option<&'a Policy> {
        self.policy
    }

    /// The intent that asked.
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
            self.size.usd(),
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
