//! The builder of intents.

use std::borrow::Cow;

use super::{
    Entry, Exit, ExitQuantity, Intent, IntentError, Request, SizeError, SizeField,
    action::{Action, ActionError},
    error::FirstFault,
    request::{InvalidRequest, RequestedSize},
    time::{self, Times},
};
use crate::{
    json::{Flag, Unreadable},
    provenance::Sourced,
    types::{Margin, Notional, PolicyHash, Price, Quantity, Side, Symbol, Timestamp},
};

/// A number and the field from which it was read.
type Named = (f64, SizeField);

/// A builder that collects the fields of an intent, from a record or from code, and checks them
/// together.
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
    pub(super) action: Result<Option<Action>, ActionError>,
    pub(super) side: Result<Option<Action>, ActionError>,
    pub(super) reduce_only: [Flag; 2],
    pub(super) type_closes: Result<bool, Unreadable>,
    pub(super) leverage: Option<f64>,
    pub(super) quantity: Option<Named>,
    pub(super) price: Option<Named>,
    pub(super) position_usd: Option<f64>,
    pub(super) size: Option<f64>,
    pub(super) position_size_usd: Option<f64>,
    pub(super) entry_price: Option<f64>,
    pub(super) stop_loss: Option<f64>,
    pub(super) take_profit: Option<f64>,
    pub(super) times: Times,
    pub(super) time_unreadable: Option<&'static str>,
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

    pub(super) fn blank() -> Self {
        Self {
            id: None,
            source: Ok(None),
            symbol: Ok(None),
            action: Ok(None),
            side: Ok(None),
            reduce_only: [Ok(None), Ok(None)],
            type_closes: Ok(false),
            leverage: None,
            quantity: None,
            price: None,
            position_usd: None,
            size: None,
            position_size_usd: None,
            entry_price: None,
            stop_loss: None,
            take_profit: None,
            times: Times::UNKNOWN,
            time_unreadable: None,
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
        self.side = Ok(Some(Action::Trade(side)));
        self
    }

    /// Makes the intent reduce-only: it may reduce a position but never open one.
    pub fn with_reduce_only(mut self) -> Self {
        self.reduce_only = [Ok(Some(true)), Ok(None)];
        self
    }

    /// Makes the intent a close request, which needs no side.
    pub fn with_close(mut self) -> Self {
        self.action = Ok(Some(Action::Close));
        self
    }

    /// Sets the time of sending.
    pub fn with_emitted_at(mut self, at: Timestamp) -> Self {
        self.times.emitted_at = Some(at);
        self
    }

    /// Sets the requested leverage.
    pub fn with_leverage(mut self, leverage: f64) -> Self {
        self.leverage = Some(leverage);
        self
    }

    /// Sets the size in units of the symbol; requires a price.
    pub fn with_quantity(mut self, quantity: f64) -> Self {
        self.quantity = Some((quantity, SizeField::Quantity));
        self
    }

    /// Sets the price in USD per unit that converts the quantity to a notional.
    pub fn with_price(mut self, price: f64) -> Self {
        self.price = Some((price, SizeField::Price));
        self
    }

    /// Sets the size as a margin in USD (`position_usd`); requires a leverage.
    pub fn with_margin_usd(mut self, usd: f64) -> Self {
        self.position_usd = Some(usd);
        self
    }

    /// Sets the size as a notional in USD (`position_size_usd`).
    pub fn with_notional_usd(mut self, usd: f64) -> Self {
        self.position_size_usd = Some(usd);
        self
    }

    /// Sets the entry price in USD per unit.
    pub fn with_entry_price(mut self, price: f64) -> Self {
        self.entry_price = Some(price);
        self
    }

    /// Sets the stop-loss price in USD per unit.
    pub fn with_stop_loss(mut self, price: f64) -> Self {
        self.stop_loss = Some(price);
        self
    }

    /// Sets the take-profit price in USD per unit.
    pub fn with_take_profit(mut self, price: f64) -> Self {
        self.take_profit = Some(price);
        self
    }

    /// Checks all fields and builds the intent.
    #[must_use]
    pub fn build(mut self) -> Intent<'a> {
        let closes = self.closes();
        let side = self.direction();
        let request = if closes.exit {
            self.exit(&side, closes.by_word)
        } else {
            self.entry(&side)
        };
        Intent {
            id: self.id,
            source: self.source,
            times: self.times,
            policy_hash: self.policy_hash.map(Box::new),
            request: request.map_err(|fault| InvalidRequest {
                fault,
                untimed: !closes.exit && self.times.event_time().is_none(),
                symbol: self.symbol.ok().flatten(),
                side: side.ok().flatten(),
            }),
        }
    }

    /// Returns whether the intent is an exit, and whether `action`, `side` or `intent_type` makes
    /// it an exit.
    fn closes(&mut self) -> Closes {
        let is_any = |wanted| self.reduce_only.contains(&Ok(Some(wanted)));
        let (flag_true, flag_false) = (is_any(true), is_any(false));
        let close = Ok(Some(Action::Close));
        let by_word = self.type_closes == Ok(true) || self.action == close || self.side == close;
        if self.type_closes.is_err() {
            self.entry_faults.add(IntentError::BadValue {
                field: "intent_type",
                expected: "text",
            });
        }
        if flag_true && flag_false {
            self.faults.add(IntentError::Contradiction {
                first: "reduce_only",
                second: "reduceOnly",
            });
        }
        if flag_false && by_word {
            self.faults.add(IntentError::Contradiction {
                first: if self.reduce_only.first() == Some(&Ok(Some(false))) {
                    "reduce_only"
                } else {
                    "reduceOnly"
                },
                second: if self.action == close {
                    "action"
                } else if self.side == close {
                    "side"
                } else {
                    "intent_type"
                },
            });
        }
        for (flag, field) in self.reduce_only.iter().zip(["reduce_only", "reduceOnly"]) {
            if flag.is_err() {
                self.entry_faults.add(IntentError::BadValue {
                    field,
                    expected: "true or false",
                });
            }
        }
        Closes {
            exit: flag_true || by_word,
            by_word,
        }
    }

    /// Returns the side from `action` and `side`. Returns an error if they contradict each other or are HOLD.
    fn direction(&mut self) -> Result<Option<Side>, IntentError> {
        for (value, field) in [(self.action, "action"), (self.side, "side")] {
            if let Err(error) = value {
                self.entry_faults.add(error.fault(field));
            }
        }
        let action = self.action.ok().flatten();
        let side = self.side.ok().flatten();
        let agreed = match (action, side) {
            (Some(Action::Trade(side)), Some(Action::Close) | None)
            | (Some(Action::Close) | None, Some(Action::Trade(side))) => Ok(Some(side)),
            (Some(Action::Trade(one)), Some(Action::Trade(other))) if one == other => Ok(Some(one)),
            (Some(Action::Hold), Some(Action::Hold) | None) | (None, Some(Action::Hold)) => {
                if self.type_closes == Ok(true) {
                    Err(IntentError::Contradiction {
                        first: if action.is_some() { "action" } else { "side" },
                        second: "intent_type",
                    })
                } else {
                    Err(IntentError::Hold)
                }
            }
            (Some(Action::Close), Some(Action::Close) | None)
            | (None, Some(Action::Close) | None) => Ok(None),
            (Some(Action::Trade(_) | Action::Close), Some(Action::Hold))
            | (Some(Action::Hold), Some(Action::Trade(_) | Action::Close))
            | (Some(Action::Trade(_)), Some(Action::Trade(_))) => Err(IntentError::Contradiction {
                first: "action",
                second: "side",
            }),
        };
        self.faults.add_of(&agreed);
        agreed
    }

    fn named_symbol(&self) -> Result<Symbol, IntentError> {
        match self.symbol {
            Ok(Some(symbol)) => Ok(symbol),
            Ok(None) => Err(IntentError::Missing { field: "symbol" }),
            Err(Unreadable) => Err(IntentError::BadValue {
                field: "symbol",
                expected: "1 to 32 bytes without white space and control characters",
            }),
        }
    }

    fn exit(
        &mut self,
        side: &Result<Option<Side>, IntentError>,
        by_word: bool,
    ) -> Result<Request, IntentError> {
        let symbol = self.named_symbol();
        self.faults.add_of(&symbol);
        if *side == Ok(None) && !by_word {
            self.faults.add(self.no_side());
        }
        let quantity = match self.quantity {
            None if self.names_usd() => ExitQuantity::UsdSizeOnly,
            None => ExitQuantity::NotStated,
            Some((quantity, field)) => match Quantity::new(quantity) {
                Ok(quantity) => ExitQuantity::Stated(Sourced::new(quantity, field.source())),
                Err(_) => ExitQuantity::Unreadable,
            },
        };
        match std::mem::take(&mut self.faults).take() {
            Some(fault) => Err(fault),
            None => Ok(Request::Exit(Exit {
                symbol: symbol?,
                side: side.clone()?,
                quantity,
            })),
        }
    }

    fn entry(&mut self, side: &Result<Option<Side>, IntentError>) -> Result<Request, IntentError> {
        let symbol = self.named_symbol();
        self.faults.add_of(&symbol);
        let side = side
            .clone()
            .and_then(|side| side.ok_or_else(|| self.no_side()));
        self.faults.add_of(&side);
        if let Some(field) = self.time_unreadable {
            self.entry_faults.add(IntentError::BadValue {
                field,
                expected: time::expected(field),
            });
        }
        let entry_price = self.stop_price("entry_price", self.entry_price);
        let stop_loss = self.stop_price("stop_loss", self.stop_loss);
        if let (Some(entry), Some(stop), Ok(side)) = (entry_price, stop_loss, &side) {
            let right_side = match side {
                Side::Buy => stop < entry,
                Side::Sell => stop > entry,
            };
            if !right_side {
                self.entry_faults.add(IntentError::StopOnWrongSide {
                    side: *side,
                    stop_loss: stop,
                    entry_price: entry,
                });
            }
        }
        let mut faults = std::mem::take(&mut self.faults);
        faults.merge(std::mem::take(&mut self.entry_faults));
        match faults.take() {
            Some(fault) => Err(fault),
            None => Ok(Request::Entry(Entry {
                symbol: symbol?,
                side: side?,
                leverage: self.leverage,
                size: self.read_size().unwrap_or_else(RequestedSize::Unusable),
                quantity: named(self.quantity, Quantity::new),
                price: named(self.unit_price(), Price::new),
                entry_price,
                stop_loss,
                take_profit: self.take_profit.and_then(|p| Price::new(p).ok()),
            })),
        }
    }

    /// Returns the fault to report for an intent without a side.
    fn no_side(&self) -> IntentError {
        match (self.action, self.side) {
            (Err(error), _) => error.fault("action"),
            (_, Err(error)) => error.fault("side"),
            (Ok(_), Ok(_)) => IntentError::Missing { field: "side" },
        }
    }

    fn stop_price(&mut self, field: &'static str, value: Option<f64>) -> Option<Price> {
        let price = Price::new(value?);
        if price.is_err() {
            self.entry_faults.add(IntentError::BadValue {
                field,
                expected: "a finite price greater than 0",
            });
        }
        price.ok()
    }

    /// Returns the price that converts the quantity to a notional: `price` or, if absent,
    /// `entry_price`.
    fn unit_price(&self) -> Option<Named> {
        self.price
            .or_else(|| self.entry_price.map(|price| (price, SizeField::EntryPrice)))
    }

    /// Returns true if the intent has a field with a size in USD, even if the field is unreadable.
    fn names_usd(&self) -> bool {
        [self.position_usd, self.size, self.position_size_usd]
            .iter()
            .any(Option::is_some)
    }

    /// Reads the size from the first field present: `quantity`, `position_usd`, `size` or `position_size_usd`.
    fn read_size(&self) -> Result<RequestedSize, SizeError> {
        if let Some((quantity, field)) = self.quantity {
            return quantity_size(quantity, field, self.unit_price());
        }
        if let Some(usd) = self.position_usd {
            let field = SizeField::PositionUsd;
            let margin = Margin::new(usd).map_err(|_| SizeError::BadValue(field))?;
            self.leverage.ok_or(SizeError::NoLeverage(field))?;
            return Ok(RequestedSize::Margin(margin, field));
        }
        let (usd, field) = match (self.size, self.position_size_usd) {
            (Some(usd), _) => (usd, SizeField::Size),
            (None, Some(usd)) => (usd, SizeField::PositionSizeUsd),
            (None, None) => return Ok(RequestedSize::Absent),
        };
        Notional::new(usd)
            .map(|notional| RequestedSize::Notional(notional, field))
            .map_err(|_| SizeError::BadValue(field))
    }
}

struct Closes {
    exit: bool,
    by_word: bool,
}

fn named<T, E>(value: Option<Named>, new: fn(f64) -> Result<T, E>) -> Option<(T, SizeField)> {
    let (value, field) = value?;
    new(value).ok().map(|value| (value, field))
}

fn quantity_size(
    quantity: f64,
    field: SizeField,
    price: Option<Named>,
) -> Result<RequestedSize, SizeError> {
    let quantity = Quantity::new(quantity).map_err(|_| SizeError::BadValue(field))?;
    let (price, price_field) = price.ok_or(SizeError::NoPrice(field))?;
    let price = Price::new(price).map_err(|_| SizeError::BadValue(price_field))?;
    let product = match (
        field == SizeField::Qty,
        price_field == SizeField::EntryPrice,
    ) {
        (true, true) => SizeField::QtyEntryPrice,
        (true, false) => SizeField::QtyPrice,
        (false, true) => SizeField::QuantityEntryPrice,
        (false, false) => SizeField::QuantityPrice,
    };
    quantity
        .notional(price)
        .map(|notional| RequestedSize::Notional(notional, product))
        .map_err(|_| SizeError::BadProduct(product))
}
