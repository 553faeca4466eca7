//! Strategies for valid policies and policies with defects, in both encodings.

use super::super::naive::policy::hash_of;
use super::text::{Edit, Pairs, edit, object, odd, one_of, pair, seconds, stringly, wild};
use super::{BASE, near};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;

const HARVEST: [(&str, &str); 16] = [
    ("T1_R", "1.8"),
    ("T2_R", "3.5"),
    ("T3_R", "5.8"),
    ("lock_R", "1.2"),
    ("be_plus_pct", "0.003"),
    ("cost_bps", "12"),
    ("k_regime_flip", "0.8"),
    ("k_sigma_spike", "0.6"),
    ("k_ts_drop", "0.4"),
    ("k_age_penalty", "0.2"),
    ("kill_threshold", "0.55"),
    ("fallback_stop_pct", "0.015"),
    ("u1", "1"),
    ("u2", "0.25"),
    ("u3", "-3"),
    ("softmax_temp", "1.0"),
];
const KILL: [(&str, &str); 7] = [
    ("trend_min", "0.25"),
    ("sigma_ref", "0.012"),
    ("sigma_spike_cap", "1.8"),
    ("ts_ref", "0.35"),
    ("ts_drop_cap", "0.45"),
    ("max_age_sec", "72000"),
    ("k_close_threshold", "0.62"),
];
const LIMITS: [(&str, &[&str]); 6] = [
    ("max_leverage", &["0.5", "5", "8.0", "125"]),
    (
        "max_position_usd",
        &["0.001", "24.999", "25", "200", "1e5", "1e300"],
    ),
    ("max_notional_usd", &["1", "200", "200.5", "1E6", "1e308"]),
    (
        "max_intent_age_sec",
        &["0.000001", "0.001", "1", "59.999999", "60", "86400"],
    ),
    ("max_market_age_sec", &["0.001", "30", "60", "86400"]),
    ("max_position_age_sec", &["0.001", "30", "60", "86400"]),
];
const REQUIRED: [&str; 6] = [
    "universe_symbols",
    "leverage_by_symbol",
    "harvest_params",
    "kill_params",
    "valid_until_epoch",
    "policy_version",
];
const OPTIONAL: [&str; 5] = [
    "valid_from_epoch",
    "limits",
    "harvest_grace_sec",
    "policy_seq",
    "policy_hash",
];

/// A policy under construction.
#[derive(Clone, Debug)]
struct Draft {
    top: Pairs,
    harvest: Pairs,
    kill: Pairs,
    limits: Option<Pairs>,
    leverage: Pairs,
    universe: Vec<String>,
    /// Changes to whole fields, applied after all fields are written.
    late: Vec<Edit>,
    encoding: Encoding,
    hash: Hash,
    ending: Ending,
}

#[derive(Clone, Copy, Debug)]
enum Encoding {
    Document,
    Compact,
    Hash,
    /// The hash encoding, with spaces in the JSON of structured fields.
    SpacedHash,
}

#[derive(Clone, Copy, Debug)]
enum Hash {
    Absent,
    Right,
    Torn,
    Upper,
    Empty,
}

#[derive(Clone, Copy, Debug)]
enum Ending {
    Whole,
    Cut(usize),
    Garbage,
    NoObject,
    /// An additional field that is nested to this depth.
    Deep(usize),
}

/// The part of the policy to which a change applies.
#[derive(Clone, Debug)]
enum Place {
    Top,
    Harvest,
    Kill,
    Limits,
    Leverage,
    Universe,
}

/// Generates the text of a policy, or `None` for an absent policy.
pub(crate) fn texts() -> impl Strategy<Value = Option<String>> {
    let edits =
        prop_oneof![14 => vec(change(), 0..1), 4 => vec(change(), 1..2), 1 => vec(change(), 2..4)];
    let text = (draft(), edits).prop_map(|(mut draft, edits)| {
        for (place, change) in &edits {
            apply(&mut draft, place, change);
        }
        render(&draft)
    });
    weighted(0.97, text)
}

