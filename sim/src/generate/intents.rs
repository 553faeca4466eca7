//! Writing intents: entries and exits, in all their envelopes.

use super::{
    json::{ALL_TEXT, Decimal, Object, PLAIN, QUOTED, Style, push_int},
    policies::{Edition, Revision},
    schedule::month_of,
    world::{ALL, TRADED, UNIVERSE, World, symbol},
};

/// The service that owns exits.
pub(super) const OWNER: &str = "exitbrain_v3_5";

/// Names and texts of fields that stand there beside the usual ones.
pub(super) type Extras = &'static [(&'static str, &'static str)];

/// What an intent will say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask {
    pub(super) envelope: Envelope,
    pub(super) time: Time,
    pub(super) source: Option<&'static str>,
    pub(super) symbol: Name,
    pub(super) is_buy: bool,
    pub(super) way: Way,
    pub(super) leverage: Leverage,
    pub(super) size: Size,
    pub(super) stop: Stop,
    /// Beside the other fields of the intent.
    pub(super) inner: Extras,
    /// Beside the payload.
    pub(super) outer: Extras,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Envelope {
    Flat,
    FlatAllText,
    /// A JSON string in this field.
    Text(&'static str),
    /// A JSON object in this field.
    Object(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Time {
    /// A stream entry's id, and the same instant as ISO text or not.
    Stream {
        has_iso: bool,
    },
    /// A stream entry's id, and the instant of a decision that much later, in milliseconds.
    Decided {
        after: u64,
    },
    /// A stream entry's id from that long after the decision, in milliseconds.
    Ahead {
        by: u64,
    },
    /// A recorded decision, by the policy of a hash.
    Recorded {
        is_known: bool,
    },
    Millis,
    Seconds,
    /// ISO text with this behind it.
    Iso(&'static str),
    Unreadable,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    Listed(u64),
    Text(&'static str),
    None,
}

/// Where the side stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// BUY or SELL, in this field.
    Trade(&'static str),
    /// LONG or SHORT, in this field.
    Position(&'static str),
    /// Another word as `action`.
    Word(&'static str),
    /// An `action` and a `side` of the other way.
    Conflict,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leverage {
    None,
    /// Asked relative to what the policy gives, but never less than 1.
    Lower(u64),
    Equal,
    Higher(u64),
    Text(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    None,
    /// Notional, in US cents, under this name.
    Notional(&'static str, u64),
    /// Worth so many US cents, under this name, at a price under that one.
    Quantity(&'static str, Option<&'static str>, u64),
    /// Margin, in US cents.
    Margin(u64),
    Text(&'static str, &'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    None,
    /// So many ten-thousandths away from the entry price.
    Away(u64),
    WrongSide,
    Unreadable,
}

impl Ask {
    /// An entry that a policy in force lets pass.
    pub(super) fn sound(world: &mut World) -> Self {
        let dice = &mut world.dice;
        Self {
            envelope: Envelope::Flat,
            time: Time::Stream { has_iso: false },
            source: Some(dice.pick("momentum", &["meanrev-4h", "ensemble", "trading-bot"])),
            symbol: Name::Listed(dice.below(TRADED)),
            is_buy: dice.percent(55),
            way: Way::Trade("action"),
            leverage: Leverage::Equal,
            size: Size::Notional("position_size_usd", 5_000 + dice.below(95_000)),
            stop: Stop::Away(50 + dice.below(250)),
            inner: &[],
            outer: &[],
        }
    }

    /// An entry as they mostly come.
    pub(super) fn entry(world: &mut World) -> Self {
        let mut ask = Self::sound(world);
        let dice = &mut world.dice;
        ask.symbol = Name::Listed(match dice.below(100) {
            0..97 => dice.below(UNIVERSE),
            _ => dice.below(ALL),
        });
        ask.envelope = envelope(dice.below(100));
        ask.time = match dice.below(100) {
            0..45 => Time::Stream { has_iso: false },
            45..62 => Time::Stream { has_iso: true },
            62..68 => Time::Decided {
                after: 5 + dice.below(900),
            },
            68..84 => Time::Millis,
            84..88 => Time::Seconds,
            88..96 => Time::Iso("Z"),
            96..98 => Time::Iso("+00:00"),
            _ => Time::Iso(""),
        };
        ask.way = match dice.below(10) {
            0..6 => Way::Trade("action"),
            6..9 => Way::Trade("side"),
            _ => Way::Position("side"),
        };
        ask.leverage = match dice.below(10) {
            0..3 => Leverage::None,
            3..6 => Leverage::Lower(1 + dice.below(4)),
            6..8 => Leverage::Equal,
            _ => Leverage::Higher(1 + dice.below(10)),
        };
        let cents = 5_000 + dice.below(295_000);
        ask.size = match dice.below(20) {
            0..8 => Size::Notional("position_size_usd", cents),
            8..11 => Size::Notional("size", cents),
            11..13 => Size::Quantity("quantity", Some("entry_price"), cents),
            13..15 => Size::Quantity("quantity", Some("price"), cents),
            15..17 => Size::Quantity("qty", Some("price"), cents),
            17 | 18 if ask.leverage != Leverage::None => Size::Margin(2_000 + cents / 10),
            // Now and then more than any limit here permits.
            19 if dice.percent(30) => {
                Size::Notional("position_size_usd", 2_500_000 + dice.below(500_000))
            }
            _ => Size::Notional("position_size_usd", cents),
        };
        if dice.percent(40) {
            ask.stop = Stop::None;
        }
        ask
    }

    /// An exit by its owner.
    pub(super) fn exit(world: &mut World) -> Self {
        let mut ask = Self::sound(world);
        let dice = &mut world.dice;
        ask.envelope = envelope(dice.below(100));
        ask.time = Time::Stream {
            has_iso: dice.percent(50),
        };
        ask.source = Some(if dice.percent(92) { OWNER } else { "momentum" });
        ask.leverage = Leverage::None;
        ask.stop = Stop::None;
        ask.size = match dice.below(3) {
            0 => Size::None,
            _ => Size::Quantity("quantity", None, 5_000 + dice.below(95_000)),
        };
        ask.inner = dice.pick(
            &[("reduce_only", "true")],
            &[
                &[("reduceOnly", "true")],
                &[("intent_type", "REDUCE_EXIT"), ("reduce_only", "true")],
            ],
        );
        if dice.percent(20) {
            ask.way = Way::Word("CLOSE");
        }
        ask
    }

    /// Writes the record, without the end of the line.
    pub(super) fn write(&self, world: &mut World, line: &mut Vec<u8>) {
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

    /// What an envelope says: id, event, time, source.
    fn head(&self, world: &mut World, object: &mut Object<'_>) {
        let now = world.now_ms;
        match self.time {
            Time::Stream { .. } | Time::Ahead { .. } | Time::Recorded { .. } => {
                let ahead = match self.time {
                    Time::Ahead { by } => by,
                    _ => 0,
                };
                stream_id(object, now + ahead);
            }
            Time::Decided { after } => stream_id(object, now.saturating_sub(after)),
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
            Time::Decided { .. } | Time::Ahead { .. } => {
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

    /// What the intent says.
    fn body(&self, world: &mut World, object: &mut Object<'_>) {
        let place = match self.symbol {
            Name::Listed(place) => {
                object.text("symbol", symbol(place).name);
                place
            }
            Name::Text(text) => {
                object.text("symbol", text);
                0
            }
            Name::None => 0,
        };
        self.way(object);
        let confidence = 40 + world.dice.below(60);
        object.number("confidence", Decimal::new(confidence, 2));
        self.leverage(world, object, place);
        let price = world.price(place);
        self.size(object, price);
        self.stop(object, price);
        for (name, text) in self.inner {
            object.word(name, text);
        }
    }

    fn way(&self, object: &mut Object<'_>) {
        let trade = |is_buy| if is_buy { "BUY" } else { "SELL" };
        match self.way {
            Way::Trade(field) => object.text(field, trade(self.is_buy)),
            Way::Position(field) => {
                object.text(field, if self.is_buy { "LONG" } else { "SHORT" });
            }
            Way::Word(word) => object.text("action", word),
            Way::Conflict => {
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
                // Six places: cents · 10^(6 − 2) · 10^places / units.
                let scale = 10_000 * 10_u64.saturating_pow(price.places);
                object.number(name, Decimal::new(cents * scale / price.units.max(1), 6));
                // A stop names the entry price itself.
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
            Stop::Away(by) => (by, 2 * by),
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

fn envelope(percent: u64) -> Envelope {
    match percent {
        0..60 => Envelope::Flat,
        60..75 => Envelope::FlatAllText,
        75..88 => Envelope::Text("payload"),
        88..94 => Envelope::Object("payload"),
        94..97 => Envelope::Text("data"),
        _ => Envelope::Object("data"),
    }
}

pub(super) fn stream_id(object: &mut Object<'_>, at_ms: u64) {
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
