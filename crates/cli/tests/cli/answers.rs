//! Tests of the answers: one per record, in order, with stable names.

use std::{collections::BTreeSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Value, json, value::RawValue};

use crate::program::Place;
use crate::records::{
    START, entry, example_guardrails, exit, generated, lines, policy, position, text, updated,
    withdrawn,
};

/// All names that an answer may contain, in order.
const NAMES: [&str; 34] = [
    "n",
    "event",
    "id",
    "ts",
    "symbol",
    "side",
    "decision",
    "reason",
    "detail",
    "leverage",
    "leverage_source",
    "leverage_requested",
    "size_usd",
    "size_basis",
    "size_source",
    "notional_usd",
    "not_after",
    "quantity",
    "exit_rule",
    "harvest_action",
    "close_fraction",
    "stop_proposed",
    "stop_source",
    "r_net",
    "risk_unit",
    "cost",
    "kill_score",
    "k_regime_flip",
    "k_sigma_spike",
    "k_ts_drop",
    "k_age_penalty",
    "harvest_reasons",
    "policy_version",
    "policy_hash",
];

/// One answer as written: names and values in order.
pub(crate) struct Fields<'a>(pub(crate) Vec<(&'a str, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an answer")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        json.deserialize_map(InOrder)
    }
}

#[test]
fn each_record_has_one_answer_with_stable_names_in_order() {
    let place = Place::new();
    place.put("tape", generated(5000, 1));
    let guardrails = example_guardrails();
    place.answers(&["tape", "--guardrails", guardrails.to_str().unwrap()]);
    let mut seen = BTreeSet::new();
    let out = place.read("answers");
    for (n, line) in (1..).zip(out.lines()) {
        let Fields(fields) = serde_json::from_str(line).unwrap();
        let mut expected = NAMES.iter();
        for (name, value) in &fields {
            assert!(expected.any(|known| known == name), "`{name}` in {line}");
            assert_ne!(value.get(), "null", "{line}");
            seen.insert((*name).to_owned());
        }
        let value: Value = serde_json::from_str(line).unwrap();
        assert_eq!(value["n"], n);
        assert!(value["id"].is_string() && value["decision"].is_string());
        assert_eq!(value["decision"] == "SKIP", value.get("reason").is_some());
        // An exit may omit the quantity.
        if value["decision"] != "EXIT" {
            assert_eq!(value["decision"] == "SKIP", value.get("detail").is_some());
        }
    }
    assert_eq!(out.lines().count(), 5000);
    let all: BTreeSet<String> = NAMES.map(str::to_owned).into();
    assert_eq!(seen, all);
}

/// Checks the whole answer to one record under a sample policy.
fn check(record: &Value, expected: &Value) {
    let place = Place::new();
    let mut policy = policy("one");
    policy["harvest_params"]["fallback_stop_pct"] = 0.02.into();
    place.put("policy.json", policy.to_string());
    let hash = place.run(&["policy", "hash", "policy.json"]).stdout;
    place.put("tape", lines(std::slice::from_ref(record)));
    let answers = place.answers(&[
        "tape",
        "--policy",
        "policy.json",
        "--exit-delegate",
        "closer",
    ]);
    let mut expected = expected.clone();
    expected["n"] = 1.into();
    if expected.get("policy_version").is_some() {
        expected["policy_hash"] = hash.trim_end().into();
    }
    assert_eq!(answers, [expected]);
}

#[test]
fn a_trade_names_its_sources() {
    let ts = START * 1000 + 1000;
    check(
        &json!({
            "id": format!("{ts}-0"), "symbol": "btcusdt", "action": "SELL", "quantity": "0.5", "price": 400,
            "leverage": 5
        }),
        &json!({
            "event": "trade.intent", "id": format!("{ts}-0"), "ts": ts, "symbol": "BTCUSDT", "side": "SELL",
            "decision": "TRADE", "leverage": 5.0, "leverage_source": "intent:leverage", "leverage_requested": 5.0,
            "size_usd": 200.0, "size_basis": "notional", "size_source": "intent:quantity*price",
            "notional_usd": 200.0, "not_after": (START + 3600) * 1000, "quantity": 0.5, "policy_version": "one"
        }),
    );
    check(
        &json!({
            "intent_id": "x", "timestamp": "2026-01-05T00:00:01.0009Z", "symbol": "BTCUSDT", "side": "long",
            "position_usd": 100, "leverage": 10
        }),
        &json!({
            "event": "trade.intent", "id": "x", "ts": ts, "symbol": "BTCUSDT", "side": "BUY",
            "decision": "TRADE", "leverage": 8.0, "leverage_source": "policy:leverage_by_symbol.BTCUSDT",
            "leverage_requested": 10.0, "size_usd": 100.0, "size_basis": "margin",
            "size_source": "intent:position_usd", "notional_usd": 800.0, "not_after": (START + 3600) * 1000,
            "policy_version": "one"
        }),
    );
}

