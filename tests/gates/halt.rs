//! Tests of gate 3: a halt denies entries, but never exits.

use portcullis::guardrails::{Guardrails, Halt};

use super::{BOUGHT, CLOSED, ENTRY, EXIT, check_with};

#[test]
fn a_halt_denies_entries_but_not_exits() {
    const HALTED: &str = "SKIP TRADING_HALTED";
    for (halt, expected) in [
        (r#""nothing""#, BOUGHT),
        (r#"["ETHUSDT", "XRPUSDT"]"#, BOUGHT),
        (r#"["ETHUSDT", "btcusdt"]"#, HALTED),
        (r#""everything""#, HALTED),
    ] {
        let guardrails = format!(r#"{{"halt": {halt}}}"#);
        check_with(&guardrails, ENTRY, expected);
        check_with(&guardrails, EXIT, CLOSED);
    }
}

#[test]
fn a_halt_covers_nothing_everything_or_symbols() {
    let halt =
        |text: &str| Guardrails::from_json(&format!("{{{text}}}")).map(|it| it.halt().clone());
    assert_eq!(halt(""), Ok(Halt::Nothing));
    assert_eq!(halt(r#""halt": null"#), Ok(Halt::Nothing));
    assert_eq!(halt(r#""halt": "nothing""#), Ok(Halt::Nothing));
    assert_eq!(halt(r#""halt": "everything""#), Ok(Halt::Everything));
    let symbols = halt(r#""halt": ["btcusdt"]"#).unwrap();
    assert!(
        matches!(&symbols, Halt::Symbols(set) if set.len() == 1),
        "{symbols:?}"
    );
    assert!(halt(r#""halt": "all""#).is_err());
}
