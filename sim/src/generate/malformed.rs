//! Rare records, one for each rare answer.

use super::{
    intents::{Ask, Envelope, Leverage, Name, OWNER, Size, Stop, Time, Way, stream_id},
    json::{Object, PLAIN},
    snapshots::{Seen, State, StopAt},
    world::{HALTED, NO_LEVERAGE, UNIVERSE, World},
};

/// The kind of a rare record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Oddity {
    Malformed(Malformed),
    Ask(Asking),
    Seen(Seeing),
}

/// Records that are not valid intents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Malformed {
    CutOff,
    NoObject,
    NoUtf8,
    UnknownEvent,
    PayloadNoObject,
}

/// Rare intents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asking {
    Hold,
    SidesConflict,
    FlagsConflict,
    FlagAgainstWords,
    StopOnWrongSide,
    SourcesConflict,
    BesidePayload,
    PayloadAndData,
    OwnerOpens,
    NoSymbol,
    BadSymbol,
    BadSide,
    KeyTwice,
    NoTime,
    BadTime,
    BadStop,
    Halted,
    Late,
    Ahead,
    OutsideUniverse,
    NoLeverage,
    BadLeverage,
    LeverageNotANumber,
    NoSize,
    BadSize,
    ZeroSize,
    QuantityWithoutPrice,
    MarginWithoutLeverage,
    TooLarge,
    ExitByAnother,
    ExitByNobody,
    ExitInWords,
    ExitInText,
    IsoWithoutOffset,
    RecordedKnown,
    RecordedUnknown,
}

/// Rare positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seeing {
    Flat,
    QuantityZero,
    NoStop,
    NoStopNoMarket,
    BadPriceNoMarket,
    BadPrice,
    BadMarket,
    NoTime,
    BadHarvested,
    BadStopAt,
    LockOnly,
    Quarter,
    Half,
    ThreeQuarters,
    TakenAlready,
    Turned,
    Wild,
}

/// All rare records, in the order of a cycle that repeats.
pub(super) static ODDITIES: [Oddity; 58] = {
    use Asking as A;
    use Malformed as B;
    use Oddity::{Ask, Seen};
    use Seeing as S;
    [
        Ask(A::Hold),
        Seen(S::Quarter),
        Ask(A::OutsideUniverse),
        Oddity::Malformed(B::CutOff),
        Ask(A::NoLeverage),
        Seen(S::Turned),
        Ask(A::NoSize),
        Ask(A::ExitByAnother),
        Ask(A::SidesConflict),
        Seen(S::NoStopNoMarket),
        Ask(A::Late),
        Ask(A::TooLarge),
        Oddity::Malformed(B::NoUtf8),
        Seen(S::Flat),
        Ask(A::Halted),
        Ask(A::Ahead),
        Ask(A::NoSymbol),
        Seen(S::BadPriceNoMarket),
        Ask(A::FlagsConflict),
        Ask(A::BadLeverage),
        Ask(A::ExitInWords),
        Seen(S::Half),
        Oddity::Malformed(B::UnknownEvent),
        Ask(A::QuantityWithoutPrice),
        Ask(A::StopOnWrongSide),
        Seen(S::NoStop),
        Ask(A::RecordedKnown),
        Ask(A::BadSymbol),
        Ask(A::IsoWithoutOffset),
        Seen(S::ThreeQuarters),
        Ask(A::OwnerOpens),
        Ask(A::ExitByNobody),
        Oddity::Malformed(B::NoObject),
        Seen(S::QuantityZero),
        Ask(A::BadSide),
        Ask(A::SourcesConflict),
        Ask(A::MarginWithoutLeverage),
        Seen(S::Wild),
        Ask(A::KeyTwice),
        Ask(A::BesidePayload),
        Ask(A::ExitInText),
        Seen(S::LockOnly),
        Oddity::Malformed(B::PayloadNoObject),
        Ask(A::NoTime),
        Ask(A::ZeroSize),
        Seen(S::BadPrice),
        Ask(A::RecordedUnknown),
        Ask(A::PayloadAndData),
        Ask(A::LeverageNotANumber),
        Seen(S::TakenAlready),
        Ask(A::BadTime),
        Ask(A::FlagAgainstWords),
        Seen(S::BadMarket),
        Ask(A::BadSize),
        Ask(A::BadStop),
        Seen(S::NoTime),
        Seen(S::BadHarvested),
        Seen(S::BadStopAt),
    ]
};

impl Oddity {
    /// Writes the record without a line ending.
    pub(super) fn write(self, world: &mut World, line: &mut Vec<u8>) {
        match self {
            Self::Malformed(odd) => odd.write(world, line),
            Self::Ask(odd) => {
                let mut ask = Ask::sound(world);
                odd.apply(&mut ask);
                ask.write(world, line);
            }
            Self::Seen(odd) => {
                let mut seen = Seen::calm(world);
                odd.apply(&mut seen);
                seen.write(world, line);
            }
        }
    }
}

