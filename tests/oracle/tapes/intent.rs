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
const FIELDS: [&str; 45] = [
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
    "direction",
    "order_side",
    "is_buy",
    "posSide",
    "positionIdx",
    "is_short",
    "position_action",
    "tradeSide",
    "stake_amount",
    "qty_fraction",
    "percentage",
    "stopPrice",
    "type",
    "sl",
    "tp",
    "close",
];
/// The fields that can be in the envelope instead of the payload.
const FROM_ENVELOPE: [&str; 7] = [
    "id",
    "intent_id",
    "source",
    "event_type",
    "decided_at",
    "ts",
    "timestamp",
];

/// The fields that may be duplicates, or in an envelope next to a payload.
const PLAIN: [&str; 29] = [
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
    "model",
    "event_type",
    "policy_hash",
    "reason",
    "sl_price",
];

/// More fields that may be in an envelope next to a payload.
const OUTSIDE: [&str; 14] = [
    "position_side",
    "posSide",
    "positionIdx",
    "is_buy",
    "is_short",
    "position_action",
    "tradeSide",
    "direction",
    "qty_fraction",
    "percentage",
    "stopPrice",
    "type",
    "close",
    "sl",
];

/// Names that suggest a change of the order, and that the guardrail `ignore_fields` may list.
pub(crate) const IGNORED: [&str; 5] = [
    "my_stop",
    "pred_leverage",
    "avgSize",
    "target_notional_usd",
    "should_exit",
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
        prop_oneof![18 => vec(change(), 0..1), 6 => vec(change(), 1..2), 3 => vec(change(), 2..4)];
    let moved = (
        vec(any::<bool>(), FROM_ENVELOPE.len()),
        weighted(0.15, id()),
    );
    let spelled = (weighted(0.15, any::<u64>()), weighted(0.08, nesting()));
    let whole = (fields(), envelope(), edits, moved, spelled)
        .prop_map(
            |(fields, envelope, edits, (moved, own_id), (spelling, nest))| {
                let fields = match spelling {
                    Some(seed) => spell(fields, seed),
                    None => fields,
                };
                render(fields, envelope, &edits, &moved, own_id, nest)
            },
        )
        .boxed();
    let whole = whole
        .prop_filter("a reversal that closes", |line| is_settled(line))
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

/// Returns true unless a reversal is also a close, or a quantity of a close is next to an amount in an unknown unit.
fn is_settled(line: &str) -> bool {
    let line = line.replace(['\\', ' ', '_', '-'], "").to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| line.contains(word));
    let numbers = ["1", "2", "3", "4", "\"1\"", "\"2\"", "\"3\"", "\"4\""];
    let reverses = numbers.iter().any(|number| {
        has(&[
            &format!("\"side\":{number},"),
            &format!("\"side\":{number}}}"),
        ])
    }) || has(&["reverse", "flip"]);
    let closes = has(&[
        "clos", "exit", "reduce", "scaleout", "partial", "\"r\"", "cover", "short", "long",
    ]);
    let names = [
        "amount",
        "contracts\"",
        "\"sz\"",
        "volume\"",
        "quoteorderqty",
        "avgsize",
        "targetnotionalusd",
    ];
    let closed = has(&["qty", "quantity"]) && has(&names);
    !(closes && (reverses || closed))
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
    let plain = (
        prop_oneof![Just("action"), Just("side")],
        prop_oneof![
            20 => word(&["BUY", "sell", "Long", "SHORT", "buy", "SELL"]),
            1 => word(&["HOLD"]),
        ],
    )
        .prop_map(|(key, word)| vec![pair(key, word)]);
    let entry = prop_oneof![5 => plain.boxed(), 2 => venue_entry()];
    let entry = (entry, source(false)).prop_map(|(kind, source)| [kind, source].concat());
    let exit = (
        select(vec!["reduce_only", "reduceOnly"]),
        one_of(&["true", "\"True\"", "1", "\"1\"", "\"TRUE\"", "\"yes\""]),
        word(&["BUY", "SELL", "LONG", "CLOSE", "close"]),
        0..4,
        word(&["EXIT", "CLOSE_POSITION", "reduce_exit", "full_exit"]),
    )
        .prop_map(|(flag, yes, side, style, kind)| match style {
            0 => vec![pair(flag, yes), pair("side", side)],
            1 => vec![pair("action", "\"CLOSE\"")],
            2 => vec![pair("intent_type", kind), pair("action", side)],
            _ => vec![pair("intent_type", kind), pair(flag, yes)],
        });
    let exit = prop_oneof![2 => exit.boxed(), 3 => venue_exit()];
    let exit = (exit, weighted(0.4, amount()), source(true)).prop_map(|(kind, amount, source)| {
        let mut amount = amount.unwrap_or_default();
        if kind.iter().any(|(key, _)| key == "closePosition") {
            amount.clear();
        }
        [kind, amount, source].concat()
    });
    let kind = prop_oneof![5 => entry, 1 => exit];
    let leverage = weighted(
        0.4,
        prop_oneof![
            6 => one_of(&["1", "2.5", "8", "8.0", "10", "\"5\"", "20", "0.1", "7.999999999999999"]), 1 => wild(), 1 => any_bits(),
        ],
    );
    let size = prop_oneof![6 => size().boxed(), 1 => several_sizes()];
    (
        symbol,
        kind,
        times(),
        leverage,
        size,
        stop(),
        (carried(), weighted(0.08, named())),
    )
        .prop_map(
            |(symbol, kind, times, leverage, size, stop, (carried, named))| {
                let mut fields = vec![pair("symbol", symbol)];
                fields.extend(kind);
                fields.extend(times);
                let is_stated = size.iter().any(|(key, _)| key == "leverage");
                let leverage = leverage.filter(|_| !is_stated);
                fields.extend(leverage.map(|leverage| pair("leverage", leverage)));
                // The first value of each field is used.
                for (key, value) in [size, stop, carried, named.unwrap_or_default()].concat() {
                    if !fields.iter().any(|(name, _)| *name == key) {
                        fields.push((key, value));
                    }
                }
                fields
            },
        )
}