fn draft() -> impl Strategy<Value = Draft> {
    let until = prop_oneof![
        6 => near(BASE + 3_600_000_000),
        3 => near(BASE),
        1 => near(BASE - 600_000_000),
    ];
    let from = weighted(
        0.25,
        prop_oneof![3 => near(BASE - 3_600_000_000), 2 => near(BASE), 1 => near(BASE + 600_000_000)],
    );
    let grace = weighted(
        0.3,
        one_of(&["0", "0.000001", "60", "\"60\"", "3600", "1e5", "1e300"]),
    );
    let limits = weighted(
        0.3,
        LIMITS
            .map(|(_, values)| weighted(0.35, one_of(values)))
            .to_vec(),
    );
    let places = weighted(
        0.5,
        select(vec![
            ("usdm", "binance"),
            ("usdm", "bybit"),
            ("coinm", "binance"),
        ]),
    );
    let encoding = select(vec![
        Encoding::Document,
        Encoding::Compact,
        Encoding::Hash,
        Encoding::SpacedHash,
    ]);
    let hash = prop_oneof![
        10 => Just(Hash::Absent), 8 => Just(Hash::Right), 1 => Just(Hash::Torn), 1 => select(vec![Hash::Upper, Hash::Empty]),
    ];
    let ending = prop_oneof![
        60 => Just(Ending::Whole), 1 => (1_usize..400).prop_map(Ending::Cut), 1 => Just(Ending::Garbage),
        1 => Just(Ending::NoObject), 1 => select(vec![8, 60, 70, 300]).prop_map(Ending::Deep),
    ];
    let theta = (
        prop::bool::weighted(0.7),
        prop::bool::weighted(0.5),
        select(vec!["0.55", "0.5000001", "0.7", "0.999"]),
    );
    let leverage = (
        one_of(&["8", "8.0", "0.8e1", "20", "0.5", "1e-3"]),
        prop_oneof![6 => Just("3".to_owned()), 1 => positive_bits()],
    );
    let decimals = (
        select(vec!["", "0", "9", "999999999"]),
        select(vec!["", "0", "1", "000000001"]),
    );
    let metadata = prop_oneof![
        3 => Just("true"), 1 => select(vec!["1", "\"TRUE\"", "false", "0", "\"\"", "\"yes\"", "null"]),
    ];
    (
        (until, from, decimals, metadata),
        (grace, limits, places),
        (encoding, hash, ending),
        theta,
        leverage,
    )
        .prop_map(
            |(
                (until, from, decimals, metadata),
                (grace, limits, places),
                (encoding, hash, ending),
                theta,
                leverage,
            )| {
                let mut top = vec![
                    pair("policy_version", "\"1.0.0-ai-sample\""),
                    pair("valid_until_epoch", seconds(until) + decimals.0),
                    pair(
                        "generator",
                        "\"ai \\u00e9\\ud83d\\ude00\\n\\u007f \\\"π\\\"\"",
                    ),
                    pair(
                        "features_window",
                        "[1, 2.50, {\"b\": null, \"a\": \"\\u0001é\"}]",
                    ),
                    pair("metadata_ok", metadata),
                    pair("universe_hash", "null"),
                ];
                top.extend(from.map(|from| pair("valid_from_epoch", seconds(from) + decimals.1)));
                top.extend(grace.map(|grace| pair("harvest_grace_sec", grace)));
                if let Some((market, venue)) = places {
                    top.push(pair("market", format!("\"{market}\"")));
                    top.push(pair("venue", format!("\"{venue}\"")));
                }
                let mut harvest: Pairs = HARVEST
                    .iter()
                    .map(|(key, value)| pair(key, *value))
                    .collect();
                harvest.retain(|(key, _)| theta.0 || key != "fallback_stop_pct");
                harvest.retain(|(key, _)| {
                    theta.1 || !["u1", "u2", "u3", "softmax_temp"].contains(&key.as_str())
                });
                edit(
                    &mut harvest,
                    &Edit::Set("kill_threshold".to_owned(), theta.2.to_owned()),
                );
                let limits = limits.map(|values| {
                    LIMITS
                        .iter()
                        .zip(values)
                        .filter_map(|((key, _), value)| Some(pair(key, value?)))
                        .collect()
                });
                Draft {
                    top,
                    harvest,
                    kill: KILL.iter().map(|(key, value)| pair(key, *value)).collect(),
                    limits,
                    leverage: vec![
                        pair("btcusdt", leverage.0),
                        pair("ETHUSDT", leverage.1),
                        pair("1000PEPEUSDT", "5"),
                        pair("币安人生USDT", "2.5"),
                        pair("XRPUSDT", "4"),
                    ],
                    universe: [
                        "BTCUSDT",
                        "EthUSDT",
                        "1000PEPEUSDT",
                        "币安人生USDT",
                        "NOLEVUSDT",
                    ]
                    .map(str::to_owned)
                    .to_vec(),
                    late: Vec::new(),
                    encoding,
                    hash,
                    ending,
                }
            },
        )
}

fn positive_bits() -> impl Strategy<Value = String> {
    any::<u64>()
        .prop_map(|bits| format!("{:e}", f64::from_bits(bits).abs()))
        .prop_map(|text| match text.as_str() {
            "NaN" | "inf" | "0e0" => "7".to_owned(),
            _ => text,
        })
}

