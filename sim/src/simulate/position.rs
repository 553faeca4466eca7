//! One open position.

use portcullis::{
    harvest::{self, Harvested, ReportedSide, SizeRules, Stage},
    types::{PolicyHash, PositionSide, Symbol, Timestamp},
};
use serde::Serialize;

use super::{
    order::{EntrySize, Opening},
    reject::{OrderError, RejectReason},
    units::{AmountOverflow, Lot, Money, Price, Quantity, Rate},
};

/// The reason for a full or partial close.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// The margin was lost.
    Liquidation,
    /// The price reached the stop.
    Stop,
    /// The price reached the intent's `take_profit`.
    Target,
    /// The exit owner or a delegate closed the position.
    Exit,
    /// A harvest proposed a full close because of the kill score.
    FullClose,
    /// A harvest proposed to close the position down to three quarters of its opened quantity.
    #[serde(rename = "partial_25")]
    Partial25,
    /// A harvest proposed to close the position down to half of its opened quantity.
    #[serde(rename = "partial_50")]
    Partial50,
    /// A harvest proposed to close the position down to a quarter of its opened quantity.
    #[serde(rename = "partial_75")]
    Partial75,
}

impl CloseReason {
    /// Returns the name in reports and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Liquidation => "liquidation",
            Self::Stop => "stop",
            Self::Target => "target",
            Self::Exit => "exit",
            Self::FullClose => "full_close",
            Self::Partial25 => "partial_25",
            Self::Partial50 => "partial_50",
            Self::Partial75 => "partial_75",
        }
    }
}

/// An open position.
#[derive(Debug, Clone)]
pub(super) struct OpenPosition {
    /// The number of the record that opened the position.
    pub(super) n: u64,
    pub(super) symbol: Symbol,
    pub(super) side: PositionSide,
    pub(super) opened: Timestamp,
    pub(super) entry: Price,
    pub(super) quantity: Quantity,
    pub(super) opened_quantity: Quantity,
    pub(super) leverage: f64,
    /// The margin of the open part, in USD.
    pub(super) margin: Money,
    pub(super) stop: Option<Price>,
    /// The stop distance at entry as a share of the entry price; `None` without a stop.
    pub(super) stop_dist_pct: Option<f64>,
    pub(super) target: Option<Price>,
    /// The size of which every quantity of the position is a multiple.
    pub(super) lot: Lot,
    pub(super) sizes: SizeRules,
    pub(super) policy: String,
    /// The hash of the policy under which the position was opened.
    pub(super) policy_hash: PolicyHash,
    pub(super) pnl: Money,
    pub(super) fees: Money,
    pub(super) funding: Money,
    /// The close that is executed at the open price of the next candle, and its quantity.
    pub(super) pending: Option<(CloseReason, Quantity)>,
    pub(super) mark: Price,
}

impl OpenPosition {
    pub(super) fn open(
        (n, symbol): (u64, Symbol),
        opening: &Opening,
        (entry, opened): (Price, Timestamp),
        sizes: SizeRules,
    ) -> Result<Self, OrderError> {
        let lot = sizes.lot_size.and_then(Lot::of_size);
        let quantity = match opening.size {
            EntrySize::Units(units) => Quantity::stated(units, lot)?,
            EntrySize::NotionalUsd(usd) => Quantity::bought(Money::stated(usd)?, entry, lot)?,
        };
        let notional = entry.times(quantity)?;
        let is_below_min = quantity.is_zero()
            || sizes.min_quantity.is_some_and(|min| quantity.is_below(min))
            || sizes
                .min_notional_usd
                .is_some_and(|min| notional.is_below(min));
        if is_below_min {
            return Err(OrderError::Rejected(RejectReason::BelowMin));
        }
        let stop = match (opening.stop, opening.fallback_stop_pct) {
            (Some(stop), _) => Price::stated(stop),
            (None, Some(share)) => entry.moved(-opening.side.sign() * share),
            (None, None) => None,
        };
        let position = Self {
            n,
            symbol,
            side: opening.side,
            opened,
            entry,
            quantity,
            opened_quantity: quantity,
            leverage: opening.leverage,
            margin: notional.over(opening.leverage)?,
            stop,
            stop_dist_pct: stop.and_then(|stop| entry.distance_share(stop)),
            target: opening.target.and_then(Price::stated),
            lot: lot.map_or_else(|| Lot::of_last_digit(quantity), Ok)?,
            sizes,
            policy: opening.policy.clone(),
            policy_hash: opening.policy_hash,
            pnl: Money::ZERO,
            fees: Money::ZERO,
            funding: Money::ZERO,
            pending: None,
            mark: entry,
        };
        match (stop, position.target) {
            (Some(stop), _) if position.is_at_or_beyond(entry, stop) => {
                Err(OrderError::Rejected(RejectReason::BeyondStop))
            }
            (_, Some(target)) if position.has_reached(entry, target) => {
                Err(OrderError::Rejected(RejectReason::BeyondTarget))
            }
            (Some(_) | None, _) => Ok(position),
        }
    }

