//! Tests of the JSON form of sets.

use portcullis::{Policy, policy::InvalidPolicyError};
use portcullis_rollout::{Arm, ArmError, DocumentError, Fault, Key, PolicySet, Role, Salt};

use crate::support::{arm, at, block, bps, other_hash, set, symbol};

const TEXT: &str = r#"{"format": 1, "seq": 7, "live": "LIVE", "arms": [ARM], "kill": false}"#;
const ARM: &str = r#"{"hash": "CANARY", "role": "canary", "bps": 2500, "key": "symbol", "salt": "canary-7",
    "until": "2026-01-12T00:00:00Z"}"#;

fn text(arms: &[&str]) -> String {
    with_hashes(&TEXT.replace("ARM", &arms.join(",")))
}

fn with_hashes(text: &str) -> String {
    let named = [("LIVE", 1), ("CANARY", 2), ("OTHER", 3), ("THIRD", 4)];
    named.iter().fold(text.to_owned(), |text, (name, digit)| {
        text.replace(name, &other_hash(*digit).to_string())
    })
}

/// Checks that a text is refused, and returns the path and the message.
fn refused(text: &str) -> (String, String) {
    let error = PolicySet::from_json(&with_hashes(text)).unwrap_err();
    let paths: Vec<&str> = error.faults().iter().map(Fault::path).collect();
    (paths.join(" "), error.to_string())
}

/// Checks the path and a part of the message after a replacement in a valid document.
#[track_caller]
fn check(from: &str, to: &str, path: &str, message: &str) {
    let valid = TEXT.replace("ARM", ARM);
    assert!(valid.contains(from), "{from}");
    let (found, text) = refused(&valid.replacen(from, to, 1));
    assert_eq!(found, path, "{to}: {text}");
    assert!(text.contains(message), "{to}: {text}");
}

#[test]
fn a_document_is_read() {
    let set = PolicySet::from_json(&text(&[ARM])).unwrap();
    assert_eq!(
        (set.seq(), set.live(), set.is_killed()),
        (7, other_hash(1), false)
    );
    let [arm] = set.arms() else { panic!() };
    assert_eq!(arm.hash(), other_hash(2));
    assert_eq!((arm.role(), arm.key()), (Role::Canary, Key::Symbol));
    assert_eq!((arm.bps(), arm.salt().as_str()), (bps(2500), "canary-7"));
    assert_eq!(arm.until(), "2026-01-12T00:00:00Z".parse().unwrap());
    assert_eq!((arm.source(), arm.symbol()), (None, None));
}

