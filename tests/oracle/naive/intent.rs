//! Intents in every envelope and with every alias, and the faults that gate 1 detects.

use super::fields::{Fields, Given, When, first, given, positive, quantity, text, times};
use super::json::{self, Field, Json};
use super::{Flaw, symbol, time};

/// The fields that are taken from the envelope if the payload does not have them.
const LENT: [&str; 7] = [
    "id",
    "intent_id",
    "source",
    "event_type",
    "decided_at",
    "ts",
    "timestamp",
];
/// The fields that make an intent an exit, or that name the position to close. They must not be in
/// an envelope next to a payload, and in an entry they must not be duplicates.
const EXIT_DECIDES: [&str; 6] = [
    "symbol",
    "action",
    "side",
    "reduce_only",
    "reduceOnly",
    "intent_type",
];
const FLAGS: [&str; 2] = ["reduce_only", "reduceOnly"];
/// The other fields that affect the decision about an entry.
const ENTRY_DECIDES: [&str; 9] = [
    "leverage",
    "quantity",
    "qty",
    "price",
    "entry_price",
    "position_usd",
    "size",
    "position_size_usd",
    "stop_loss",
];
const CARRIED: [&str; 5] = [
    "take_profit",
    "confidence",
    "regime",
    "position_side",
    "model",
];

const UNREADABLE: &str = "INTENT_UNREADABLE";
const INVALID: &str = "INTENT_INVALID";
const AMBIGUOUS: &str = "INTENT_AMBIGUOUS";

/// The source of an intent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Emitter {
    Absent,
    Unreadable,
    Named(String),
}

/// The requested size. Of several forms of a size, the first one whose first field is present is
/// used.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Size {
    pub basis: &'static str,
    pub source: String,
    /// The amount in USD; `None` if the fields are present but the size is not usable.
    pub usd: Option<f64>,
}

/// An intent that passed gate 1.
#[derive(Clone, Debug)]
pub(crate) struct Intent {
    pub is_exit: bool,
    pub symbol: String,
    /// The side, `BUY` or `SELL`. It is optional for an exit.
    pub side: Option<&'static str>,
    pub source: Emitter,
    pub decided_at: Option<i64>,
    /// The timestamp of the intent in microseconds, if it has one.
    pub made_at: Option<i64>,
    pub leverage: Given,
    pub size: Option<Size>,
    pub quantity: Given,
    pub price: Given,
}

/// Checks gate 1 and returns the intent. `clock` is true if the caller has a clock.
pub(crate) fn read(line: &str, clock: bool, flaw: Option<Flaw>) -> Result<Intent, &'static str> {
    let top = json::read_by_grammar(line).ok_or(UNREADABLE)?;
    let top = json::pairs(&top).ok_or(UNREADABLE)?;
    if names_another_event(top) {
        return Err(UNREADABLE);
    }
    // If a payload is a duplicate, it is not read. If both `payload` and `data` are present, only
    // their types are checked.
    let mut payloads = Vec::new();
    let fields = ["payload", "data"].map(|name| json::field(top, name));
    for field in fields {
        if let Field::One(value) = field {
            payloads.push(payload(value).ok_or(UNREADABLE)?);
        }
    }
    if fields.iter().any(|field| matches!(field, Field::Duplicate)) {
        return Err(INVALID);
    }
    if payloads.len() > 1 {
        return Err(AMBIGUOUS);
    }
    if payloads.iter().any(|payload| names_another_event(payload)) {
        return Err(UNREADABLE);
    }
    let mut faults = Faults::default();
    let lone = payloads.pop();
    let fields = match lone.as_deref() {
        Some(payload) => borrow(top, payload),
        None => top.clone(),
    };
    if let Some(payload) = lone.as_deref() {
        // If envelope and payload both have a source, the sources must be equal, and a payload must
        // not contain another payload.
        if let (Field::One(outer), Field::One(inner)) =
            (json::field(top, "source"), json::field(payload, "source"))
        {
            faults.ambiguous |= outer != inner || !matches!(outer, Json::Text(_));
        }
        faults.ambiguous |= ["payload", "data"]
            .iter()
            .any(|name| !matches!(json::field(payload, name), Field::Absent));
    }
    let objects = match lone.as_deref() {
        Some(payload) => vec![top.as_slice(), payload],
        None => vec![top.as_slice()],
    };
    let timed = match lone.as_deref() {
        Some(payload) => timed(top, payload, &fields),
        None => fields.clone(),
    };
    checked_intent(&fields, &timed, &objects, faults, clock, flaw)
}

/// Returns the event type of a line, if it is known and not an intent.
pub(crate) fn other_event_type(line: &str) -> Option<String> {
    let top = json::read_by_grammar(line)?;
    let event = text(json::pairs(&top)?, "event_type")?;
    let others = [
        "position.snapshot",
        "policy.updated",
        "policy.withdrawn",
        "trade.decided",
    ];
    others.contains(&event).then(|| event.to_owned())
}

