//! Tests with code that was made to exhaust the stack, the memory or the time of the proof.

use std::thread;

use super::*;

/// Examines a text in a thread with the stack of a worker. Returns the number of violations, or the message if the file
/// was not examined, and the numbers of steps and of nodes.
fn examined(language: Language, text: String) -> (Result<usize, String>, (u64, u64)) {
    let work = move || {
        let vocabulary = Vocabulary::standard().unwrap();
        let outcome = examine_text(language, text.as_bytes(), &vocabulary);
        let result = match outcome {
            Outcome::Read(facts) => Ok(facts.violations.len()),
            Outcome::Unread(_, message) => Err(message),
        };
        (result, work::used())
    };
    let worker = thread::Builder::new().stack_size(crate::STACK).spawn(work);
    worker.unwrap().join().unwrap()
}

/// A construct that can be nested: what precedes and follows the innermost part, and the innermost part.
type Nested = (&'static str, &'static str, &'static str);

/// Constructs of Python whose nesting is bounded.
const PYTHON: [Nested; 46] = [
    ("1+", "1", ""),
    ("", "1", "+1"),
    ("", "'a'", "%b"),
    ("-", "1", ""),
    ("+", "1", ""),
    ("~", "1", ""),
    ("not ", "a", ""),
    ("a**", "a", ""),
    ("", "a", ".a"),
    ("", "f", "(x)"),
    ("", "f", "()"),
    ("", "a", "[0]"),
    ("", "a", "[b:c]"),
    ("(", "a", ")"),
    ("[", "a", "]"),
    ("{", "a", "}"),
    ("{a:", "a", "}"),
    ("{**", "a", "}"),
    ("f(", "a", ")"),
    ("f(a=", "a", ")"),
    ("f(*", "a", ")"),
    ("a[", "a", "]"),
    ("(a,", "a", ",)"),
    ("lambda:", "a", ""),
    ("lambda a,b:", "a", ""),
    ("lambda a=", "1", ":a"),
    ("a if b else ", "a", ""),
    ("a if (", "a", ") else b"),
    ("(", "a", ") if b else c"),
    ("", "a", " or b"),
    ("a and ", "b", ""),
    ("a < ", "b", ""),
    ("a in ", "b", ""),
    ("(a:=", "b", ")"),
    ("(yield ", "b", ")"),
    ("[a for a in ", "b", "]"),
    ("[", "b", " for a in c]"),
    ("{a:b for a,b in ", "b", "}"),
    ("f'{", "a", "}'"),
    ("f'''{", "a", "}'''"),
    ("f'{a:{", "a", "}}'"),
    ("t'{", "a", "}'"),
    ("f\"{f'{", "a", "}'}\""),
    ("leverage = ", "1", ""),
    ("(size * ", "1", ")"),
    ("(x if leverage else ", "10", ")"),
];

fn nested((before, inner, after): Nested, times: usize) -> String {
    format!("{}{inner}{}\n", before.repeat(times), after.repeat(times))
}

fn has_bracket((before, _, after): Nested) -> bool {
    format!("{before}{after}").contains(['(', '[', '{'])
}

#[test]
fn python_that_is_nested_deeply_is_reported() {
    for construct in PYTHON {
        for times in [12_000, 60_000] {
            let (result, _) = examined(Language::Python, nested(construct, times));
            assert_eq!(
                result,
                Err("nested too deeply".to_owned()),
                "{construct:?} {times}"
            );
        }
    }
}

#[test]
fn nested_python_is_examined_with_few_steps() {
    for construct in PYTHON {
        let times = if has_bracket(construct) { 40 } else { 400 };
        let [half, whole] = [times / 2, times].map(|times| {
            let text = nested(construct, times);
            let (result, used) = examined(Language::Python, text);
            assert!(result.is_ok(), "{construct:?}: {result:?}");
            used
        });
        let text = format!("{construct:?}: {half:?} and {whole:?} steps and nodes");
        assert!(whole.1 <= 2 * half.1, "{text}");
        assert!(whole.0 <= 5 * half.0 && whole.0 < 5_000_000, "{text}");
    }
}

/// Constructs that are not nested, or whose work is not linear: each is repeated, between a beginning and an end.
const FLAT: [(Language, &str, &str, &str); 34] = [
    (Language::Python, "", "place_order(symbol, size=10)\n", ""),
    (Language::Python, "", "close_position(x)\n", ""),
    (
        Language::Python,
        "def f():\n",
        " place_order(symbol, qty)\n",
        " load_policy()\n",
    ),
    (
        Language::Python,
        "def f():\n",
        " if load_policy() is None: place_order(a)\n",
        "",
    ),
    (
        Language::Python,
        "def f():\n",
        " try:\n  leverage = g()\n except E:\n  leverage = 10\n",
        " place_order(a)\n",
    ),
    (Language::Python, "", "leverage = 10; ", "\n"),
    (Language::Python, "", "é = leverage = 10; ", "\n"),
    (Language::Python, "", "leverage = ", "1\n"),
    (
        Language::Python,
        "x = {",
        "'size': 10, 'symbol': a, ",
        "}\n",
    ),
    (
        Language::Python,
        "if a:\n  b\n",
        "elif leverage > 1:\n  leverage = 10\n",
        "else:\n  c\n",
    ),
    (Language::Python, "f(", "leverage=10,", ")\n"),
    (Language::Python, "def f(", "leverage=10,", "): pass\n"),
    (Language::Python, "x = (", "'a'\n", ")\n"),
    (Language::Python, "x = [", "lambda a, b: a, ", "]\n"),
    (
        Language::Python,
        "match x:\n",
        "  case 1 | 2: leverage = 10\n",
        "",
    ),
    (Language::Python, "", "a", "\n"),
    (Language::Python, "", "leverage_", " = 10\n"),
    (Language::Python, "x = '", "BTCUSDT,", "'\n"),
    (Language::Python, "", "@f\n", "def f(): pass\n"),
    (
        Language::Rust,
        "fn f() { ",
        "place_order(symbol, 10.0); ",
        "}",
    ),
    (Language::Rust, "fn f() { ", "close_position(x); ", "}"),
    (Language::Rust, "fn f() { ", "let leverage = 10.0; ", "}"),
    (Language::Rust, "", "const LEVERAGE: f64 = 10.0; ", ""),
    (Language::Rust, "fn f() { f!(", "leverage = 10.0 ", ") }"),
    (
        Language::Rust,
        "fn f() { match x { ",
        "Err(_) => leverage = 10.0, ",
        "} }",
    ),
    (Language::Toml, "", "[[leverage]]\nx = 10\n", ""),
    (Language::Toml, "x = [", "{leverage = 10}, ", "]\n"),
    (Language::Yaml, "", "- leverage: 10\n", ""),
    (Language::Yaml, "[", "{leverage: 10}, ", "]\n"),
    (Language::Yaml, "a: &a [x, x, x]\nb: [", "*a, ", "]\n"),
    (Language::Json, "[", "{\"leverage\": 10},", "1]"),
    (Language::Json, "{\"size\": 1", ",\"\": {\"size\": 10}", "}"),
    (Language::Dotenv, "", "LEVERAGE=10\n", ""),
    (Language::Dotenv, "A=\"", "\n#\\\"", "\"\n"),
];

/// Constructs that are read into twice as many nodes for each level.
const DOUBLED: [(Language, &str, Nested); 3] = [
    (Language::Python, "", ("a < (", "b", ") < c")),
    (Language::Python, "leverage = ", ("0 < f(", "b", ") < 1")),
    (Language::Rust, "fn f() { ", ("(", "a", ") += 1")),
];

/// The message for a file whose work exceeds the bound.
const TOO_COMPLEX: &str = "too complex: its examination takes more steps than is allowed for its size; split its longest functions and expressions";

#[test]
fn the_work_on_a_file_has_a_bound_that_is_linear_in_its_size() {
    let mut complex = 0;
    for (language, begin, part, end) in FLAT {
        let text = format!("{begin}{}{end}", part.repeat(30_000 / part.len()));
        let bytes = u64::try_from(text.len()).unwrap();
        let (result, (steps, nodes)) = examined(language, text);
        assert!(nodes <= bytes, "{language:?} {part:?}: {nodes} nodes");
        match result {
            Ok(_) => assert!(steps <= 5_000_000 + 500 * bytes, "{language:?} {part:?}"),
            Err(message) => {
                assert_eq!(message, TOO_COMPLEX);
                complex += 1;
            }
        }
    }
    assert!((1..5).contains(&complex), "{complex} files are too complex");
}

#[test]
fn the_number_of_nodes_has_a_bound() {
    for (language, begin, construct) in DOUBLED {
        let end = if begin.ends_with("{ ") { ";}" } else { "" };
        for (times, expected) in [(3, None), (60, Some(TOO_COMPLEX))] {
            let text = format!("{begin}{}{end}\n", nested(construct, times).trim_end());
            let bytes = u64::try_from(text.len()).unwrap();
            let (result, (_, nodes)) = examined(language, text);
            assert_eq!(result.err().as_deref(), expected, "{construct:?}");
            assert!(nodes <= 100_001 + 8 * bytes, "{construct:?}: {nodes} nodes");
        }
    }
}

#[test]
fn nested_settings_end_in_a_result() {
    for (language, construct) in [
        (Language::Json, ("[", "1", "]")),
        (Language::Json, ("{\"a\":", "1", "}")),
        (Language::Json, ("[[],", "1", "]")),
        (Language::Toml, ("a=[", "1", "]")),
        (Language::Toml, ("a.", "a", "=1")),
        (Language::Toml, ("a={a=", "1", "}")),
        (Language::Toml, ("[a.", "a", "]")),
        (Language::Toml, ("[a.a]\n", "", "b=1\n")),
        (Language::Yaml, ("[", "1", "]")),
        (Language::Yaml, ("{a: ", "1", "}")),
        (Language::Yaml, ("- ", "1", "")),
        (Language::Yaml, ("? ", "1", "")),
        (Language::Yaml, ("&a [*a, ", "1", "]")),
        (Language::Dotenv, ("A=\"", "1", "\"")),
    ] {
        for times in [50, 50_000] {
            let (_, (steps, _)) = examined(language, nested(construct, times));
            assert!(steps < 5_000_000, "{construct:?}: {steps} steps");
        }
    }
    // TOML nests a dotted key.
    let dotted = format!("{}a=1\n", "a.".repeat(50_000));
    let (_, (steps, _)) = examined(Language::Toml, dotted);
    assert!(steps < 50_000_000, "{steps} steps");
}
