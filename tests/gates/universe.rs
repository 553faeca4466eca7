//! Tests of gate 7: the symbol is in the universe of the policy, and the guardrails permit it.

use super::{BOUGHT, ENTRY, check_text, check_with, sample};

#[test]
fn a_symbol_outside_the_universe_is_a_skip() {
    check_text(
        Some(&sample()),
        &ENTRY.replace("BTCUSDT", "XRPUSDT"),
        "SKIP POLICY_UNIVERSE_FILTER: XRPUSDT not in AI policy",
    );
}

#[test]
fn a_symbol_must_be_permitted_by_the_guardrails() {
    let filtered = "SKIP POLICY_UNIVERSE_FILTER";
    check_with(r#"{"permitted_symbols": ["btcusdt"]}"#, ENTRY, BOUGHT);
    check_with(r#"{"permitted_symbols": ["ETHUSDT"]}"#, ENTRY, filtered);
    check_with(r#"{"permitted_symbols": []}"#, ENTRY, filtered);
    // A symbol that the guardrails permit must also be in the universe.
    check_with(
        r#"{"permitted_symbols": ["XRPUSDT"]}"#,
        &ENTRY.replace("BTCUSDT", "XRPUSDT"),
        filtered,
    );
}
