//! Reader for `.env` files: one `KEY=value` per line, with `export`, quotes and comments.

use super::{Tree, Unparsed, lines::Lines};
use crate::tree::{Entry, Kind, Node};

/// Parses a file.
pub(crate) fn read(text: &str) -> Result<Tree, Unparsed> {
    let lines = Lines::of(text);
    let at = |rest: &str| lines.at(text.len() - rest.len());
    let mut entries = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if rest.starts_with('#') {
            rest = line_after(rest).trim_start();
            continue;
        }
        let Some(Pair {
            key,
            name,
            value,
            text,
            after,
        }) = pair(rest)
        else {
            let message = "expected `KEY=value` or a comment".to_owned();
            return Err(Unparsed {
                at: at(rest),
                message,
            });
        };
        entries.push(Entry {
            at: at(key),
            name: Some(name.to_owned()),
            key: None,
            value: Node {
                at: at(value),
                kind: Kind::Text(text),
            },
        });
        rest = after.trim_start();
    }
    Ok(Tree {
        root: Node {
            at: lines.at(0),
            kind: Kind::Record {
                name: None,
                entries,
            },
        },
        tests_left_out: 0,
    })
}

/// One `KEY=value` pair. `key` is the rest of the text from the key on, `value` from the value on,
/// and `after` from the end of the pair on.
struct Pair<'a> {
    key: &'a str,
    name: &'a str,
    value: &'a str,
    text: String,
    after: &'a str,
}

fn pair(line: &str) -> Option<Pair<'_>> {
    let exported = line
        .strip_prefix("export")
        .filter(|it| it.starts_with([' ', '\t']));
    let key = blank(exported.unwrap_or(line));
    let (name, _) = key
        .split_once('=')
        .filter(|(name, _)| !name.contains('\n'))?;
    let value = blank(key.get(name.len() + 1..)?);
    let name = name.trim_end();
    let is_name = |letter: char| letter.is_alphanumeric() || "_.-".contains(letter);
    if name.is_empty() || !name.chars().all(is_name) {
        return None;
    }
    let (text, after) = match value.chars().next() {
        Some(quote @ ('"' | '\'')) => quoted(value, quote)?,
        Some(_) | None => {
            let line = value
                .lines()
                .next()
                .filter(|_| !value.starts_with('\n'))
                .unwrap_or_default();
            (bare(line).to_owned(), line_after(value))
        }
    };
    Some(Pair {
        key,
        name,
        value,
        text,
        after,
    })
}

/// Returns an unquoted value, which ends at a comment. A `#` starts a comment only after
/// whitespace.
fn bare(line: &str) -> &str {
    let is_comment = |(at, _): &(usize, &str)| {
        line.get(..*at)
            .is_some_and(|it| it.is_empty() || it.ends_with([' ', '\t']))
    };
    let end = line
        .match_indices('#')
        .find(is_comment)
        .map_or(line.len(), |(at, _)| at);
    line.get(..end).unwrap_or(line).trim_end()
}

/// Returns a quoted value, which may span lines, and the text after its line. Only a comment may follow the quote.
fn quoted(value: &str, quote: char) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut letters = value.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            _ if letter == quote => {
                let after = blank(value.get(at + 1..)?);
                let ends = after.is_empty() || after.starts_with(['#', '\n', '\r']);
                return ends.then(|| (text, line_after(after)));
            }
            '\\' if quote == '"' => text.push(match letters.next()?.1 {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                other => other,
            }),
            letter => text.push(letter),
        }
    }
    None
}

fn blank(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

fn line_after(text: &str) -> &str {
    text.split_once('\n').map_or("", |(_, after)| after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let Kind::Record { entries, .. } = read(text).unwrap().root.kind else {
            panic!("not a record")
        };
        let pairs = entries.iter().map(|it| match (&it.name, &it.value.kind) {
            (Some(name), Kind::Text(text)) => (name.as_str(), text.as_str()),
            _ => panic!("{it:?}"),
        });
        assert_eq!(pairs.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn keys_and_values() {
        check("", &[]);
        check(
            "# LEVERAGE=5\n\nLEVERAGE=10\r\nexport QTY = 0.5\n",
            &[("LEVERAGE", "10"), ("QTY", "0.5")],
        );
        check(
            "A=1 # one\nB=a#b\nC=#c\nD=\nE=x=y",
            &[("A", "1"), ("B", "a#b"), ("C", ""), ("D", ""), ("E", "x=y")],
        );
        check(
            "A=\"1 # \\\"x\\\"\\n\" # one\nB='a\\n'",
            &[("A", "1 # \"x\"\n"), ("B", "a\\n")],
        );
        check("A=\"one\ntwo\"\nB=3", &[("A", "one\ntwo"), ("B", "3")]);
    }

    #[test]
    fn positions_of_key_and_value() {
        let Kind::Record { entries, .. } = read("A=\"x\ny\"\n export Ä = 'z'").unwrap().root.kind
        else {
            panic!("not a record")
        };
        let places = entries.iter().map(|it| {
            (
                it.at.line,
                it.at.column,
                it.value.at.line,
                it.value.at.column,
            )
        });
        assert_eq!(places.collect::<Vec<_>>(), [(1, 1, 1, 3), (3, 9, 3, 13)]);
    }

    #[test]
    fn other_lines_are_rejected() {
        for (text, line, column) in [
            ("A=1\n  just words", 2, 3),
            ("A=1\n=2", 2, 1),
            ("A='x' y", 1, 1),
            ("B=\"x", 1, 1),
            ("a b=c", 1, 1),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!((error.at.line, error.at.column), (line, column), "{text}");
            assert_eq!(error.message, "expected `KEY=value` or a comment");
        }
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_text_does_not_panic(text in "[A-Z =#\"'\\\\\n\rä]{0,40}") {
            let _ = read(&text);
        }
    }
}
