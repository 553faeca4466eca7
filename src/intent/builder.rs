//! The builder of intents.

use std::borrow::Cow;

use super::{
    Entry, Exit, Intent, IntentError, Request, UnsupportedFields,
    direction::{Direction, ExitDirection, Resolved},
    error::FirstFault,
    exit_quantity::{self, Context, Shares},
    request::{InvalidRequest, RareParts},
    size::{Amounts, RATIO_MAX},
    stated::Stated,
    time::{self, Times},
    vocabulary::Effect,
};
use crate::{
    json::Unreadable,
    provenance::{Source, Sourced},
    types::{PolicyHash, PositionSide, Price, Side, Symbol, Timestamp},
};

/// A builder that collects the fields of an intent, from a record or from code, and checks them once.
///
/// Numbers, including NaN, are accepted without checks; the gates deny invalid numbers.
///
/// ```
/// use portcullis::intent::{IntentBuilder, Request};
/// use portcullis::types::Side;
///
/// let intent = IntentBuilder::new("BTCUSDT")
///     .with_side(Side::Buy)
///     .with_source("momentum")
///     .with_notional_usd(250.0)
///     .build();
/// assert!(matches!(intent.request(), Ok(Request::Entry(_))));
/// ```
#[derive(Debug)]
#[must_use]
pub struct IntentBuilder<'a> {
    pub(super) id: Option<Cow<'a, str>>,
    pub(super) source: Result<Option<Cow<'a, str>>, Unreadable>,
    pub(super) symbol: Result<Option<Symbol>, Unreadable>,
    pub(super) direction: Direction,
    pub(super) amounts: Amounts,
    pub(super) shares: Shares,
    pub(super) stop_loss: Stated,
    pub(super) take_profit: Stated,
    pub(super) trigger: Stated,
    /// The field that makes the order a resting one, which needs a trigger.
    pub(super) needs_trigger: Option<&'static str>,
    /// True if the trigger follows the price.
    pub(super) is_trailing: bool,
    /// True if the intent requests to close the whole position.
    pub(super) closes_all: bool,
    /// True if a field that may state an amount is not supported.
    pub(super) unknown_amount: bool,
    /// True if a field that may change the unit of the quantity is not supported.
    pub(super) unknown_unit: bool,
    pub(super) unsupported: UnsupportedFields,
    /// A field that is read in exits and not in entries.
    pub(super) entry_unsupported: Option<&'static str>,
    pub(super) times: Times,
    pub(super) time_fault: Option<IntentError>,
    pub(super) policy_hash: Option<Result<PolicyHash, Unreadable>>,
    /// Faults that invalidate entries and exits.
    pub(super) faults: FirstFault,
    /// Faults that invalidate entries only. Only the symbol, the source and the side can invalidate an exit.
    pub(super) entry_faults: FirstFault,
}

impl<'a> IntentBuilder<'a> {
    /// Creates a builder for an intent in one symbol.
    pub fn new(symbol: &str) -> Self {
        Self {
            symbol: Symbol::new(symbol).map(Some).map_err(|_| Unreadable),
            ..Self::blank()
        }
    }

    #[inline]
    pub(super) fn blank() -> Self {
        Self {
            id: None,
            source: Ok(None),
            symbol: Ok(None),
            direction: Direction::default(),
            amounts: Amounts::default(),
            shares: Shares::default(),
            stop_loss: Stated::default(),
            take_profit: Stated::default(),
            trigger: Stated::default(),
            needs_trigger: None,
            is_trailing: false,
            closes_all: false,
            unknown_amount: false,
            unknown_unit: false,
            unsupported: UnsupportedFields::default(),
            entry_unsupported: None,
            times: Times::UNKNOWN,
            time_fault: None,
            policy_hash: None,
            faults: FirstFault::default(),
            entry_faults: FirstFault::default(),
        }
    }

