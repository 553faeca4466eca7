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
    position::{CloseReason, OpenPosition},
    reject::{OrderError, RejectReason},
    settings::Costs,
    units::{AmountOverflow, Money, Price, Quantity},
};

/// A log entry about one position.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LedgerEntry {
    /// The timestamp in epoch milliseconds.
    #[serde(serialize_with = "millis")]
    pub ts: Timestamp,
    /// The number of the record that opened the position.
    pub n: u64,
    /// The symbol of the position.
    pub symbol: Symbol,
    /// The side of the position: long or short.
    pub side: PositionSide,
    /// `open`, `funding`, `move_stop`, or the close reason ([`CloseReason::as_str`]).
    pub event: &'static str,
    /// The fill price in USD per unit. Absent for `move_stop` and `liquidation`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// The number of units that were opened or closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Quantity>,
    /// The stop price that is valid from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<Price>,
    /// The realised profit before costs, in USD.
    pub pnl_usd: Money,
    /// The fee paid, in USD.
    pub fee_usd: Money,
    /// The funding paid, in USD; negative if funding was received.
    pub funding_usd: Money,
    /// The cash after the event, in USD.
    pub cash_usd: Money,
}

pub(super) fn millis<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(at.as_millis())
}

/// A round trip: a closed position, or the state of an open position at the end of the run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RoundTrip {
    /// The number of the record that opened the position.
    pub n: u64,
    /// The symbol of the position.
    pub symbol: Symbol,
    /// The side of the position: long or short.
    pub side: PositionSide,
    /// The policy under which the entry was allowed: its version and the first digits of its hash.
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
    pub reason: Option<CloseReason>,
    /// The entry price in USD per unit.
    pub entry_price: Price,
    /// The number of units at the opening.
    pub quantity: Quantity,
    /// The notional at the opening, in USD.
    pub notional_usd: Money,
    /// The notional divided by the margin.
    pub leverage: f64,
    /// The realised profit before costs, in USD.
    pub pnl_usd: Money,
    /// The fees paid, in USD.
    pub fees_usd: Money,
    /// The funding paid, in USD; negative if funding was received.
    pub funding_usd: Money,
    /// The unrealised profit of the open part at the last closing price, before costs, in USD.
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

/// The account: cash, open positions and closed round trips.
pub(super) struct Account<'a> {
    costs: Costs,
    pub(super) cash: Money,
    positions: BTreeMap<Symbol, OpenPosition>,
    pub(super) trips: Vec<RoundTrip>,
    pub(super) closes: BTreeMap<CloseReason, u64>,
    on_entry: &'a mut dyn FnMut(&LedgerEntry),
}

impl<'a> Account<'a> {
    pub(super) fn new(
        cash: Money,
        costs: Costs,
        on_entry: &'a mut dyn FnMut(&LedgerEntry),
    ) -> Self {
        Self {
            costs,
            cash,
            positions: BTreeMap::new(),
            trips: Vec::new(),
            closes: BTreeMap::new(),
            on_entry,
        }
    }

    pub(super) fn position(&self, symbol: &Symbol) -> Option<&OpenPosition> {
        self.positions.get(symbol)
    }

    pub(super) fn position_mut(&mut self, symbol: &Symbol) -> Option<&mut OpenPosition> {
        self.positions.get_mut(symbol)
    }

    pub(super) fn positions(&self) -> impl Iterator<Item = &OpenPosition> {
        self.positions.values()
    }

    /// Opens a position: reserves its margin and pays the fee, if the cash covers both.
    pub(super) fn open(&mut self, mut position: OpenPosition) -> Result<(), OrderError> {
        let fee = self.fee(position.entry, position.quantity)?;
        let needed = position.margin.plus(fee)?;
        if needed > self.cash {
            return Err(OrderError::Rejected(RejectReason::NoCash));
        }
        self.cash = self.cash.minus(needed)?;
        position.fees = fee;
        let entry = LedgerEntry {
            price: Some(position.entry),
            quantity: Some(position.quantity),
            stop: position.stop,
            fee_usd: fee,
            ..self.entry(&position, position.opened, "open")
        };
        (self.on_entry)(&entry);
        self.positions.insert(position.symbol, position);
        Ok(())
    }

    /// Closes `quantity` units of a position at a price, or the whole position if it has fewer
    /// units.
    ///
    /// Does nothing if the symbol has no position or `quantity` is zero.
    pub(super) fn close(
        &mut self,
        symbol: &Symbol,
        quantity: Quantity,
        (price, at): (Price, Timestamp),
        reason: CloseReason,
    ) -> Result<(), AmountOverflow> {
        let Some(mut position) = self.positions.remove(symbol) else {
            return Ok(());
        };
        let quantity = quantity.min(position.quantity);
        if quantity.is_zero() {
            self.positions.insert(*symbol, position);
            return Ok(());
        }
        let is_all = quantity == position.quantity;
        let margin = match is_all {
            true => position.margin,
            false => position.margin.part(quantity, position.quantity)?,
        };
        let (pnl, fee) = (position.gain(quantity, price)?, self.fee(price, quantity)?);
        self.cash = self.cash.plus(margin)?.plus(pnl)?.minus(fee)?;
        position.margin = position.margin.minus(margin)?;
        position.quantity = position.quantity.less(quantity);
        position.pnl = position.pnl.plus(pnl)?;
        position.fees = position.fees.plus(fee)?;
        if let Some(stage) = stage(reason) {
            position.harvested = position.harvested.max(stage);
        }
        let entry = LedgerEntry {
            price: Some(price),
            quantity: Some(quantity),
            pnl_usd: pnl,
            fee_usd: fee,
            ..self.entry(&position, at, reason.as_str())
        };
        (self.on_entry)(&entry);
        *self.closes.entry(reason).or_insert(0) += 1;
        if is_all {
            let trip = trip(&position, Some((at, reason)))?;
            self.trips.push(trip);
        } else {
            self.positions.insert(*symbol, position);
        }
        Ok(())
    }

