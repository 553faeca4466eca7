//! Tests of the two encodings of a policy, and of its hash.

use super::*;

#[test]
fn the_sample_is_read_completely() {
    let policy = read(&sample());
    assert_eq!(policy.version(), "1.0.0-ai-sample");
    assert_eq!(policy.valid_until().as_micros(), 1_766_550_734_062_733);
    assert_eq!(
        (
            policy.valid_from(),
            policy.seq(),
            policy.market(),
            policy.venue()
        ),
        (None, None, None, None)
    );
    assert!(!policy.states_hash());
    let symbols: Vec<_> = policy.symbols().map(|s| s.to_string()).collect();
    assert_eq!(
        symbols.join(" "),
        "BTCUSDT ETHUSDT BNBUSDT SOLUSDT ADAUSDT DOTUSDT AVAXUSDT MATICUSDT LINKUSDT ATOMUSDT"
    );
    let leverages: Vec<_> = symbols.iter().map(|s| leverage(&policy, s)).collect();
    let expected = [8.0, 10.0, 12.0, 6.0, 15.0, 7.0, 9.0, 11.0, 8.0, 10.0];
    assert_eq!(leverages, expected.map(Some));

    let in_force = policy.theta_in_force(policy.valid_until()).unwrap();
    let theta = in_force.theta();
    let numbers: Vec<f64> = theta.iter().map(|number| number.value()).collect();
    let expected = [
        1.8, 3.5, 5.8, 1.2, 0.003, 12.0, 0.8, 0.6, 0.4, 0.2, 0.55, 0.25, 0.012, 1.8, 0.35, 0.45,
        72_000.0,
    ];
    assert_eq!(numbers, expected);
    assert_eq!(theta.fallback_stop_pct(), None);
}

#[test]
fn limits_and_optional_fields_are_read() {
    let policy = read(&and(
        r#""limits":{"max_leverage":9.5,"max_position_usd":1e3,"max_notional_usd":20000,
            "max_intent_age_sec":0.5,"max_market_age_sec":60.0000009,"max_position_age_sec":1e300},
           "policy_seq":18446744073709551615,"valid_from_epoch":"1.0000001","market":"futures","venue":"binance""#,
    ));
    assert_eq!(policy.seq(), Some(u64::MAX));
    assert_eq!(policy.valid_from().unwrap().as_micros(), 1_000_001);
    assert_eq!(
        (policy.market(), policy.venue()),
        (Some("futures"), Some("binance"))
    );
    let in_force = policy.in_force(at("2")).unwrap();
    let limits = in_force.limits();
    assert_eq!(limits.max_leverage().unwrap().get(), 9.5);
    assert_eq!(limits.max_position_usd().unwrap().get(), 1_000.0);
    assert_eq!(limits.max_notional_usd().unwrap().get(), 20_000.0);
    assert_eq!(limits.max_intent_age().unwrap().as_micros(), 500_000);
    assert_eq!(limits.max_market_age().unwrap().as_micros(), 60_000_000);
    assert_eq!(limits.max_position_age().unwrap().as_micros(), i64::MAX);

    let policy = read(&sample());
    let in_force = policy.in_force(at("2")).unwrap();
    let limits = in_force.limits();
    assert_eq!(limits.max_leverage(), None);
    assert_eq!(limits.max_position_usd(), None);
    assert_eq!(limits.max_notional_usd(), None);
    assert_eq!(limits.max_intent_age(), None);
    assert_eq!(limits.max_market_age(), None);
    assert_eq!(limits.max_position_age(), None);
}

#[test]
fn both_encodings_give_the_same_policy() {
    let document = read(&sample());
    let fields = document.fields();
    assert_eq!(fields["valid_until_epoch"], UNTIL);
    assert_eq!(
        fields["kill_params"],
        r#"{"k_close_threshold":0.62,"max_age_sec":72000,"sigma_ref":0.012,"sigma_spike_cap":1.8,"trend_min":0.25,"ts_drop_cap":0.45,"ts_ref":0.35}"#
    );
    let map_of_texts = serde_json::to_string(fields).unwrap();
    for other in [
        Policy::from_fields(fields.clone()).unwrap(),
        Policy::from_fields(fields.iter().rev().map(|(k, v)| (k.as_str(), v.as_str()))).unwrap(),
        read(&map_of_texts),
        read(&format!("\u{feff}{map_of_texts}")),
    ] {
        assert_eq!(other, document);
        assert_eq!(other.hash(), document.hash());
        assert_eq!(other.valid_until(), document.valid_until());
        assert_eq!(
            format!("{other:?}"),
            format!("{document:?}"),
            "the same numbers, in the same order"
        );
    }
}

