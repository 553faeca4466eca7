//! The simulated account: cash, open positions, and a log entry for every change of either.
//!
//! At every timestamp `cash + margins = starting cash + realised profit − fees − funding` holds exactly.

use std::collections::BTreeMap;

use portcullis::types::{PositionSide, Symbol, Timestamp};

use super::{
    ledger::{LedgerEntry, RoundTrip},
    position::{CloseReason, OpenPosition},
    reject::{OrderError, RejectReason},
    settings::Costs,
    units::{AmountOverflow, Money, Price, Quantity},
};

/// The account: cash, open positions and closed round trips.
pub(super) struct Account<'a> {
    costs: Costs,
    pub(super) cash: Money,
    positions: BTreeMap<Symbol, OpenPosition>,
    pub(super) trips: Vec<RoundTrip>,
    pub(super) closes: BTreeMap<CloseReason, u64>,
    /// The sum of `target_gap_usd` of all entries of the log.
    pub(super) target_gap: Money,
    /// The sum of `beyond_margin_usd` of all entries of the log.
    pub(super) beyond_margin: Money,
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
            target_gap: Money::ZERO,
            beyond_margin: Money::ZERO,
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

    /// Opens a position: reserves its margin and pays the fee. If the cash does not cover both, returns
    /// [`RejectReason::NoCash`] and changes nothing.
    pub(super) fn open(
        &mut self,
        mut position: OpenPosition,
        exceeds: Vec<&'static str>,
    ) -> Result<(), OrderError> {
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
            exceeds,
            ..self.entry(&position, position.opened, "open")
        };
        (self.on_entry)(&entry);
        self.positions.insert(position.symbol, position);
        Ok(())
    }

    /// Closes `quantity` units of a position at a price, or the whole position if it has fewer
    /// units.
    ///
    /// Does nothing if the symbol has no position.
    pub(super) fn close(
        &mut self,
        symbol: &Symbol,
        quantity: Quantity,
        (price, at): (Price, Timestamp),
        reason: CloseReason,
    ) -> Result<(), AmountOverflow> {
        self.close_with_gap(symbol, quantity, (price, at), (reason, None))
    }

    /// Closes a position at its target, which the open has passed.
    pub(super) fn close_at_target(
        &mut self,
        symbol: &Symbol,
        (target, open): (Price, Price),
        at: Timestamp,
    ) -> Result<(), AmountOverflow> {
        let Some(position) = self.positions.get(symbol) else {
            return Ok(());
        };
        let quantity = position.quantity;
        let gap = position
            .gain(quantity, open)?
            .minus(position.gain(quantity, target)?)?;
        self.target_gap = self.target_gap.plus(gap)?;
        let reason = (CloseReason::Target, Some(gap));
        self.close_with_gap(symbol, quantity, (target, at), reason)
    }

    fn close_with_gap(
        &mut self,
        symbol: &Symbol,
        quantity: Quantity,
        (price, at): (Price, Timestamp),
        (reason, target_gap_usd): (CloseReason, Option<Money>),
    ) -> Result<(), AmountOverflow> {
        let Some(mut position) = self.positions.remove(symbol) else {
            return Ok(());
        };
        let quantity = quantity.min(position.quantity);
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
        let entry = LedgerEntry {
            price: Some(price),
            quantity: Some(quantity),
            pnl_usd: pnl,
            fee_usd: fee,
            target_gap_usd,
            ..self.entry(&position, at, reason.as_str())
        };
        (self.on_entry)(&entry);
        *self.closes.entry(reason).or_insert(0) += 1;
        if is_all {
            let trip = RoundTrip::new(&position, Some((at, reason)))?;
            self.trips.push(trip);
        } else {
            self.positions.insert(*symbol, position);
        }
        Ok(())
    }

    /// Liquidates a position at a price: its remaining margin is lost. A loss beyond the margin is reported but not
    /// booked. Does nothing if the symbol has no position.
    pub(super) fn liquidate(
        &mut self,
        symbol: &Symbol,
        (price, at): (Price, Timestamp),
        beyond_margin: Option<Money>,
    ) -> Result<(), AmountOverflow> {
        let Some(mut position) = self.positions.remove(symbol) else {
            return Ok(());
        };
        let (lost, quantity) = (position.margin, position.quantity);
        position.pnl = position.pnl.minus(lost)?;
        position.margin = Money::ZERO;
        position.quantity = position.quantity.less(quantity);
        if let Some(excess) = beyond_margin {
            self.beyond_margin = self.beyond_margin.plus(excess)?;
        }
        let entry = LedgerEntry {
            price: Some(price),
            quantity: Some(quantity),
            pnl_usd: -lost,
            beyond_margin_usd: beyond_margin,
            ..self.entry(&position, at, CloseReason::Liquidation.as_str())
        };
        (self.on_entry)(&entry);
        *self.closes.entry(CloseReason::Liquidation).or_insert(0) += 1;
        let trip = RoundTrip::new(&position, Some((at, CloseReason::Liquidation)))?;
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
            trips.push(RoundTrip::new(position, None)?);
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
            target_gap_usd: None,
            beyond_margin_usd: None,
            exceeds: Vec::new(),
            cash_usd: self.cash,
        }
    }
}