#[test]
fn an_exit_names_its_rule() {
    let ts = START * 1000;
    check(
        &exit(0),
        &json!({
            "event": "trade.intent", "id": "1", "ts": ts, "symbol": "BTCUSDT", "side": "SELL",
            "decision": "EXIT", "exit_rule": "owner"
        }),
    );
    check(
        &json!({"id": "e", "ts": ts, "symbol": "XRPUSDT", "action": "CLOSE", "source": "closer", "qty": 3}),
        &json!({
            "event": "trade.intent", "id": "e", "ts": ts, "symbol": "XRPUSDT", "decision": "EXIT",
            "exit_rule": "delegate", "quantity": 3.0
        }),
    );
}

#[test]
fn a_skip_includes_its_evidence() {
    let ts = START * 1000;
    check(
        &json!({"id": 7, "ts": ts, "symbol": "XRPUSDT", "side": "BUY", "size": 10}),
        &json!({
            "event": "trade.intent", "id": "7", "ts": ts, "symbol": "XRPUSDT", "side": "BUY", "decision": "SKIP",
            "reason": "POLICY_UNIVERSE_FILTER", "detail": "XRPUSDT not in AI policy", "policy_version": "one"
        }),
    );
}

#[test]
fn a_harvest_includes_its_numbers() {
    let mut record = position(0);
    record.as_object_mut().unwrap().remove("stop_dist_pct");
    let ts = START * 1000;
    check(
        &record,
        &json!({
            "event": "position.snapshot", "id": format!("{ts}-0"), "ts": ts, "symbol": "BTCUSDT", "side": "LONG",
            "decision": "HARVEST", "harvest_action": "PARTIAL_25", "close_fraction": 0.25,
            "stop_proposed": 100.299_999_999_999_98,
            "stop_source": "policy:harvest_params.fallback_stop_pct", "r_net": 1.839_999_999_999_998_5,
            "risk_unit": 2.0, "cost": 0.12, "kill_score": 0.502_499_979_166_874_9, "k_regime_flip": 0.0,
            "k_sigma_spike": 0.0, "k_ts_drop": 0.0, "k_age_penalty": 0.05,
            "harvest_reasons": ["harvest_partial_25", "profit_lock", "age_penalty"], "policy_version": "one"
        }),
    );
}

#[test]
fn a_skipped_position_names_symbol_and_side() {
    let place = Place::new();
    let mut untimed = position(0);
    untimed.as_object_mut().unwrap().remove("id");
    let mut flat = position(0);
    flat["side"] = "FLAT".into();
    let mut none = position(0);
    none["quantity"] = 0.into();
    let mut nameless = position(0);
    nameless["symbol"] = Value::Null;
    place.put("tape", lines(&[position(0), untimed, flat, none, nameless]));
    let answers = place.answers(&["tape"]);
    let named: Vec<_> = answers
        .iter()
        .map(|answer| ["reason", "symbol", "side"].map(|field| text(answer, field)))
        .collect();
    assert_eq!(
        named,
        [
            ["POLICY_MISSING", "BTCUSDT", "LONG"],
            ["HARVEST_INVALID_INPUT", "BTCUSDT", "LONG"],
            ["HARVEST_NO_POSITION", "BTCUSDT", ""],
            ["HARVEST_NO_POSITION", "BTCUSDT", "LONG"],
            ["HARVEST_INVALID_INPUT", "", ""],
        ]
    );
}

#[test]
fn a_policy_change_is_answered() {
    let place = Place::new();
    let mut broken = policy("three");
    broken["valid_until_epoch"] = "never".into();
    place.put("policy.json", policy("two").to_string());
    let hash = place.run(&["policy", "hash", "policy.json"]).stdout;
    place.put(
        "tape",
        lines(&[
            updated(1, &policy("two")),
            updated(2, &broken),
            withdrawn(3),
        ]),
    );
    let answers = place.answers(&["tape"]);
    let at = |seconds| (START + seconds) * 1000;
    assert_eq!(
        answers,
        [
            json!({
                "n": 1, "event": "policy.updated", "id": "1", "ts": at(1), "decision": "POLICY",
                "policy_version": "two", "policy_hash": hash.trim_end()
            }),
            json!({
                "n": 2, "event": "policy.updated", "id": "2", "ts": at(2), "decision": "SKIP",
                "reason": "POLICY_PARSE_ERROR",
                "detail": "`valid_until_epoch` is `never`, but must be a decimal number"
            }),
            json!({"n": 3, "event": "policy.withdrawn", "id": "3", "ts": at(3), "decision": "POLICY"}),
        ]
    );
}

#[test]
fn numbers_round_trip_bit_for_bit() {
    let place = Place::new();
    place.put("policy.json", policy("one").to_string());
    let sizes = [
        "0.1",
        "1e-320",
        "123456789.123456789",
        "0.30000000000000004",
    ];
    let tape = sizes.map(|size| {
        let record = entry(1).to_string();
        record.replace("\"size\":400", &format!("\"size\":{size}"))
    });
    place.put("tape", tape.join("\n"));
    place.answers(&["tape", "--policy", "policy.json"]);
    let out = place.read("answers");
    for (size, line) in sizes.iter().zip(out.lines()) {
        let Fields(fields) = serde_json::from_str(line).unwrap();
        let (_, written) = fields.iter().find(|(name, _)| *name == "size_usd").unwrap();
        let (given, read): (f64, f64) = (size.parse().unwrap(), written.get().parse().unwrap());
        assert_eq!(given.to_bits(), read.to_bits(), "{size}");
    }
}
