//! What an intent asks for.

use std::borrow::Cow;

use serde::Serialize;
use thiserror::Error;

use super::{IntentFault, Times};
use crate::{
    domain::{
        Instant, Leverage, Margin, Notional, NumberError, PolicyHash, Price, Quantity, Side, Symbol,
    },
    provenance::{Source, Sourced},
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
    pub(crate) times: Times,
    pub(crate) policy_hash: Option<Box<Result<PolicyHash, Unreadable>>>,
    pub(crate) request: Result<Request, Refused>,
}

/// What is left of an intent that does not say one thing.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    pub(crate) fault: IntentFault,
    pub(crate) symbol: Option<Symbol>,
    pub(crate) side: Option<Side>,
    /// It is no exit and says nothing of its time: where nobody else does, that is a fault too.
    pub(crate) untimed: bool,
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
// Kept small: what it is made of is worked out when somebody asks, not when it is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry {
    pub(crate) symbol: Symbol,
    pub(super) side: Side,
    pub(super) size: SizeAsked,
    pub(super) leverage: Option<f64>,
    pub(super) quantity: Option<(Quantity, SizeField)>,
    pub(super) price: Option<(Price, SizeField)>,
    pub(super) entry_price: Option<Price>,
    pub(super) stop_loss: Option<Price>,
    pub(super) take_profit: Option<Price>,
}

/// The size that an entry asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum SizeAsked {
    Nothing,
    Unusable(SizeFault),
    Notional(Notional, SizeField),
    Margin(Margin, SizeField),
}

impl Entry {
    /// What to trade.
    #[must_use]
    pub const fn symbol(&self) -> Symbol {
        self.symbol
    }

    /// Which way.
    #[must_use]
    pub const fn side(&self) -> Side {
        self.side
    }

    /// The leverage asked for, if any was.
    #[must_use]
    pub fn leverage(&self) -> Option<Result<Leverage, NumberError>> {
        self.leverage.map(Leverage::new)
    }

    /// The size asked for, if any was.
    #[must_use]
    pub fn size(&self) -> Option<Result<Sourced<Size>, SizeFault>> {
        let size = self.size_asked()?;
        Some(size.map(|size| Sourced::new(size, self.size_source())))
    }

    /// The size asked for, without its source.
    #[inline]
    pub(crate) const fn size_asked(&self) -> Option<Result<Size, SizeFault>> {
        match self.size {
            SizeAsked::Nothing => None,
            SizeAsked::Unusable(fault) => Some(Err(fault)),
            SizeAsked::Notional(amount, _) => Some(Ok(Size::Notional(amount))),
            SizeAsked::Margin(amount, _) => Some(Ok(Size::Margin(amount))),
        }
    }

    /// Where the size came from.
    pub(crate) const fn size_source(&self) -> Source {
        match self.size {
            SizeAsked::Notional(_, field) | SizeAsked::Margin(_, field) => field.source(),
            SizeAsked::Nothing | SizeAsked::Unusable(_) => Source::Intent("size"),
        }
    }

    /// The quantity that stood in the intent.
    #[must_use]
    pub fn quantity(&self) -> Option<Sourced<Quantity>> {
        self.quantity
            .map(|(quantity, field)| Sourced::new(quantity, field.source()))
    }

    /// The price that a quantity is worked out with.
    #[must_use]
    pub fn price(&self) -> Option<Sourced<Price>> {
        self.price
            .map(|(price, field)| Sourced::new(price, field.source()))
    }

    /// Carried: where to get in.
    #[must_use]
    pub const fn entry_price(&self) -> Option<Price> {
        self.entry_price
    }

    /// Carried: where to get out at a loss.
    #[must_use]
    pub const fn stop_loss(&self) -> Option<Price> {
        self.stop_loss
    }

    /// Carried: where to get out at a profit.
    #[must_use]
    pub const fn take_profit(&self) -> Option<Price> {
        self.take_profit
    }
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
    /// The intent named no quantity, and no size either.
    NotAsked,
    /// It named no quantity, and a size in USD: nobody may take that for "all of it".
    SizeAlone,
    /// It named one that cannot be read: nobody may take that for "all of it".
    Unreadable,
    /// This much.
    Asked(Sourced<Quantity>),
}

impl QuantityAsked {
    /// What is wrong with it, in words.
    #[must_use]
    pub const fn fault(&self) -> Option<&'static str> {
        match self {
            Self::NotAsked | Self::Asked(_) => None,
            Self::SizeAlone => {
                Some("a size in USD stands without a quantity: how much to close is not said")
            }
            Self::Unreadable => Some("the quantity cannot be read: how much to close is not said"),
        }
    }
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

