//! Property tests over arbitrary texts and fields.

use super::*;

/// Computes the canonical bytes with another algorithm than the library: it writes the JSON text
/// first and escapes it afterwards.
fn canonical_bytes(fields: &BTreeMap<String, String>) -> Vec<u8> {
    let escaped = |text: &str| {
        let json = serde_json::to_string(text).unwrap();
        let units = json.encode_utf16().map(|unit| match u8::try_from(unit) {
            Ok(byte @ 0x20..=0x7e) => char::from(byte).to_string(),
            _ => format!("\\u{unit:04x}"),
        });
        units.collect::<String>()
    };
    let pairs: Vec<_> = fields
        .iter()
        .filter(|(name, _)| *name != "policy_hash" && *name != "policy_sig")
        .map(|(name, value)| format!("[{}, {}]", escaped(name), escaped(value)))
        .collect();
    format!("[{}]", pairs.join(", ")).into_bytes()
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn json_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "tests/regressions/policy.txt",
        ))),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_text_is_read_without_panic(text in any::<String>()) {
        let _ = Policy::from_json(&text);
        let _ = Policy::from_fields([(text.as_str(), text.as_str())]);
    }

    #[test]
    fn any_edit_of_the_sample_is_read_without_panic(place in any::<prop::sample::Index>(), put in any::<String>()) {
        let mut text = sample();
        let place = place.index(text.len());
        text.replace_range(place..=place, &put);
        if let Err(refusal) = Policy::from_json(&text) {
            prop_assert!(!refusal.violations().is_empty());
            prop_assert!(!refusal.to_string().contains('\n'));
        }
    }

    #[test]
    fn any_field_value_is_read_without_panic(name in prop::sample::select(vec![
        "universe_symbols", "leverage_by_symbol", "harvest_params", "kill_params", "valid_until_epoch",
        "policy_version", "valid_from_epoch", "limits", "harvest_grace_sec", "policy_seq", "policy_hash",
    ]), value in json_value(), text in any::<bool>()) {
        let value = if text {
            value.to_string()
        } else {
            value.as_str().map_or_else(|| value.to_string(), str::to_owned)
        };
        if let Err(refusal) = Policy::from_fields(fields_with(name, &value)) {
            prop_assert!(!refusal.violations().is_empty());
            let is_in = |field: &str| field.trim_start_matches("a key of ").starts_with(name);
            prop_assert!(refusal.violations().iter().all(|v| is_in(v.field())));
        }
    }

    #[test]
    fn fields_round_trip_to_an_equal_policy(more in prop::collection::btree_map("[a-z~é😀\u{7f}]{3}_[0-9]", json_value(), 0..4)) {
        let more = serde_json::to_string(&more).unwrap();
        let text = match more.trim_matches(['{', '}']) {
            "" => sample(),
            _ => format!("{},{}", more.strip_suffix('}').unwrap(), sample().strip_prefix('{').unwrap()),
        };
        let policy = read(&text);
        let again = Policy::from_fields(policy.fields().clone()).unwrap();
        prop_assert_eq!(&again, &policy);
        prop_assert_eq!(again.hash(), policy.hash());
        let as_map = read(&serde_json::to_string(policy.fields()).unwrap());
        prop_assert_eq!(as_map.hash(), policy.hash());
        prop_assert_eq!(policy.hash().to_string(), sha256(&canonical_bytes(policy.fields())));
        let mut stating = policy.fields().clone();
        stating.insert("policy_hash".to_owned(), policy.hash().to_string());
        prop_assert!(Policy::from_fields(stating).unwrap().states_hash());
    }

    #[test]
    fn structures_are_encoded_as_compact_json(value in prop::collection::vec(json_value(), 0..4)) {
        let spaced = serde_json::to_string_pretty(&value).unwrap();
        let policy = read(&and(&format!("\"x\":{spaced}")));
        prop_assert_eq!(&policy.fields()["x"], &serde_json::to_string(&value).unwrap());
    }

    #[test]
    fn the_hash_matches_an_independent_computation(
        fields in prop::collection::btree_map(any::<String>(), any::<String>(), 0..6)
    ) {
        let pairs = fields.iter().rev().map(|(k, v)| (k.as_str(), v.as_str()));
        prop_assert_eq!(canonical_hash(pairs).to_string(), sha256(&canonical_bytes(&fields)));
    }

    #[test]
    fn any_expiry_is_exact_to_the_microsecond(
        micros in 0..253_402_300_799_000_000_i64, finer in 0..1000_u32
    ) {
        let (seconds, rest) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
        let policy = read(&sample_policy_json(&format!("{seconds}.{rest:06}{finer:03}")));
        prop_assert_eq!(policy.valid_until().as_micros(), micros);
        let last = policy.valid_until();
        prop_assert!(policy.in_force(last).is_ok());
        prop_assert!(policy.in_force(Timestamp::from_micros(micros + 1).unwrap()).is_err());
    }
}
