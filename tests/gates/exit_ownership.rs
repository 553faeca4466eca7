//! Tests of gate 2: only the exit owner and its delegates can close positions, and they cannot open
//! positions.

use portcullis::exit::ExitOwnership;

use super::{CLOSED, check, check_text};

#[test]
fn only_the_owner_and_delegates_may_exit() {
    let exit = |source: &str| format!(r#"{{"symbol": "BTCUSDT", "action": "CLOSE"{source}}}"#);
    check(&exit(r#", "source": "exitbrain_v3_5""#), CLOSED);
    check(&exit(r#", "source": "emergency_closer""#), CLOSED);
    for source in [
        "",
        r#", "source": null"#,
        r#", "source": "momentum""#,
        r#", "source": "EXITBRAIN_V3_5""#,
        r#", "source": " exitbrain_v3_5""#,
        r#", "source": """#,
        r#", "source": ["exitbrain_v3_5"]"#,
    ] {
        check(&exit(source), "SKIP DENY_NOT_EXIT_OWNER");
    }
}

#[test]
fn an_exit_needs_no_policy() {
    check_text(
        None,
        r#"{"symbol": "UNLISTEDUSDT", "source": "exitbrain_v3_5", "action": "CLOSE"}"#,
        "EXIT UNLISTEDUSDT for the exit owner `exitbrain_v3_5`",
    );
}

/// An exit whose reduce-only flag was lost cannot open a position.
#[test]
fn an_owner_never_opens() {
    let with = |source: &str, flag: &str| {
        format!(r#"{{"symbol": "BTCUSDT", "side": "SELL", "size": 250, "source": {source}{flag}}}"#)
    };
    let sold = "SELL BTCUSDT 8x 250 notional of intent:size";
    check(&with("\"momentum\"", ""), sold);
    check(&with("null", ""), sold);
    for source in [
        "\"exitbrain_v3_5\"",
        "\"emergency_closer\"",
        "5",
        "true",
        "[\"momentum\"]",
    ] {
        check(&with(source, ""), "SKIP INTENT_AMBIGUOUS");
        let flag = r#", "reduce_only": false"#;
        check(&with(source, flag), "SKIP INTENT_AMBIGUOUS");
    }
}

#[test]
fn the_owner_and_the_delegates_can_be_read() {
    let ownership = ExitOwnership::new("brain").unwrap();
    let ownership = ownership.with_delegate("second").unwrap();
    let ownership = ownership.with_delegate("first").unwrap();
    assert_eq!(ownership.owner(), "brain");
    assert!(ownership.delegates().eq(["second", "first"]));
}
