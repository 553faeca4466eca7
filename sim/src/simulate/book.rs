//! Cash, what is held, and an entry for everything that happens to either.
//!
//! At every instant `cash + margins = cash at the start + gains − fees − funding`, to the last digit.

use std::collections::BTreeMap;

use portcullis::{
    domain::{Instant, PositionSide, Symbol},
    harvest::Stage,
};
use serde::{Serialize, Serializer};

use super::{
    Costs,
    position::{Close, Held},
    units::{Money, Price, Quantity, TooMuch},
};

/// Something that happened to a position.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// When; epoch milliseconds.
    #[serde(serialize_with = "millis")]
    pub ts: Instant,
    /// The record that opened the position.
    pub n: u64,
    /// Its symbol.
    pub symbol: Symbol,
    /// Which way it points.
    pub side: PositionSide,
    /// `open`, `funding`, `move_stop`, or why it was closed.
    pub event: &'static str,
    /// USD for one unit; absent where nothing was bought or sold, and in a liquidation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// Units opened or closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Quantity>,
    /// Where its stop stands from here on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<Price>,
    /// What was gained, costs apart.
    pub pnl_usd: Money,
    /// Fees paid.
    pub fee_usd: Money,
    /// Funding paid; negative where it was received.
    pub funding_usd: Money,
    /// Cash afterwards.
    pub cash_usd: Money,
}

pub(super) fn millis<S: Serializer>(at: &Instant, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(at.as_millis())
}

/// A position that is over, or as it stands at the end.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trip {
    /// The record that opened it.
    pub n: u64,
    /// Its symbol.
    pub symbol: Symbol,
    /// Which way it pointed.
    pub side: PositionSide,
    /// The policy that let it through.
    pub policy: String,
    /// When it was opened; epoch milliseconds.
    #[serde(serialize_with = "millis")]
    pub opened: Instant,
    /// When the last of it was closed; absent where some of it is still open.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "some_millis"
    )]
    pub closed: Option<Instant>,
    /// Why the last of it was closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Close>,
    /// USD for one unit at its opening.
    pub entry_price: Price,
    /// Units at its opening.
    pub quantity: Quantity,
    /// What they were worth.
    pub notional_usd: Money,
    /// Notional over margin.
    pub leverage: f64,
    /// What was gained by what was closed, costs apart.
    pub pnl_usd: Money,
    /// Fees paid.
    pub fees_usd: Money,
    /// Funding paid; negative where it was received.
    pub funding_usd: Money,
    /// What the part that is still open has gained at the last close, costs apart.
    pub unrealised_usd: Money,
    /// All of that together, in units of the risk taken at entry; absent where it had no stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r: Option<f64>,
}

impl Trip {
    /// What it came to: gains, closed and open, less costs.
    ///
    /// # Errors
    /// An amount beyond what can be counted.
    pub fn net(&self) -> Result<Money, TooMuch> {
        let gain = self.pnl_usd.plus(self.unrealised_usd)?;
        gain.minus(self.fees_usd)?.minus(self.funding_usd)
    }
}

#[expect(
    clippy::ref_option,
    reason = "serde hands over a reference to the field"
)]
fn some_millis<S: Serializer>(at: &Option<Instant>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => serializer.serialize_i64(at.as_millis()),
        None => serializer.serialize_none(),
    }
}

/// Why a position is not opened.
pub(super) enum NotOpened {
    /// The margin and the fee are more than the cash.
    NoCash,
}

/// All of it.
pub(super) struct Book<'a> {
    costs: Costs,
    pub(super) cash: Money,
    held: BTreeMap<Symbol, Held>,
    pub(super) trips: Vec<Trip>,
    pub(super) closes: BTreeMap<Close, u64>,
    hear: &'a mut dyn FnMut(&Entry),
}

impl<'a> Book<'a> {
    pub(super) fn new(cash: Money, costs: Costs, hear: &'a mut dyn FnMut(&Entry)) -> Self {
        Self {
            costs,
            cash,
            held: BTreeMap::new(),
            trips: Vec::new(),
            closes: BTreeMap::new(),
            hear,
        }
    }