/// Returns true if the event type is not that of an intent.
fn names_another_event(fields: &Fields) -> bool {
    matches!(json::field(fields, "event_type"), Field::One(name) if *name != Json::Text("trade.intent".to_owned()))
}

/// Returns the payload if it is an object.
fn payload(value: &Json) -> Option<Vec<(String, Json)>> {
    match value {
        Json::Text(text) => json::pairs(&json::read_by_grammar(text)?).cloned(),
        Json::Object(pairs) => Some(pairs.clone()),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Garbled(_) => None,
    }
}

/// Returns the payload with the fields that it takes from its envelope.
fn borrow(envelope: &[(String, Json)], payload: &[(String, Json)]) -> Vec<(String, Json)> {
    let mut fields = payload.to_vec();
    for name in LENT {
        if matches!(json::field(payload, name), Field::Absent) {
            fields.retain(|(key, _)| key != name);
            fields.extend(envelope.iter().filter(|(key, _)| key == name).cloned());
        }
    }
    fields
}

/// Returns the fields for the timestamps. If the `id` of the payload is not a stream entry id and the payload has no
/// timestamp, the `id` of the envelope is used.
fn timed(
    envelope: &[(String, Json)],
    payload: &[(String, Json)],
    fields: &[(String, Json)],
) -> Vec<(String, Json)> {
    let is_absent = |name: &str| matches!(json::field(payload, name), Field::Absent);
    let is_name = match json::field(payload, "id") {
        Field::Absent | Field::Duplicate => false,
        Field::One(Json::Text(id)) => time::stream_id_millis(id).is_none(),
        Field::One(_) => true,
    };
    let mut timed = fields.to_vec();
    if is_name && is_absent("ts") && is_absent("timestamp") {
        timed.retain(|(key, _)| key != "id");
        timed.extend(envelope.iter().filter(|(key, _)| key == "id").cloned());
    }
    timed
}

#[derive(Clone, Copy, Default)]
struct Faults {
    invalid: bool,
    ambiguous: bool,
    hold: bool,
}

fn checked_intent(
    fields: &Fields,
    timed: &Fields,
    objects: &[&Fields],
    mut faults: Faults,
    clock: bool,
    flaw: Option<Flaw>,
) -> Result<Intent, &'static str> {
    let directions = directions(fields);
    let flags = flags(fields);
    let closing = closing(fields, &directions);
    let is_exit = closing || flags.contains(&Flag::Yes);

    faults.invalid |= flags.contains(&Flag::Unreadable) && !is_exit;
    faults.ambiguous |= flags.contains(&Flag::No) && (closing || flags.contains(&Flag::Yes));
    let says = |direction| directions.contains(&direction);
    let (buy, sell, hold) = (
        says(Direction::Buy),
        says(Direction::Sell),
        says(Direction::Hold),
    );
    // An unreadable word does not block an intent that is an exit by another field.
    faults.invalid |= says(Direction::Unreadable) && !is_exit;
    faults.invalid |= !(buy || sell || hold || closing);
    // An `intent_type` that is not a string could have meant an exit.
    let unread = matches!(json::field(fields, "intent_type"), Field::One(value) if !matches!(value, Json::Text(_)));
    faults.invalid |= unread && !is_exit;
    faults.ambiguous |= (buy && sell) || (hold && (buy || sell || closing));
    faults.hold |= hold;

    let named = text(fields, "symbol").and_then(symbol);
    faults.invalid |= named.is_none();

    let everywhere = |names: &[&str], test: fn(Field<'_>) -> bool| {
        objects
            .iter()
            .any(|object| names.iter().any(|name| test(json::field(object, name))))
    };
    let is_duplicate = |field: Field<'_>| matches!(field, Field::Duplicate);
    let is_there = |field: Field<'_>| !matches!(field, Field::Absent);
    faults.invalid |= everywhere(&["symbol", "source", "payload", "data"], is_duplicate);
    faults.invalid |= objects
        .iter()
        .any(|object| FLAGS.iter().any(|name| is_unclear(object, name)));
    let beside = |names: &[&str]| {
        objects.len() > 1
            && names.iter().any(|name| {
                objects
                    .first()
                    .is_some_and(|top| is_there(json::field(top, name)))
            })
    };
    faults.ambiguous |= beside(&EXIT_DECIDES);

    let (decided_at, made_at) = times(timed);
    if !is_exit {
        faults.invalid |=
            everywhere(&EXIT_DECIDES, is_duplicate) || everywhere(&["event_type"], is_duplicate);
        let aliases = [
            "id",
            "intent_id",
            "decided_at",
            "ts",
            "timestamp",
            "take_profit",
            "policy_hash",
        ];
        if flaw != Some(Flaw::DuplicatesAccepted) {
            faults.invalid |=
                everywhere(&ENTRY_DECIDES, is_duplicate) || everywhere(&aliases, is_duplicate);
        }
        faults.ambiguous |= beside(&ENTRY_DECIDES) || beside(&CARRIED);
        faults.invalid |= decided_at == When::Unreadable || made_at == When::Unreadable;
        faults.invalid |= made_at == When::Absent && !clock;
        let (stop, entry) = (given(fields, "stop_loss"), given(fields, "entry_price"));
        for price in [stop, entry] {
            faults.invalid |= price != Given::Absent && positive(price).is_none();
        }
        if let (Some(stop), Some(entry)) = (positive(stop), positive(entry)) {
            faults.ambiguous |= (buy && stop >= entry) || (sell && stop <= entry);
        }
    }
    if faults.invalid {
        return Err(INVALID);
    }
    if faults.ambiguous {
        return Err(AMBIGUOUS);
    }
    if faults.hold {
        return Err("INTENT_NOT_ACTIONABLE");
    }
    Ok(Intent {
        is_exit,
        symbol: named.unwrap(),
        side: if buy {
            Some("BUY")
        } else {
            sell.then_some("SELL")
        },
        source: match json::field(fields, "source") {
            Field::Absent => Emitter::Absent,
            Field::One(Json::Text(name)) => Emitter::Named(name.clone()),
            Field::One(_) | Field::Duplicate => Emitter::Unreadable,
        },
        decided_at: decided_at.timestamp(),
        made_at: made_at.timestamp(),
        leverage: given(fields, "leverage"),
        size: size(fields),
        quantity: quantity(fields),
        price: given(
            fields,
            first(fields, &["price", "entry_price"]).unwrap_or("price"),
        ),
    })
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Direction {
    Buy,
    Sell,
    Hold,
    Close,
    Unreadable,
}

