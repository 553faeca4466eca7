//! Laws of the comparison of two policies, and of the tightening part of a draft.

use std::collections::BTreeSet;

use portcullis::{Policy, types::Timestamp};
use portcullis_forge::{Comparison, tightening_part};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{config, numbers, support::leverages};

const NOW: i64 = 1_768_003_200;

fn now() -> Timestamp {
    Timestamp::from_micros(NOW * 1_000_000).unwrap()
}

/// A number with few values, so that two policies are often equal in it.
fn number(from: u32) -> impl Strategy<Value = f64> {
    (from..from + 3).prop_map(|it| f64::from(it) / 8.0)
}

fn object(names: &'static [&'static str], from: u32) -> impl Strategy<Value = Map<String, Value>> {
    proptest::collection::vec(number(from), names.len()).prop_map(move |values| {
        let pairs = names.iter().zip(values);
        pairs
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect()
    })
}

/// A policy with up to three symbols, and a random value for each number.
fn policy() -> impl Strategy<Value = Policy> {
    let leverage = proptest::collection::btree_map(
        proptest::sample::select(vec!["BTCUSDT", "ETHUSDT", "SOLUSDT"]),
        1_u32..4,
        0..=3,
    );
    let stages = (1_u32..3, 1_u32..3, 1_u32..3);
    let harvest = object(
        &[
            "lock_R",
            "k_regime_flip",
            "k_sigma_spike",
            "k_ts_drop",
            "k_age_penalty",
        ],
        1,
    );
    let kill = object(
        &[
            "sigma_ref",
            "sigma_spike_cap",
            "trend_min",
            "ts_drop_cap",
            "ts_ref",
            "max_age_sec",
        ],
        1,
    );
    let limits = proptest::collection::btree_map(
        proptest::sample::select(vec![
            "max_leverage",
            "max_notional_usd",
            "max_intent_age_sec",
        ]),
        1_u32..4,
        0..=3,
    );
    let times = (proptest::option::of(0_i64..3), 1_i64..4, 0_i64..3);
    let texts = proptest::option::of(proptest::sample::select(vec!["futures", "spot"]));
    (
        leverage,
        stages,
        harvest,
        kill,
        limits,
        times,
        (texts, proptest::option::of(number(1))),
    )
        .prop_map(
            |(
                leverage,
                stages,
                mut harvest,
                kill,
                limits,
                (from, validity, grace),
                (market, stop),
            )| {
                let (one, two, three) = stages;
                for (name, value) in [
                    ("T1_R", f64::from(one)),
                    ("T2_R", f64::from(one + two)),
                    ("T3_R", f64::from(one + two + three)),
                    ("be_plus_pct", 0.003),
                    ("cost_bps", 12.0),
                    ("kill_threshold", 0.625),
                ] {
                    harvest.insert(name.to_owned(), json!(value));
                }
                if let Some(stop) = stop {
                    harvest.insert("fallback_stop_pct".to_owned(), json!(stop / 10.0));
                }
                let symbols = ["BTCUSDT", "ETHUSDT", "SOLUSDT"];
                let mut document = json!({
                    "policy_version": "law",
                    "valid_until_epoch": NOW + validity * 600,
                    "universe_symbols": symbols,
                    "leverage_by_symbol": leverage,
                    "harvest_params": harvest,
                    "kill_params": kill,
                    "limits": limits,
                    "harvest_grace_sec": grace,
                });
                if let Some(from) = from {
                    document["valid_from_epoch"] = json!(NOW - from * 600);
                }
                if let Some(market) = market {
                    document["market"] = json!(market);
                }
                Policy::from_json(&document.to_string()).unwrap()
            },
        )
}

fn fields<'a>(names: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    names.map(str::to_owned).collect()
}

/// The fields whose comparison depends on more than their two values.
fn plain(mut fields: BTreeSet<String>) -> BTreeSet<String> {
    for other in ["market", "valid_until_epoch"] {
        fields.remove(other);
    }
    fields
}

proptest! {
    #![proptest_config(config())]

    /// Planted bugs that this test detects: `Tighter::Lower` and `Higher` exchanged in `Movement::of`; a limit that only
    /// the draft has counts as looser; a symbol that only the active policy has counts as unchanged.
    #[test]
    fn what_is_looser_in_one_direction_is_tighter_in_the_other(one in policy(), other in policy()) {
        let itself = Comparison::of(&one, &one, now()).unwrap();
        prop_assert_eq!(itself.looser().chain(itself.tighter()).count(), 0);
        let (there, back) = (
            Comparison::of(&one, &other, now()).unwrap(),
            Comparison::of(&other, &one, now()).unwrap(),
        );
        prop_assert_eq!(plain(fields(there.looser())), plain(fields(back.tighter())));
        prop_assert_eq!(plain(fields(there.tighter())), plain(fields(back.looser())));
    }

    /// Planted bugs that this test detects: `max` for `min` of the leverages; a symbol of the draft alone is kept; the
    /// looser number in `tighter_of`; the expiry of the draft is kept; the limits of the active policy are dropped.
    #[test]
    fn a_tightening_part_has_every_tighter_field_and_no_looser_one(active in policy(), draft in policy()) {
        let comparison = Comparison::of(&active, &draft, now()).unwrap();
        let tighter = plain(fields(comparison.tighter()));
        let Some(part) = tightening_part(&active, &draft, now()) else {
            prop_assert!(tighter.is_empty(), "{:?}", tighter);
            return Ok(());
        };
        let of_part = Comparison::of(&active, &part, now()).unwrap();
        prop_assert_eq!(fields(of_part.looser()), BTreeSet::new());
        prop_assert_eq!(plain(fields(of_part.tighter())), tighter);
        // What is tighter in the draft has the value of the draft.
        let against_draft = Comparison::of(&draft, &part, now()).unwrap();
        prop_assert_eq!(plain(fields(against_draft.looser())), BTreeSet::new());
    }

    /// Planted bug that this test detects: the numbers of the active policy in place of those of the draft.
    #[test]
    fn the_tightening_part_of_a_tighter_draft_is_the_draft(active in policy(), draft in policy()) {
        let part = tightening_part(&active, &draft, now());
        if let Some(part) = part.filter(|_| Comparison::of(&active, &draft, now()).unwrap().looser().next().is_none()) {
            prop_assert_eq!(leverages(&part), leverages(&draft));
            for group in ["harvest_params", "kill_params", "limits"] {
                prop_assert_eq!(numbers(&part, group), numbers(&draft, group));
            }
            prop_assert_eq!(part.valid_until(), draft.valid_until());
        }
    }
}