impl Malformed {
    fn write(self, world: &mut World, line: &mut Vec<u8>) {
        match self {
            Self::NoObject => line.extend_from_slice(b"[\"trade.intent\",\"BTCUSDT\",\"BUY\"]"),
            Self::CutOff => {
                let begin = line.len();
                Ask::sound(world).write(world, line);
                let written = line.len().saturating_sub(begin);
                line.truncate(begin + written / 2);
            }
            Self::NoUtf8 => {
                let mut ask = Ask::sound(world);
                ask.source = None;
                ask.write(world, line);
                line.pop();
                line.extend_from_slice(b",\"source\":\"caf\xe9\"}");
            }
            Self::UnknownEvent => {
                let mut object = Object::begin(line, PLAIN);
                stream_id(&mut object, world.now_ms);
                object.text("event_type", "order.filled");
                object.end();
            }
            Self::PayloadNoObject => {
                let mut object = Object::begin(line, PLAIN);
                stream_id(&mut object, world.now_ms);
                object.text("event_type", "trade.intent");
                object.text("payload", "BUY BTCUSDT");
                object.end();
            }
        }
    }
}

impl Asking {
    fn apply(self, ask: &mut Ask) {
        match self {
            Self::Hold => ask.way = Way::Word("HOLD"),
            Self::SidesConflict => ask.way = Way::Conflict,
            Self::FlagsConflict => ask.inner = &[("reduce_only", "true"), ("reduceOnly", "false")],
            Self::FlagAgainstWords => {
                ask.inner = &[("reduce_only", "false"), ("intent_type", "EXIT")];
            }
            Self::StopOnWrongSide => ask.stop = Stop::WrongSide,
            Self::SourcesConflict => {
                ask.envelope = Envelope::Text("payload");
                ask.inner = &[("source", "another")];
            }
            Self::BesidePayload => {
                ask.envelope = Envelope::Object("payload");
                ask.outer = &[("symbol", "ETHUSDT")];
            }
            Self::PayloadAndData => {
                ask.envelope = Envelope::Object("payload");
                ask.outer = &[("data", "{}")];
            }
            Self::OwnerOpens => ask.source = Some(OWNER),
            Self::NoSymbol => ask.symbol = Name::None,
            Self::BadSymbol => ask.symbol = Name::Text("BTC USDT"),
            Self::BadSide => ask.way = Way::Word("UP"),
            Self::KeyTwice => ask.inner = &[("leverage", "3")],
            Self::NoTime => ask.time = Time::None,
            Self::BadTime => ask.time = Time::Unreadable,
            Self::BadStop => ask.stop = Stop::Unreadable,
            Self::Halted => ask.symbol = Name::Listed(HALTED),
            Self::Late => ask.time = Time::RecordedDecision { after: 45_000 },
            Self::Ahead => ask.time = Time::Ahead { by: 20_000 },
            Self::OutsideUniverse => ask.symbol = Name::Listed(UNIVERSE.into()),
            Self::NoLeverage => ask.symbol = Name::Listed(NO_LEVERAGE),
            Self::BadLeverage => ask.leverage = Leverage::Text("max"),
            Self::LeverageNotANumber => ask.leverage = Leverage::Text("nan"),
            Self::NoSize => ask.size = Size::None,
            Self::BadSize => ask.size = Size::Text("position_size_usd", "all"),
            Self::ZeroSize => ask.size = Size::Notional("size", 0),
            Self::QuantityWithoutPrice => {
                ask.size = Size::Quantity("quantity", None, 10_000);
                ask.stop = Stop::None;
            }
            Self::MarginWithoutLeverage => {
                ask.size = Size::Margin(10_000);
                ask.leverage = Leverage::None;
            }
            Self::TooLarge => ask.size = Size::Notional("position_size_usd", 100_000_000),
            Self::ExitByAnother => ask.inner = &[("reduce_only", "true")],
            Self::ExitByNobody => {
                ask.source = None;
                ask.inner = &[("reduce_only", "true")];
            }
            Self::ExitInWords => {
                ask.source = Some(OWNER);
                ask.way = Way::Word("CLOSE");
            }
            Self::ExitInText => {
                ask.source = Some(OWNER);
                ask.envelope = Envelope::FlatAllText;
                ask.inner = &[("reduce_only", "1")];
            }
            Self::IsoWithoutOffset => ask.time = Time::Iso(""),
            Self::RecordedKnown => ask.time = Time::Recorded { is_known: true },
            Self::RecordedUnknown => ask.time = Time::Recorded { is_known: false },
        }
    }
}

impl Seeing {
    fn apply(self, seen: &mut Seen) {
        match self {
            Self::Flat => seen.side = "FLAT",
            Self::QuantityZero => seen.quantity = Some("0"),
            Self::NoStop => seen.stop = None,
            Self::NoStopNoMarket => {
                seen.stop = None;
                seen.market = State::Unknown;
            }
            Self::BadPriceNoMarket => {
                seen.price_text = Some("0");
                seen.market = State::Unknown;
            }
            Self::BadPrice => seen.price_text = Some("nan"),
            Self::BadMarket => seen.market = State::Malformed,
            Self::NoTime => seen.has_time = false,
            Self::BadHarvested => seen.harvested = Some("HALF"),
            Self::BadStopAt => {
                seen.r_tenths = 30;
                seen.stop_at = StopAt::Text("0");
            }
            Self::LockOnly => seen.r_tenths = 15,
            Self::Quarter => seen.r_tenths = 25,
            Self::Half => seen.r_tenths = 45,
            Self::ThreeQuarters => seen.r_tenths = 70,
            Self::TakenAlready => {
                seen.r_tenths = 45;
                seen.harvested = Some("PARTIAL_75");
            }
            Self::Turned => seen.market = State::Turned,
            Self::Wild => seen.market = State::Wild,
        }
    }
}