fn change() -> impl Strategy<Value = (Place, Edit)> {
    fn keys(names: impl IntoIterator<Item = &'static str>) -> BoxedStrategy<String> {
        select(names.into_iter().map(str::to_owned).collect::<Vec<_>>()).boxed()
    }
    let bound = one_of(&[
        "0",
        "-1",
        "0.5",
        "1",
        "1.0000001",
        "0.49",
        "1e9",
        "-0.0",
        "5.8",
        "3.5",
        "1e999",
        "\"1\"",
    ]);
    let epoch = one_of(&[
        "253402300799",
        "253402300799.0000001",
        "253402300800",
        "1766550734062",
        "-1",
        "-1e300",
        "\"nan\"",
        "\"inf\"",
        "\"1766550734\"",
        "1e999",
        "\"soon\"",
    ]);
    let top = keys(
        REQUIRED
            .into_iter()
            .chain(OPTIONAL)
            .chain(["market", "notes"]),
    );
    let inner = prop_oneof![
        6 => keys(HARVEST.map(|(key, _)| key)).prop_map(|key| (Place::Harvest, key)),
        4 => keys(KILL.map(|(key, _)| key)).prop_map(|key| (Place::Kill, key)),
        2 => keys(LIMITS.map(|(key, _)| key)).prop_map(|key| (Place::Limits, key)),
        3 => keys(["BTCUSDT", "btcusdt", "ETHUSDT", "SOLUSDT", "bad symbol", ""]).prop_map(|key| (Place::Leverage, key)),
        1 => select(vec![Place::Harvest, Place::Kill, Place::Limits]).prop_map(|place| (place, "T4_R".to_owned())),
    ];
    let value = prop_oneof![4 => bound, 2 => wild(), 1 => odd()];
    let action = (0..4, value.clone());
    let how = |key: String, (action, value): (i32, String)| match action {
        0 => Edit::Remove(key),
        1 => Edit::Append(key, value),
        _ => Edit::Set(key, value),
    };
    let list = one_of(&[
        "\"BTCUSDT\"",
        "\"ethusdt\"",
        "\"SOLUSDT\"",
        "\"\"",
        "\"A B\"",
        "5",
        "\"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456\"",
        "[]",
    ]);
    prop_oneof![
        4 => (top, action.clone()).prop_map(move |(key, action)| (Place::Top, how(key, action))),
        2 => (keys(["valid_until_epoch", "valid_from_epoch"]), epoch).prop_map(|(key, value)| (Place::Top, Edit::Set(key, value))),
        1 => value.prop_map(|value| (Place::Top, Edit::Set("harvest_grace_sec".to_owned(), value))),
        10 => (inner, action).prop_map(move |((place, key), action)| (place, how(key, action))),
        2 => list.prop_map(|item| (Place::Universe, Edit::Append(String::new(), item))),
        1 => Just((Place::Universe, Edit::Remove(String::new()))),
    ]
}

fn apply(draft: &mut Draft, place: &Place, change: &Edit) {
    match place {
        Place::Top => draft.late.push(change.clone()),
        Place::Harvest => edit(&mut draft.harvest, change),
        Place::Kill => edit(&mut draft.kill, change),
        Place::Limits => edit(draft.limits.get_or_insert_default(), change),
        Place::Leverage => edit(&mut draft.leverage, change),
        Place::Universe => match change {
            Edit::Append(_, item) | Edit::Set(_, item) => draft.universe.push(item.clone()),
            Edit::Remove(_) => draft.universe.clear(),
        },
    }
}

fn render(draft: &Draft) -> String {
    let spaced = matches!(draft.encoding, Encoding::Document | Encoding::SpacedHash);
    let quoted = |symbol: &String| {
        if symbol.starts_with(['"', '5', '[']) {
            symbol.clone()
        } else {
            format!("\"{symbol}\"")
        }
    };
    let universe: Vec<String> = draft.universe.iter().map(quoted).collect();
    let mut whole = draft.top.clone();
    let mut structured = vec![
        pair(
            "universe_symbols",
            format!("[{}]", universe.join(if spaced { ", " } else { "," })),
        ),
        pair("leverage_by_symbol", object(&draft.leverage, spaced)),
        pair("harvest_params", object(&draft.harvest, spaced)),
        pair("kill_params", object(&draft.kill, spaced)),
    ];
    structured.extend(
        draft
            .limits
            .as_ref()
            .map(|limits| pair("limits", object(limits, spaced))),
    );
    whole.extend(structured);
    for change in &draft.late {
        edit(&mut whole, change);
    }
    if let Ending::Deep(depth) = draft.ending {
        whole.push(pair(
            "stats_endpoint",
            format!("{}{}", "[".repeat(depth), "]".repeat(depth)),
        ));
    }
    if matches!(draft.encoding, Encoding::Hash | Encoding::SpacedHash) {
        whole.retain(|(_, value)| value != "null");
        for (_, value) in &mut whole {
            *value = stringly(value);
        }
    }
    let text = object(&whole, spaced);
    let text = with_hash(text, draft.hash);
    match draft.ending {
        Ending::Whole | Ending::Deep(_) => text,
        Ending::Cut(length) => text.chars().take(length).collect(),
        Ending::Garbage => text + "]",
        Ending::NoObject => format!("[{text}]"),
    }
}

fn with_hash(mut text: String, hash: Hash) -> String {
    let Some(right) = hash_of(&text) else {
        return text;
    };
    let stored = match hash {
        Hash::Absent => return text,
        Hash::Right => right,
        Hash::Torn => right.chars().rev().collect(),
        Hash::Upper => right.to_uppercase(),
        Hash::Empty => String::new(),
    };
    text.pop();
    text + &format!(", \"policy_hash\": \"{stored}\"}}")
}
