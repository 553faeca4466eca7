//! Tests of buckets.

use portcullis_rollout::{Bps, PolicySet, Role, Salt, SaltError, bucket};

use crate::support::{PAGE, UNIVERSE, arm, bps, other_hash, program, python, set, symbol};

const CHECK_VALUES: [(&str, u16); 6] = [
    ("BTCUSDT", 3692),
    ("ETHUSDT", 4797),
    ("SOLUSDT", 1947),
    ("DOTUSDT", 2359),
    ("LINKUSDT", 5173),
    ("é", 9757),
];

#[test]
fn check_values_are_computed_and_documented() {
    for (key, expected) in CHECK_VALUES {
        assert_eq!(bucket("canary-7", key).get(), expected, "{key}");
        let row = format!("| `{key}` | {expected} |");
        assert!(PAGE.contains(&row), "docs/rollout.md has no row {row}");
    }
}

#[test]
fn the_documented_program_computes_the_check_values() {
    let lines = CHECK_VALUES.map(|(key, _)| format!("[\"canary-7\", \"{key}\"]\n"));
    let buckets = CHECK_VALUES.map(|(_, bucket)| format!("{bucket}\n"));
    if let Some(output) = python(program("def bucket"), &lines.concat()) {
        assert_eq!(output.replace("\r\n", "\n"), buckets.concat());
    }
}

#[test]
fn a_share_covers_the_buckets_below_it() {
    let covered = |share: u64| {
        let set = set(
            other_hash(1),
            &[arm(Role::Canary, other_hash(2), share)],
            false,
        );
        let names = UNIVERSE.into_iter().chain(["é"]);
        let is_covered = |name: &&str| set.assigned(symbol(name), None).is_some();
        names.filter(is_covered).collect::<Vec<_>>()
    };
    assert_eq!(covered(0), [""; 0]);
    assert_eq!(covered(1947), [""; 0]);
    assert_eq!(covered(1948), ["SOLUSDT"]);
    assert_eq!(covered(2500), ["SOLUSDT", "DOTUSDT"]);
    assert_eq!(covered(5000), ["BTCUSDT", "ETHUSDT", "SOLUSDT", "DOTUSDT"]);
    assert_eq!(covered(9757).len(), 5);
    assert_eq!(covered(9758).len(), 6);
    assert_eq!(covered(10_000).len(), 6);
}

#[test]
fn salt_and_key_are_separated() {
    // Without the separator, both would be the hash of "ab".
    assert_ne!(bucket("a", "b"), bucket("ab", ""));
    assert_eq!(Salt::new("a\0b"), Err(SaltError::Control('\0')));
}

#[test]
fn symbols_have_one_bucket_in_any_case() {
    let set = set(
        other_hash(1),
        &[arm(Role::Canary, other_hash(2), 2500)],
        false,
    );
    let (_, bucket) = set.assigned(symbol("solusdt"), None).unwrap();
    assert_eq!(bucket.get(), 1947);
}

#[test]
fn shares_are_from_0_to_10000() {
    for number in [0, 1, 9999, 10_000] {
        assert_eq!(u64::from(bps(number).get()), number);
    }
    for number in [10_001, 65_535, 65_536, 75_536, u64::MAX] {
        let error = Bps::new(number).unwrap_err().to_string();
        assert_eq!(
            error,
            format!(
                "{number} is above 10000, which is 100 %; use a whole number of basis points from 0 to 10000"
            )
        );
    }
}

#[test]
fn the_documented_program_computes_the_hash_of_a_set() {
    let text = crate::support::block("json");
    let set = PolicySet::from_json(text).unwrap();
    if let Some(output) = python(program("sort_keys"), &set.to_json()) {
        assert_eq!(output.trim(), set.hash().to_string());
    }
}