/// Returns the directions in `action` and `side`.
fn directions(fields: &Fields) -> Vec<Direction> {
    let said = ["action", "side"].map(|name| json::field(fields, name));
    let read = |field: Field<'_>| match field {
        Field::Absent => None,
        Field::Duplicate => Some(Direction::Unreadable),
        Field::One(Json::Text(word)) => Some(match word.to_ascii_uppercase().as_str() {
            "BUY" | "LONG" => Direction::Buy,
            "SELL" | "SHORT" => Direction::Sell,
            "HOLD" => Direction::Hold,
            "CLOSE" => Direction::Close,
            _ => Direction::Unreadable,
        }),
        Field::One(_) => Some(Direction::Unreadable),
    };
    said.into_iter().filter_map(read).collect()
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Flag {
    Yes,
    No,
    Unreadable,
}

/// Returns the flags `reduce_only` and `reduceOnly`.
fn flags(fields: &Fields) -> Vec<Flag> {
    let said = FLAGS.map(|name| json::field(fields, name));
    let read = |field: Field<'_>| match field {
        Field::Absent => None,
        Field::One(value) => Some(flag(value)),
        Field::Duplicate => Some(Flag::Unreadable),
    };
    said.into_iter().filter_map(read).collect()
}

fn flag(value: &Json) -> Flag {
    let word = match value {
        Json::Bool(yes) => yes.to_string(),
        Json::Number(word) | Json::Text(word) => word.to_ascii_lowercase(),
        Json::Null | Json::List(_) | Json::Object(_) | Json::Garbled(_) => String::new(),
    };
    match word.as_str() {
        "true" | "1" => Flag::Yes,
        "false" | "0" => Flag::No,
        _ => Flag::Unreadable,
    }
}

/// Returns true if a flag is a duplicate and one of its values may be false, so that the kind of the intent is unclear.
fn is_unclear(object: &Fields, name: &str) -> bool {
    let all: Vec<&Json> = object
        .iter()
        .filter(|(key, _)| key == name)
        .map(|(_, value)| value)
        .collect();
    let differ = all.windows(2).any(|pair| pair.first() != pair.last());
    all.len() > 1 && (differ || all.iter().any(|value| flag(value) == Flag::No))
}

/// Returns true if a direction or the `intent_type` means an exit.
fn closing(fields: &Fields, directions: &[Direction]) -> bool {
    let kind = text(fields, "intent_type")
        .unwrap_or_default()
        .to_ascii_uppercase();
    directions.contains(&Direction::Close) || kind.contains("EXIT") || kind.contains("CLOSE")
}

/// Returns the requested size.
fn size(fields: &Fields) -> Option<Size> {
    if let Some(quantity) = first(fields, &["quantity", "qty"]) {
        let price = first(fields, &["price", "entry_price"]);
        let factors = positive(given(fields, quantity))
            .zip(price.and_then(|price| positive(given(fields, price))));
        return Some(Size {
            basis: "notional",
            source: price
                .map(|price| format!("intent:{quantity}*{price}"))
                .unwrap_or_default(),
            usd: factors.map(|(quantity, price)| quantity * price),
        });
    }
    let name = first(fields, &["position_usd", "size", "position_size_usd"])?;
    let is_margin = name == "position_usd";
    let mut usd = positive(given(fields, name));
    if is_margin && given(fields, "leverage") == Given::Absent {
        usd = None;
    }
    Some(Size {
        basis: if is_margin { "margin" } else { "notional" },
        source: format!("intent:{name}"),
        usd,
    })
}
