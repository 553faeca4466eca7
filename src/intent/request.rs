//! Intents, and the entries and exits that they request.

use std::borrow::Cow;

use thiserror::Error;

use super::{IntentError, RecordedPolicy, Times};
use crate::{
    json::Unreadable,
    provenance::{Source, Sourced},
    types::{
        Leverage, Margin, Notional, NumberError, PolicyHash, Price, Quantity, Side, Symbol,
        Timestamp,
    },
};

/// A request to trade one symbol.
///
/// Created by [`crate::record::read`] or [`super::IntentBuilder::build`]. It contains a valid
/// request, or the fault of an invalid one. Both can be passed to the engine.
#[derive(Debug, Clone)]
pub struct Intent<'a> {
    pub(crate) id: Option<Cow<'a, str>>,
    pub(crate) source: Result<Option<Cow<'a, str>>, Unreadable>,
    pub(crate) times: Times,
    pub(crate) policy_hash: Option<Box<Result<PolicyHash, Unreadable>>>,
    pub(crate) request: Result<Request, InvalidRequest>,
}

/// The readable parts of an invalid intent.
#[derive(Debug, Clone)]
pub(crate) struct InvalidRequest {
    pub(crate) fault: IntentError,
    pub(crate) symbol: Option<Symbol>,
    pub(crate) side: Option<Side>,
    /// True if the intent is not an exit and has no timestamp. If the caller has no time either,
    /// the missing timestamp may be the fault that is reported.
    pub(crate) untimed: bool,
}

/// The request of an intent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Request {
    /// A request to open or add to a position.
    Entry(Entry),
    /// A request to reduce or close a position.
    Exit(Exit),
}

/// A request to open or add to a position.
// To keep an entry small, sources and checked types are computed by the getters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry {
    pub(crate) symbol: Symbol,
    pub(super) side: Side,
    pub(super) size: RequestedSize,
    pub(super) leverage: Option<f64>,
    pub(super) quantity: Option<(Quantity, SizeField)>,
    pub(super) price: Option<(Price, SizeField)>,
    pub(super) entry_price: Option<Price>,
    pub(super) stop_loss: Option<Price>,
    pub(super) take_profit: Option<Price>,
}

/// The requested size of an entry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum RequestedSize {
    Absent,
    Unusable(SizeError),
    Notional(Notional, SizeField),
    Margin(Margin, SizeField),
}

impl Entry {
    /// Returns the symbol.
    #[must_use]
    pub const fn symbol(&self) -> Symbol {
        self.symbol
    }

    /// Returns the side.
    #[must_use]
    pub const fn side(&self) -> Side {
        self.side
    }

    /// Returns the requested leverage, if any.
    #[must_use]
    pub fn leverage(&self) -> Option<Result<Leverage, NumberError>> {
        self.leverage.map(Leverage::new)
    }

    /// Returns the requested size and its source, if any.
    #[must_use]
    pub fn size(&self) -> Option<Result<Sourced<Size>, SizeError>> {
        let size = self.requested_size()?;
        Some(size.map(|size| Sourced::new(size, self.size_source())))
    }

    /// Returns the requested size without its source.
    #[inline]
    pub(crate) const fn requested_size(&self) -> Option<Result<Size, SizeError>> {
        match self.size {
            RequestedSize::Absent => None,
            RequestedSize::Unusable(fault) => Some(Err(fault)),
            RequestedSize::Notional(amount, _) => Some(Ok(Size::Notional(amount))),
            RequestedSize::Margin(amount, _) => Some(Ok(Size::Margin(amount))),
        }
    }

    /// Returns the source of the size.
    pub(crate) const fn size_source(&self) -> Source {
        match self.size {
            RequestedSize::Notional(_, field) | RequestedSize::Margin(_, field) => field.source(),
            RequestedSize::Absent | RequestedSize::Unusable(_) => Source::Intent("size"),
        }
    }

    /// Returns the quantity of the intent in units of the symbol, if it is valid.
    #[must_use]
    pub fn quantity(&self) -> Option<Sourced<Quantity>> {
        self.quantity
            .map(|(quantity, field)| Sourced::new(quantity, field.source()))
    }

    /// Returns the price in USD per unit that converts the quantity to a notional, if it is valid.
    #[must_use]
    pub fn price(&self) -> Option<Sourced<Price>> {
        self.price
            .map(|(price, field)| Sourced::new(price, field.source()))
    }

    /// Returns the entry price in USD per unit. It is passed on with the trade.
    #[must_use]
    pub const fn entry_price(&self) -> Option<Price> {
        self.entry_price
    }

    /// Returns the stop-loss price in USD per unit. It is passed on with the trade.
    #[must_use]
    pub const fn stop_loss(&self) -> Option<Price> {
        self.stop_loss
    }

    /// Returns the take-profit price in USD per unit. It is passed on with the trade.
    #[must_use]
    pub const fn take_profit(&self) -> Option<Price> {
        self.take_profit
    }
}

/// A request to reduce or close a position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exit {
    /// The symbol to close.
    pub symbol: Symbol,
    /// The side of the closing order, if the intent states one.
    pub side: Option<Side>,
    /// The quantity to close.
    pub quantity: ExitQuantity,
}

/// The quantity that an exit requests to close.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ExitQuantity {
    /// The intent has neither a quantity nor a size.
    NotStated,
    /// The intent has a size in USD but no quantity. This does not mean "close everything".
    UsdSizeOnly,
    /// The intent has an unreadable quantity. This does not mean "close everything".
    Unreadable,
    /// The intent requests this quantity, in units of the symbol.
    Stated(Sourced<Quantity>),
}

