//! Intents, and the entries and exits that they request.

use std::{borrow::Cow, hint::select_unpredictable};

use thiserror::Error;

use super::{ExitConflict, IntentError, RecordedPolicy, SizeField, Times, UnsupportedFields};
use crate::{
    json::Unreadable,
    provenance::{Source, Sourced},
    types::{
        Fraction, Leverage, Margin, Notional, NumberError, PolicyHash, PositionSide, Price,
        Quantity, Side, SignedDuration, Symbol, Timestamp,
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
    pub(crate) rare: Option<Box<RareParts>>,
    pub(crate) request: Result<Request, Box<InvalidRequest>>,
}

/// The parts that few intents have. They are boxed, so that the other intents are smaller.
#[derive(Debug, Clone, Default)]
pub(crate) struct RareParts {
    pub(crate) policy_hash: Option<Result<PolicyHash, Unreadable>>,
    /// Fields that could change the order and are not read.
    pub(crate) unsupported: Option<UnsupportedFields>,
    /// The fault of a time that makes the age unknown.
    pub(crate) time_fault: Option<IntentError>,
}

impl RareParts {
    /// Returns the boxed parts, or `None` if all are absent.
    pub(crate) fn boxed(self) -> Option<Box<Self>> {
        let is_empty =
            self.policy_hash.is_none() && self.unsupported.is_none() && self.time_fault.is_none();
        (!is_empty).then(|| Box::new(self))
    }
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
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// A request to open or add to a position.
    Entry(Entry),
    /// A request to reduce or close a position. It is boxed, because it is rarer and larger than an entry.
    Exit(Box<Exit>),
}

/// A request to open or add to a position.
// To keep an entry small, sources and checked types are computed by the getters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry {
    pub(crate) symbol: Symbol,
    pub(super) side: Side,
    pub(super) size: RequestedSize,
    pub(super) leverage: Option<f64>,
    pub(super) quantity: Option<Quantity>,
    /// The field of the quantity, if there is one.
    pub(super) quantity_field: Option<SizeField>,
    pub(super) price: Option<Price>,
    pub(super) entry_price: Option<Price>,
    pub(super) stop_loss: Option<Price>,
    pub(super) take_profit: Option<Price>,
}

/// The requested size of an entry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum RequestedSize {
    Absent,
    Unusable(SizeError),
    /// The amount, its field, and the largest amount that the intent states.
    Notional(Notional, SizeField, Notional),
    /// The margin, its field, and the largest amount that the intent states, as a margin.
    Margin(Margin, SizeField, Margin),
}

impl RequestedSize {
    pub(super) const fn notional(amount: Notional, field: SizeField) -> Self {
        Self::Notional(amount, field, amount)
    }

    pub(super) const fn margin(amount: Margin, field: SizeField) -> Self {
        Self::Margin(amount, field, amount)
    }

    /// Sets the largest amount, which is checked against the limits. `own` is the notional of this statement, and
    /// `largest` is the largest notional of all statements.
    pub(super) fn checked_at(self, own: f64, largest: f64) -> Self {
        match self {
            Self::Notional(amount, field, _) if largest > own => {
                Self::Notional(amount, field, Notional::new(largest).unwrap_or(amount))
            }
            Self::Margin(amount, field, _) if largest > own => {
                let margin = Margin::new(amount.get() * (largest / own));
                Self::Margin(amount, field, margin.unwrap_or(amount))
            }
            Self::Notional(..) | Self::Margin(..) | Self::Absent | Self::Unusable(_) => self,
        }
    }
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
    #[inline]
    pub fn leverage(&self) -> Option<Result<Leverage, NumberError>> {
        self.leverage.map(Leverage::new)
    }

