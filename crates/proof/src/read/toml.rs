//! Reader for TOML.

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{Tree, Unparsed, lines::Lines};
use crate::tree::{Entry, Kind, Node};

/// Parses a document.
pub(crate) fn read(text: &str) -> Result<Tree, Unparsed> {
    let lines = Lines::of(text);
    let table = DeTable::parse(text).map_err(|error| Unparsed {
        at: lines.at(error.span().map_or(0, |span| span.start)),
        message: error.message().to_owned(),
    })?;
    let root = Node {
        at: lines.at(0),
        kind: record(&lines, table.get_ref()),
    };
    Ok(Tree {
        root,
        tests_left_out: 0,
    })
}

fn record(lines: &Lines<'_>, table: &DeTable<'_>) -> Kind {
    let entries = table.iter().map(|(key, of)| Entry {
        at: lines.at(key.span().start),
        name: Some(key.get_ref().to_string()),
        key: None,
        value: value(lines, of),
    });
    let mut entries: Vec<Entry> = entries.collect();
    // The parser sorts tables by name; restore source order.
    entries.sort_by_key(|entry| entry.at);
    Kind::Record {
        name: None,
        entries,
    }
}

fn value(lines: &Lines<'_>, of: &Spanned<DeValue<'_>>) -> Node {
    let kind = match of.get_ref() {
        DeValue::String(text) => Kind::Text(text.to_string()),
        DeValue::Integer(it) => Kind::Number(whole(it.as_str(), it.radix())),
        DeValue::Float(it) => Kind::Number(it.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(truth) => Kind::Truth(*truth),
        DeValue::Datetime(it) => Kind::Text(it.to_string()),
        DeValue::Array(values) => Kind::List(values.iter().map(|it| value(lines, it)).collect()),
        DeValue::Table(table) => record(lines, table),
    };
    Node {
        at: lines.at(of.span().start),
        kind,
    }
}

/// Converts integer digits to a float, so that an integer beyond 64 bits is accepted.
fn whole(digits: &str, radix: u32) -> f64 {
    let negative = digits.starts_with('-');
    let number = digits
        .chars()
        .filter_map(|it| it.to_digit(radix))
        .fold(0.0, |number: f64, digit| {
            number.mul_add(f64::from(radix), f64::from(digit))
        });
    if negative { -number } else { number }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::At;

    const SAMPLE: &str = "# ä\nb = \"ä\"\n[risk]\nleverage = 10 # x\nqty.usd = -0.5\nhex = 0x1_0\non = true\nlist = [1, { x = inf }]\nday = 2026-11-25\n[[pair]]\nname = \"\"\"BTCUSDT\"\"\"\n";

    #[test]
    fn values_in_order_and_their_places() {
        let tree = read(SAMPLE).unwrap();
        let mut all = Vec::new();
        gather(&tree.root, &mut all);
        let expected = [
            ("b", (2, 1), "Text(\"ä\") 2 5"),
            ("risk", (3, 2), "Record 3 1"),
            ("leverage", (4, 1), "Number(10.0) 4 12"),
            ("qty", (5, 1), "Record 5 1"),
            ("usd", (5, 5), "Number(-0.5) 5 11"),
            ("hex", (6, 1), "Number(16.0) 6 7"),
            ("on", (7, 1), "Truth(true) 7 6"),
            ("list", (8, 1), "List 8 8"),
            ("x", (8, 14), "Number(inf) 8 18"),
            ("day", (9, 1), "Text(\"2026-11-25\") 9 7"),
            ("pair", (10, 3), "List 10 1"),
            ("name", (11, 1), "Text(\"BTCUSDT\") 11 8"),
        ];
        let expected = expected.map(|(name, (line, column), value)| {
            (name.to_owned(), At { line, column }, value.to_owned())
        });
        assert_eq!(all, expected);
    }

    fn gather(node: &Node, all: &mut Vec<(String, At, String)>) {
        let Kind::Record { entries, .. } = &node.kind else {
            return node
                .children()
                .into_iter()
                .for_each(|child| gather(child, all));
        };
        for Entry {
            at, name, value, ..
        } in entries
        {
            let kind = if matches!(value.kind, Kind::Record { .. }) {
                "Record".to_owned()
            } else if matches!(value.kind, Kind::List(_)) {
                "List".to_owned()
            } else {
                format!("{:?}", value.kind)
            };
            all.push((
                name.clone().unwrap(),
                *at,
                format!("{kind} {} {}", value.at.line, value.at.column),
            ));
            gather(value, all);
        }
    }

    #[test]
    fn errors_have_positions() {
        let error = read("a = 1\nb = [1\n").unwrap_err();
        assert_eq!(
            (error.at, error.message.as_str()),
            (At { line: 2, column: 7 }, "unclosed array, expected `]`")
        );
    }

    #[test]
    fn truncated_text_does_not_panic() {
        for (end, _) in SAMPLE.char_indices() {
            let _ = read(SAMPLE.get(..end).unwrap());
        }
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_text_does_not_panic(text in "[a-c0-9=. \\-\n\"'{}\\[\\],#_ä]{0,40}") {
            let _ = read(&text);
        }
    }
}