    /// Sets the id of the intent.
    pub fn with_id(mut self, id: impl Into<Cow<'a, str>>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets the source: the name of the service that sends the intent.
    pub fn with_source(mut self, name: impl Into<Cow<'a, str>>) -> Self {
        self.source = Ok(Some(name.into()));
        self
    }

    /// Sets the side of the order.
    pub fn with_side(mut self, side: Side) -> Self {
        self.direction.add_side(side, "side");
        self
    }

    /// Sets the side of the position. A sale of a long position and a purchase of a short one are exits.
    pub fn with_position_side(mut self, side: PositionSide) -> Self {
        self.direction.add_position(side, "position_side");
        self
    }

    /// Makes the intent reduce-only: it may reduce a position but never open one.
    pub fn with_reduce_only(mut self) -> Self {
        self.direction.add_flag("reduce_only");
        self
    }

    /// Makes the intent a close request, which needs no side.
    pub fn with_close(mut self) -> Self {
        self.direction.add_effect(Effect::Close, "action");
        self
    }

    /// Sets the time of sending. An entry with a time before the year 2000 or after the start of 2100 is invalid.
    pub fn with_emitted_at(mut self, at: Timestamp) -> Self {
        self.set_emitted_at(at);
        self
    }

    pub(super) fn set_emitted_at(&mut self, at: Timestamp) {
        match time::check_plausible(at) {
            Ok(()) => self.times = Times::sent_at(at),
            Err(fault) => self.time_fault = Some(fault),
        }
    }

    /// Sets the requested leverage.
    pub fn with_leverage(mut self, leverage: f64) -> Self {
        self.amounts.leverage.add(leverage, "leverage");
        self
    }

    /// Sets the size in units of the symbol; requires a price.
    pub fn with_quantity(mut self, quantity: f64) -> Self {
        self.amounts.quantity.add(quantity, "quantity");
        self
    }

    /// Sets the part of the position that an exit closes, in (0, 1].
    pub fn with_quantity_fraction(mut self, fraction: f64) -> Self {
        self.shares.fraction.add(fraction, "quantity_fraction");
        self.entry_unsupported = Some("quantity_fraction");
        self
    }

    /// Sets the limit price, which converts the quantity to a notional.
    pub fn with_price(mut self, price: f64) -> Self {
        self.amounts.price.add(price, "price");
        self
    }

    /// Sets the price at which a resting exit is sent.
    pub fn with_trigger(mut self, price: f64) -> Self {
        self.trigger.add(price, "triggerPrice");
        self
    }

    /// Sets the size as a margin in USD (`position_usd`); requires a leverage.
    pub fn with_margin_usd(mut self, usd: f64) -> Self {
        self.amounts.margin.add(usd, "position_usd");
        self
    }

    /// Sets the size as a notional in USD (`position_size_usd`).
    pub fn with_notional_usd(mut self, usd: f64) -> Self {
        self.amounts.notional.add(usd, "position_size_usd");
        self
    }

    /// Sets the entry price in USD per unit.
    pub fn with_entry_price(mut self, price: f64) -> Self {
        self.amounts.entry_price.add(price, "entry_price");
        self
    }

    /// Sets the stop-loss price in USD per unit.
    pub fn with_stop_loss(mut self, price: f64) -> Self {
        self.stop_loss.add(price, "stop_loss");
        self
    }

    /// Sets the take-profit price in USD per unit. 0 means that there is none.
    pub fn with_take_profit(mut self, price: f64) -> Self {
        if price != 0.0 {
            self.take_profit.add(price, "take_profit");
        }
        self
    }

    /// Checks all fields and builds the intent.
    #[must_use]
    pub fn build(mut self) -> Intent<'a> {
        self.finish()
    }