    pub(super) fn held(&self, symbol: &Symbol) -> Option<&Held> {
        self.held.get(symbol)
    }

    pub(super) fn held_mut(&mut self, symbol: &Symbol) -> Option<&mut Held> {
        self.held.get_mut(symbol)
    }

    pub(super) fn all_held(&self) -> impl Iterator<Item = &Held> {
        self.held.values()
    }

    /// Puts up the margin and pays the fee, if there is cash for both.
    pub(super) fn open(&mut self, mut held: Held) -> Result<Result<(), NotOpened>, TooMuch> {
        let fee = self.fee(held.entry, held.quantity)?;
        let needed = held.margin.plus(fee)?;
        if needed > self.cash {
            return Ok(Err(NotOpened::NoCash));
        }
        self.cash = self.cash.minus(needed)?;
        held.fees = fee;
        let entry = Entry {
            price: Some(held.entry),
            quantity: Some(held.quantity),
            stop: held.stop,
            fee_usd: fee,
            ..self.entry(&held, held.opened, "open")
        };
        (self.hear)(&entry);
        self.held.insert(held.symbol, held);
        Ok(Ok(()))
    }

    /// Closes so much of a position at a price, or all of it where that is less.
    pub(super) fn close(
        &mut self,
        symbol: &Symbol,
        quantity: Quantity,
        (price, at): (Price, Instant),
        why: Close,
    ) -> Result<(), TooMuch> {
        let Some(mut held) = self.held.remove(symbol) else {
            return Ok(());
        };
        let quantity = quantity.min(held.quantity);
        if quantity.is_zero() {
            self.held.insert(*symbol, held);
            return Ok(());
        }
        let is_all = quantity == held.quantity;
        let margin = match is_all {
            true => held.margin,
            false => held.margin.part(quantity, held.quantity)?,
        };
        let (pnl, fee) = (held.gain(quantity, price)?, self.fee(price, quantity)?);
        self.cash = self.cash.plus(margin)?.plus(pnl)?.minus(fee)?;
        held.margin = held.margin.minus(margin)?;
        held.quantity = held.quantity.less(quantity);
        held.pnl = held.pnl.plus(pnl)?;
        held.fees = held.fees.plus(fee)?;
        if let Some(stage) = stage(why) {
            held.harvested = held.harvested.max(stage);
        }
        let entry = Entry {
            price: Some(price),
            quantity: Some(quantity),
            pnl_usd: pnl,
            fee_usd: fee,
            ..self.entry(&held, at, why.as_str())
        };
        (self.hear)(&entry);
        *self.closes.entry(why).or_insert(0) += 1;
        if is_all {
            let trip = trip(&held, Some((at, why)))?;
            self.trips.push(trip);
        } else {
            self.held.insert(*symbol, held);
        }
        Ok(())
    }

    /// The margin is gone, and the position with it.
    pub(super) fn liquidate(&mut self, symbol: &Symbol, at: Instant) -> Result<(), TooMuch> {
        let Some(mut held) = self.held.remove(symbol) else {
            return Ok(());
        };
        let (lost, quantity) = (held.margin, held.quantity);
        held.pnl = held.pnl.minus(lost)?;
        held.margin = Money::ZERO;
        held.quantity = held.quantity.less(quantity);
        let entry = Entry {
            quantity: Some(quantity),
            pnl_usd: -lost,
            ..self.entry(&held, at, Close::Liquidation.as_str())
        };
        (self.hear)(&entry);
        *self.closes.entry(Close::Liquidation).or_insert(0) += 1;
        let trip = trip(&held, Some((at, Close::Liquidation)))?;
        self.trips.push(trip);
        Ok(())
    }

