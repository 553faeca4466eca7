//! What an intent asks for.

use std::borrow::Cow;

use serde::Serialize;
use thiserror::Error;

use super::{IntentFault, Times};
use crate::{
    domain::{
        Instant, Leverage, Margin, Notional, NumberError, PolicyHash, Price, Quantity, Side, Symbol,
    },
    provenance::Sourced,
    wire::Unreadable,
};

/// A request to trade one symbol, as far as it could be read.
///
/// Made by [`crate::event::read`] or [`super::IntentBuilder::build`]. It says one thing, or holds the fault
/// that keeps it from doing so; deciding takes it either way.
#[derive(Debug, Clone)]
pub struct Intent<'a> {
    pub(crate) id: Option<Cow<'a, str>>,
    pub(crate) source: Result<Option<Cow<'a, str>>, Unreadable>,
    pub(crate) symbol: Option<Symbol>,
    pub(crate) side: Option<Side>,
    pub(crate) times: Times,
    pub(crate) policy_hash: Option<Result<PolicyHash, Unreadable>>,
    pub(crate) request: Result<Request, IntentFault>,
}

/// One of two things that an intent can want.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Request {
    /// Opens or adds to a position.
    Entry(Entry),
    /// Reduces or closes a position.
    Exit(Exit),
}

/// A wish to open or add to a position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry {
    /// What to trade.
    pub symbol: Symbol,
    /// Which way.
    pub side: Side,
    /// The leverage asked for, if any was.
    pub leverage: Option<Result<Leverage, NumberError>>,
    /// The size asked for, if any was.
    pub size: Option<Result<Sourced<Size>, SizeFault>>,
    /// The quantity that stood in the intent.
    pub quantity: Option<Sourced<Quantity>>,
    /// The price that a quantity is worked out with.
    pub price: Option<Sourced<Price>>,
    /// Carried: where to get in.
    pub entry_price: Option<Price>,
    /// Carried: where to get out at a loss.
    pub stop_loss: Option<Price>,
    /// Carried: where to get out at a profit.
    pub take_profit: Option<Price>,
}

/// A wish to reduce or close a position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exit {
    /// What to close.
    pub symbol: Symbol,
    /// The side of the closing order, where the intent said one.
    pub side: Option<Side>,
    /// How much of it.
    pub quantity: QuantityAsked,
}

/// How much an exit asks to close.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum QuantityAsked {
    /// The intent named no quantity.
    NotAsked,
    /// It named one that cannot be read: nobody may take that for "all of it".
    Unreadable,
    /// This much.
    Asked(Sourced<Quantity>),
}

/// The size of an entry. The basis is part of the type: notional = margin × leverage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Size {
    /// What the position is worth.
    Notional(Notional),
    /// What is put up for it.
    Margin(Margin),
}

impl Size {
    /// The amount in USD.
    #[must_use]
    pub const fn usd(self) -> f64 {
        match self {
            Self::Notional(amount) => amount.get(),
            Self::Margin(amount) => amount.get(),
        }
    }

    /// `notional` or `margin`.
    #[must_use]
    pub const fn basis(self) -> &'static str {
        match self {
            Self::Notional(_) => "notional",
            Self::Margin(_) => "margin",
        }
    }
}

/// Why the fields of a size make no size.
#[derive(Debug, Clone, Copy, PartialEq, Error, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SizeFault {
    /// A field is there and holds no finite number greater than zero.
    #[error("`{0}` is not a finite number greater than 0")]
    BadValue(&'static str),
    /// A quantity stands there without a price.
    #[error("`{0}` stands without a price")]
    NoPrice(&'static str),
    /// A margin stands there without a leverage.
    #[error("`{0}` stands without a leverage")]
    NoLeverage(&'static str),
    /// The product is zero or not finite.
    #[error("`{0}` is not finite and greater than 0")]
    BadProduct(&'static str),
}

impl<'a> Intent<'a> {
    /// The intent's own id, where it has one.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The service that emitted it, where it says so readably.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        self.source.as_ref().ok().and_then(|name| name.as_deref())
    }

    /// The symbol, where one could be read, whatever else is wrong.
    #[must_use]
    pub const fn symbol(&self) -> Option<Symbol> {
        self.symbol
    }

    /// The side, where one could be read, whatever else is wrong.
    #[must_use]
    pub const fn side(&self) -> Option<Side> {
        self.side
    }

    /// The instant a replay judges it at: when a service decided it, else when it was sent.
    #[must_use]
    pub fn event_time(&self) -> Option<Instant> {
        self.times.event_time()
    }

    /// When it was sent: its age counts from here. Falls back to the instant of the decision.
    #[must_use]
    pub fn emitted_at(&self) -> Option<Instant> {
        self.times.emitted_at.or(self.times.decided_at)
    }

    /// The time was an ISO-8601 text without an offset, and was read as UTC.
    #[must_use]
    pub const fn offset_assumed(&self) -> bool {
        self.times.offset_assumed
    }

    /// The policy that judged it, where the intent is a recording of a live decision: it holds both
    /// `decided_at` and `policy_hash`. `Some(None)` is a hash that cannot be read.
    #[must_use]
    pub fn recorded_policy(&self) -> Option<Option<PolicyHash>> {
        self.times.decided_at?;
        self.policy_hash.map(Result::ok)
    }

    /// What it asks for, or why that cannot be told.
    ///
    /// # Errors
    /// The first of its faults, in the order in which the first gate answers.
    pub const fn request(&self) -> Result<&Request, &IntentFault> {
        self.request.as_ref()
    }

    /// The same intent, its fault told as standing on this line of a tape.
    #[must_use]
    pub fn on_line(self, number: usize) -> Self {
        Self {
            request: self.request.map_err(|fault| fault.on_line(number)),
            ..self
        }
    }

    /// A record that is no intent.
    #[must_use]
    pub const fn unreadable(fault: IntentFault) -> Self {
        Self {
            id: None,
            source: Ok(None),
            symbol: None,
            side: None,
            times: Times {
                decided_at: None,
                emitted_at: None,
                unreadable: None,
                offset_assumed: false,
            },
            policy_hash: None,
            request: Err(fault),
        }
    }
}
