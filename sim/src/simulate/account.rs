//! The simulated account: cash, open positions, and a log entry for every change of either.
//!
//! At every timestamp `cash + margins = starting cash + realised profit − fees − funding` holds exactly.

use std::collections::BTreeMap;

use portcullis::{
    harvest::Stage,
    types::{PositionSide, Symbol, Timestamp},
};
use serde::{Serialize, Serializer};

use super::{
    Costs,
    position::{Close, OpenPosition},
    units::{AmountOverflow, Money, Price, Quantity},
};

/// A log entry about one position.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LedgerEntry {
    /// The timestamp in epoch milliseconds.
    #[serde(serialize_with = "millis")]
    pub ts: Timestamp,
    /// The number of the record that opened the position.
    pub n: u64,
    /// The symbol of the position.
    pub symbol: Symbol,
    /// The position side.
    pub side: PositionSide,
    /// `open`, `funding`, `move_stop`, or the close reason ([`Close::as_str`]).
    pub event: &'static str,
    /// The price in USD per unit. Absent for `move_stop` and `liquidation`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// The number of units that were opened or closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Quantity>,
    /// The stop price that is valid from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<Price>,
    /// The realised profit before costs.
    pub pnl_usd: Money,
    /// The fee paid.
    pub fee_usd: Money,
    /// The funding paid; negative if it was received.
    pub funding_usd: Money,
    /// The cash after the event.
    pub cash_usd: Money,
}

pub(super) fn millis<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(at.as_millis())
}

/// A round trip: a closed position, or the state of an open position at the end of the run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RoundTrip {
    /// The number of the record that opened the position.
    pub n: u64,
    /// The symbol of the position.
    pub symbol: Symbol,
    /// The position side.
    pub side: PositionSide,
    /// The policy under which the entry was allowed: version and the beginning of its hash.
    pub policy: String,
    /// The time of the opening in epoch milliseconds.
    #[serde(serialize_with = "millis")]
    pub opened: Timestamp,
    /// The time of the final close; absent if a part is still open.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "some_millis"
    )]
    pub closed: Option<Timestamp>,
    /// The reason of the final close; absent if a part is still open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Close>,
    /// The entry price in USD per unit.
    pub entry_price: Price,
    /// The number of units at the opening.
    pub quantity: Quantity,
    /// The notional at the opening.
    pub notional_usd: Money,
    /// The notional divided by the margin.
    pub leverage: f64,
    /// The realised profit before costs.
    pub pnl_usd: Money,
    /// The fees paid.
    pub fees_usd: Money,
    /// The funding paid; negative if it was received.
    pub funding_usd: Money,
    /// The unrealised profit of the open part at the last closing price, before costs.
    pub unrealised_usd: Money,
    /// The net profit as an R multiple of the risk at entry; absent if the position had no stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r: Option<f64>,
}

impl RoundTrip {
    /// Returns the net profit: realised and unrealised profit less fees and funding.
    ///
    /// # Errors
    /// Returns an error if an amount is out of range.
    pub fn net(&self) -> Result<Money, AmountOverflow> {
        let gain = self.pnl_usd.plus(self.unrealised_usd)?;
        gain.minus(self.fees_usd)?.minus(self.funding_usd)
    }
}

#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
fn some_millis<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => serializer.serialize_i64(at.as_millis()),
        None => serializer.serialize_none(),
    }
}

/// The reason why a position was not opened.
pub(super) enum NotOpened {
    /// The margin and the fee exceed the cash.
    NoCash,
}

/// The account: cash, open positions and closed round trips.
pub(super) struct Account<'a> {
    costs: Costs,
    pub(super) cash: Money,
    held: BTreeMap<Symbol, OpenPosition>,
    pub(super) trips: Vec<RoundTrip>,
    pub(super) closes: BTreeMap<Close, u64>,
    hear: &'a mut dyn FnMut(&LedgerEntry),
}

impl<'a> Account<'a> {
    pub(super) fn new(cash: Money, costs: Costs, hear: &'a mut dyn FnMut(&LedgerEntry)) -> Self {
        Self {
            costs,
            cash,
            held: BTreeMap::new(),
            trips: Vec::new(),
            closes: BTreeMap::new(),
            hear,
        }
    }

    pub(super) fn held(&self, symbol: &Symbol) -> Option<&OpenPosition> {
        self.held.get(symbol)
    }