    /// Returns the requested leverage or, if there is none, the given one. Whether an intent requests a leverage cannot
    /// be predicted, so there is no branch.
    #[inline(always)]
    pub(crate) fn leverage_or(&self, given: Leverage) -> Result<Leverage, NumberError> {
        let requested = self.leverage.unwrap_or(f64::NAN).to_bits();
        let is_requested = self.leverage.is_some();
        let bits = select_unpredictable(is_requested, requested, given.get().to_bits());
        Leverage::new(f64::from_bits(bits))
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
            RequestedSize::Notional(amount, ..) => Some(Ok(Size::Notional(amount))),
            RequestedSize::Margin(amount, ..) => Some(Ok(Size::Margin(amount))),
        }
    }

    /// Returns the largest size that the intent states, to which the limits apply. It is less than 1.5 times
    /// [`Self::size`], because statements that differ more contradict each other.
    #[inline]
    pub(crate) const fn largest_size(&self) -> Option<Size> {
        match self.size {
            RequestedSize::Absent | RequestedSize::Unusable(_) => None,
            RequestedSize::Notional(_, _, largest) => Some(Size::Notional(largest)),
            RequestedSize::Margin(_, _, largest) => Some(Size::Margin(largest)),
        }
    }

    /// Returns the source of the size.
    pub(crate) const fn size_source(&self) -> Source {
        match self.size {
            RequestedSize::Notional(_, field, _) | RequestedSize::Margin(_, field, _) => {
                field.source()
            }
            RequestedSize::Absent | RequestedSize::Unusable(_) => Source::Intent("size"),
        }
    }

    /// Returns the quantity of the intent in units of the symbol, if it is valid.
    #[must_use]
    pub fn quantity(&self) -> Option<Sourced<Quantity>> {
        let (quantity, field) = (self.quantity?, self.quantity_field?);
        Some(Sourced::new(quantity, field.source()))
    }

    /// Returns the price that converts a quantity to a notional, if there is a valid one: the larger of `price` and
    /// `entry_price`.
    #[must_use]
    pub fn price(&self) -> Option<Sourced<Price>> {
        let (price, field) = match (self.price, self.entry_price) {
            (Some(price), Some(entry)) if entry > price => (entry, SizeField::EntryPrice),
            (Some(price), _) => (price, SizeField::Price),
            (None, Some(entry)) => (entry, SizeField::EntryPrice),
            (None, None) => return None,
        };
        Some(Sourced::new(price, field.source()))
    }

    /// Returns `price`, the limit price of the order, if it is valid.
    #[must_use]
    pub const fn limit_price(&self) -> Option<Price> {
        self.price
    }

    /// Returns the relative difference between `price` and `entry_price`, if the intent states both.
    #[inline]
    pub(crate) fn price_deviation(&self) -> Option<f64> {
        let (price, entry) = (self.price?.get(), self.entry_price?.get());
        Some((price - entry).abs() / entry)
    }

    /// Returns the distance of the stop from the entry price, else from `price`, as a fraction of that price; `None` if
    /// there is no stop. The distance of a stop without such a price is infinite.
    #[inline]
    pub(crate) fn stop_distance(&self) -> Option<f64> {
        let stop = self.stop_loss?.get();
        Some(match self.entry_price.or(self.price) {
            Some(entry) => (stop - entry.get()).abs() / entry.get(),
            None => f64::INFINITY,
        })
    }

    /// Returns true if the size was read from the quantity.
    pub(crate) const fn is_sized_by_quantity(&self) -> bool {
        matches!(
            self.size,
            RequestedSize::Notional(
                _,
                SizeField::QuantityPrice
                    | SizeField::QuantityEntryPrice
                    | SizeField::QtyPrice
                    | SizeField::QtyEntryPrice
                    | SizeField::SizePrice,
                _
            )
        )
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
    /// The side of the closing order, if the intent states it or the position side.
    pub side: Option<Side>,
    /// The side of the position to close, if the intent states it.
    pub position_side: Option<PositionSide>,
    /// Two fields that contradict each other about the side. The exit then has no side and no position side.
    pub conflict: Option<ExitConflict>,
    /// The quantity to close.
    pub quantity: ExitQuantity,
    /// The price at which the order is sent. An exit with a trigger waits until the market reaches this price; it is
    /// not an immediate close.
    pub trigger: Option<Sourced<Price>>,
}

