//! JSON encoding of positions and market states.

use super::{
    intents::stream_id,
    json::{Decimal, Object, PLAIN},
    symbols::{TRADED, symbol},
    world::World,
};

/// The content of a position record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    pub(super) has_time: bool,
    pub(super) side: &'static str,
    pub(super) quantity: Option<&'static str>,
    /// A text that replaces the current price.
    pub(super) price_text: Option<&'static str>,
    /// The profit or loss in tenths of R, before costs.
    pub(super) r_tenths: u64,
    /// If true, `r_tenths` is a loss.
    pub(super) is_loss: bool,
    /// The stop distance, in ten-thousandths of the entry price; `None` if it is absent.
    pub(super) stop: Option<u64>,
    pub(super) stop_at: StopAt,
    pub(super) harvested: Option<&'static str>,
    pub(super) market: MarketState,
}

/// The price of the current stop order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StopAt {
    None,
    /// The stop order is at the stop distance from the entry price.
    Entry,
    Text(&'static str),
}

/// The market state in the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MarketState {
    Unknown,
    Calm,
    /// The probability of a trend is low.
    Trendless,
    /// The volatility is high.
    Volatile,
    /// As `Calm`, but one value is not a valid probability.
    Malformed,
}

impl Position {
    /// Returns a position in profit, in a calm market.
    pub(super) fn valid(world: &mut World) -> Self {
        let rng = &mut world.rng;
        Self {
            has_time: true,
            side: rng.pick("LONG", &["SHORT"]),
            quantity: None,
            price_text: None,
            r_tenths: rng.below(10),
            is_loss: false,
            stop: Some(rng.pick(80, &[150, 200])),
            stop_at: StopAt::Entry,
            harvested: None,
            market: MarketState::Calm,
        }
    }

    /// Returns a position with typical variation.
    pub(super) fn typical(world: &mut World) -> Self {
        let mut position = Self::valid(world);
        let rng = &mut world.rng;
        position.is_loss = rng.percent(30);
        position.r_tenths = match position.is_loss {
            true => rng.below(12),
            false => rng.below(75),
        };
        position.market = match rng.below(10) {
            0..7 => MarketState::Calm,
            7 => MarketState::Trendless,
            8 => MarketState::Volatile,
            _ => MarketState::Unknown,
        };
        position.harvested = match rng.below(10) {
            0..4 => None,
            4..7 => Some("NONE"),
            7 | 8 => Some("PARTIAL_25"),
            _ => Some("PARTIAL_50"),
        };
        if rng.percent(20) {
            position.stop_at = StopAt::None;
        }
        position
    }

    /// Writes the record without a line ending.
    pub(super) fn write(&self, world: &mut World, line: &mut Vec<u8>) {
        let mut object = Object::begin(line, PLAIN);
        if self.has_time {
            stream_id(&mut object, world.now_ms);
        }
        object.text("event_type", "position.snapshot");
        let place = world.rng.below(TRADED);
        object.text("symbol", symbol(place).name);
        object.text("side", self.side);
        if let Some(quantity) = self.quantity {
            object.word("quantity", quantity);
        }
        let entry = world.price(place);
        self.prices(&mut object, entry);
        // In a calm market, the age alone must not close a position.
        let age = world.rng.below(match self.market {
            MarketState::Calm => 60_000,
            MarketState::Unknown
            | MarketState::Trendless
            | MarketState::Volatile
            | MarketState::Malformed => 90_000,
        });
        object.number("age_sec", Decimal::whole(age));
        if let Some(harvested) = self.harvested {
            object.text("harvested", harvested);
        }
        self.state(world, &mut object);
        object.end();
    }

    fn prices(&self, object: &mut Object<'_>, entry: Decimal) {
        let stop = self.stop.unwrap_or(150);
        let is_up = (self.side == "LONG") != self.is_loss;
        // The distance is rounded up, so that a profit that should reach a threshold is not slightly below it.
        let distance = (entry.units * stop * self.r_tenths).div_ceil(100_000);
        let current = if is_up {
            entry.units + distance
        } else {
            entry.units.saturating_sub(distance)
        };
        object.number("entry_price", entry);
        match self.price_text {
            Some(text) => object.text("current_price", text),
            None => object.number("current_price", Decimal::new(current, entry.places)),
        }
        match self.stop_at {
            StopAt::None => {}
            StopAt::Text(text) => object.text("current_sl", text),
            StopAt::Entry => {
                let distance = entry.units * stop / 10_000;
                let at = if self.side == "LONG" {
                    entry.units.saturating_sub(distance)
                } else {
                    entry.units + distance
                };
                object.number("current_sl", Decimal::new(at, entry.places));
            }
        }
        if let Some(stop) = self.stop {
            object.number("stop_dist_pct", Decimal::new(stop, 4));
        }
    }

    fn state(&self, world: &mut World, object: &mut Object<'_>) {
        let rng = &mut world.rng;
        // The probability of a trend, in thousandths. The rest is divided between mean reversion
        // and chop.
        let trend = match self.market {
            MarketState::Unknown => return,
            MarketState::Calm | MarketState::Volatile => 300 + rng.below(500),
            MarketState::Trendless => 50 + rng.below(150),
            MarketState::Malformed => 1_300,
        };
        let sigma = match self.market {
            MarketState::Volatile => 24_000 + rng.below(8_000),
            MarketState::Unknown
            | MarketState::Calm
            | MarketState::Trendless
            | MarketState::Malformed => 4_000 + rng.below(8_000),
        };
        let rest = 1_000_u64.saturating_sub(trend);
        let reverts = rest * rng.below(100) / 100;
        let strength = 300 + rng.below(300);
        let mut market = Object::begin(object.value("market"), PLAIN);
        market.number("sigma", Decimal::new(sigma, 6));
        market.number("ts", Decimal::new(strength, 3));
        market.number("p_trend", Decimal::new(trend, 3));
        market.number("p_mr", Decimal::new(reverts, 3));
        market.number("p_chop", Decimal::new(rest - reverts, 3));
        market.end();
    }
}
