//! Deeply nested, truncated and arbitrary texts.

use proptest::{collection::vec, prelude::*, sample::select};

use super::read;
use crate::read::Tree;

/// Tokens, separated by spaces.
const TOKENS: &str = r#"fn f x ( ) { } [ ] let = 1 2.5 "s" if else match => , ; : :: | || & ! - + . .. ? # $ macro_rules
    json struct impl for in 'a static ref const < > -> _ @ async unsafe return Some None use *"#;

/// Runs `work` on a thread with the stack size that the proof uses.
fn with_room<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new()
        .stack_size(256 << 20)
        .spawn(work)
        .unwrap()
        .join()
        .unwrap()
}

#[test]
fn deeply_nested_code_is_rejected() {
    let deep = |times: usize, before: &str, after: &str| {
        let text = format!(
            "fn f() {{ let x = {}{{1}}{}; }}",
            before.repeat(times),
            after.repeat(times)
        );
        with_room(move || read(&text).map(|_| ()).map_err(|error| error.message))
    };
    let refused = Err("nested too deeply".to_owned());
    for (before, after, fine) in [
        ("(", ")", 150),
        ("[", "]", 150),
        ("{", "}", 150),
        ("f(", ")", 150),
        ("m!(", ")", 150),
        ("|x| ", "", 2_000),
        ("!", "", 9_000),
        ("return ", "", 9_000),
        ("1 + ", "", 4_900),
        ("", ".f()", 2_000),
        ("", "?", 9_000),
        ("if a {} else ", "", 2_000),
        ("", " as f64", 4_000),
    ] {
        assert_eq!(
            deep(fine, before, after).map(drop),
            Ok(()),
            "{before}…{after}"
        );
        assert_eq!(deep(20_000, before, after), refused, "{before}…{after}");
    }
    let long = "fn f() { if a { b(); } else { c(); } }\n".repeat(5_000);
    assert!(read(&long).is_ok());
}

#[test]
fn truncated_text_does_not_panic() {
    let sample = include_str!("sample.rs.txt");
    let Tree { tests_left_out, .. } = read(sample).unwrap();
    assert_eq!(tests_left_out, 1);
    for (end, _) in sample.char_indices() {
        let _ = read(sample.get(..end).unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn arbitrary_tokens_do_not_panic(tokens in vec(select(TOKENS.split_whitespace().collect::<Vec<_>>()), 0..40), text in ".{0,60}") {
        let row = tokens.join(" ");
        let _ = read(&row);
        let _ = read(&format!("fn f() {{ {row} }}"));
        let _ = read(&format!("m! {{ {row} }}"));
        let _ = read(&text);
    }
}
