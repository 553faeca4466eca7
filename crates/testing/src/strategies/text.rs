//! Strategies for texts: any characters, any JSON, and valid inputs with a part replaced.

use proptest::prelude::*;

use super::{calls, number, policy::PolicyDraft};

/// Generates any bytes, decoded as UTF-8 with replacement characters.
fn bytes() -> impl Strategy<Value = String> {
    prop::collection::vec(any::<u8>(), 0..200)
        .prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn json_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        number::any_bits().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map(key(), inner, 0..4)
                .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

/// Generates keys that a reader looks up, and any other keys.
fn key() -> impl Strategy<Value = String> {
    let known = [
        "symbol",
        "side",
        "action",
        "payload",
        "data",
        "event_type",
        "leverage",
        "size",
        "id",
        "ts",
        "timestamp",
        "decided_at",
        "source",
        "reduce_only",
        "market",
        "harvested",
        "peak_quantity",
        "lot_size",
        "universe_symbols",
        "leverage_by_symbol",
        "harvest_params",
        "kill_params",
        "limits",
        "valid_until_epoch",
        "policy_version",
        "policy_hash",
        "halt",
        "permitted_symbols",
        "max_leverage",
    ];
    let known = prop::sample::select(known.map(str::to_owned).to_vec());
    prop_oneof![4 => known, 1 => any::<String>()]
}

/// Generates a valid text in which one part is replaced with another text.
fn torn() -> impl Strategy<Value = String> {
    let whole = calls().prop_map(|call| {
        let policy = call.policy.draft().map(PolicyDraft::text);
        [
            call.intent.text(),
            policy.unwrap_or_default(),
            call.guardrails.text(),
        ]
    });
    let piece = prop_oneof![
        bytes(),
        any::<String>(),
        json_value().prop_map(|json| json.to_string())
    ];
    (whole, 0..3_usize, any::<(u8, u8)>(), piece).prop_map(|(texts, which, (from, to), piece)| {
        let text = texts.get(which).map_or("", String::as_str);
        let count = text.chars().count();
        let place = |share: u8| count * usize::from(share) / 256;
        let (from, to) = (place(from.min(to)), place(from.max(to)));
        let head = text.chars().take(from).chain(piece.chars());
        head.chain(text.chars().skip(to)).collect()
    })
}

/// Generates opening brackets without their closing ones, in most cases more than a reader should accept.
fn deep() -> impl Strategy<Value = String> {
    (
        prop::sample::select(vec!["[", "{\"payload\":", "{\"market\":", "{\"limits\":"]),
        1..20_000_usize,
    )
        .prop_map(|(opening, depth)| opening.repeat(depth))
}

/// Generates any text. About half of the texts are valid inputs in which one part is replaced.
pub fn any_text() -> BoxedStrategy<String> {
    prop_oneof![
        3 => any::<String>(),
        3 => bytes(),
        6 => json_value().prop_map(|json| json.to_string()),
        12 => torn(),
        1 => deep(),
    ]
    .boxed()
}
