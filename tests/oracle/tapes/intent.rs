//! Strategies for intents in every envelope and with every alias, and for their defects.

use super::super::naive::json::quote;
use super::text::{
    Edit, Pairs, SYMBOLS, any_bits, between, edit, id, millis, object, odd, one_of, pair, stringly,
    timestamp, wild, word,
};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;

/// All fields that an intent may have.
const FIELDS: [&str; 29] = [
    "id",
    "intent_id",
    "decided_at",
    "ts",
    "timestamp",
    "symbol",
    "action",
    "side",
    "reduce_only",
    "reduceOnly",
    "intent_type",
    "source",
    "leverage",
    "quantity",
    "qty",
    "price",
    "entry_price",
    "position_usd",
    "size",
    "position_size_usd",
    "stop_loss",
    "take_profit",
    "confidence",
    "regime",
    "position_side",
    "model",
    "event_type",
    "policy_hash",
    "reason",
];
const LENT: [&str; 7] = [
    "id",
    "intent_id",
    "source",
    "event_type",
    "decided_at",
    "ts",
    "timestamp",
];

#[derive(Clone, Copy, Debug)]
enum Envelope {
    Flat,
    /// A flat object in which all values are strings, as in a stream entry.
    FlatText,
    Object(&'static str),
    Text(&'static str),
}

/// The object to which a change applies.
#[derive(Clone, Copy, Debug)]
enum Place {
    Inside,
    Outside,
}

/// Generates lines with intents. About one in 30 is cut short or is not an intent.
pub(crate) fn lines() -> impl Strategy<Value = String> {
    let edits =
        prop_oneof![12 => vec(change(), 0..1), 6 => vec(change(), 1..2), 3 => vec(change(), 2..4)];
    let lent = (vec(any::<bool>(), LENT.len()), weighted(0.15, id()));
    let whole = (fields(), envelope(), edits, lent)
        .prop_map(|(fields, envelope, edits, (lent, own_id))| {
            render(fields, envelope, &edits, &lent, own_id)
        })
        .boxed();
    prop_oneof![
        60 => whole.clone(),
        1 => (whole, 1_usize..60).prop_map(|(line, length)| line.chars().take(length).collect()),
        1 => one_of(&[
            "", "null", "[]", "5", "\"BUY\"", "{}", "{} {}", "{\"symbol\"}", "{'symbol': 'BTCUSDT'}", "{\"symbol\": NaN}",
            "{\"symbol\": \"BTCUSDT\",}", "{\"a\": 01}", "{\"a\": \"\u{1}\"}", "{\"a\": +1}", "{\"a\": .5}",
        ]),
    ]
}

/// Generates the fields of an intent that is usually valid.
fn fields() -> impl Strategy<Value = Pairs> {
    let symbol = prop_oneof![
        9 => word(&SYMBOLS[..4]),
        2 => word(&SYMBOLS[4..]),
        1 => one_of(&[
            "\"b\\u0054cusdt\"", "\"BTC USDT\"", "\"BTCUSDT\\n\"", "\"BTC\\u007f\"", "\"\u{a0}BTC\"", "\"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345\"",
            "\"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456\"", "\"币安人生币安人生币安人\"", "\"币安人生币安人生币安\"", "5",
        ]),
    ];
    let entry = (
        prop_oneof![Just("action"), Just("side")],
        prop_oneof![
            20 => word(&["BUY", "sell", "Long", "SHORT", "buy", "SELL"]),
            1 => word(&["HOLD"]),
        ],
        source(false),
    )
        .prop_map(|(key, word, source)| [vec![pair(key, word)], source].concat());
    let exit = (
        select(vec!["reduce_only", "reduceOnly"]),
        one_of(&["true", "\"True\"", "1", "\"1\"", "\"TRUE\""]),
        word(&["BUY", "SELL", "LONG", "CLOSE", "close"]),
        0..4,
        word(&["EXIT", "CLOSE_POSITION", "partial_exit", "full_close"]),
        source(true),
    )
        .prop_map(|(flag, yes, side, style, kind, source)| {
            let time = match style {
                0 => vec![pair(flag, yes), pair("side", side)],
                1 => vec![pair("action", "\"CLOSE\"")],
                2 => vec![pair("intent_type", kind), pair("action", side)],
                _ => vec![pair("intent_type", kind), pair(flag, yes)],
            };
            [time, source].concat()
        });
    let kind = prop_oneof![4 => entry, 1 => exit];
    let leverage = weighted(
        0.4,
        prop_oneof![
            6 => one_of(&["1", "2.5", "8", "8.0", "10", "\"5\"", "20", "0.1", "7.999999999999999"]), 1 => wild(), 1 => any_bits(),
        ],
    );
    (symbol, kind, times(), leverage, size(), stop(), carried()).prop_map(
        |(symbol, kind, times, leverage, size, stop, carried)| {
            let mut fields = vec![pair("symbol", symbol)];
            fields.extend(kind);
            fields.extend(times);
            fields.extend(leverage.map(|leverage| pair("leverage", leverage)));
            // The first value of each field is used.
            for (key, value) in [size, stop, carried].concat() {
                if !fields.iter().any(|(name, _)| *name == key) {
                    fields.push((key, value));
                }
            }
            fields
        },
    )
}

fn source(owner: bool) -> BoxedStrategy<Pairs> {
    let stranger = word(&["trading-bot", "ai", "", "Exitbrain_v3_5", "exitbrain_v3_5 "]);
    let named = prop_oneof![
        if owner { 6 } else { 1 } => word(&["exitbrain_v3_5"]),
        if owner { 3 } else { 1 } => word(&["emergency"]),
        if owner { 1 } else { 20 } => stranger,
        1 => odd(),
    ];
    weighted(0.8, named)
        .prop_map(|source| {
            source
                .into_iter()
                .map(|source| pair("source", source))
                .collect()
        })
        .boxed()
}

fn times() -> impl Strategy<Value = Pairs> {
    let one = prop_oneof![
        1 => millis().prop_map(|value| pair("decided_at", value)),
        1 => id().prop_map(|value| pair("id", value)),
        3 => millis().prop_map(|value| pair("ts", value)),
        3 => timestamp().prop_map(|value| pair("timestamp", value)),
    ];
    prop_oneof![1 => vec(one.clone(), 0..1), 12 => vec(one.clone(), 1..2), 6 => vec(one, 2..4)]
        .prop_map(|mut times: Pairs| {
            times.sort();
            times.dedup_by(|a, b| a.0 == b.0);
            times
        })
}

fn size() -> impl Strategy<Value = Pairs> {
    let quantity = prop_oneof![8 => between(0.01, 100.0), 1 => wild(), 1 => any_bits()];
    let price = prop_oneof![8 => between(0.5, 1e4), 1 => wild(), 1 => any_bits()];
    let usd = prop_oneof![4 => between(1.0, 1e4), 4 => one_of(&["200", "200.0", "25", "\"200\"", "199.99999999999997"]), 1 => wild(), 1 => any_bits()];
    let key = |names: &'static [&'static str]| select(names.to_vec());
    prop_oneof![
        6 => (key(&["quantity", "qty"]), quantity, key(&["price", "entry_price"]), weighted(0.9, price))
            .prop_map(|(quantity, units, price, each)| {
                let mut size = vec![pair(quantity, units)];
                size.extend(each.map(|each| pair(price, each)));
                size
            }),
        3 => usd.clone().prop_map(|usd| vec![pair("position_usd", usd), pair("leverage", "2")]),
        1 => usd.clone().prop_map(|usd| vec![pair("position_usd", usd)]),
        6 => (key(&["size", "position_size_usd"]), usd).prop_map(|(key, usd)| vec![pair(key, usd)]),
        1 => Just(vec![]),
    ]
}

fn stop() -> impl Strategy<Value = Pairs> {
    let price =
        || prop_oneof![8 => one_of(&["98", "99.5", "100", "\"101\"", "102.25"]), 1 => wild()];
    let stop = (weighted(0.7, price()), weighted(0.7, price())).prop_map(|(stop, entry)| {
        let mut pairs = Vec::new();
        pairs.extend(stop.map(|stop| pair("stop_loss", stop)));
        pairs.extend(entry.map(|entry| pair("entry_price", entry)));
        pairs
    });
    prop_oneof![3 => Just(vec![]), 1 => stop]
}

fn carried() -> impl Strategy<Value = Pairs> {
    let pairs = vec![
        pair("take_profit", "\"soon\""),
        pair("confidence", "0.72"),
        pair("regime", "\"unknown\""),
        pair("position_side", "\"LONG\""),
        pair("model", "\"ensemble\""),
        pair("intent_id", "\"1766550734062-9\""),
        pair("event_type", "\"trade.intent\""),
        pair("policy_hash", "\"a1b2c3d4\""),
        pair("reason", "\"he said \\\"BUY\\\"\""),
        pair("intent_type", "\"ENTRY\""),
        pair("reduce_only", "false"),
        pair("reduceOnly", "\"0\""),
        pair("price", "null"),
    ];
    prop_oneof![2 => Just(vec![]), 2 => prop::sample::subsequence(pairs, 1..4)]
}

fn envelope() -> impl Strategy<Value = Envelope> {
    let name = || select(vec!["payload", "data"]);
    prop_oneof![
        4 => Just(Envelope::Flat),
        2 => Just(Envelope::FlatText),
        2 => name().prop_map(Envelope::Object),
        3 => name().prop_map(Envelope::Text),
    ]
}

fn change() -> impl Strategy<Value = (Place, Edit)> {
    let place = prop_oneof![3 => Just(Place::Inside), 1 => Just(Place::Outside)];
    let field = select(FIELDS.to_vec()).prop_flat_map(|key| {
        let value = match key {
            "action" | "side" => prop_oneof![
                6 => word(&["BUY", "sell", "LONG", "Short", "HOLD", "hold", "CLOSE", "close", "BOTH", "BUY "]), 1 => wild(),
            ]
            .boxed(),
            "reduce_only" | "reduceOnly" => prop_oneof![
                6 => one_of(&["true", "false", "0", "1", "\"False\"", "\"tRUE\"", "\"0\"", "\"1\"", "\"yes\"", "2", "-1"]), 1 => odd(),
            ]
            .boxed(),
            "intent_type" => prop_oneof![4 => word(&["ENTRY", "EXIT", "reduce_exit", "preclosed", "exi t", ""]), 1 => odd()].boxed(),
            "source" => prop_oneof![4 => word(&["exitbrain_v3_5", "emergency", "desk", "ai", "trading-bot"]), 1 => odd()].boxed(),
            "event_type" => prop_oneof![
                6 => word(&["trade.intent"]),
                2 => word(&["policy.withdrawn", "policy.updated", "position.snapshot"]),
                1 => word(&["model.signal", "Trade.Intent", ""]),
                1 => odd(),
            ]
            .boxed(),
            "id" | "intent_id" => id(),
            "decided_at" | "ts" => millis(),
            "timestamp" => timestamp(),
            "symbol" => prop_oneof![3 => word(&SYMBOLS), 1 => odd()].boxed(),
            _ => prop_oneof![2 => between(0.01, 1e4), 2 => wild()].boxed(),
        };
        (Just(key.to_owned()), value, 0..5).prop_map(|(key, value, action)| match action {
            0 => Edit::Remove(key),
            1 | 2 => Edit::Append(key, value),
            _ => Edit::Set(key, value),
        })
    });
    let payload = (
        prop_oneof![3 => Just(Place::Outside), 1 => Just(Place::Inside)],
        select(vec!["payload", "data"]),
        one_of(&[
            "{}",
            "\"{}\"",
            "\"x\"",
            "5",
            "[]",
            "null",
            "\"{\\\"symbol\\\": \\\"ETHUSDT\\\"}\"",
        ]),
    )
        .prop_map(|(place, key, value)| (place, Edit::Append(key.to_owned(), value)));
    prop_oneof![16 => (place, field), 1 => payload]
}

fn render(
    mut fields: Pairs,
    envelope: Envelope,
    edits: &[(Place, Edit)],
    lent: &[bool],
    own_id: Option<String>,
) -> String {
    let mut outside = Pairs::new();
    let payload = match envelope {
        Envelope::Flat | Envelope::FlatText => None,
        Envelope::Object(name) | Envelope::Text(name) => Some(name),
    };
    if payload.is_some() {
        for (name, _) in LENT.iter().zip(lent).filter(|(_, lent)| **lent) {
            outside.extend(fields.iter().filter(|(key, _)| key == name).cloned());
            fields.retain(|(key, _)| key != name);
        }
        // A payload may have an id in addition to the one of its envelope.
        if !fields.iter().any(|(key, _)| key == "id") {
            fields.extend(own_id.map(|id| pair("id", id)));
        }
    }
    for (place, change) in edits {
        match place {
            Place::Outside if payload.is_some() => edit(&mut outside, change),
            Place::Inside | Place::Outside => edit(&mut fields, change),
        }
    }
    match (envelope, payload) {
        (Envelope::FlatText, _) => {
            fields.retain(|(_, value)| value != "null");
            let texts: Pairs = fields
                .into_iter()
                .map(|(key, value)| (key, stringly(&value)))
                .collect();
            object(&texts, true)
        }
        (Envelope::Object(_), Some(name)) => {
            outside.push(pair(name, object(&fields, false)));
            object(&outside, true)
        }
        (Envelope::Text(_), Some(name)) => {
            outside.push(pair(name, quote(&object(&fields, true), true)));
            object(&outside, true)
        }
        _ => object(&fields, false),
    }
}