impl ExitQuantity {
    /// Returns a message if the quantity to close is unknown.
    #[must_use]
    pub const fn fault(&self) -> Option<&'static str> {
        match self {
            Self::NotStated | Self::Stated(_) => None,
            Self::UsdSizeOnly => Some(
                "the intent has a size in USD but no quantity: the quantity to close is unknown",
            ),
            Self::Unreadable => {
                Some("the quantity is unreadable: the quantity to close is unknown")
            }
        }
    }
}

/// The size of an entry, as a notional or as a margin; `notional = margin × leverage`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Size {
    /// The notional value of the position, in USD.
    Notional(Notional),
    /// The margin of the position, in USD.
    Margin(Margin),
}

impl Size {
    /// Returns the amount in USD.
    #[must_use]
    pub const fn usd(self) -> f64 {
        match self {
            Self::Notional(amount) => amount.get(),
            Self::Margin(amount) => amount.get(),
        }
    }

    /// Returns `notional` or `margin`.
    #[must_use]
    pub const fn basis(self) -> &'static str {
        match self {
            Self::Notional(_) => "notional",
            Self::Margin(_) => "margin",
        }
    }
}

/// The fields from which a size is read, and their products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizeField {
    /// The field `quantity`.
    Quantity,
    /// The field `qty`.
    Qty,
    /// The field `price`.
    Price,
    /// The field `entry_price`.
    EntryPrice,
    /// The product `quantity*price`.
    QuantityPrice,
    /// The product `quantity*entry_price`.
    QuantityEntryPrice,
    /// The product `qty*price`.
    QtyPrice,
    /// The product `qty*entry_price`.
    QtyEntryPrice,
    /// The field `position_usd`.
    PositionUsd,
    /// The field `size`.
    Size,
    /// The field `position_size_usd`.
    PositionSizeUsd,
}

impl SizeField {
    /// Returns the field name or the product, such as `quantity*price`.
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

impl std::fmt::Display for SizeField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The reason why the fields of an intent are not a valid size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SizeError {
    /// A field is not a finite number greater than zero.
    #[error("`{0}` is not a finite number greater than 0")]
    BadValue(SizeField),
    /// The intent has a quantity but no price.
    #[error("`{0}` needs a price; set `price` or `entry_price`")]
    NoPrice(SizeField),
    /// The intent has a margin but no leverage.
    #[error("`{0}` needs a leverage; set `leverage`")]
    NoLeverage(SizeField),
    /// The product of quantity and price is zero or not finite.
    #[error("the product `{0}` is not a finite number greater than 0")]
    BadProduct(SizeField),
}

impl<'a> Intent<'a> {
    /// Returns the id of the intent, if it has one.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Returns the name of the service that sent the intent, if readable.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        self.source.as_ref().ok().and_then(|name| name.as_deref())
    }

    /// Returns the symbol if it is readable, even if the intent is invalid.
    #[must_use]
    pub const fn symbol(&self) -> Option<Symbol> {
        match &self.request {
            Ok(Request::Entry(entry)) => Some(entry.symbol),
            Ok(Request::Exit(exit)) => Some(exit.symbol),
            Err(invalid) => invalid.symbol,
        }
    }

    /// Returns the side if it is readable, even if the intent is invalid.
    #[must_use]
    pub const fn side(&self) -> Option<Side> {
        match &self.request {
            Ok(Request::Entry(entry)) => Some(entry.side),
            Ok(Request::Exit(exit)) => exit.side,
            Err(invalid) => invalid.side,
        }
    }

    /// Returns the timestamp at which a replay evaluates the intent: the time of the decision or,
    /// if the intent has none, the time of sending.
    #[must_use]
    pub fn event_time(&self) -> Option<Timestamp> {
        self.times.event_time()
    }

    /// Returns the time of sending or, if the intent has none, the time of the decision. The age of
    /// the intent is counted from this time.
    #[must_use]
    pub fn emitted_at(&self) -> Option<Timestamp> {
        self.times.sent_at()
    }

    /// Returns true if the time was an ISO-8601 text without an offset, which was read as UTC.
    #[must_use]
    pub const fn offset_assumed(&self) -> bool {
        self.times.offset_assumed
    }

    /// Returns the policy of a recorded decision.
    #[must_use]
    pub fn recorded_policy(&self) -> RecordedPolicy {
        match (self.times.decided_at, self.policy_hash.as_deref()) {
            (Some(_), Some(hash)) => (*hash).into(),
            (None, _) | (_, None) => RecordedPolicy::NotRecorded,
        }
    }

    /// Returns the request.
    ///
    /// # Errors
    /// Returns the fault if the intent is invalid; of several faults, the first in the order of [`super::IntentErrorKind`].
    #[inline]
    pub const fn request(&self) -> Result<&Request, &IntentError> {
        match &self.request {
            Ok(request) => Ok(request),
            Err(invalid) => Err(&invalid.fault),
        }
    }

    /// Sets the line number of the fault, if the intent has one.
    #[inline]
    pub fn set_line(&mut self, number: usize) {
        if let Err(invalid) = &mut self.request {
            invalid.fault.move_to_line(number);
        }
    }

    /// Makes an entry invalid with this fault. An exit or an invalid intent is not changed.
    pub(crate) fn invalidate_entry(&mut self, fault: IntentError) {
        if let Ok(Request::Entry(entry)) = self.request {
            self.request = Err(InvalidRequest {
                fault,
                symbol: Some(entry.symbol),
                side: Some(entry.side),
                untimed: false,
            });
        }
    }

    /// Creates the intent for a record that could not be read.
    #[must_use]
    pub const fn unreadable(fault: IntentError) -> Self {
        Self {
            id: None,
            source: Ok(None),
            times: Times::UNKNOWN,
            policy_hash: None,
            request: Err(InvalidRequest {
                fault,
                symbol: None,
                side: None,
                untimed: false,
            }),
        }
    }
}
