//! Reader for strict JSON, without comments and trailing commas.

use jsonc_parser::{CollectOptions, ParseOptions, ast::Value, common::Ranged as _, parse_to_ast};

use super::{Tree, Unparsed, lines::Lines};
use crate::tree::{At, Entry, Kind, Node};

const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Parses a document.
pub(crate) fn read(text: &str) -> Result<Tree, Unparsed> {
    let lines = Lines::of(text);
    let parsed =
        parse_to_ast(text, &CollectOptions::default(), &STRICT).map_err(|error| Unparsed {
            at: lines.at(error.range().start),
            message: error.kind().to_string(),
        })?;
    let Some(document) = parsed.value else {
        let message = "the document is empty".to_owned();
        return Err(Unparsed {
            at: At { line: 1, column: 1 },
            message,
        });
    };
    Ok(Tree {
        root: value(&lines, &document),
        tests_left_out: 0,
    })
}

fn value(lines: &Lines<'_>, of: &Value<'_>) -> Node {
    let kind = match of {
        Value::StringLit(it) => Kind::Text(it.value.to_string()),
        Value::NumberLit(it) => Kind::Number(it.value.parse().unwrap_or(f64::NAN)),
        Value::BooleanLit(it) => Kind::Truth(it.value),
        Value::NullKeyword(_) => Kind::Nothing,
        Value::Array(it) => Kind::List(it.elements.iter().map(|it| value(lines, it)).collect()),
        Value::Object(it) => {
            let entries = it.properties.iter().map(|property| Entry {
                at: lines.at(property.range.start),
                name: Some(property.name.as_str().to_owned()),
                key: None,
                value: value(lines, &property.value),
            });
            Kind::Record {
                name: None,
                entries: entries.collect(),
            }
        }
    };
    Node {
        at: lines.at(of.range().start),
        kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "{\"ä\": 1,\n \"risk\": {\"leverage\": -1e1, \"on\": true, \"of\": null},\n \"symbols\": [\"BTC\\u0055\"]}";

    #[test]
    fn values_and_positions() {
        let printed = format!("{:?}", read(SAMPLE).unwrap().root);
        for part in [
            "Entry { at: At { line: 1, column: 2 }, name: Some(\"ä\"), key: None, value: Node { at: At { line: 1, column: 7 }, kind: Number(1.0)",
            "at: At { line: 2, column: 11 }, name: Some(\"leverage\"), key: None, value: Node { at: At { line: 2, column: 23 }, kind: Number(-10.0)",
            "Truth(true)",
            "Nothing",
            "kind: List([Node { at: At { line: 3, column: 14 }, kind: Text(\"BTCU\")",
        ] {
            assert!(printed.contains(part), "{part} in {printed}");
        }
    }

    #[test]
    fn json_extensions_are_rejected() {
        for (text, line, column) in [
            ("", 1, 1),
            ("{\n// x\n}", 2, 1),
            ("[1,]", 1, 3),
            ("{a: 1}", 1, 2),
            ("[0x1]", 1, 2),
            ("['a']", 1, 2),
            ("1 2", 1, 3),
            ("NaN", 1, 1),
            ("[1 2]", 1, 3),
        ] {
            let error = read(text).map(|_| text).unwrap_err();
            assert_eq!(
                (error.at.line, error.at.column),
                (line, column),
                "{text}: {}",
                error.message
            );
        }
    }

    #[test]
    fn truncated_and_deeply_nested_text_does_not_panic() {
        for (end, _) in SAMPLE.char_indices() {
            let _ = read(SAMPLE.get(..end).unwrap());
        }
        assert!(read(&"[".repeat(100_000)).is_err());
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_text_does_not_panic(text in "[a-cn0-9=. \\-\n\"{}\\[\\],:/*eä\\\\]{0,40}") {
            let _ = read(&text);
        }
    }
}