/// The quantity that an exit requests to close.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ExitQuantity {
    /// The intent has no quantity, no share of the position and no size.
    NotStated,
    /// The intent has a size in USD but no quantity. This does not mean "close everything".
    UsdSizeOnly,
    /// The intent has an unreadable quantity. This does not mean "close everything".
    Unreadable,
    /// The intent requests this quantity, in units of the symbol.
    Stated(Sourced<Quantity>),
    /// The intent requests this part of the position.
    Fraction(Sourced<Fraction>),
}

impl ExitQuantity {
    /// Returns a message if the quantity to close is unknown.
    #[must_use]
    pub const fn fault(&self) -> Option<&'static str> {
        match self {
            Self::NotStated | Self::Stated(_) | Self::Fraction(_) => None,
            Self::UsdSizeOnly => Some(
                "the intent has a size in USD but no quantity, so the quantity to close is unknown",
            ),
            Self::Unreadable => {
                Some("the quantity is unreadable, so the quantity to close is unknown")
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

    /// Returns the time of sending: the first present of the stream entry id, `ts` and `timestamp`.
    #[must_use]
    pub const fn emitted_at(&self) -> Option<Timestamp> {
        self.times.emitted_at
    }

    /// Returns the earliest and the latest of the stream entry ids, `ts` and `timestamp`: the bounds of the time at
    /// which the intent was sent. If `timestamp` is the time of a candle, `candle` is the duration from
    /// that time to the end of the candle, and is added to `timestamp`.
    #[inline]
    pub(crate) fn sent_between(
        &self,
        candle: Option<SignedDuration>,
    ) -> Option<(Timestamp, Timestamp)> {
        self.times.sent_between(candle)
    }

    /// Returns the fields that could change the order and are not read; `None` if there are none. An entry with such a
    /// field is skipped, unless the guardrails ignore it. An exit passes.
    #[must_use]
    #[inline]
    pub fn unsupported(&self) -> Option<&UnsupportedFields> {
        self.rare.as_ref()?.unsupported.as_ref()
    }

    /// Returns the fault of a time that makes the age unknown.
    pub(crate) fn time_fault(&self) -> Option<&IntentError> {
        self.rare.as_ref()?.time_fault.as_ref()
    }

    /// Returns true if the time was an ISO-8601 text without an offset, which was read as UTC.
    #[must_use]
    pub const fn offset_assumed(&self) -> bool {
        self.times.offset_assumed
    }

    /// Returns the policy of a recorded decision.
    #[must_use]
    pub fn recorded_policy(&self) -> RecordedPolicy {
        let hash = self.rare.as_ref().and_then(|rare| rare.policy_hash);
        match (self.times.decided_at, hash) {
            (Some(_), Some(hash)) => hash.into(),
            (None, _) | (_, None) => RecordedPolicy::NotRecorded,
        }
    }

    /// Returns the request.
    ///
    /// # Errors
    /// Returns the fault if the intent is invalid; of several faults, the first in the order of
    /// [`super::IntentErrorKind`].
    #[inline]
    pub const fn request(&self) -> Result<&Request, &IntentError> {
        match &self.request {
            Ok(request) => Ok(request),
            Err(invalid) => Err(&invalid.fault),
        }
    }

    /// Sets the line number of the intent's fault, if there is a fault that has a line number.
    #[inline]
    pub fn set_line(&mut self, number: usize) {
        if let Err(invalid) = &mut self.request {
            invalid.fault.move_to_line(number);
        }
    }

    /// Makes an entry invalid with this fault. An exit or an invalid intent is not changed.
    pub(crate) fn invalidate_entry(&mut self, fault: IntentError) {
        if let Ok(Request::Entry(entry)) = &self.request {
            self.request = Err(Box::new(InvalidRequest {
                fault,
                symbol: Some(entry.symbol),
                side: Some(entry.side),
                untimed: false,
            }));
        }
    }

    /// Creates the intent for a record that could not be read.
    #[must_use]
    pub fn unreadable(fault: IntentError) -> Self {
        Self {
            id: None,
            source: Ok(None),
            times: Times::UNKNOWN,
            rare: None,
            request: Err(Box::new(InvalidRequest {
                fault,
                symbol: None,
                side: None,
                untimed: false,
            })),
        }
    }
}
