//! Target `policy`: the bytes of the fuzzer are read as a policy document and as a map of strings.

use crate::oracle::naive::{
    json::{self, Json, quote},
    policy as naive,
};
use portcullis::{
    policy::{InvalidPolicyError, Limits, Listing, Policy, Theta, canonical_hash},
    types::{Leverage, Margin, Notional, SignedDuration, Timestamp},
};
use std::collections::BTreeMap;

/// Reads the bytes as a document, and their lines as the names and values of a Redis hash.
pub(crate) fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let document = Policy::from_json(&text);
    check(&document, &text);
    if let Ok(policy) = &document {
        let hash = Policy::hash_of(&text).unwrap();
        assert_eq!(hash, policy.hash(), "{text}");
        assert_eq!(naive::hash_of(&text), Some(hash.to_string()), "{text}");
    }

    let lines: Vec<&str> = text.lines().collect();
    let pairs: Vec<(&str, &str)> = lines
        .chunks_exact(2)
        .map(|pair| (pair[0], pair[1]))
        .collect();
    check(&Policy::from_fields(pairs.iter().copied()), &map(&pairs));
}

/// Returns the pairs as a JSON object of strings.
fn map(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, text)| format!("{}: {}", quote(name, false), quote(text, true)))
        .collect();
    format!("{{{}}}", pairs.join(", "))
}

/// Checks that the naive engine agrees, and that a valid policy is valid in either encoding.
fn check(policy: &Result<Policy, InvalidPolicyError>, text: &str) {
    match (policy, naive::read(text, None)) {
        (Ok(policy), Ok(naive)) => {
            same_head(policy, &naive, text);
            same_numbers(policy, &naive, text);
            whole(policy);
        }
        (Err(refusal), Err(reason)) => {
            assert_eq!(refusal.fault().to_string(), reason, "{refusal}: {text}");
            assert!(!refusal.violations().is_empty());
            assert!(!refusal.to_string().contains('\n'), "{refusal}");
        }
        (policy, naive) => panic!("engine {policy:?}\nnaive  {naive:?}\n{text}"),
    }
}

/// Checks that the policy is the same with the same hash after it is written in either encoding.
fn whole(policy: &Policy) {
    let pairs: Vec<(&str, &str)> = policy
        .fields()
        .iter()
        .rev()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    assert_eq!(canonical_hash(pairs.iter().copied()), policy.hash());
    let again = [
        Policy::from_fields(pairs.iter().copied()),
        Policy::from_json(&map(&pairs)),
        Policy::from_json(&document(&pairs)),
    ];
    for again in again {
        let again = again.unwrap();
        assert_eq!(&again, policy);
        assert_eq!(again.hash(), policy.hash());
        assert_eq!(again.notes(), policy.notes());
    }
    // A policy that states its own hash is valid and has the same hash.
    let hash = policy.hash().to_string();
    let stated = pairs
        .iter()
        .copied()
        .filter(|(name, _)| *name != "policy_hash");
    let stated = Policy::from_fields(stated.chain([("policy_hash", hash.as_str())])).unwrap();
    assert_eq!(stated.hash(), policy.hash());
}

/// Returns the pairs as a document, in which a value that is compact JSON is not quoted.
fn document(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, text)| {
            let is_compact = json::read(text).is_some_and(|value| {
                matches!(value, Json::List(_) | Json::Object(_))
                    && json::compact(&value) == *text
                    && json::depth(&value) < 60
                    && !json::has_duplicates(&value)
            });
            let value = if is_compact {
                (*text).to_owned()
            } else {
                quote(text, false)
            };
            format!("{}:{value}", quote(name, true))
        })
        .collect();
    format!("{{{}}}", pairs.join(","))
}