#[test]
fn policies_are_equal_if_their_fields_are() {
    let (policy, other) = (read(&sample()), read(&sample_policy_json("1766550735")));
    assert_eq!(policy, read(&sample()));
    assert_ne!(policy, other);
    let text = format!("{other:?}");
    assert!(text.contains("Symbol(BTCUSDT)"), "{text}");
}

#[test]
fn white_space_in_structured_texts_is_allowed() {
    let spaced: BTreeMap<_, _> = read(&sample())
        .fields()
        .iter()
        .map(|(name, text)| (name.clone(), text.replace(',', ", ").replace("\":", "\": ")))
        .collect();
    let policy = Policy::from_fields(spaced).unwrap();
    assert_eq!(leverage(&policy, "ADAUSDT"), Some(15.0));
    // The hash covers the text, so different white space changes it.
    assert_eq!(
        policy.hash().to_string(),
        "8228012f60df4f11288fb69a79cdf93a7c12d10349febe624bb3e6dea28323d8"
    );
}

#[test]
fn the_hash_matches_other_programs() {
    check_hash(&sample(), SAMPLE_HASH);
    check_hash(
        &and(concat!(
            r#""generator": "modèle 😀 \"v2\" \u007f\n~", "note": {"b": [1.50, null, true], "a": "é/\t"}, "#,
            r#""nothing": null, "𝌆": 1E+2, "～": false, "policy_seq": 18446744073709551615, "policy_sig": "ignored""#
        )),
        "ca97746d27570a8310205760a8dc46273cd15011facee4f86e1476710288ca77",
    );
    // These texts need every kind of escape.
    let escaped = [("b", "é😀"), ("a\r", "\u{8}\u{c}\r\n\t\"\\/\0\u{1f}\u{7f}")];
    assert_eq!(
        canonical_hash(escaped).to_string(),
        "cad092e4ae692ae09983009aa2d3ddbaadffdf67a78ecfb4c8b79154361f0f7a"
    );
    assert_eq!(
        canonical_hash([]).to_string(),
        "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"
    );
}

#[test]
fn a_stored_hash_must_match_the_fields() {
    let policy = read(&and(&format!(r#""policy_hash":"{SAMPLE_HASH}""#)));
    assert!(policy.states_hash());
    assert_eq!(policy.hash().to_string(), SAMPLE_HASH);
    assert_eq!(policy.hash().short(), "1abaf416");

    let mut fields = fields_with("policy_hash", SAMPLE_HASH);
    assert!(Policy::from_fields(fields.clone()).is_ok());
    fields.insert(
        "valid_until_epoch".to_owned(),
        "1766554334.062733".to_owned(),
    );
    check_fields_refused(
        fields,
        "POLICY_HASH_MISMATCH",
        &format!(
            "`policy_hash` is `{SAMPLE_HASH}`, but the hash of the policy's fields is \
             4d30a4b3d082ad02ce13b70830fbd75635e53322b8ba39b187a82f02b78f4183; \
             if the fields are as intended, recompute it with `portcullis policy hash`"
        ),
    );
    for stored in ["", "1abaf416", &SAMPLE_HASH.to_uppercase(), "no hash"] {
        check_fields_refused(
            fields_with("policy_hash", stored),
            "POLICY_HASH_MISMATCH",
            &format!(
                "`policy_hash` is {}, but the hash of the policy's fields is {SAMPLE_HASH}; \
                 if the fields are as intended, recompute it with `portcullis policy hash`",
                if stored.is_empty() {
                    "empty".to_owned()
                } else {
                    format!("`{stored}`")
                }
            ),
        );
    }
}
