//! The content of intents: entries and exits in all envelopes.

mod writing;

pub(super) use writing::stream_id;

use super::{
    symbols::{ALL, TRADED, UNIVERSE},
    world::World,
};

/// The service that owns exits.
pub(super) const OWNER: &str = "exitbrain_v3_5";

/// Names and texts of additional fields.
pub(super) type Extras = &'static [(&'static str, &'static str)];

/// The content of a generated intent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Intent {
    pub(super) envelope: Envelope,
    pub(super) time: Time,
    pub(super) source: Option<&'static str>,
    pub(super) symbol: SymbolField,
    pub(super) is_buy: bool,
    pub(super) side: SideField,
    pub(super) leverage: Leverage,
    pub(super) size: Size,
    pub(super) stop: Stop,
    /// Additional fields of the intent.
    pub(super) inner: Extras,
    /// Additional fields next to the payload.
    pub(super) outer: Extras,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Envelope {
    Flat,
    FlatAllText,
    /// The payload is a JSON string in this field.
    Text(&'static str),
    /// The payload is a JSON object in this field.
    Object(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Time {
    /// A stream entry id, optionally with the same timestamp as ISO text.
    Stream {
        has_iso: bool,
    },
    /// A stream entry id, and the time of a decision that was made this many milliseconds later.
    RecordedDecision {
        after: u64,
    },
    /// A stream entry id this many milliseconds after the decision.
    AheadOfClock {
        by: u64,
    },
    /// A recorded decision with a policy hash, which may be unknown.
    Recorded {
        is_known: bool,
    },
    Millis,
    Seconds,
    /// ISO text with this suffix.
    Iso(&'static str),
    Unreadable,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SymbolField {
    Listed(u64),
    Text(&'static str),
    None,
}

/// The field and the encoding of an intent's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SideField {
    /// The field with this name is BUY or SELL.
    Trade(&'static str),
    /// The field with this name is LONG or SHORT.
    Position(&'static str),
    /// The field `action` is another word.
    Word(&'static str),
    /// The fields `action` and `side` contradict each other.
    Conflict,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leverage {
    None,
    /// The leverage of the policy minus this number, but at least 1.
    Lower(u64),
    Equal,
    Higher(u64),
    Text(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    None,
    /// The notional in US cents, in this field.
    Notional(&'static str, u64),
    /// A quantity worth this many US cents, in this field, with the price in the second field.
    Quantity(&'static str, Option<&'static str>, u64),
    /// The margin in US cents.
    Margin(u64),
    Text(&'static str, &'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    None,
    /// The distance from the entry price, in ten-thousandths.
    Distance(u64),
    WrongSide,
    Unreadable,
}

impl Intent {
    /// Returns an entry that is allowed under a policy in force.
    pub(super) fn allowed(world: &mut World) -> Self {
        let rng = &mut world.rng;
        Self {
            envelope: Envelope::Flat,
            time: Time::Stream { has_iso: false },
            source: Some(rng.pick("momentum", &["meanrev-4h", "ensemble", "trading-bot"])),
            symbol: SymbolField::Listed(rng.below(TRADED)),
            is_buy: rng.percent(55),
            side: SideField::Trade("action"),
            leverage: Leverage::Equal,
            size: Size::Notional("position_size_usd", 5_000 + rng.below(95_000)),
            stop: Stop::Distance(50 + rng.below(250)),
            inner: &[],
            outer: &[],
        }
    }

    /// Returns an entry with typical variation.
    pub(super) fn entry(world: &mut World) -> Self {
        let mut intent = Self::allowed(world);
        let rng = &mut world.rng;
        intent.symbol = SymbolField::Listed(match rng.below(100) {
            0..97 => rng.below(UNIVERSE),
            _ => rng.below(ALL),
        });
        intent.envelope = envelope(rng.below(100));
        intent.time = match rng.below(100) {
            0..45 => Time::Stream { has_iso: false },
            45..62 => Time::Stream { has_iso: true },
            62..68 => Time::RecordedDecision {
                after: 5 + rng.below(900),
            },
            68..84 => Time::Millis,
            84..88 => Time::Seconds,
            88..96 => Time::Iso("Z"),
            96..98 => Time::Iso("+00:00"),
            _ => Time::Iso(""),
        };
        intent.side = match rng.below(10) {
            0..6 => SideField::Trade("action"),
            6..9 => SideField::Trade("side"),
            _ => SideField::Position("side"),
        };
        intent.leverage = match rng.below(10) {
            0..3 => Leverage::None,
            3..6 => Leverage::Lower(1 + rng.below(4)),
            6..8 => Leverage::Equal,
            _ => Leverage::Higher(1 + rng.below(10)),
        };
        let cents = 5_000 + rng.below(295_000);
        intent.size = match rng.below(20) {
            0..8 => Size::Notional("position_size_usd", cents),
            8..11 => Size::Notional("size", cents),
            11..13 => Size::Quantity("quantity", Some("entry_price"), cents),
            13..15 => Size::Quantity("quantity", Some("price"), cents),
            15..17 => Size::Quantity("qty", Some("price"), cents),
            17 | 18 if intent.leverage != Leverage::None => Size::Margin(2_000 + cents / 10),
            // Some sizes are above every limit of the sample policies.
            19 if rng.percent(30) => {
                Size::Notional("position_size_usd", 2_500_000 + rng.below(500_000))
            }
            _ => Size::Notional("position_size_usd", cents),
        };
        if rng.percent(40) {
            intent.stop = Stop::None;
        }
        intent
    }

    /// Returns an exit, usually by the exit owner.
    pub(super) fn exit(world: &mut World) -> Self {
        let mut intent = Self::allowed(world);
        let rng = &mut world.rng;
        intent.envelope = envelope(rng.below(100));
        intent.time = Time::Stream {
            has_iso: rng.percent(50),
        };
        intent.source = Some(if rng.percent(92) { OWNER } else { "momentum" });
        intent.leverage = Leverage::None;
        intent.stop = Stop::None;
        intent.size = match rng.below(3) {
            0 => Size::None,
            _ => Size::Quantity("quantity", None, 5_000 + rng.below(95_000)),
        };
        intent.inner = rng.pick(
            &[("reduce_only", "true")],
            &[
                &[("reduceOnly", "true")],
                &[("intent_type", "REDUCE_EXIT"), ("reduce_only", "true")],
            ],
        );
        if rng.percent(20) {
            intent.side = SideField::Word("CLOSE");
        }
        intent
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
