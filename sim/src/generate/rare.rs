//! The rare records of a tape. Each of them causes a different rare answer.

use super::{
    intents::{
        Envelope, Intent, Leverage, OWNER, SideField, Size, Stop, SymbolField, Time, stream_id,
    },
    json::{Object, PLAIN},
    positions::{MarketState, Position, StopAt},
    symbols::{HALTED, NO_LEVERAGE, UNIVERSE},
    world::World,
};

/// A rare record.
#[derive(Debug, Clone, Copy)]
pub(super) enum RareRecord {
    /// A record that is not a valid intent, by the function that writes it.
    Malformed(fn(&mut World, &mut Vec<u8>)),
    /// A change to an intent that is otherwise allowed.
    Intent(fn(&mut Intent)),
    /// A change to a position that is otherwise valid.
    Position(fn(&mut Position)),
}

/// All rare records, in the order of a cycle that repeats.
pub(super) static RARE_RECORDS: [RareRecord; 58] = {
    use RareRecord::{Intent, Malformed, Position};
    [
        Intent(|intent| intent.side = SideField::Word("HOLD")),
        Position(|position| position.r_tenths = 25),
        Intent(|intent| intent.symbol = SymbolField::Listed(UNIVERSE.into())),
        Malformed(cut_off),
        Intent(|intent| intent.symbol = SymbolField::Listed(NO_LEVERAGE)),
        Position(|position| position.market = MarketState::Trendless),
        Intent(|intent| intent.size = Size::None),
        // This exit is from a source that does not own exits.
        Intent(|intent| intent.inner = &[("reduce_only", "true")]),
        Intent(|intent| intent.side = SideField::Conflict),
        Position(|position| {
            position.stop = None;
            position.market = MarketState::Unknown;
        }),
        Intent(|intent| intent.time = Time::RecordedDecision { after: 45_000 }),
        Intent(|intent| intent.size = Size::Notional("position_size_usd", 100_000_000)),
        Malformed(not_utf8),
        Position(|position| position.side = "FLAT"),
        Intent(|intent| intent.symbol = SymbolField::Listed(HALTED)),
        Intent(|intent| intent.time = Time::AheadOfClock { by: 20_000 }),
        Intent(|intent| intent.symbol = SymbolField::None),
        Position(|position| {
            position.price_text = Some("0");
            position.market = MarketState::Unknown;
        }),
        Intent(|intent| intent.inner = &[("reduce_only", "true"), ("reduceOnly", "false")]),
        Intent(|intent| intent.leverage = Leverage::Text("max")),
        Intent(|intent| {
            intent.source = Some(OWNER);
            intent.side = SideField::Word("CLOSE");
        }),
        Position(|position| position.r_tenths = 45),
        Malformed(unknown_event),
        Intent(|intent| {
            intent.size = Size::Quantity("quantity", None, 10_000);
            intent.stop = Stop::None;
        }),
        Intent(|intent| intent.stop = Stop::WrongSide),
        Position(|position| position.stop = None),
        Intent(|intent| intent.time = Time::Recorded { is_known: true }),
        Intent(|intent| intent.symbol = SymbolField::Text("BTC USDT")),
        Intent(|intent| intent.time = Time::Iso("")),
        Position(|position| position.r_tenths = 70),
        // This entry is from the exit owner.
        Intent(|intent| intent.source = Some(OWNER)),
        Intent(|intent| {
            intent.source = None;
            intent.inner = &[("reduce_only", "true")];
        }),
        Malformed(not_an_object),
        Position(|position| position.quantity = Some("0")),
        Intent(|intent| intent.side = SideField::Word("UP")),
        Intent(|intent| {
            intent.envelope = Envelope::Text("payload");
            intent.inner = &[("source", "another")];
        }),
        Intent(|intent| {
            intent.size = Size::Margin(10_000);
            intent.leverage = Leverage::None;
        }),
        Position(|position| position.market = MarketState::Volatile),
        // This record has a duplicate key.
        Intent(|intent| intent.inner = &[("leverage", "3")]),
        Intent(|intent| {
            intent.envelope = Envelope::Object("payload");
            intent.outer = &[("symbol", "ETHUSDT")];
        }),
        Intent(|intent| {
            intent.source = Some(OWNER);
            intent.envelope = Envelope::FlatAllText;
            intent.inner = &[("reduce_only", "1")];
        }),
        Position(|position| position.r_tenths = 15),
        Malformed(payload_not_an_object),
        Intent(|intent| intent.time = Time::None),
        Intent(|intent| intent.size = Size::Notional("size", 0)),
        Position(|position| position.price_text = Some("nan")),
        Intent(|intent| intent.time = Time::Recorded { is_known: false }),
        Intent(|intent| {
            intent.envelope = Envelope::Object("payload");
            intent.outer = &[("data", "{}")];
        }),
        Intent(|intent| intent.leverage = Leverage::Text("nan")),
        // The stage of this position was already taken.
        Position(|position| {
            position.r_tenths = 45;
            position.harvested = Some("PARTIAL_75");
        }),
        Intent(|intent| intent.time = Time::Unreadable),
        Intent(|intent| {
            intent.inner = &[("reduce_only", "false"), ("intent_type", "EXIT")];
        }),
        Position(|position| position.market = MarketState::Malformed),
        Intent(|intent| intent.size = Size::Text("position_size_usd", "all")),
        Intent(|intent| intent.stop = Stop::Unreadable),
        Position(|position| position.has_time = false),
        Position(|position| position.harvested = Some("HALF")),
        Position(|position| {
            position.r_tenths = 30;
            position.stop_at = StopAt::Text("0");
        }),
    ]
};

impl RareRecord {
    /// Writes the record without a line ending.
    pub(super) fn write(self, world: &mut World, line: &mut Vec<u8>) {
        match self {
            Self::Malformed(write) => write(world, line),
            Self::Intent(change) => {
                let mut intent = Intent::allowed(world);
                change(&mut intent);
                intent.write(world, line);
            }
            Self::Position(change) => {
                let mut position = Position::valid(world);
                change(&mut position);
                position.write(world, line);
            }
        }
    }
}

fn not_an_object(_: &mut World, line: &mut Vec<u8>) {
    line.extend_from_slice(b"[\"trade.intent\",\"BTCUSDT\",\"BUY\"]");
}

fn cut_off(world: &mut World, line: &mut Vec<u8>) {
    let begin = line.len();
    Intent::allowed(world).write(world, line);
    let written = line.len().saturating_sub(begin);
    line.truncate(begin + written / 2);
}

fn not_utf8(world: &mut World, line: &mut Vec<u8>) {
    let mut intent = Intent::allowed(world);
    intent.source = None;
    intent.write(world, line);
    line.pop();
    line.extend_from_slice(b",\"source\":\"caf\xe9\"}");
}

fn unknown_event(world: &mut World, line: &mut Vec<u8>) {
    let mut object = Object::begin(line, PLAIN);
    stream_id(&mut object, world.now_ms);
    object.text("event_type", "order.filled");
    object.end();
}

fn payload_not_an_object(world: &mut World, line: &mut Vec<u8>) {
    let mut object = Object::begin(line, PLAIN);
    stream_id(&mut object, world.now_ms);
    object.text("event_type", "trade.intent");
    object.text("payload", "BUY BTCUSDT");
    object.end();
}