#[test]
fn the_documented_set_is_read_and_written_in_one_form() {
    let set = PolicySet::from_json(block("json")).unwrap();
    let [canary, shadow] = set.arms() else {
        panic!()
    };
    assert_eq!(canary.role(), Role::Canary);
    assert_eq!(shadow.role(), Role::Shadow(Key::Source));
    assert_eq!(shadow.source(), Some("momentum"));
    let written = set.to_json();
    assert!(
        written.contains(r#""match":{"source":"momentum"}"#),
        "{written}"
    );
    assert_eq!(PolicySet::from_json(&written).unwrap(), set);
    let marked = format!("\u{feff} {}\n", block("json"));
    assert_eq!(PolicySet::from_json(&marked).unwrap(), set);
}

#[test]
fn unknown_missing_and_duplicate_fields_are_errors() {
    check(
        "\"kill\"",
        "\"note\": 1, \"kill\"",
        "note",
        "unknown field `note`",
    );
    check(
        "\"bps\"",
        "\"weight\": 1, \"bps\"",
        "arms[0].weight",
        "unknown field `weight`",
    );
    check(
        "\"salt\"",
        "\"match\": {\"side\": \"BUY\"}, \"salt\"",
        "arms[0].match.side",
        "unknown field",
    );
    check(", \"kill\": false", "", "kill", "missing field `kill`");
    check("\"format\": 1, ", "", "format", "missing field `format`");
    check(
        "\"salt\": \"canary-7\",",
        "",
        "arms[0].salt",
        "missing field `salt`",
    );
    check(
        "\"seq\": 7",
        "\"seq\": 7, \"seq\": 8",
        "seq",
        "duplicate field `seq`",
    );
    check(
        "\"bps\": 2500",
        "\"bps\": 2500, \"bps\": 1",
        "arms[0].bps",
        "duplicate field",
    );
    let twice = r#""match": {"source": "a", "source": "b"}, "salt""#;
    check(
        "\"salt\"",
        twice,
        "arms[0].match.source",
        "duplicate field `source`",
    );
}

#[test]
fn wrong_types_are_errors() {
    check(
        "\"format\": 1",
        "\"format\": 2",
        "format",
        "format 2 is not supported; this version reads format 1",
    );
    check(
        "\"format\": 1",
        "\"format\": \"1\"",
        "format",
        "expected the format 1",
    );
    let whole = "expected a whole number from 0 to 2^64 - 1, in digits";
    for seq in [
        "\"7\"",
        "7.0",
        "-7",
        "7e0",
        "null",
        "true",
        "18446744073709551616",
        "[7]",
    ] {
        check("\"seq\": 7", &format!("\"seq\": {seq}"), "seq", whole);
    }
    for share in ["\"2500\"", "2500.5", "-1", "null", "1e3"] {
        let to = format!("\"bps\": {share}");
        check(
            "\"bps\": 2500",
            &to,
            "arms[0].bps",
            "expected a whole number from 0 to 10000, in digits",
        );
    }
    check(
        "\"bps\": 2500",
        "\"bps\": 10001",
        "arms[0].bps",
        "10001 is above 10000",
    );
    check(
        "\"bps\": 2500",
        "\"bps\": 65536",
        "arms[0].bps",
        "65536 is above 10000",
    );
    for kill in ["0", "\"false\"", "null"] {
        check(
            "\"kill\": false",
            &format!("\"kill\": {kill}"),
            "kill",
            "expected a boolean",
        );
    }
    check(
        "\"LIVE\"",
        "\"5FB38D\"",
        "live",
        "not 64 lower-case hexadecimal digits",
    );
    check("\"LIVE\"", "null", "live", "invalid type: null");
    check(
        "\"canary\"",
        "\"live\"",
        "arms[0].role",
        "unknown variant `live`, expected `shadow` or `canary`",
    );
    check(
        "\"symbol\"",
        "\"side\"",
        "arms[0].key",
        "expected one of `symbol`, `source`, `id`",
    );
    check(
        "\"salt\"",
        "\"match\": null, \"salt\"",
        "arms[0].match",
        "expected an object with `source`, `symbol` or both",
    );
    check(
        "\"salt\"",
        "\"match\": {\"symbol\": null}, \"salt\"",
        "arms[0].match.symbol",
        "invalid type: null",
    );
    check(
        "\"salt\"",
        "\"match\": {\"symbol\": \"B C\"}, \"salt\"",
        "arms[0].match.symbol",
        "white space",
    );
    check(
        "[{\"hash\"",
        "[7, {\"hash\"",
        "arms[0]",
        "expected an object",
    );
    for (text, path) in [("", "."), ("[]", "."), ("{", "."), ("null", ".")] {
        assert_eq!(refused(text).0, path, "{text}");
    }
    let (path, message) = refused(&format!("{} x", text(&[ARM])));
    assert_eq!(path, ".");
    assert!(message.contains("trailing characters"), "{message}");
}

#[test]
fn values_out_of_bounds_are_errors() {
    check(
        "\"canary-7\"",
        "\"\"",
        "arms[0].salt",
        "the salt is empty; use a text that no other arm has",
    );
    check(
        "\"canary-7\"",
        r#""a\u0000b""#,
        "arms[0].salt",
        "the control character U+0000; remove it",
    );
    let long = format!("\"{}\"", "x".repeat(65));
    check(
        "\"canary-7\"",
        &long,
        "arms[0].salt",
        "the salt has 65 bytes; use at most 64",
    );
    for (time, message) in [
        (
            "1999-12-31T23:59:59Z",
            "is not between 2000-01-01T00:00:00Z and 2100-01-01T00:00:00Z; correct the year",
        ),
        ("2100-01-01T00:00:00.000001Z", "is not between 2000"),
        ("1970-01-21T10:59:31Z", "is not between 2000"),
        ("2026-01-12T00:00:00", "no UTC offset"),
        ("2026-01-12", "use a text such as `2026-01-05T00:00:00Z`"),
        ("1767571200", "not an ISO-8601 date and time"),
    ] {
        check("2026-01-12T00:00:00Z", time, "arms[0].until", message);
    }
    check(
        "\"2026-01-12T00:00:00Z\"",
        "1767571200",
        "arms[0].until",
        "invalid type: integer",
    );
    for time in [
        "2000-01-01T00:00:00Z",
        "2100-01-01T00:00:00Z",
        "2026-01-12T01:00:00+01:00",
    ] {
        let text = text(&[&ARM.replace("2026-01-12T00:00:00Z", time)]);
        PolicySet::from_json(&text).unwrap();
    }
    check(
        "\"salt\"",
        "\"match\": {}, \"salt\"",
        "arms[0].match",
        "the match is empty; add `source` or `symbol`",
    );
    check(
        "\"salt\"",
        "\"match\": {\"source\": \"\"}, \"salt\"",
        "arms[0].match.source",
        "the source is empty",
    );
}

#[test]
fn rules_between_fields_are_checked_and_all_faults_are_listed() {
    for key in ["source", "id"] {
        let to = format!("\"key\": \"{key}\"");
        check(
            "\"key\": \"symbol\"",
            &to,
            "arms[0].key",
            "a canary must have the key `symbol`",
        );
    }
    check(
        "\"CANARY\"",
        "\"LIVE\"",
        "arms[0].hash",
        "this is the hash of `live`; name another policy",
    );
    let (path, message) = refused(&text(&[ARM, ARM]));
    assert_eq!(path, "arms[1].hash");
    assert!(
        message.contains("arms[0] has the same hash; remove one of the two arms"),
        "{message}"
    );

    let shadow = ARM.replace("\"canary\"", "\"shadow\"");
    let named = |name: &str| shadow.replace("CANARY", name);
    let two = [named("CANARY"), named("OTHER")];
    PolicySet::from_json(&text(&[&two[0], &two[1]])).unwrap();
    let (path, message) = refused(&text(&[&two[0], &two[1], &named("THIRD")]));
    assert_eq!(path, "arms");
    assert!(
        message.contains("3 arms have the role `shadow`, but at most 2 are possible"),
        "{message}"
    );

    let faults = [
        ARM.replace("\"symbol\"", "\"id\""),
        named("OTHER"),
        ARM.replace("\"symbol\"", "\"source\""),
    ];
    let (paths, message) = refused(&text(&faults.each_ref().map(String::as_str)));
    assert_eq!(paths, "arms[0].key arms[2].key");
    assert_eq!(message.matches("; `arms[2].key`: ").count(), 1, "{message}");
    let (paths, _) = refused(&text(&[&ARM.replace("CANARY", "LIVE"), ARM, ARM]));
    assert_eq!(paths, "arms[0].hash arms[2].hash");
}

#[test]
fn an_arm_in_code_has_the_same_bounds() {
    let new = |until| {
        Arm::new(
            Role::Canary,
            other_hash(2),
            bps(1),
            Salt::new("s").unwrap(),
            until,
        )
    };
    for (seconds, expected) in [
        (946_684_800, true),
        (946_684_799, false),
        (4_102_444_800, true),
        (4_102_444_801, false),
    ] {
        assert_eq!(new(at(seconds)).is_ok(), expected, "{seconds}");
    }
    let named = new(at(1_767_571_200)).unwrap();
    assert_eq!(
        named.clone().with_source("").unwrap_err(),
        ArmError::EmptySource
    );
    let named = named
        .with_source("momentum")
        .unwrap()
        .with_symbol(symbol("BTCUSDT"));
    let text = set(other_hash(1), &[named], false).to_json();
    assert!(
        text.contains(r#""match":{"source":"momentum","symbol":"BTCUSDT"}"#),
        "{text}"
    );
}

#[test]
fn the_hash_covers_the_content_and_not_the_spelling() {
    let hash = |text: &str| PolicySet::from_json(text).unwrap().hash();
    let symbol = ARM.replace("\"salt\"", "\"match\": {\"symbol\": \"BTCUSDT\"}, \"salt\"");
    let plain = text(&[&symbol]);
    let respelled = plain
        .replace("BTCUSDT", "btcusdt")
        .replace("2026-01-12T00:00:00Z", "2026-01-12T01:00:00+01:00")
        .replace("\"kill\": false}", "\"kill\" : false }")
        .replace("\"format\": 1, \"seq\": 7,", "\"seq\": 7, \"format\": 1,");
    assert_ne!(plain, respelled);
    assert_eq!(hash(&plain), hash(&respelled));
    for (from, to) in [
        ("\"seq\": 7", "\"seq\": 8"),
        ("\"kill\": false", "\"kill\": true"),
        ("2500", "2501"),
        ("canary-7", "canary-8"),
        ("\"canary\"", "\"shadow\""),
        ("BTCUSDT", "ETHUSDT"),
        ("00:00:00Z", "00:00:01Z"),
        ("0101", "0102"),
        ("0202", "0203"),
    ] {
        assert!(plain.contains(from), "{from}");
        assert_ne!(hash(&plain), hash(&plain.replacen(from, to, 1)), "{from}");
    }
}

#[test]
fn a_set_is_not_a_policy_and_a_policy_is_not_a_set() {
    let set = set(other_hash(1), &[arm(Role::Canary, other_hash(2), 1)], false);
    let error: InvalidPolicyError = Policy::from_json(&set.to_json()).unwrap_err();
    assert!(error.to_string().contains("policy_version"), "{error}");
    // The hash of the set is that of its fields, so a policy with this hash would have exactly these fields.
    let hash = Policy::hash_of(&set.to_json()).unwrap();
    assert_eq!(set.hash(), hash);
}

#[test]
fn unknown_policies_are_listed_by_path() {
    let arms = [(Role::Canary, 2), (Role::Shadow(Key::Id), 3)];
    let arms = arms.map(|(role, digit)| arm(role, other_hash(digit), 1));
    let set = set(other_hash(1), &arms, false);
    let check = |known: &[u8]| set.check_known(|hash| known.contains(&hash.as_bytes()[0]));
    let paths = |error: DocumentError| {
        let paths = error.faults().iter().map(|it| it.path().to_owned());
        paths.collect::<Vec<_>>()
    };
    assert_eq!(check(&[1, 2, 3]), Ok(()));
    assert_eq!(paths(check(&[2]).unwrap_err()), ["live", "arms[1].hash"]);
    assert_eq!(paths(check(&[1, 3]).unwrap_err()), ["arms[0].hash"]);
    let message = check(&[1, 3]).unwrap_err().to_string();
    assert!(message.ends_with("is known; publish it first"), "{message}");
}