/// Generates statements about direction as venues and libraries write them, in pairs that may contradict each other.
fn venue_entry() -> BoxedStrategy<Pairs> {
    let side = || {
        let key = select(vec!["side", "action", "direction", "order_side"]);
        let word = word(&["BUY", "sell", "b", "S", "bid", "Ask", "LONG", "short"]);
        (key, word).prop_map(|(key, word)| pair(key, word))
    };
    let whole = (
        select(vec!["side", "action", "direction"]),
        word(&[
            "ENTER_LONG",
            "open_short",
            "enter_short",
            "OPEN_LONG",
            "SELL_SHORT",
            "buy_to_open",
            "sell_to_open",
            "HOLD",
            "HOLD_CLOSE",
            "UPDATE_SL",
            "REVERSE",
            "flip",
            "OPEN",
            "add",
            "SCALE_UP",
            "CLOSED",
            "EXITED",
        ]),
    )
        .prop_map(|(key, word)| pair(key, word));
    prop_oneof![
        4 => (side(), weighted(0.6, statement())).prop_map(|(side, other)| {
            let mut pairs = vec![side];
            pairs.extend(other);
            pairs
        }),
        2 => (whole, weighted(0.5, statement())).prop_map(|(whole, other)| {
            let mut pairs = vec![whole];
            let first = pairs.first().map(|(key, _)| key.clone());
            pairs.extend(other.filter(|(key, _)| Some(key) != first.as_ref()));
            pairs
        }),
        1 => (side(), side()).prop_map(|(one, other)| vec![one, other]),
        1 => one_of(&["1", "2", "3", "4", "\"1\"", "5"]).prop_map(|number| vec![pair("side", number)]),
    ]
    .prop_map(first_of_each)
    .boxed()
}

/// Keeps the first value of each key.
fn first_of_each(pairs: Pairs) -> Pairs {
    let mut kept = Pairs::new();
    for (key, value) in pairs {
        if !kept.iter().any(|(name, _)| *name == key) {
            kept.push((key, value));
        }
    }
    kept
}