/// The fields that a size is read from, and the products of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(into = "&'static str")]
pub enum SizeField {
    /// `quantity`
    Quantity,
    /// `qty`
    Qty,
    /// `price`
    Price,
    /// `entry_price`
    EntryPrice,
    /// `quantity*price`
    QuantityPrice,
    /// `quantity*entry_price`
    QuantityEntryPrice,
    /// `qty*price`
    QtyPrice,
    /// `qty*entry_price`
    QtyEntryPrice,
    /// `position_usd`
    PositionUsd,
    /// `size`
    Size,
    /// `position_size_usd`
    PositionSizeUsd,
}

impl SizeField {
    /// Its name, or the product as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quantity => "quantity",
            Self::Qty => "qty",
            Self::Price => "price",
            Self::EntryPrice => "entry_price",
            Self::QuantityPrice => "quantity*price",
            Self::QuantityEntryPrice => "quantity*entry_price",
            Self::QtyPrice => "qty*price",
            Self::QtyEntryPrice => "qty*entry_price",
            Self::PositionUsd => "position_usd",
            Self::Size => "size",
            Self::PositionSizeUsd => "position_size_usd",
        }
    }

    pub(super) const fn source(self) -> Source {
        Source::Intent(self.as_str())
    }
}

impl From<SizeField> for &'static str {
    fn from(field: SizeField) -> Self {
        field.as_str()
    }
}

impl std::fmt::Display for SizeField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why the fields of a size make no size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SizeFault {
    /// A field is there and holds no finite number greater than zero.
    #[error("`{0}` is not a finite number greater than 0")]
    BadValue(SizeField),
    /// A quantity stands there without a price.
    #[error("`{0}` stands without a price")]
    NoPrice(SizeField),
    /// A margin stands there without a leverage.
    #[error("`{0}` stands without a leverage")]
    NoLeverage(SizeField),
    /// The product is zero or not finite.
    #[error("`{0}` is not finite and greater than 0")]
    BadProduct(SizeField),
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
        match &self.request {
            Ok(Request::Entry(entry)) => Some(entry.symbol),
            Ok(Request::Exit(exit)) => Some(exit.symbol),
            Err(refused) => refused.symbol,
        }
    }

    /// The side, where one could be read, whatever else is wrong.
    #[must_use]
    pub const fn side(&self) -> Option<Side> {
        match &self.request {
            Ok(Request::Entry(entry)) => Some(entry.side),
            Ok(Request::Exit(exit)) => exit.side,
            Err(refused) => refused.side,
        }
    }

    /// The instant a replay judges it at: when a service decided it, else when it was sent.
    #[must_use]
    pub fn event_time(&self) -> Option<Instant> {
        self.times.event_time()
    }

    /// When it was sent: its age counts from here. Falls back to the instant of the decision.
    #[must_use]
    pub fn emitted_at(&self) -> Option<Instant> {
        self.times.sent_at()
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
        self.policy_hash.as_deref().map(|hash| hash.ok())
    }

    /// What it asks for, or why that cannot be told.
    ///
    /// # Errors
    /// The first of its faults, in the order in which the first gate answers.
    #[inline]
    pub const fn request(&self) -> Result<&Request, &IntentFault> {
        match &self.request {
            Ok(request) => Ok(request),
            Err(refused) => Err(&refused.fault),
        }
    }

    /// Its fault, if it has one, is told as standing on this line of a tape.
    #[inline]
    pub fn set_line(&mut self, number: usize) {
        if let Err(refused) = &mut self.request {
            refused.fault.move_to_line(number);
        }
    }

    /// It is no entry for this fault; an exit, or what is no entry already, stays as it is.
    pub(crate) fn refuse_entry(&mut self, fault: IntentFault) {
        if let Ok(Request::Entry(entry)) = self.request {
            self.request = Err(Refused {
                fault,
                symbol: Some(entry.symbol),
                side: Some(entry.side),
                untimed: false,
            });
        }
    }

    /// A record that is no intent.
    #[must_use]
    pub const fn unreadable(fault: IntentFault) -> Self {
        Self {
            id: None,
            source: Ok(None),
            times: Times::UNKNOWN,
            policy_hash: None,
            request: Err(Refused {
                fault,
                symbol: None,
                side: None,
                untimed: false,
            }),
        }
    }
}
