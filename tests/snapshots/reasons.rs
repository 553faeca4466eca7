//! Snapshots of every reason, as a line and as a record.

use super::super::{Asking, PrintedForms, keep};
use super::asking::{ENTRY, POSITION, UNTIL, and, sample, with};
use portcullis::{decide::SkipCode, policy::PolicyUnavailable};
use std::fmt::Write as _;

/// The reasons that only a stateful service can report.
const STATEFUL: [SkipCode; 2] = [SkipCode::IntentDuplicate, SkipCode::IntentSuperseded];

/// Returns questions with this reason. The `match` is exhaustive, so that a new reason needs examples here.
fn examples(reason: SkipCode) -> Vec<Asking> {
    match reason {
        SkipCode::IntentUnreadable => unreadable(),
        SkipCode::IntentInvalid => invalid(),
        SkipCode::IntentAmbiguous => ambiguous(),
        SkipCode::IntentNotActionable => vec![Asking::entry("BUY", "HOLD")],
        SkipCode::DenyNotExitOwner => {
            let close = r#""action": "CLOSE""#;
            vec![
                Asking::entry(r#""side": "BUY""#, close),
                Asking::entry(r#""side": "BUY", "source": "momentum""#, close),
            ]
        }
        SkipCode::TradingHalted => {
            let halt = |halt: &str| Asking::of(ENTRY).guarded(&format!(r#"{{"halt": {halt}}}"#));
            vec![halt(r#"["BTCUSDT"]"#), halt(r#""everything""#)]
        }
        SkipCode::PolicyMissing => vec![
            absent(PolicyUnavailable::NotFound),
            absent(PolicyUnavailable::HashUnknown(
                "a1b2c3d4".repeat(8).parse().unwrap(),
            )),
            Asking::of(POSITION).without(PolicyUnavailable::NotFound),
        ],
        SkipCode::PolicyMissingField => vec![
            refused(&with(&sample(), r#""T1_R": 1.8, "#, "")),
            refused(r#"{"policy_version": "1"}"#),
        ],
        SkipCode::PolicyParseError => vec![refused("{"), refused(&and(r#""policy_seq": "x""#))],
        SkipCode::PolicyInvalid => {
            vec![refused(&with(
                &sample(),
                r#""T2_R": 3.5"#,
                r#""T2_R": 1.8"#,
            ))]
        }
        SkipCode::PolicyHashMismatch => {
            let hash = "a1b2c3d4".repeat(8);
            vec![refused(&and(&format!(r#""policy_hash": "{hash}""#)))]
        }
        SkipCode::PolicySignatureInvalid => vec![absent(PolicyUnavailable::SignatureInvalid)],
        SkipCode::PolicyRolledBack => [Some(7), None]
            .map(|offered| absent(PolicyUnavailable::RolledBack { seen: 8, offered }))
            .into(),
        SkipCode::PolicyStoreUnavailable => vec![absent(PolicyUnavailable::StoreUnavailable)],
        SkipCode::PolicyConstraintViolation => constraints(),
        SkipCode::PolicyNotYetValid => vec![
            Asking::of(ENTRY).under(&and(r#""valid_from_epoch": 1766550700.000001"#)),
            Asking::of(POSITION).under(&and(r#""valid_from_epoch": 1766550700.000001"#)),
        ],
        SkipCode::PolicyStale => vec![
            Asking::of(ENTRY).at("1766550734.062734"),
            Asking::of(POSITION).at("1766550734.062734"),
            Asking::of(POSITION)
                .under(&and(r#""harvest_grace_sec": 600"#))
                .at("1766551334.062734"),
        ],
        SkipCode::IntentStale => {
            let undated = with(ENTRY, r#""ts": 1766550690000, "#, "");
            vec![
                Asking::of(ENTRY).under(&and(r#""limits": {"max_intent_age_sec": 9.5}"#)),
                Asking::of(ENTRY).guarded(r#"{"max_intent_age_sec": 9}"#),
                Asking::of(&undated).guarded(r#"{"max_intent_age_sec": 9}"#),
            ]
        }
        SkipCode::ClockUntrusted => {
            let undated = with(ENTRY, r#""ts": 1766550690000, "#, "");
            let skew = r#"{"max_intent_skew_sec": 5}"#;
            vec![
                Asking::of(ENTRY).at("1766550684.5").guarded(skew),
                Asking::of(&undated).guarded(skew),
            ]
        }
        SkipCode::PolicyUniverseFilter => vec![
            Asking::entry("BTCUSDT", "XRPUSDT"),
            Asking::of(ENTRY).guarded(r#"{"permitted_symbols": ["ETHUSDT"]}"#),
        ],
        SkipCode::PolicyMissingLeverage => vec![
            Asking::of(ENTRY).under(&with(&sample(), r#""BTCUSDT": 8, "#, "")),
            Asking::entry("250", r#"250, "leverage": "x""#),
            Asking::entry("250", r#"250, "leverage": 0"#),
        ],
        SkipCode::PolicyMissingSize => {
            let size = |fields| Asking::entry(r#""position_size_usd": 250"#, fields);
            vec![
                size(r#""size": null"#),
                size(r#""size": "nan""#),
                size(r#""quantity": 2"#),
                size(r#""position_usd": 250"#),
                size(r#""qty": 1e200, "price": 1e200"#),
            ]
        }
        SkipCode::PolicyLimitExceeded => limits(),
        SkipCode::IntentDuplicate | SkipCode::IntentSuperseded => Vec::new(),
        SkipCode::HarvestNoPosition => vec![
            Asking::position("LONG", "FLAT"),
            Asking::position(r#""age_sec""#, r#""quantity": 0, "age_sec""#),
        ],
        SkipCode::HarvestMissingStop => {
            vec![no_market().but(r#""stop_dist_pct": 0.02, "#, "")]
        }
        SkipCode::HarvestInvalidInput => vec![
            no_market().but("103", "\"x\""),
            no_market().but(r#""entry_price": 100, "#, ""),
            no_market().but("LONG", "UP"),
            no_market().but("103", "1e308").but("0.02", "1e-10"),
            Asking::of(POSITION).under(&and(r#""limits": {"max_position_age_sec": 5}"#)),
        ],
    }
}

fn refused(policy: &str) -> Asking {
    Asking::of(ENTRY).under(policy)
}

fn absent(absence: PolicyUnavailable) -> Asking {
    Asking::of(ENTRY).without(absence)
}

fn side(fields: &str) -> Asking {
    Asking::entry(r#""side": "BUY""#, fields)
}

fn unreadable() -> Vec<Asking> {
    vec![
        Asking::of("BTCUSDT BUY 250"),
        Asking::of("[250]"),
        Asking::of(r#"{"payload": "{\"symbol\": "}"#),
        Asking::of(r#"{"symbol": "BTCUSDT", "event_type": "trade.rumour"}"#),
    ]
}

fn invalid() -> Vec<Asking> {
    vec![
        Asking::entry(r#""symbol": "BTCUSDT", "#, ""),
        Asking::entry("BTCUSDT", "BTC USDT"),
        Asking::entry(r#""side": "BUY", "#, ""),
        side(r#""side": "UP""#),
        side(r#""side": "BUY", "reduce_only": "perhaps""#),
        side(r#""side": "BUY", "side": "BUY""#),
        side(r#""side": "BUY", "stop_loss": "x""#),
        Asking::entry("1766550690000", "1766550690000.5"),
        Asking::entry(r#""ts": 1766550690000, "#, "").recorded(),
    ]
}

fn ambiguous() -> Vec<Asking> {
    vec![
        side(r#""side": "BUY", "action": "SELL""#),
        side(r#""side": "BUY", "reduce_only": false, "reduceOnly": true"#),
        side(r#""action": "CLOSE", "reduce_only": false"#),
        side(r#""side": "BUY", "entry_price": 100, "stop_loss": 102"#),
        Asking::of(r#"{"payload": {}, "data": {}}"#),
        Asking::of(&format!(r#"{{"leverage": 8, "payload": {ENTRY}}}"#)),
        Asking::of(&format!(r#"{{"source": "other", "payload": {ENTRY}}}"#)),
        Asking::entry(r#""momentum""#, "7"),
        Asking::entry("momentum", "exitbrain_v3_5"),
    ]
}

fn constraints() -> Vec<Asking> {
    let of = |policy: &str, guardrails: &str| Asking::of(ENTRY).under(policy).guarded(guardrails);
    let lasting = and(r#""valid_from_epoch": 1766547134"#);
    vec![
        of(&lasting, r#"{"max_validity_sec": 3600}"#),
        of(&sample(), r#"{"max_validity_sec": 34}"#),
        of(&and(r#""market": "spot""#), r#"{"market": "futures"}"#),
        of(&sample(), r#"{"market": "futures"}"#),
        of(&and(r#""venue": "okx""#), r#"{"venue": "binance"}"#),
        of(&sample(), r#"{"venue": "binance"}"#),
        of(&sample(), r#"{"require_policy_hash": true}"#),
    ]
}

fn limits() -> Vec<Asking> {
    let policy =
        |limits: &str| Asking::of(ENTRY).under(&and(&format!(r#""limits": {{{limits}}}"#)));
    let operator = |limits: &str| Asking::of(ENTRY).guarded(&format!("{{{limits}}}"));
    vec![
        policy(r#""max_leverage": 7.5"#),
        operator(r#""max_leverage": 7.5"#),
        policy(r#""max_position_usd": 31"#),
        operator(r#""max_position_usd": 31"#),
        policy(r#""max_notional_usd": 249.99"#),
        operator(r#""max_notional_usd": 249.99"#),
        Asking::entry("250", "5e-324"),
        // The notional of this margin underflows to 0.
        Asking::entry(
            r#""position_size_usd": 250"#,
            r#""position_usd": 5e-324, "leverage": 0.4"#,
        ),
        Asking::entry(
            r#""position_size_usd": 250"#,
            r#""position_usd": 1e308, "leverage": 10"#,
        ),
    ]
}

/// Creates a question about a position whose market does not allow a kill score.
fn no_market() -> Asking {
    Asking::position(r#""sigma": 0.01"#, r#""sigma": -1"#)
}

fn reported(reason: SkipCode) -> Vec<PrintedForms> {
    let reported: Vec<PrintedForms> = examples(reason).iter().map(Asking::reported).collect();
    for one in &reported {
        assert_eq!(one.reason, Some(reason), "{}", one.line);
    }
    reported
}

#[test]
fn every_reason_has_lines_and_records() {
    let (mut lines, mut records, mut changes) = (String::new(), String::new(), String::new());
    for reason in SkipCode::ALL.iter().copied() {
        let reported = reported(reason);
        assert_eq!(reported.is_empty(), STATEFUL.contains(&reason), "{reason}");
        for one in &reported {
            assert!(
                one.line.starts_with(&format!("SKIP {reason}: ")),
                "{}",
                one.line
            );
            writeln!(lines, "{}", one.line).unwrap();
            writeln!(records, "{}", one.record).unwrap();
            let explained: serde_json::Value = serde_json::from_str(&one.explained_json).unwrap();
            if let Some(change) = explained.get("smallest_change") {
                writeln!(changes, "{reason}: {}", change.as_str().unwrap()).unwrap();
            }
        }
    }
    keep("reason_smallest_changes", &changes);
    keep("reason_lines", &lines);
    keep("reason_records", &records);
}

#[test]
fn a_missing_or_expired_policy_has_the_legacy_suffix() {
    for reason in SkipCode::ALL.iter().copied() {
        let legacy = matches!(reason, SkipCode::PolicyMissing | SkipCode::PolicyStale);
        for one in reported(reason) {
            assert_eq!(
                one.line.ends_with(" [POLICY_MISSING_FIELD]"),
                legacy,
                "{}",
                one.line
            );
            let record: serde_json::Value = serde_json::from_str(&one.record).unwrap();
            let detail = record
                .get("detail")
                .and_then(|detail| detail.as_str())
                .unwrap();
            assert_eq!(one.line, format!("SKIP {reason}: {detail}"));
        }
    }
}

/// Each bound is tested at its exact value and one microsecond beyond it, in the single call and in columns. The record
/// is 10 s older than [`NOW`](super::asking::NOW).
#[test]
fn bounds_are_inclusive_in_columns_too() {
    let at_own_time = |policy: &str| Asking::of(ENTRY).under(policy).recorded();
    let until = |until: &str| with(&sample(), UNTIL, until);
    let from = |from: &str| and(&format!(r#""valid_from_epoch": {from}"#));
    let valid_for = |span: &str| {
        let guardrails = format!(r#"{{"max_validity_sec": {span}}}"#);
        at_own_time(&sample()).guarded(&guardrails)
    };
    let aged = |guardrails: &str| Asking::of(ENTRY).guarded(guardrails);
    let early = |skew: &str| {
        let guardrails = format!(r#"{{"max_intent_skew_sec": {skew}}}"#);
        Asking::of(ENTRY).at("1766550685").guarded(&guardrails)
    };
    for (asking, reason) in [
        (at_own_time(&until("1766550690")), None),
        (
            at_own_time(&until("1766550689.999999")),
            Some(SkipCode::PolicyStale),
        ),
        (at_own_time(&from("1766550690")), None),
        (
            at_own_time(&from("1766550690.000001")),
            Some(SkipCode::PolicyNotYetValid),
        ),
        (valid_for("44.062733"), None),
        (
            valid_for("44.062732"),
            Some(SkipCode::PolicyConstraintViolation),
        ),
        (aged(r#"{"max_intent_age_sec": 10}"#), None),
        (
            aged(r#"{"max_intent_age_sec": 9.999999}"#),
            Some(SkipCode::IntentStale),
        ),
        (early("5"), None),
        (early("4.999999"), Some(SkipCode::ClockUntrusted)),
        // The requested leverage is equal to, below or above that of the policy.
        (Asking::entry("250", r#"250, "leverage": 8"#), None),
        (Asking::entry("250", r#"250, "leverage": 7"#), None),
        (Asking::entry("250", r#"250, "leverage": 9"#), None),
    ] {
        assert_eq!(asking.reported().reason, reason, "{asking:?}");
    }
}
