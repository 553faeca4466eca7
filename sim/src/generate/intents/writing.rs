//! JSON encoding of intents.

use super::{Envelope, Intent, Leverage, SideField, Size, Stop, SymbolField, Time};
use crate::generate::{
    calendar::month_of,
    json::{ALL_TEXT, Decimal, Object, PLAIN, QUOTED, Style, push_int},
    policies::{Edition, Revision},
    symbols::symbol,
    world::World,
};

impl Intent {
    /// Writes the record without a line ending.
    pub(in crate::generate) fn write(&self, world: &mut World, line: &mut Vec<u8>) {
        match self.envelope {
            Envelope::Flat => self.flat(world, line, PLAIN),
            Envelope::FlatAllText => self.flat(world, line, ALL_TEXT),
            Envelope::Text(field) => {
                self.around(world, line, |world, object| {
                    object.written(field, |line| self.payload(world, line, QUOTED));
                });
            }
            Envelope::Object(field) => self.around(world, line, |world, object| {
                self.payload(world, object.value(field), PLAIN);
            }),
        }
    }

    fn flat(&self, world: &mut World, line: &mut Vec<u8>, style: Style) {
        let mut object = Object::begin(line, style);
        self.head(world, &mut object);
        self.body(world, &mut object);
        object.end();
    }

