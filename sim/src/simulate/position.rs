//! One position, from its opening to its end.

use portcullis::{
    domain::{Instant, PositionSide, Symbol},
    harvest::{self, Harvested, Stage, Standing},
};
use serde::Serialize;

use super::{
    orders::Opening,
    units::{Money, Price, Quantity, Rate, TooMuch},
};

/// Why a part of a position, or all of it, was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Close {
    /// The margin was eaten up.
    Liquidation,
    /// The price came to its stop.
    Stop,
    /// The price came to the intent's `take_profit`.
    Target,
    /// The exit owner closed it.
    Exit,
    /// The kill score of a harvest.
    FullClose,
    /// A stage of the harvest ladder.
    #[serde(rename = "partial_25")]
    Partial25,
    /// A stage of the harvest ladder.
    #[serde(rename = "partial_50")]
    Partial50,
    /// A stage of the harvest ladder.
    #[serde(rename = "partial_75")]
    Partial75,
}

impl Close {
    /// Every one.
    pub const ALL: [Self; 8] = [
        Self::Liquidation,
        Self::Stop,
        Self::Target,
        Self::Exit,
        Self::FullClose,
        Self::Partial25,
        Self::Partial50,
        Self::Partial75,
    ];

    /// As it is written in answers.
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

/// What is held.
#[derive(Debug, Clone)]
pub(super) struct Held {
    /// The record that opened it.
    pub(super) n: u64,
    pub(super) symbol: Symbol,
    pub(super) side: PositionSide,
    pub(super) opened: Instant,
    pub(super) entry: Price,
    pub(super) quantity: Quantity,
    pub(super) opened_quantity: Quantity,
    pub(super) leverage: f64,
    /// Put up for what is still held.
    pub(super) margin: Money,
    pub(super) stop: Option<Price>,
    /// As a share of the entry price, where a stop stood at entry.
    pub(super) stop_dist_pct: Option<f64>,
    pub(super) target: Option<Price>,
    pub(super) harvested: Stage,
    pub(super) policy: String,
    pub(super) pnl: Money,
    pub(super) fees: Money,
    pub(super) funding: Money,
    /// What it is waiting for at the next open.
    pub(super) pending: Option<Close>,
    pub(super) mark: Price,
}

/// Why a position cannot be opened at a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    TooSmall,
    BeyondStop,
}

impl Held {
    pub(super) fn open(
        (n, symbol): (u64, Symbol),
        wish: &Opening,
        (entry, opened): (Price, Instant),
    ) -> Result<Result<Self, Refused>, TooMuch> {
        let notional = Money::floor(wish.notional_usd)?;
        let quantity = Quantity::bought(notional, entry);
        if quantity.is_zero() {
            return Ok(Err(Refused::TooSmall));
        }
        let at = entry.to_f64();
        let away = |share: f64| at * (1.0 - wish.side.sign() * share);
        let stop = wish.stop.or_else(|| wish.fallback_stop_pct.map(away));
        let stop = stop.and_then(Price::nearest);
        let held = Self {
            n,
            symbol,
            side: wish.side,
            opened,
            entry,
            quantity,
            opened_quantity: quantity,
            leverage: wish.leverage,
            margin: entry.times(quantity)?.over(wish.leverage)?,
            stop,
            stop_dist_pct: stop.map(|stop| (at - stop.to_f64()).abs() / at),
            target: wish.target.and_then(Price::nearest),
            harvested: Stage::None,
            policy: wish.policy.clone(),
            pnl: Money::ZERO,
            fees: Money::ZERO,
            funding: Money::ZERO,
            pending: None,
            mark: entry,
        };
        Ok(
            if stop.is_some_and(|stop| held.is_at_or_beyond(entry, stop)) {
                Err(Refused::BeyondStop)
            } else {
                Ok(held)
            },
        )
    }

    /// Whether `price` is where a stop at `stop` closes.
    pub(super) fn is_at_or_beyond(&self, price: Price, stop: Price) -> bool {
        match self.side {
            PositionSide::Long => price <= stop,
            PositionSide::Short => price >= stop,
        }
    }

    /// Whether `price` is where a target closes.
    pub(super) fn has_reached(&self, price: Price, target: Price) -> bool {
        match self.side {
            PositionSide::Long => price >= target,
            PositionSide::Short => price <= target,
        }
    }

    /// What so much of it has gained at a price, costs apart.
    pub(super) fn gain(&self, quantity: Quantity, price: Price) -> Result<Money, TooMuch> {
        let (now, then) = (price.times(quantity)?, self.entry.times(quantity)?);
        match self.side {
            PositionSide::Long => now.minus(then),
            PositionSide::Short => then.minus(now),
        }
    }

    pub(super) fn unrealised(&self, price: Price) -> Result<Money, TooMuch> {
        self.gain(self.quantity, price)
    }

    /// Whether the margin is eaten up at a price: what is left of it is no more than the maintenance margin, or nothing
    /// where no rate is given.
    pub(super) fn is_eaten_up(
        &self,
        price: Price,
        maintenance: Option<Rate>,
    ) -> Result<bool, TooMuch> {
        let left = self.margin.plus(self.unrealised(price)?)?;
        let kept = match maintenance {
            Some(rate) => price.times(self.quantity)?.share(rate)?,
            None => Money::ZERO,
        };
        Ok(left <= kept)
    }

    /// What a harvest is asked about at the end of a candle.
    pub(super) fn snapshot(&self, now: Instant) -> harvest::Position {
        let age = now.since(self.opened).as_micros();
        let seconds = u32::try_from(age / 1_000_000).ok();
        harvest::Position {
            symbol: self.symbol,
            side: Some(Standing::Open(self.side)),
            quantity: Some(self.quantity.to_f64()),
            entry_price: Some(self.entry.to_f64()),
            current_price: Some(self.mark.to_f64()),
            age_sec: seconds.map(f64::from),
            current_sl: self.stop.map(Price::to_f64),
            stop_dist_pct: self.stop_dist_pct,
            harvested: Harvested::Stage(self.harvested),
            as_of: Some(now),
        }
    }

    /// What came of it in units of the risk taken at entry; `None` where it had no stop.
    pub(super) fn r(&self, net: Money) -> Option<f64> {
        let risk = self.entry.to_f64() * self.stop_dist_pct? * self.opened_quantity.to_f64();
        (risk > 0.0).then(|| net.to_f64() / risk)
    }
}