    /// Builds the intent in place, because a builder is too large to be moved for each intent.
    pub(super) fn finish(&mut self) -> Intent<'a> {
        let (request, is_exit, side) = match self.direction.resolve() {
            Resolved::Exit(direction) => {
                let side = direction.side;
                (self.exit(&direction), true, side)
            }
            Resolved::Entry(side) => {
                let request = self.entry(&side);
                (request, false, side.ok().flatten())
            }
            Resolved::Neither(fault) => (self.entry(&Err(fault)), false, None),
        };
        let rare = RareParts {
            policy_hash: self.policy_hash.take(),
            unsupported: Some(std::mem::take(&mut self.unsupported))
                .filter(|fields| !fields.is_empty()),
            time_fault: self.time_fault.take(),
        };
        Intent {
            id: self.id.take(),
            source: std::mem::replace(&mut self.source, Ok(None)),
            times: self.times,
            rare: rare.boxed(),
            request: request.map_err(|fault| {
                Box::new(InvalidRequest {
                    fault,
                    untimed: !is_exit && self.times.event_time().is_none(),
                    symbol: self.symbol.ok().flatten(),
                    side,
                })
            }),
        }
    }

    fn named_symbol(&self) -> Result<Symbol, IntentError> {
        match self.symbol {
            Ok(Some(symbol)) => Ok(symbol),
            Ok(None) => Err(IntentError::Missing { field: "symbol" }),
            Err(Unreadable) => Err(IntentError::BadValue {
                field: "symbol",
                expected: "a name such as BTCUSDT, with 1 to 32 bytes and without white space or control characters",
            }),
        }
    }

    fn exit(&mut self, direction: &ExitDirection) -> Result<Request, IntentError> {
        let symbol = self.named_symbol();
        self.faults.add_of(&symbol);
        let needs_side = !direction.by_word && direction.conflict.is_none();
        if direction.side.is_none() && needs_side {
            self.faults.add(self.no_side());
        }
        let trigger = self.exit_trigger();
        self.faults.add_of(&trigger);
        let context = Context {
            usd: self.amounts.margin.number().is_some()
                || self.amounts.notional.number().is_some()
                // The exchange Gate closes a whole position if the size is 0.
                || self.amounts.size.is_other_than_zero(),
            closes_all: self.closes_all,
            unknown_amount: self.unknown_amount,
            unknown_unit: self.unknown_unit,
        };
        let quantity = exit_quantity::read(
            &self.amounts.quantity,
            &self.shares,
            &self.direction,
            context,
        );
        match std::mem::take(&mut self.faults).take() {
            Some(fault) => Err(fault),
            None => Ok(Request::Exit(Box::new(Exit {
                symbol: symbol?,
                side: direction.side,
                position_side: direction.position,
                conflict: direction.conflict,
                quantity,
                trigger: trigger?,
            }))),
        }
    }

    /// Returns the trigger of a resting exit. A resting exit without a readable trigger must not become an immediate
    /// close.
    fn exit_trigger(&self) -> Result<Option<Sourced<Price>>, IntentError> {
        let refused = |field, problem, remedy| {
            Err(IntentError::NotSupported {
                field,
                problem,
                remedy,
            })
        };
        match (self.trigger.value(), self.needs_trigger) {
            (_, Some(field)) if self.is_trailing => refused(
                field,
                "gives the exit a trailing trigger, which is not supported",
                "send a price as `triggerPrice`",
            ),
            (None, Some(field)) => refused(
                field,
                "requires a trigger price, but the exit has none",
                "add `triggerPrice`",
            ),
            (None, None) => Ok(None),
            (Some((price, field)), _) => match Price::new(price) {
                Ok(price) if self.trigger.conflict().is_none() => {
                    Ok(Some(Sourced::new(price, Source::Intent(field))))
                }
                Ok(_) => refused(
                    field,
                    "contradicts another trigger",
                    "send only one trigger",
                ),
                Err(_) => refused(
                    field,
                    "is not a finite price greater than 0",
                    "send the trigger price as `triggerPrice`",
                ),
            },
        }
    }

    fn entry(&mut self, side: &Result<Option<Side>, IntentError>) -> Result<Request, IntentError> {
        let symbol = self.named_symbol();
        self.faults.add_of(&symbol);
        let side = side
            .clone()
            .and_then(|side| side.ok_or_else(|| self.no_side()));
        self.faults.add_of(&side);
        if let Some(fault) = self.direction.unreadable.take() {
            self.entry_faults.add(fault);
        }
        if let Some(fault) = self.time_fault.clone() {
            self.entry_faults.add(fault);
        }
        self.check_entry_only();
        let amounts = &self.amounts;
        for stated in [
            amounts.leverage,
            amounts.quantity,
            amounts.price,
            amounts.entry_price,
            amounts.margin,
            amounts.size,
            amounts.notional,
            self.stop_loss,
            self.take_profit,
        ] {
            if let Some((first, second)) = stated.conflict() {
                self.entry_faults
                    .add(IntentError::Contradiction { first, second });
            }
        }
        let entry_price = self.level(self.amounts.entry_price.value());
        let stop_loss = self.level(self.stop_loss.value());
        let take_profit = self.level(self.take_profit.value());
        let price = self
            .amounts
            .limit_price()
            .and_then(|price| Price::new(price).ok());
        self.check_prices(price, entry_price);
        if let Ok(side) = &side {
            let reference = match (entry_price, price) {
                (Some(entry), _) => Some((entry, "entry_price")),
                (None, Some(price)) => Some((price, "price")),
                (None, None) => None,
            };
            let named = |price: Option<Price>, field| price.map(|price| (price, field));
            self.check_levels(
                *side,
                named(stop_loss, "stop_loss"),
                reference,
                named(take_profit, "take_profit"),
            );
        }
        let size = self.amounts.read();
        if let Err(fault) = &size {
            self.entry_faults.add(fault.clone());
        }
        let quantity = self.amounts.quantity_of(size.as_ref().ok());
        let mut faults = std::mem::take(&mut self.faults);
        faults.merge(std::mem::take(&mut self.entry_faults));
        match faults.take() {
            Some(fault) => Err(fault),
            None => Ok(Request::Entry(Entry {
                symbol: symbol?,
                side: side?,
                leverage: self.amounts.leverage.number(),
                quantity: quantity.map(|(quantity, _)| quantity),
                quantity_field: quantity.map(|(_, field)| field),
                size: size?,
                price,
                entry_price,
                stop_loss,
                take_profit,
            })),
        }
    }

    /// Adds a fault if an entry uses a feature that is supported only in exits.
    fn check_entry_only(&mut self) {
        let trigger = self.trigger.value().map(|(_, field)| field);
        if let Some(field) = self.needs_trigger.or(trigger) {
            self.entry_faults.add(IntentError::NotSupported {
                field,
                problem: "gives the entry a trigger, which is not supported",
                remedy: "send the entry without a trigger when the trigger price is reached",
            });
        }
        if let Some(field) = self.entry_unsupported {
            self.unsupported.add_listed(field);
        }
    }

    /// Checks that `price` and `entry_price` do not contradict each other.
    fn check_prices(&mut self, price: Option<Price>, entry_price: Option<Price>) {
        if let (Some(price), Some(entry)) = (price, entry_price) {
            let (price, entry_price) = (price.get(), entry.get());
            if price.max(entry_price) >= RATIO_MAX * price.min(entry_price) {
                self.entry_faults
                    .add(IntentError::PricesDisagree { price, entry_price });
            }
        }
    }

    /// Checks that stop, entry price and target are in ascending order for a BUY, and in descending order for a SELL.
    fn check_levels(
        &mut self,
        side: Side,
        stop: Option<(Price, &'static str)>,
        reference: Option<(Price, &'static str)>,
        target: Option<(Price, &'static str)>,
    ) {
        for (first, second) in [(stop, reference), (reference, target), (stop, target)] {
            let (Some((first_price, first)), Some((second_price, second))) = (first, second) else {
                continue;
            };
            let in_order = match side {
                Side::Buy => first_price < second_price,
                Side::Sell => first_price > second_price,
            };
            if !in_order {
                self.entry_faults.add(IntentError::PricesOutOfOrder {
                    side,
                    first,
                    first_price,
                    second,
                    second_price,
                });
            }
        }
    }

    /// Returns the fault of an intent without a side.
    fn no_side(&self) -> IntentError {
        let missing = IntentError::Missing { field: "side" };
        self.direction.unreadable.clone().unwrap_or(missing)
    }

    /// Returns a price of a stop, a target or an entry; a value that is not a price is a fault.
    fn level(&mut self, stated: Option<(f64, &'static str)>) -> Option<Price> {
        let (price, field) = stated?;
        let price = Price::new(price);
        if price.is_err() {
            self.entry_faults.add(IntentError::BadValue {
                field,
                expected: "a finite price greater than 0",
            });
        }
        price.ok()
    }
}