    /// Charges funding on what a position is worth at a price, so many times.
    pub(super) fn fund(
        &mut self,
        symbol: &Symbol,
        (price, at): (Price, Instant),
        times: i64,
    ) -> Result<(), TooMuch> {
        let Some(rate) = self.costs.funding_rate else {
            return Ok(());
        };
        let Some(mut held) = self.held.remove(symbol) else {
            return Ok(());
        };
        let rate = match held.side {
            PositionSide::Long => rate,
            PositionSide::Short => -rate,
        };
        let once = price.times(held.quantity)?.share(rate)?;
        for _ in 0..times {
            self.cash = self.cash.minus(once)?;
            held.funding = held.funding.plus(once)?;
            let entry = Entry {
                price: Some(price),
                funding_usd: once,
                ..self.entry(&held, at, "funding")
            };
            (self.hear)(&entry);
        }
        self.held.insert(*symbol, held);
        Ok(())
    }

    /// Pulls a stop.
    pub(super) fn move_stop(&mut self, symbol: &Symbol, stop: Price, at: Instant) {
        let Some(mut held) = self.held.remove(symbol) else {
            return;
        };
        held.stop = Some(stop);
        let entry = Entry {
            stop: Some(stop),
            ..self.entry(&held, at, "move_stop")
        };
        (self.hear)(&entry);
        self.held.insert(*symbol, held);
    }

    /// What is there in all: cash, margins, and what is gained but not closed at the last prices.
    pub(super) fn equity(&self) -> Result<Money, TooMuch> {
        self.held.values().try_fold(self.cash, |sum, held| {
            sum.plus(held.margin)?.plus(held.unrealised(held.mark)?)
        })
    }

    /// What all positions are worth at the last prices.
    pub(super) fn exposure(&self) -> Result<Money, TooMuch> {
        self.held.values().try_fold(Money::ZERO, |sum, held| {
            sum.plus(held.mark.times(held.quantity)?)
        })
    }

    /// Every position as it stands, behind those that are over.
    pub(super) fn finish(self) -> Result<(Vec<Trip>, BTreeMap<Close, u64>), TooMuch> {
        let mut trips = self.trips;
        for held in self.held.values() {
            trips.push(trip(held, None)?);
        }
        trips.sort_by_key(|trip| (trip.opened, trip.n));
        Ok((trips, self.closes))
    }

    fn fee(&self, price: Price, quantity: Quantity) -> Result<Money, TooMuch> {
        match self.costs.taker_fee {
            Some(rate) => price.times(quantity)?.share(rate),
            None => Ok(Money::ZERO),
        }
    }

    fn entry(&self, held: &Held, ts: Instant, event: &'static str) -> Entry {
        Entry {
            ts,
            n: held.n,
            symbol: held.symbol,
            side: held.side,
            event,
            price: None,
            quantity: None,
            stop: None,
            pnl_usd: Money::ZERO,
            fee_usd: Money::ZERO,
            funding_usd: Money::ZERO,
            cash_usd: self.cash,
        }
    }
}

const fn stage(why: Close) -> Option<Stage> {
    match why {
        Close::Partial25 => Some(Stage::Partial25),
        Close::Partial50 => Some(Stage::Partial50),
        Close::Partial75 => Some(Stage::Partial75),
        Close::Liquidation | Close::Stop | Close::Target | Close::Exit | Close::FullClose => None,
    }
}

fn trip(held: &Held, end: Option<(Instant, Close)>) -> Result<Trip, TooMuch> {
    let mut trip = Trip {
        n: held.n,
        symbol: held.symbol,
        side: held.side,
        policy: held.policy.clone(),
        opened: held.opened,
        closed: end.map(|(at, _)| at),
        reason: end.map(|(_, why)| why),
        entry_price: held.entry,
        quantity: held.opened_quantity,
        notional_usd: held.entry.times(held.opened_quantity)?,
        leverage: held.leverage,
        pnl_usd: held.pnl,
        fees_usd: held.fees,
        funding_usd: held.funding,
        unrealised_usd: held.unrealised(held.mark)?,
        r: None,
    };
    trip.r = held.r(trip.net()?);
    Ok(trip)
}
