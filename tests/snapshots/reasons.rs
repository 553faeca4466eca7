//! Snapshots of an answer for every skip reason, as a log line and as a JSON row.

use super::super::{Report, Scenario, keep};
use super::scenario::{ENTRY, POSITION, UNTIL, and, sample, with};
use portcullis::{decide::SkipCode, policy::PolicyUnavailable};
use std::fmt::Write as _;

/// The skip reasons that only a service with state can report.
const STATEFUL: [SkipCode; 2] = [SkipCode::IntentDuplicate, SkipCode::IntentSuperseded];

/// Returns inputs that lead to this skip reason. The `match` is exhaustive, so that a new reason
/// needs examples here.
fn examples(reason: SkipCode) -> Vec<Scenario> {
    match reason {
        SkipCode::IntentUnreadable => unreadable(),
        SkipCode::IntentInvalid => invalid(),
        SkipCode::IntentAmbiguous => ambiguous(),
        SkipCode::IntentNotActionable => vec![
            Scenario::entry("BUY", "HOLD"),
            side(r#""action": "UPDATE_SL""#),
        ],
        SkipCode::IntentUnsupported => unsupported(),
        SkipCode::DenyNotExitOwner => {
            let close = r#""action": "CLOSE""#;
            vec![
                Scenario::entry(r#""side": "BUY""#, close),
                Scenario::entry(r#""side": "BUY", "source": "momentum""#, close),
            ]
        }
        SkipCode::TradingHalted => {
            let halt = |halt: &str| Scenario::of(ENTRY).guarded(&format!(r#"{{"halt": {halt}}}"#));
            vec![halt(r#"["BTCUSDT"]"#), halt(r#""everything""#)]
        }
        SkipCode::PolicyMissing => vec![
            absent(PolicyUnavailable::NotFound),
            absent(PolicyUnavailable::HashUnknown(
                "a1b2c3d4".repeat(8).parse().unwrap(),
            )),
            Scenario::of(POSITION).without(PolicyUnavailable::NotFound),
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
            Scenario::of(ENTRY).under(&and(r#""valid_from_epoch": 1766550700.000001"#)),
            Scenario::of(POSITION).under(&and(r#""valid_from_epoch": 1766550700.000001"#)),
        ],
        SkipCode::PolicyStale => vec![
            Scenario::of(ENTRY).at("1766550734.062734"),
            Scenario::of(POSITION).at("1766550734.062734"),
            Scenario::of(POSITION)
                .under(&and(r#""harvest_grace_sec": 600"#))
                .at("1766551334.062734"),
        ],
        SkipCode::IntentStale => {
            let undated = with(ENTRY, r#""ts": 1766550690000, "#, "");
            vec![
                Scenario::of(ENTRY).under(&and(r#""limits": {"max_intent_age_sec": 9.5}"#)),
                Scenario::of(ENTRY).guarded(r#"{"max_intent_age_sec": 9}"#),
                Scenario::of(&undated).guarded(r#"{"max_intent_age_sec": 9}"#),
            ]
        }
        SkipCode::ClockUntrusted => {
            let undated = with(ENTRY, r#""ts": 1766550690000, "#, "");
            let skew = r#"{"max_intent_skew_sec": 5}"#;
            vec![
                Scenario::of(ENTRY).at("1766550684.5").guarded(skew),
                Scenario::of(&undated).guarded(skew),
            ]
        }
        SkipCode::PolicyUniverseFilter => vec![
            Scenario::entry("BTCUSDT", "XRPUSDT"),
            Scenario::of(ENTRY).guarded(r#"{"permitted_symbols": ["ETHUSDT"]}"#),
        ],
        SkipCode::PolicyMissingLeverage => vec![
            Scenario::of(ENTRY).under(&with(&sample(), r#""BTCUSDT": 8, "#, "")),
            Scenario::entry("250", r#"250, "leverage": "x""#),
            Scenario::entry("250", r#"250, "leverage": 0"#),
        ],
        SkipCode::PolicyMissingSize => {
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
            Scenario::position("LONG", "FLAT"),
            Scenario::position(r#""age_sec""#, r#""quantity": 0, "age_sec""#),
        ],
        SkipCode::HarvestMissingStop => {
            vec![no_market().but(r#""stop_dist_pct": 0.02, "#, "")]
        }
        SkipCode::HarvestInvalidInput => vec![
            no_market().but("103", "\"x\""),
            no_market().but(r#""entry_price": 100, "#, ""),
            no_market().but("LONG", "UP"),
            no_market().but("103", "1e308").but("0.02", "1e-10"),
            Scenario::of(POSITION).under(&and(r#""limits": {"max_position_age_sec": 5}"#)),
        ],
    }
}

fn refused(policy: &str) -> Scenario {
    Scenario::of(ENTRY).under(policy)
}

fn absent(absence: PolicyUnavailable) -> Scenario {
    Scenario::of(ENTRY).without(absence)
}

fn side(fields: &str) -> Scenario {
    Scenario::entry(r#""side": "BUY""#, fields)
}

fn size(fields: &str) -> Scenario {
    Scenario::entry(r#""position_size_usd": 250"#, fields)
}

fn unreadable() -> Vec<Scenario> {
    vec![
        Scenario::of("BTCUSDT BUY 250"),
        Scenario::of("[250]"),
        Scenario::of(r#"{"payload": "{\"symbol\": "}"#),
        Scenario::of(r#"{"symbol": "BTCUSDT", "event_type": "trade.rumour"}"#),
    ]
}

fn invalid() -> Vec<Scenario> {
    vec![
        Scenario::entry(r#""symbol": "BTCUSDT", "#, ""),
        Scenario::entry("BTCUSDT", "BTC USDT"),
        Scenario::entry(r#""side": "BUY", "#, ""),
        side(r#""side": "UP""#),
        side(r#""side": "BUY", "reduce_only": "perhaps""#),
        side(r#""side": "BUY", "side": "BUY""#),
        side(r#""side": "BUY", "stop_loss": "x""#),
        side(r#""side": "BUY", "entry_price": 100, "take_profit": -5"#),
        Scenario::entry("1766550690000", "1766550690000.5"),
        Scenario::entry("1766550690000", "1766550690"),
        side(r#""side": "BUY", "timestamp": 1766550690000"#),
        Scenario::entry(r#""ts": 1766550690000, "#, "").recorded(),
    ]
}

fn ambiguous() -> Vec<Scenario> {
    vec![
        side(r#""side": "BUY", "action": "SELL""#),
        side(r#""side": "BUY", "action": "OPEN", "reduceOnly": true"#),
        side(r#""side": "BUY", "quantity": 0.47, "qty": 0.024, "price": 2257"#),
        side(r#""side": "BUY", "quantity": 0.024, "price": 2257"#),
        size(r#""size": 0.5, "price": 60000"#),
        side(r#""side": "BUY", "price": 2257, "entry_price": 22.57"#),
        side(r#""side": "BUY", "price": 100, "take_profit": 98"#),
        side(r#""side": "BUY", "entry_price": 100, "stop_loss": 102"#),
        Scenario::of(r#"{"payload": {}, "data": {}}"#),
        Scenario::of(&format!(r#"{{"leverage": 8, "payload": {ENTRY}}}"#)),
        Scenario::of(&format!(r#"{{"source": "other", "payload": {ENTRY}}}"#)),
        Scenario::entry(r#""momentum""#, "7"),
        Scenario::entry("momentum", "exitbrain_v3_5"),
    ]
}

fn unsupported() -> Vec<Scenario> {
    vec![
        side(r#""action": "REVERSE""#),
        side(r#""side": 3"#),
        side(r#""side": "BUY", "type": "STOP_MARKET", "stopPrice": 50000"#),
        side(r#""side": "BUY", "contract_size": 10, "requestedLeverage": 50"#),
        side(r#""side": "BUY", "bid_size": 3, "ask_size": 2"#),
        Scenario::entry(
            r#""side": "BUY", "source": "momentum""#,
            r#""side": "SELL", "reduceOnly": true, "type": "STOP_MARKET", "source": "exitbrain_v3_5""#,
        ),
    ]
}

fn constraints() -> Vec<Scenario> {
    let of = |policy: &str, guardrails: &str| Scenario::of(ENTRY).under(policy).guarded(guardrails);
    let lasting = and(r#""valid_from_epoch": 1766547134"#);
    vec![
        of(&lasting, r#"{"max_validity_sec": 3600}"#),
        of(&sample(), r#"{"max_validity_sec": 34}"#),
        of(&and(r#""market": "spot""#), r#"{"market": "futures"}"#),
        of(&sample(), r#"{"market": "futures"}"#),
        of(&and(r#""venue": "okx""#), r#"{"venue": "binance"}"#),
        of(&sample(), r#"{"venue": "binance"}"#),
        of(&sample(), r#"{"require_policy_hash": true}"#),
        of(&sample(), r#"{"require_metadata_ok": true}"#),
        of(
            &and(r#""metadata_ok": false"#),
            r#"{"require_metadata_ok": true}"#,
        ),
    ]
}

fn limits() -> Vec<Scenario> {
    let policy =
        |limits: &str| Scenario::of(ENTRY).under(&and(&format!(r#""limits": {{{limits}}}"#)));
    let operator = |limits: &str| Scenario::of(ENTRY).guarded(&format!("{{{limits}}}"));
    vec![
        policy(r#""max_leverage": 7.5"#),
        operator(r#""max_leverage": 7.5"#),
        policy(r#""max_position_usd": 31"#),
        operator(r#""max_position_usd": 31"#),
        policy(r#""max_notional_usd": 249.99"#),
        operator(r#""max_notional_usd": 249.99"#),
        operator(r#""max_price_deviation": 0.01"#).but(
            r#""position_size_usd""#,
            r#""price": 102, "entry_price": 100, "position_size_usd""#,
        ),
        operator(r#""max_stop_distance": 0.05"#).but(
            r#""position_size_usd""#,
            r#""entry_price": 100, "stop_loss": 2, "position_size_usd""#,
        ),
        operator(r#""max_stop_distance": 0.05"#).but(
            r#""position_size_usd""#,
            r#""stop_loss": 2, "position_size_usd""#,
        ),
        Scenario::entry("250", "5e-324"),
        // The notional of this margin underflows to 0.
        Scenario::entry(
            r#""position_size_usd": 250"#,
            r#""position_usd": 5e-324, "leverage": 0.4"#,
        ),
        Scenario::entry(
            r#""position_size_usd": 250"#,
            r#""position_usd": 1e308, "leverage": 10"#,
        ),
    ]
}

/// Creates the inputs for a position whose market does not allow a kill score.
fn no_market() -> Scenario {
    Scenario::position(r#""sigma": 0.01"#, r#""sigma": -1"#)
}

fn reports(reason: SkipCode) -> Vec<Report> {
    let reports: Vec<Report> = examples(reason).iter().map(Scenario::report).collect();
    for one in &reports {
        assert_eq!(one.reason, Some(reason), "{}", one.line);
    }
    reports
}

#[test]
fn every_skip_code_has_examples() {
    let mut blocks = String::new();
    for reason in SkipCode::ALL.iter().copied() {
        let examples = examples(reason);
        assert_eq!(examples.is_empty(), STATEFUL.contains(&reason), "{reason}");
        for (example, report) in examples.iter().zip(reports(reason)) {
            let line = &report.line;
            assert!(line.starts_with(&format!("SKIP {reason}: ")), "{line}");
            writeln!(blocks, "intent  {}", example.record()).unwrap();
            writeln!(blocks, "line    {line}").unwrap();
            writeln!(blocks, "record  {}", report.record).unwrap();
            let explained: serde_json::Value =
                serde_json::from_str(&report.explained_json).unwrap();
            if let Some(change) = explained.get("smallest_change") {
                writeln!(blocks, "change  {}", change.as_str().unwrap()).unwrap();
            }
            blocks.push('\n');
        }
    }
    keep("skip_codes", &blocks);
}

#[test]
fn a_missing_or_expired_policy_has_the_legacy_suffix() {
    for reason in SkipCode::ALL.iter().copied() {
        let legacy = matches!(reason, SkipCode::PolicyMissing | SkipCode::PolicyStale);
        for one in reports(reason) {
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
/// is 10 s older than [`NOW`](super::scenario::NOW).
#[test]
fn bounds_are_inclusive_in_columns_too() {
    let at_own_time = |policy: &str| Scenario::of(ENTRY).under(policy).recorded();
    let until = |until: &str| with(&sample(), UNTIL, until);
    let from = |from: &str| and(&format!(r#""valid_from_epoch": {from}"#));
    let valid_for = |span: &str| {
        let guardrails = format!(r#"{{"max_validity_sec": {span}}}"#);
        at_own_time(&sample()).guarded(&guardrails)
    };
    let aged = |guardrails: &str| Scenario::of(ENTRY).guarded(guardrails);
    let early = |skew: &str| {
        let guardrails = format!(r#"{{"max_intent_skew_sec": {skew}}}"#);
        Scenario::of(ENTRY).at("1766550685").guarded(&guardrails)
    };
    for (scenario, reason) in [
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
        // The requested leverage is equal to, below or above the leverage of the policy.
        (Scenario::entry("250", r#"250, "leverage": 8"#), None),
        (Scenario::entry("250", r#"250, "leverage": 7"#), None),
        (Scenario::entry("250", r#"250, "leverage": 9"#), None),
    ] {
        assert_eq!(scenario.report().reason, reason, "{scenario:?}");
    }
}