/// Generates one statement about effect, side or position side.
fn statement() -> BoxedStrategy<(String, String)> {
    let leg = word(&["LONG", "short", "BOTH", "net", "FLAT", "NONE", "", "Long"]);
    let yes_no = || one_of(&["true", "false", "\"true\"", "\"False\"", "1", "0"]);
    prop_oneof![
        4 => (select(vec!["position_side", "posSide", "holdSide"]), leg).prop_map(|(key, word)| pair(key, word)),
        1 => one_of(&["0", "1", "2", "\"1\"", "\"2\""]).prop_map(|index| pair("positionIdx", index)),
        2 => yes_no().prop_map(|yes| pair("is_short", yes)),
        2 => yes_no().prop_map(|yes| pair("is_buy", yes)),
        2 => one_of(&["true", "false", "\"x\"", "1"]).prop_map(|yes| pair("b", yes)),
        1 => one_of(&["true", "false", "\"NO\"", "\"yes\"", "0"]).prop_map(|yes| pair("reduce_only", yes)),
        1 => one_of(&["true", "false", "5", "\"x\""]).prop_map(|yes| pair("r", yes)),
        1 => one_of(&["true", "101.5", "\"101.5\"", "false"]).prop_map(|yes| pair("close", yes)),
        2 => (select(vec!["offset", "position_action", "positionEffect"]), word(&["OPEN", "close", "NIL", "both", "open"]))
            .prop_map(|(key, word)| pair(key, word)),
        1 => word(&["OPEN", "close", "buy", "SELL"]).prop_map(|word| pair("tradeSide", word)),
        1 => word(&["ENTRY", "preclosed", "closed", "exit", "reduce"]).prop_map(|word| pair("intent_type", word)),
        1 => (select(vec!["type", "order_type", "signal", "auto_size", "order_action"]), word(&["MARKET", "limit", "exit", "close_long"]))
            .prop_map(|(key, word)| pair(key, word)),
    ]
    .boxed()
}

/// Generates exits as venues and libraries write them.
fn venue_exit() -> BoxedStrategy<Pairs> {
    let close = (
        select(vec!["action", "side", "direction"]),
        word(&[
            "CLOSE",
            "exit",
            "REDUCE",
            "SCALE_OUT",
            "FULL_CLOSE",
            "PARTIAL_25",
            "partial_50_proposed",
            "FULL_CLOSE_PROPOSED",
            "close_proposed",
            "exit_long",
            "CLOSE_SHORT",
            "sell_to_close",
            "buy_to_close",
            "BUY_TO_COVER",
        ]),
    )
        .prop_map(|(key, word)| pair(key, word));
    let leg = || {
        (
            select(vec!["position_side", "posSide", "holdSide"]),
            word(&["LONG", "SHORT"]),
        )
            .prop_map(|(key, word)| pair(key, word))
    };
    let order = || word(&["BUY", "SELL", "LONG", "short"]).prop_map(|word| pair("side", word));
    let flag = prop_oneof![
        3 => one_of(&["true", "\"yes\"", "1"]).prop_map(|yes| pair("reduce_only", yes)),
        1 => Just(pair("r", "true")),
        1 => Just(pair("close", "true")),
        1 => Just(pair("closePosition", "true")),
        1 => Just(pair("tradeSide", "\"close\"")),
        1 => Just(pair("position_action", "\"CLOSE\"")),
        1 => Just(pair("type", "\"close\"")),
        1 => Just(pair("order_action", "\"exit\"")),
    ];
    let trigger = || {
        prop_oneof![
            3 => (select(vec!["stopPrice", "triggerPrice", "triggerPx"]), one_of(&["95.5", "\"101\"", "0"]))
                .prop_map(|(key, price)| vec![pair(key, price)]),
            2 => (word(&["STOP_MARKET", "stop", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET", "MARKET"]), weighted(0.7, one_of(&["95.5", "\"101\"", "\"x\""])))
                .prop_map(|(kind, price)| {
                    let mut pairs = vec![pair("type", kind)];
                    pairs.extend(price.map(|price| pair("stopPrice", price)));
                    pairs
                }),
            1 => Just(vec![pair("closeOnTrigger", "true")]),
            1 => Just(vec![pair("closeOnTrigger", "true"), pair("triggerPrice", "95")]),
            1 => Just(vec![pair("t", "{\"trigger\": {\"triggerPx\": \"95\", \"isMarket\": true, \"tpsl\": \"sl\"}}")]),
        ]
    };
    prop_oneof![
        4 => (close.clone(), weighted(0.5, leg())).prop_map(|(close, leg)| {
            let mut pairs = vec![close];
            pairs.extend(leg);
            pairs
        }),
        4 => (flag, order(), weighted(0.5, leg())).prop_map(|(flag, order, leg)| {
            let mut pairs = vec![flag, order];
            pairs.extend(leg);
            pairs
        }),
        2 => (order(), leg()).prop_map(|(order, leg)| vec![order, leg]),
        2 => (close.clone(), trigger()).prop_map(|(close, trigger)| {
            let mut pairs = vec![close];
            pairs.extend(trigger);
            pairs
        }),
        1 => (close, statement()).prop_map(|(close, other)| vec![close, other]),
    ]
    .prop_map(first_of_each)
    .boxed()
}