    /// Returns true if `price` triggers a stop at `stop`.
    pub(super) fn is_at_or_beyond(&self, price: Price, stop: Price) -> bool {
        match self.side {
            PositionSide::Long => price <= stop,
            PositionSide::Short => price >= stop,
        }
    }

    /// Returns true if `price` reaches `target`.
    pub(super) fn has_reached(&self, price: Price, target: Price) -> bool {
        match self.side {
            PositionSide::Long => price >= target,
            PositionSide::Short => price <= target,
        }
    }

    /// Returns the profit of `quantity` units at a price, before costs.
    pub(super) fn gain(&self, quantity: Quantity, price: Price) -> Result<Money, AmountOverflow> {
        let (now, then) = (price.times(quantity)?, self.entry.times(quantity)?);
        match self.side {
            PositionSide::Long => now.minus(then),
            PositionSide::Short => then.minus(now),
        }
    }

    pub(super) fn unrealised(&self, price: Price) -> Result<Money, AmountOverflow> {
        self.gain(self.quantity, price)
    }

    /// Returns the net profit at the last price: realised and unrealised profit less fees and funding.
    pub(super) fn net(&self) -> Result<Money, AmountOverflow> {
        let gain = self.pnl.plus(self.unrealised(self.mark)?)?;
        gain.minus(self.fees)?.minus(self.funding)
    }

    /// Returns true if the position is liquidated at a price: margin plus unrealised profit is at most the maintenance
    /// margin, or at most 0 if no rate is given.
    pub(super) fn is_liquidated_at(
        &self,
        price: Price,
        maintenance: Option<Rate>,
    ) -> Result<bool, AmountOverflow> {
        let left = self.margin.plus(self.unrealised(price)?)?;
        let required = match maintenance {
            Some(rate) => price.times(self.quantity)?.share(rate)?,
            None => Money::ZERO,
        };
        Ok(left <= required)
    }

    /// Returns the part of the loss at a price that exceeds the margin, in USD; 0 if the margin covers the loss.
    pub(super) fn beyond_margin(&self, price: Price) -> Result<Money, AmountOverflow> {
        let left = self.margin.plus(self.unrealised(price)?)?;
        Ok((-left).max(Money::ZERO))
    }

    /// Returns the price at which the position is liquidated, within a range that contains it. The price is for output;
    /// [`Self::is_liquidated_at`] decides.
    pub(super) fn liquidation_price(
        &self,
        maintenance: Option<Rate>,
        (low, high): (Price, Price),
    ) -> Price {
        let sign = self.side.sign();
        let rate = maintenance.map_or(0.0, Rate::to_f64);
        let quantity = self.quantity.to_f64();
        let lost = self.entry.to_f64() - sign * self.margin.to_f64() / quantity;
        let price = Price::computed(lost / (1.0 - sign * rate));
        // There is no positive liquidation price if, for example, the margin of a long is its whole value.
        price.map_or(low, |price| price.clamp(low, high))
    }

    /// Returns the position as harvest input at the end of a candle.
    pub(super) fn snapshot(&self, now: Timestamp) -> harvest::Position {
        let age = now.since(self.opened).as_micros();
        let seconds = u32::try_from(age / 1_000_000).ok();
        harvest::Position {
            symbol: self.symbol,
            side: Some(ReportedSide::Open(self.side)),
            quantity: Some(self.quantity.to_f64()),
            peak_quantity: Some(self.opened_quantity.to_f64()),
            sizes: self.sizes,
            entry_price: Some(self.entry.to_f64()),
            current_price: Some(self.mark.to_f64()),
            age_sec: seconds.map(f64::from),
            current_sl: self.stop.map(Price::to_f64),
            stop_dist_pct: self.stop_dist_pct,
            harvested: Harvested::Stage(Stage::None),
            as_of: Some(now),
        }
    }

    /// Returns `net` as an R multiple of the risk at entry; `None` if the position had no stop.
    pub(super) fn r(&self, net: Money) -> Option<f64> {
        let risk = self.entry.to_f64() * self.stop_dist_pct? * self.opened_quantity.to_f64();
        Some(net.to_f64() / risk)
    }
}