    fn around(
        &self,
        world: &mut World,
        line: &mut Vec<u8>,
        payload: impl FnOnce(&mut World, &mut Object<'_>),
    ) {
        let mut object = Object::begin(line, PLAIN);
        self.head(world, &mut object);
        payload(world, &mut object);
        for (name, text) in self.outer {
            object.word(name, text);
        }
        object.end();
    }

    fn payload(&self, world: &mut World, line: &mut Vec<u8>, style: Style) {
        let mut object = Object::begin(line, style);
        self.body(world, &mut object);
        object.end();
    }

    /// Writes the fields of the envelope: id, event type, time, source.
    fn head(&self, world: &mut World, object: &mut Object<'_>) {
        let now = world.now_ms;
        match self.time {
            Time::Stream { .. } | Time::Recorded { .. } => stream_id(object, now),
            Time::AheadOfClock { by } => stream_id(object, now + by),
            Time::RecordedDecision { after } => stream_id(object, now.saturating_sub(after)),
            Time::Millis | Time::Seconds | Time::Iso(_) | Time::Unreadable | Time::None => {
                object.written("intent_id", |line| {
                    line.extend_from_slice(b"sig-");
                    push_int(line, world.record);
                });
            }
        }
        object.text("event_type", "trade.intent");
        self.time_fields(world, object);
        if let Some(source) = self.source {
            object.text("source", source);
        }
    }

    fn time_fields(&self, world: &mut World, object: &mut Object<'_>) {
        let now = world.now_ms;
        match self.time {
            Time::Stream { has_iso: true } => iso(world, object, "Z"),
            Time::Iso(offset) => iso(world, object, offset),
            Time::RecordedDecision { .. } | Time::AheadOfClock { .. } => {
                object.number("decided_at", Decimal::whole(now));
            }
            Time::Recorded { is_known } => {
                object.number("decided_at", Decimal::whole(now));
                let hash = Edition::Monthly {
                    month: month_of(world.record),
                    revision: Revision::First,
                }
                .hash()
                .to_string();
                let shown = if is_known { hash } else { "0".repeat(64) };
                object.text("policy_hash", &shown);
            }
            Time::Millis => object.number("ts", Decimal::whole(now)),
            Time::Seconds => object.number("timestamp", Decimal::new(now, 3)),
            Time::Unreadable => object.text("timestamp", "yesterday"),
            Time::Stream { has_iso: false } | Time::None => {}
        }
    }

    /// Writes the fields of the intent.
    fn body(&self, world: &mut World, object: &mut Object<'_>) {
        let place = match self.symbol {
            SymbolField::Listed(place) => {
                object.text("symbol", symbol(place).name);
                place
            }
            SymbolField::Text(text) => {
                object.text("symbol", text);
                0
            }
            SymbolField::None => 0,
        };
        self.side(object);
        let confidence = 40 + world.rng.below(60);
        object.number("confidence", Decimal::new(confidence, 2));
        self.leverage(world, object, place);
        let price = world.price(place);
        self.size(object, price);
        self.stop(object, price);
        for (name, text) in self.inner {
            object.word(name, text);
        }
    }

    fn side(&self, object: &mut Object<'_>) {
        let trade = |is_buy| if is_buy { "BUY" } else { "SELL" };
        match self.side {
            SideField::Trade(field) => object.text(field, trade(self.is_buy)),
            SideField::Position(field) => {
                object.text(field, if self.is_buy { "LONG" } else { "SHORT" });
            }
            SideField::Word(word) => object.text("action", word),
            SideField::Conflict => {
                object.text("action", trade(self.is_buy));
                object.text("side", trade(!self.is_buy));
            }
        }
    }

    fn leverage(&self, world: &World, object: &mut Object<'_>, place: u64) {
        let given = world.revision.leverage(symbol(place)).unwrap_or(5);
        let asked = match self.leverage {
            Leverage::None => return,
            Leverage::Text(text) => return object.text("leverage", text),
            Leverage::Lower(by) => given.saturating_sub(by).max(1),
            Leverage::Equal => given,
            Leverage::Higher(by) => given + by,
        };
        object.number("leverage", Decimal::whole(asked));
    }

    fn size(&self, object: &mut Object<'_>, price: Decimal) {
        match self.size {
            Size::None => {}
            Size::Notional(name, cents) => object.number(name, Decimal::new(cents, 2)),
            Size::Margin(cents) => object.number("position_usd", Decimal::new(cents, 2)),
            Size::Text(name, text) => object.text(name, text),
            Size::Quantity(name, price_name, cents) => {
                // The quantity has six decimal places: cents · 10^(6 − 2) · 10^places / units.
                let scale = 10_000 * 10_u64.saturating_pow(price.places);
                object.number(name, Decimal::new(cents * scale / price.units.max(1), 6));
                // `stop` writes `entry_price` too, and the key must not be duplicated.
                let is_named = price_name == Some("entry_price") && self.stop != Stop::None;
                if let Some(price_name) = price_name.filter(|_| !is_named) {
                    object.number(price_name, price);
                }
            }
        }
    }

    fn stop(&self, object: &mut Object<'_>, entry: Decimal) {
        let at = |ten_thousandths: u64| {
            Decimal::new(entry.units * ten_thousandths / 10_000, entry.places)
        };
        let (stop, target) = match self.stop {
            Stop::None => return,
            Stop::Unreadable => {
                object.number("entry_price", entry);
                return object.text("stop_loss", "n/a");
            }
            Stop::Distance(by) => (by, 2 * by),
            Stop::WrongSide => (100, 200),
        };
        let is_below = self.is_buy != (self.stop == Stop::WrongSide);
        let (stop, target) = if is_below {
            (at(10_000_u64.saturating_sub(stop)), at(10_000 + target))
        } else {
            (at(10_000 + stop), at(10_000_u64.saturating_sub(target)))
        };
        object.number("entry_price", entry);
        object.number("stop_loss", stop);
        object.number("take_profit", target);
    }
}

/// Writes an id in the format of a stream entry id.
pub(in crate::generate) fn stream_id(object: &mut Object<'_>, at_ms: u64) {
    object.written("id", |line| {
        push_int(line, at_ms);
        line.extend_from_slice(b"-0");
    });
}

fn iso(world: &mut World, object: &mut Object<'_>, offset: &str) {
    let now = world.now_ms;
    object.written("timestamp", |line| {
        world.push_iso(line, now);
        line.extend_from_slice(offset.as_bytes());
    });
}