/// Generates the amount of an exit.
fn amount() -> BoxedStrategy<Pairs> {
    let fraction = (
        select(vec![
            "qty_fraction",
            "quantity_fraction",
            "close_fraction",
            "fraction",
        ]),
        one_of(&["0.25", "\"0.5\"", "1", "0", "1.5", "\"x\"", "1e-3"]),
    )
        .prop_map(|(key, share)| pair(key, share));
    let percentage = (
        select(vec!["percentage", "percent", "close_pct"]),
        one_of(&["25", "\"50\"", "100", "0.5", "1", "101", "-5", "\"x\""]),
    )
        .prop_map(|(key, share)| pair(key, share));
    let quantity = || (select(vec!["quantity", "qty"]), between(0.01, 100.0));
    let quantity = || quantity().prop_map(|(key, units)| pair(key, units));
    prop_oneof![
        3 => fraction.clone().prop_map(|it| vec![it]),
        3 => percentage.clone().prop_map(|it| vec![it]),
        2 => (fraction.clone(), percentage.clone()).prop_map(|(one, other)| vec![one, other]),
        2 => (fraction, quantity()).prop_map(|(one, other)| vec![one, other]),
        1 => (percentage, quantity()).prop_map(|(one, other)| vec![one, other]),
        2 => quantity().prop_map(|it| vec![it]),
    ]
    .boxed()
}

/// Removes all signs from numbers.
fn unsigned(numbers: BoxedStrategy<String>) -> BoxedStrategy<String> {
    numbers.prop_map(|number| number.replace('-', "")).boxed()
}

/// Generates several sizes that agree, nearly agree or contradict each other.
fn several_sizes() -> BoxedStrategy<Pairs> {
    let factor = select(vec![
        1.0,
        1.0,
        1.0,
        1.000_000_1,
        1.004,
        0.996,
        1.006,
        1.1,
        0.9,
        1.49,
        2.0,
        0.5,
    ]);
    let number = |number: f64, places: usize| {
        let text = format!("{number:.places$}");
        text.strip_suffix('0')
            .map_or(text.clone(), |rest| format!("{rest}7"))
    };
    (
        0.5..50.0_f64,
        1.0..500.0_f64,
        factor.clone(),
        factor,
        0_usize..10,
        2_usize..6,
    )
        .prop_map(move |(units, each, one, other, style, places)| {
            let (units, each) = (number(units, places), number(each, 2));
            let usd = units.parse::<f64>().unwrap() * each.parse::<f64>().unwrap();
            let product = vec![pair("quantity", units.clone()), pair("price", each.clone())];
            let usd = |factor: f64| number(usd * factor, 4);
            let margin = |factor: f64| {
                let less = if factor < 1.0 { factor } else { 1.0 / factor };
                let margin = usd(less * 0.998).parse::<f64>().unwrap() / 4.25;
                vec![
                    pair("position_usd", number(margin, 4)),
                    pair("leverage", "4.25"),
                ]
            };
            match style {
                0 => [product, vec![pair("position_size_usd", usd(one))]].concat(),
                1 => [product, margin(one)].concat(),
                2 => [product, vec![pair("size", usd(one))]].concat(),
                3 | 4 => [
                    vec![pair("size", units), pair("price", each)],
                    vec![pair("position_size_usd", usd(one))],
                ]
                .concat(),
                9 => vec![pair("size", units), pair("price", each)],
                5 => [
                    product,
                    margin(one),
                    vec![pair(
                        "position_size_usd",
                        usd(if other < 1.0 { 1.0 / other } else { other }),
                    )],
                ]
                .concat(),
                6 => {
                    let more = if one < 1.0 { 1.0 / one } else { one };
                    [margin(1.0), vec![pair("position_size_usd", usd(more))]].concat()
                }
                7 => vec![pair("size", usd(1.0)), pair("position_size_usd", usd(one))],
                _ => {
                    let price = each.parse::<f64>().unwrap() * one;
                    [product, vec![pair("entry_price", number(price, 2))]].concat()
                }
            }
        })
        .boxed()
}

