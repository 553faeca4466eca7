//! JSON encoding of positions and market states.

use super::{
    intents::stream_id,
    json::{Decimal, Object, PLAIN},
    world::{TRADED, World, symbol},
};

/// The content of a position record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) has_time: bool,
    pub(super) side: &'static str,
    pub(super) quantity: Option<&'static str>,
    /// A text that replaces the current price.
    pub(super) price_text: Option<&'static str>,
    /// The profit or loss in tenths of R, before costs.
    pub(super) r_tenths: u64,
    /// If true, `r_tenths` is a loss.
    pub(super) is_loss: bool,
    /// The stop distance, in ten-thousandths of the entry price.
    pub(super) stop: Option<u64>,
    pub(super) stop_at: StopAt,
    pub(super) harvested: Option<&'static str>,
    pub(super) market: State,
}

/// The current stop order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StopAt {
    Nowhere,
    /// At the stop distance from the entry price.
    Entry,
    Text(&'static str),
}

/// The market state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Unknown,
    Calm,
    /// The probability of a trend is low.
    Turned,
    /// The volatility is high.
    Wild,
    /// Like `Calm`, but one value is not a valid probability.
    Malformed,
}

impl Seen {
    /// Returns a position in profit, in a calm market.
    pub(super) fn calm(world: &mut World) -> Self {
        let dice = &mut world.dice;
        Self {
            has_time: true,
            side: dice.pick("LONG", &["SHORT"]),
            quantity: None,
            price_text: None,
            r_tenths: dice.below(10),
            is_loss: false,
            stop: Some(dice.pick(80, &[150, 200])),
            stop_at: StopAt::Entry,
            harvested: None,
            market: State::Calm,
        }
    }

    /// Returns a position with typical variation.
    pub(super) fn usual(world: &mut World) -> Self {
        let mut seen = Self::calm(world);
        let dice = &mut world.dice;
        seen.is_loss = dice.percent(30);
        seen.r_tenths = match seen.is_loss {
            true => dice.below(12),
            false => dice.below(75),
        };
        seen.market = match dice.below(10) {
            0..7 => State::Calm,
            7 => State::Turned,
            8 => State::Wild,
            _ => State::Unknown,
        };
        seen.harvested = match dice.below(10) {
            0..4 => None,
            4..7 => Some("NONE"),
            7 | 8 => Some("PARTIAL_25"),
            _ => Some("PARTIAL_50"),
        };
        if dice.percent(20) {
            seen.stop_at = StopAt::Nowhere;
        }
        seen
    }

    /// Writes the record without a line ending.
    pub(super) fn write(&self, world: &mut World, line: &mut Vec<u8>) {
        let mut object = Object::begin(line, PLAIN);
        if self.has_time {
            stream_id(&mut object, world.now_ms);
        }
        object.text("event_type", "position.snapshot");
        let place = world.dice.below(TRADED);
        object.text("symbol", symbol(place).name);
        object.text("side", self.side);
        if let Some(quantity) = self.quantity {
            object.word("quantity", quantity);
        }
        let entry = world.price(place);
        self.prices(&mut object, entry);
        // In a calm market, the age alone must not close a position.
        let age = world.dice.below(match self.market {
            State::Calm => 60_000,
            State::Unknown | State::Turned | State::Wild | State::Malformed => 90_000,
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
        let way = (entry.units * stop * self.r_tenths).div_ceil(100_000);
        let current = if is_up {
            entry.units + way
        } else {
            entry.units.saturating_sub(way)
        };
        object.number("entry_price", entry);
        match self.price_text {
            Some(text) => object.text("current_price", text),
            None => object.number("current_price", Decimal::new(current, entry.places)),
        }
        match self.stop_at {
            StopAt::Nowhere => {}
            StopAt::Text(text) => object.text("current_sl", text),
            StopAt::Entry => {
                let away = entry.units * stop / 10_000;
                let at = if self.side == "LONG" {
                    entry.units.saturating_sub(away)
                } else {
                    entry.units + away
                };
                object.number("current_sl", Decimal::new(at, entry.places));
            }
        }
        if let Some(stop) = self.stop {
            object.number("stop_dist_pct", Decimal::new(stop, 4));
        }
    }

    fn state(&self, world: &mut World, object: &mut Object<'_>) {
        let dice = &mut world.dice;
        // In thousandths. The rest is split between mean reversion and chop.
        let trend = match self.market {
            State::Unknown => return,
            State::Calm | State::Wild => 300 + dice.below(500),
            State::Turned => 50 + dice.below(150),
            State::Malformed => 1_300,
        };
        let sigma = match self.market {
            State::Wild => 24_000 + dice.below(8_000),
            State::Unknown | State::Calm | State::Turned | State::Malformed => {
                4_000 + dice.below(8_000)
            }
        };
        let rest = 1_000_u64.saturating_sub(trend);
        let reverts = rest * dice.below(100) / 100;
        let strength = 300 + dice.below(300);
        let mut market = Object::begin(object.value("market"), PLAIN);
        market.number("sigma", Decimal::new(sigma, 6));
        market.number("ts", Decimal::new(strength, 3));
        market.number("p_trend", Decimal::new(trend, 3));
        market.number("p_mr", Decimal::new(reverts, 3));
        market.number("p_chop", Decimal::new(rest - reverts, 3));
        market.end();
    }
}