    pub(super) fn held_mut(&mut self, symbol: &Symbol) -> Option<&mut OpenPosition> {
        self.held.get_mut(symbol)
    }

    pub(super) fn all_held(&self) -> impl Iterator<Item = &OpenPosition> {
        self.held.values()
    }

    /// Opens a position: reserves its margin and pays the fee, if the cash covers both.
    pub(super) fn open(
        &mut self,
        mut held: OpenPosition,
    ) -> Result<Result<(), NotOpened>, AmountOverflow> {
        let fee = self.fee(held.entry, held.quantity)?;
        let needed = held.margin.plus(fee)?;
        if needed > self.cash {
            return Ok(Err(NotOpened::NoCash));
        }
        self.cash = self.cash.minus(needed)?;
        held.fees = fee;
        let entry = LedgerEntry {
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

    /// Closes `quantity` of a position at a price, or the whole position if it is smaller.
    ///
    /// Does nothing if the symbol has no position or `quantity` is zero.
    pub(super) fn close(
        &mut self,
        symbol: &Symbol,
        quantity: Quantity,
        (price, at): (Price, Timestamp),
        why: Close,
    ) -> Result<(), AmountOverflow> {
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
        let entry = LedgerEntry {
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

    /// Liquidates a position: its remaining margin is lost. Does nothing if the symbol has no position.
    pub(super) fn liquidate(
        &mut self,
        symbol: &Symbol,
        at: Timestamp,
    ) -> Result<(), AmountOverflow> {
        let Some(mut held) = self.held.remove(symbol) else {
            return Ok(());
        };
        let (lost, quantity) = (held.margin, held.quantity);
        held.pnl = held.pnl.minus(lost)?;
        held.margin = Money::ZERO;
        held.quantity = held.quantity.less(quantity);
        let entry = LedgerEntry {
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

    /// Charges funding `times` times on the value of a position at a price. At a positive rate, a long pays and a short
    /// receives.
    pub(super) fn fund(
        &mut self,
        symbol: &Symbol,
        (price, at): (Price, Timestamp),
        times: i64,
    ) -> Result<(), AmountOverflow> {
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
            let entry = LedgerEntry {
                price: Some(price),
                funding_usd: once,
                ..self.entry(&held, at, "funding")
            };
            (self.hear)(&entry);
        }
        self.held.insert(*symbol, held);
        Ok(())
    }

    /// Moves the stop of a position.
    pub(super) fn move_stop(&mut self, symbol: &Symbol, stop: Price, at: Timestamp) {
        let Some(mut held) = self.held.remove(symbol) else {
            return;
        };
        held.stop = Some(stop);
        let entry = LedgerEntry {
            stop: Some(stop),
            ..self.entry(&held, at, "move_stop")
        };
        (self.hear)(&entry);
        self.held.insert(*symbol, held);
    }

    /// Returns the equity: cash, margins, and unrealised profit at the last prices.
    pub(super) fn equity(&self) -> Result<Money, AmountOverflow> {
        self.held.values().try_fold(self.cash, |sum, held| {
            sum.plus(held.margin)?.plus(held.unrealised(held.mark)?)
        })
    }

    /// Returns the exposure: the value of all positions at the last prices.
    pub(super) fn exposure(&self) -> Result<Money, AmountOverflow> {
        self.held.values().try_fold(Money::ZERO, |sum, held| {
            sum.plus(held.mark.times(held.quantity)?)
        })
    }

    /// Returns all round trips, with open positions in their current state, and the number of closes by reason.
    /// The round trips are ordered by opening time, then by record number.
    pub(super) fn finish(self) -> Result<(Vec<RoundTrip>, BTreeMap<Close, u64>), AmountOverflow> {
        let mut trips = self.trips;
        for held in self.held.values() {
            trips.push(trip(held, None)?);
        }
        trips.sort_by_key(|trip| (trip.opened, trip.n));
        Ok((trips, self.closes))
    }

    fn fee(&self, price: Price, quantity: Quantity) -> Result<Money, AmountOverflow> {
        match self.costs.taker_fee {
            Some(rate) => price.times(quantity)?.share(rate),
            None => Ok(Money::ZERO),
        }
    }

    fn entry(&self, held: &OpenPosition, ts: Timestamp, event: &'static str) -> LedgerEntry {
        LedgerEntry {
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

fn trip(held: &OpenPosition, end: Option<(Timestamp, Close)>) -> Result<RoundTrip, AmountOverflow> {
    let mut trip = RoundTrip {
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