/// Generates harmless fields whose names resemble fields that change an order, and fields that change an order.
fn named() -> BoxedStrategy<Pairs> {
    let harmless = vec![
        "stop_reason",
        "early_stopping",
        "prev_close",
        "close_time",
        "leverage_mode",
        "leverage_bracket",
        "margin_type",
        "profit_margin",
        "marginal_prob",
        "size_bucket",
        "confidence_size",
        "batch_size",
        "tick_size",
        "min_notional",
        "quantity_precision",
        "contract_type",
        "volatility_contraction",
        "inverse_vol_weight",
        "is_valid",
        "validation_score",
        "reduced_features",
        "synthesized",
    ];
    let decisive = vec![
        "my_stop",
        "pred_leverage",
        "avgSize",
        "amount",
        "target_notional_usd",
        "should_exit",
        "contract_size",
        "contracts",
        "sz",
        "volume",
        "quoteOrderQty",
        "stop_loss_pct",
        "take_profit_pct",
        "lever",
        "inverse",
        "is-inverse",
        "force.close",
        "legExpiry",
        "maxStop",
        "targetMarginUsdt",
    ];
    let value = || {
        one_of(&[
            "true", "false", "0", "1", "2.5", "\"0.7\"", "\"x\"", "null", "[1]", "NaN",
        ])
    };
    prop_oneof![
        2 => (select(harmless), value()).prop_map(|(key, value)| vec![pair(key, value)]),
        3 => (select(decisive), value()).prop_map(|(key, value)| vec![pair(key, value)]),
        1 => word(&["cash", "cross", "isolated"]).prop_map(|word| vec![pair("tdMode", word)]),
        1 => word(&["quote_ccy", "base_ccy"]).prop_map(|word| vec![pair("tgtCcy", word)]),
        1 => (word(&["STOP_MARKET", "LIMIT", "take_profit", "TRAILING_STOP_MARKET"]), any::<bool>())
            .prop_map(|(word, camel)| vec![pair(if camel { "orderType" } else { "type" }, word)]),
        1 => (select(vec!["stopPrice", "triggerPrice", "triggerPx"]), one_of(&["95", "0", "\"101\""]))
            .prop_map(|(key, price)| vec![pair(key, price)]),
    ]
    .boxed()
}

/// Fields of an intent that are in an inner object, and whether this object is sent as a text.
type Nest = (&'static str, bool, u64);

fn nesting() -> impl Strategy<Value = Nest> {
    (
        select(vec!["params", "order", "info"]),
        any::<bool>(),
        any::<u64>(),
    )
}

/// Moves some of the fields into an object.
fn nest(fields: Pairs, (name, as_text, seed): Nest) -> Pairs {
    let moves = |at: usize, key: &str| {
        let key = key.replace(['_', '-'], "").to_ascii_lowercase();
        let mut fixed = FROM_ENVELOPE.iter().chain(&["payload", "data"]);
        let is_fixed = fixed.any(|name| name.replace('_', "") == key);
        !is_fixed && (seed >> (at % 64)) & 1 == 1
    };
    let (mut inner, mut outer) = (Pairs::new(), Pairs::new());
    for (at, (key, value)) in fields.into_iter().enumerate() {
        let to = if moves(at, &key) {
            &mut inner
        } else {
            &mut outer
        };
        to.push((key, value));
    }
    let inner = object(&inner, as_text);
    outer.push(pair(
        name,
        if as_text { quote(&inner, true) } else { inner },
    ));
    outer
}

/// Writes the names of the fields in other spellings.
fn spell(fields: Pairs, seed: u64) -> Pairs {
    fields
        .into_iter()
        .enumerate()
        .map(|(at, (key, value))| {
            let camel = |first: bool| {
                let mut capital = first;
                key.chars()
                    .filter_map(|letter| {
                        let was = std::mem::replace(&mut capital, letter == '_');
                        (letter != '_').then(|| {
                            if was {
                                letter.to_ascii_uppercase()
                            } else {
                                letter
                            }
                        })
                    })
                    .collect::<String>()
            };
            let key = match (seed >> (at % 21 * 3)) & 7 {
                // Two spellings of the type may state different types of records.
                _ if key == "event_type" => key,
                0 => camel(false),
                1 => camel(true),
                2 => key.to_ascii_uppercase(),
                3 => key.replace('_', "-"),
                _ => key,
            };
            (key, value)
        })
        .collect()
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
    let price =
        prop_oneof![8 => between(0.5, 1e4), 1 => unsigned(wild()), 1 => unsigned(any_bits())];
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
        1 => one_of(&["1e308", "1.5e308"]).prop_map(|usd| vec![pair("position_usd", usd), pair("leverage", "5")]),
        2 => (key(&["position_usd", "stake_amount"]), usd.clone()).prop_map(|(key, usd)| vec![pair(key, usd), pair("leverage", "8")]),
        6 => (key(&["size", "position_size_usd"]), usd).prop_map(|(key, usd)| vec![pair(key, usd)]),
        1 => Just(vec![]),
    ]
}