fn same_head(policy: &Policy, naive: &naive::Policy, text: &str) {
    assert_eq!(policy.version(), naive.version, "{text}");
    assert_eq!(policy.hash().to_string(), naive.hash, "{text}");
    assert_eq!(policy.states_hash(), naive.hash_is_stored, "{text}");
    let symbols: Vec<String> = policy
        .symbols()
        .map(|symbol| symbol.as_str().to_owned())
        .collect();
    assert_eq!(symbols, naive.universe, "{text}");
    assert_eq!(policy.market(), naive.market.as_deref(), "{text}");
    assert_eq!(policy.venue(), naive.venue.as_deref(), "{text}");
    let micros = |at: Timestamp| i128::from(at.as_micros());
    assert_eq!(micros(policy.valid_until()), naive.valid_until, "{text}");
    assert_eq!(policy.valid_from().map(micros), naive.valid_from, "{text}");
}

fn same_numbers(policy: &Policy, naive: &naive::Policy, text: &str) {
    let until = policy.valid_until();
    let (Ok(in_force), Ok(theta)) = (policy.in_force(until), policy.theta_in_force(until)) else {
        // The validity window ends before it begins.
        assert!(naive.valid_from > Some(naive.valid_until), "{text}");
        return;
    };
    for symbol in policy.symbols() {
        let naive = naive.leverage.get(symbol.as_str()).copied();
        let engine = match in_force.listing(&symbol) {
            Listing::Leverage(leverage) => Some(leverage.get()),
            Listing::NoLeverage => None,
            Listing::NotInUniverse => panic!("{symbol} is not listed: {text}"),
        };
        assert_eq!(bits(engine), bits(naive), "{symbol}: {text}");
    }
    for (name, number) in theta_numbers(theta.theta()) {
        assert_eq!(
            bits(number),
            bits(naive.theta.get(name).copied()),
            "{name}: {text}"
        );
    }
    for (name, number) in limit_numbers(in_force.limits()) {
        let naive = naive.limits.get(name).copied();
        assert_eq!(bits(number), bits(naive), "{name}: {text}");
    }
    let grace = naive.grace.unwrap_or(0);
    let end = until.saturating_add(SignedDuration::from_micros(
        i64::try_from(grace).unwrap_or(i64::MAX / 4),
    ));
    assert!(policy.theta_in_force(end).is_ok(), "{text}");
    if end < Timestamp::MAX {
        let late = end.saturating_add(SignedDuration::from_micros(1));
        assert!(policy.theta_in_force(late).is_err(), "{text}");
    }
}

fn bits(number: Option<f64>) -> Option<u64> {
    number.map(f64::to_bits)
}

fn theta_numbers(theta: &Theta) -> BTreeMap<&'static str, Option<f64>> {
    BTreeMap::from([
        ("T1_R", Some(theta.t1_r().value().get())),
        ("T2_R", Some(theta.t2_r().value().get())),
        ("T3_R", Some(theta.t3_r().value().get())),
        ("lock_R", Some(theta.lock_r().value().get())),
        ("be_plus_pct", Some(theta.be_plus_pct().value())),
        ("cost_bps", Some(theta.cost_bps().value())),
        (
            "fallback_stop_pct",
            theta.fallback_stop_pct().map(|pct| pct.value()),
        ),
        ("k_regime_flip", Some(theta.k_regime_flip().value())),
        ("k_sigma_spike", Some(theta.k_sigma_spike().value())),
        ("k_ts_drop", Some(theta.k_ts_drop().value())),
        ("k_age_penalty", Some(theta.k_age_penalty().value())),
        ("kill_threshold", Some(theta.kill_threshold().value())),
        ("trend_min", Some(theta.trend_min().value())),
        ("sigma_ref", Some(theta.sigma_ref().value())),
        ("sigma_spike_cap", Some(theta.sigma_spike_cap().value())),
        ("ts_ref", Some(theta.ts_ref().value())),
        ("ts_drop_cap", Some(theta.ts_drop_cap().value())),
        ("max_age_sec", Some(theta.max_age_sec().value())),
    ])
}

/// Returns the limits that are numbers. The age limits are durations; they are compared through their effect.
fn limit_numbers(limits: &Limits) -> [(&'static str, Option<f64>); 3] {
    [
        ("max_leverage", limits.max_leverage().map(Leverage::get)),
        (
            "max_position_usd",
            limits.max_position_usd().map(Margin::get),
        ),
        (
            "max_notional_usd",
            limits.max_notional_usd().map(Notional::get),
        ),
    ]
}