    /// Liquidates a position: its remaining margin is lost. Does nothing if the symbol has no position.
    pub(super) fn liquidate(
        &mut self,
        symbol: &Symbol,
        at: Timestamp,
    ) -> Result<(), AmountOverflow> {
        let Some(mut position) = self.positions.remove(symbol) else {
            return Ok(());
        };
        let (lost, quantity) = (position.margin, position.quantity);
        position.pnl = position.pnl.minus(lost)?;
        position.margin = Money::ZERO;
        position.quantity = position.quantity.less(quantity);
        let entry = LedgerEntry {
            quantity: Some(quantity),
            pnl_usd: -lost,
            ..self.entry(&position, at, CloseReason::Liquidation.as_str())
        };
        (self.on_entry)(&entry);
        *self.closes.entry(CloseReason::Liquidation).or_insert(0) += 1;
        let trip = trip(&position, Some((at, CloseReason::Liquidation)))?;
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
        let Some(mut position) = self.positions.remove(symbol) else {
            return Ok(());
        };
        let rate = match position.side {
            PositionSide::Long => rate,
            PositionSide::Short => -rate,
        };
        let once = price.times(position.quantity)?.share(rate)?;
        for _ in 0..times {
            self.cash = self.cash.minus(once)?;
            position.funding = position.funding.plus(once)?;
            let entry = LedgerEntry {
                price: Some(price),
                funding_usd: once,
                ..self.entry(&position, at, "funding")
            };
            (self.on_entry)(&entry);
        }
        self.positions.insert(*symbol, position);
        Ok(())
    }

    /// Moves the stop of a position.
    pub(super) fn move_stop(&mut self, symbol: &Symbol, stop: Price, at: Timestamp) {
        let Some(mut position) = self.positions.remove(symbol) else {
            return;
        };
        position.stop = Some(stop);
        let entry = LedgerEntry {
            stop: Some(stop),
            ..self.entry(&position, at, "move_stop")
        };
        (self.on_entry)(&entry);
        self.positions.insert(*symbol, position);
    }

    /// Returns the equity: cash, margins, and unrealised profit at the last prices.
    pub(super) fn equity(&self) -> Result<Money, AmountOverflow> {
        self.positions
            .values()
            .try_fold(self.cash, |sum, position| {
                sum.plus(position.margin)?
                    .plus(position.unrealised(position.mark)?)
            })
    }

    /// Returns the exposure: the value of all positions at the last prices.
    pub(super) fn exposure(&self) -> Result<Money, AmountOverflow> {
        self.positions
            .values()
            .try_fold(Money::ZERO, |sum, position| {
                sum.plus(position.mark.times(position.quantity)?)
            })
    }

    /// Returns all round trips, with open positions in their current state, and the number of closes by reason.
    /// The round trips are ordered by opening time, then by record number.
    pub(super) fn finish(
        self,
    ) -> Result<(Vec<RoundTrip>, BTreeMap<CloseReason, u64>), AmountOverflow> {
        let mut trips = self.trips;
        for position in self.positions.values() {
            trips.push(trip(position, None)?);
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

    fn entry(&self, position: &OpenPosition, ts: Timestamp, event: &'static str) -> LedgerEntry {
        LedgerEntry {
            ts,
            n: position.n,
            symbol: position.symbol,
            side: position.side,
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

const fn stage(reason: CloseReason) -> Option<Stage> {
    match reason {
        CloseReason::Partial25 => Some(Stage::Partial25),
        CloseReason::Partial50 => Some(Stage::Partial50),
        CloseReason::Partial75 => Some(Stage::Partial75),
        CloseReason::Liquidation
        | CloseReason::Stop
        | CloseReason::Target
        | CloseReason::Exit
        | CloseReason::FullClose => None,
    }
}

fn trip(
    position: &OpenPosition,
    end: Option<(Timestamp, CloseReason)>,
) -> Result<RoundTrip, AmountOverflow> {
    let mut trip = RoundTrip {
        n: position.n,
        symbol: position.symbol,
        side: position.side,
        policy: position.policy.clone(),
        opened: position.opened,
        closed: end.map(|(at, _)| at),
        reason: end.map(|(_, reason)| reason),
        entry_price: position.entry,
        quantity: position.opened_quantity,
        notional_usd: position.entry.times(position.opened_quantity)?,
        leverage: position.leverage,
        pnl_usd: position.pnl,
        fees_usd: position.fees,
        funding_usd: position.funding,
        unrealised_usd: position.unrealised(position.mark)?,
        r: None,
    };
    trip.r = position.r(trip.net()?);
    Ok(trip)
}