fn stop() -> impl Strategy<Value = Pairs> {
    let price =
        || prop_oneof![8 => one_of(&["98", "99.5", "100", "\"101\"", "102.25"]), 1 => wild()];
    let attached = || prop_oneof![8 => price(), 1 => Just("{\"triggerPrice\": 99}".to_owned()), 1 => Just("0".to_owned())];
    let names = (
        select(vec!["stop_loss", "stop_loss", "sl", "sl_price"]),
        select(vec!["take_profit", "tp", "tp_price"]),
    );
    let stop = (
        names,
        weighted(0.7, attached()),
        weighted(0.7, price()),
        weighted(0.3, attached()),
    )
        .prop_map(|(names, stop, entry, target)| {
            let mut pairs = Vec::new();
            pairs.extend(stop.map(|stop| pair(names.0, stop)));
            pairs.extend(entry.map(|entry| pair("entry_price", entry)));
            pairs.extend(target.map(|target| pair(names.1, target)));
            pairs
        });
    prop_oneof![3 => Just(vec![]), 1 => stop]
}

fn carried() -> impl Strategy<Value = Pairs> {
    let pairs = vec![
        pair("take_profit", "\"\""),
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
    let field = |names: &[&'static str]| {
        select(names.to_vec()).prop_flat_map(|key| {
        let value = match key {
            "direction" | "order_side" | "type" => prop_oneof![
                6 => word(&["BUY", "SELL", "LONG", "SHORT", "OPEN", "CLOSE", "both", "EXIT", "STOP"]), 1 => one_of(&["5", "\"x\"", "null"]),
            ]
            .boxed(),
            "posSide" => word(&["LONG", "SHORT", "both", "x"]),
            "position_action" | "tradeSide" => word(&["OPEN", "CLOSE", "open"]),
            "qty_fraction" | "percentage" => one_of(&["0.5", "25", "\"x\"", "0"]),
            "stopPrice" => one_of(&["95", "101.5", "0", "\"101\""]),
            "positionIdx" => one_of(&["0", "1", "2", "\"1\""]),
            "is_buy" | "is_short" | "close" => {
                one_of(&["true", "false", "1", "0", "2", "\"true\""])
            }
            "action" | "side" => prop_oneof![
                6 => word(&["BUY", "sell", "LONG", "Short", "HOLD", "hold", "CLOSE", "close", "BOTH", "BUY "]), 1 => wild(),
            ]
            .boxed(),
            "reduce_only" | "reduceOnly" => prop_oneof![
                6 => one_of(&["true", "false", "0", "1", "\"False\"", "\"tRUE\"", "\"0\"", "\"1\"", "\"yes\"", "2", "-1", "[]", "\"x\"", "null"]),
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
            "price" => prop_oneof![2 => between(0.01, 1e4), 2 => unsigned(wild())].boxed(),
            _ => prop_oneof![2 => between(0.01, 1e4), 2 => wild()].boxed(),
        };
        (Just(key.to_owned()), value, 0..5).prop_map(|(key, value, action)| match action {
            0 => Edit::Remove(key),
            1 | 2 if PLAIN.contains(&key.as_str()) => Edit::Append(key, value),
            _ => Edit::Set(key, value),
        })
    })
    };
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
    let (inside, plain, outside) = (field(&FIELDS), field(&PLAIN), field(&OUTSIDE));
    prop_oneof![
        6 => (Just(Place::Inside), inside),
        10 => (place, plain),
        3 => (Just(Place::Outside), outside),
        1 => payload,
    ]
}

fn render(
    mut fields: Pairs,
    envelope: Envelope,
    edits: &[(Place, Edit)],
    moved: &[bool],
    own_id: Option<String>,
    nesting: Option<Nest>,
) -> String {
    let mut outside = Pairs::new();
    let payload = match envelope {
        Envelope::Flat | Envelope::FlatText => None,
        Envelope::Object(name) | Envelope::Text(name) => Some(name),
    };
    if payload.is_some() {
        // A name in another spelling stays in the payload.
        for (name, _) in FROM_ENVELOPE.iter().zip(moved).filter(|(_, moved)| **moved) {
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
    if let Some(nesting) = nesting {
        fields = nest(fields, nesting);
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
