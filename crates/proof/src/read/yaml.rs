//! Reader for YAML.

use saphyr::{LoadableYamlNode as _, MarkedYaml, Marker, Scalar, YamlData};

use super::{Tree, Unparsed};
use crate::tree::{At, Entry, Kind, Node};

/// Maximum nesting depth of blocks, as [`levels`] counts it. A deeper file is rejected, because the code that processes
/// the nodes recurses once per level. The parser itself limits nested brackets to 255 levels.
const LEVELS_MAX: usize = 1_000;

/// Parses a file. A file with several documents becomes a list.
pub(crate) fn read(text: &str) -> Result<Tree, Unparsed> {
    if let Some(line) = text.lines().position(|line| levels(line) > LEVELS_MAX) {
        let at = At {
            line: line + 1,
            column: 1,
        };
        return Err(Unparsed {
            at,
            message: format!("nested too deeply; the maximum is {LEVELS_MAX} levels"),
        });
    }
    let documents = MarkedYaml::load_from_str(text).map_err(|error| Unparsed {
        at: place(*error.marker()),
        message: error.info().to_owned(),
    })?;
    let mut roots: Vec<Node> = documents.iter().map(value).collect();
    let root = match roots.len() {
        1 => roots.remove(0),
        _ => Node {
            at: At { line: 1, column: 1 },
            kind: Kind::List(roots),
        },
    };
    Ok(Tree {
        root,
        tests_left_out: 0,
    })
}

/// Returns an upper bound for the number of nested blocks that contain the end of a line: one for each column of
/// indentation, and one for each `-`, `?` or `:` between spaces.
fn levels(line: &str) -> usize {
    let indented = line.len() - line.trim_start().len();
    let opened = line
        .split_whitespace()
        .filter(|word| ["-", "?", ":"].contains(word));
    indented + opened.count()
}

fn value(of: &MarkedYaml<'_>) -> Node {
    let kind = match &of.data {
        YamlData::Value(scalar) => scalar_kind(scalar),
        YamlData::Representation(text, ..) => Kind::Text(text.to_string()),
        YamlData::Sequence(values) => Kind::List(values.iter().map(value).collect()),
        YamlData::Mapping(entries) => Kind::Record {
            name: None,
            entries: entries.iter().map(|(key, of)| entry(key, of)).collect(),
        },
        YamlData::Tagged(_, of) => value(of).kind,
        YamlData::Alias(_) | YamlData::BadValue => Kind::Other(Vec::new()),
    };
    Node {
        at: place(of.span.start),
        kind,
    }
}

fn entry(key: &MarkedYaml<'_>, of: &MarkedYaml<'_>) -> Entry {
    let key = value(key);
    let at = key.at;
    let mut node = value(of);
    // A list or map on the lines below its key is reported at the position of the key.
    if node.at.line > at.line && matches!(node.kind, Kind::List(_) | Kind::Record { .. }) {
        node.at = at;
    }
    let (name, key) = if let Kind::Text(name) = key.kind {
        (Some(name), None)
    } else {
        (None, Some(key))
    };
    Entry {
        at,
        name,
        key,
        value: node,
    }
}

fn scalar_kind(scalar: &Scalar<'_>) -> Kind {
    match scalar {
        Scalar::Null => Kind::Nothing,
        Scalar::Boolean(truth) => Kind::Truth(*truth),
        // The parser returns an integer beyond 64 bits as a string.
        Scalar::Integer(whole) => Kind::Number(whole.to_string().parse().unwrap_or(f64::NAN)),
        Scalar::FloatingPoint(number) => Kind::Number(number.into_inner()),
        Scalar::String(text) => Kind::Text(text.to_string()),
    }
}

fn place(marker: Marker) -> At {
    At {
        line: marker.line().max(1),
        column: marker.col() + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "# ä\nrisk: &r\n  leverage: 10\n  \"qty\": \"0.5\"\n  on: true\n  of: ~\nsymbols: [BTCUSDT, 1.5]\nagain:\n  <<: *r\n1: {x: !Lev -3}\n";

    fn places(node: &Node, all: &mut Vec<(String, usize, usize)>) {
        if let Kind::Record { entries, .. } = &node.kind {
            let printed = |it: &Entry| {
                (
                    it.name.clone().unwrap_or_default(),
                    it.value.at.line,
                    it.value.at.column,
                )
            };
            all.extend(entries.iter().map(printed));
        }
        node.children()
            .into_iter()
            .for_each(|child| places(child, all));
    }

    #[test]
    fn values_and_positions() {
        let tree = read(SAMPLE).unwrap();
        let mut all = Vec::new();
        places(&tree.root, &mut all);
        let place = |name: &str| {
            all.iter()
                .find(|it| it.0 == name)
                .map(|it| (it.1, it.2))
                .unwrap()
        };
        assert_eq!(
            (place("leverage"), place("qty"), place("symbols")),
            ((3, 13), (4, 10), (7, 10))
        );
        let printed = format!("{tree:?}");
        for kind in [
            "Number(10.0)",
            "Text(\"0.5\")",
            "Truth(true)",
            "Nothing",
            "Number(1.5)",
            "Number(-3.0)",
            "Number(1.0)",
        ] {
            assert!(printed.contains(kind), "{kind} in {printed}");
        }
        // The content of an anchor is repeated at its alias.
        assert_eq!(all.iter().filter(|it| it.0 == "leverage").count(), 2);
    }

    #[test]
    fn several_documents_are_a_list() {
        assert!(
            matches!(read("a: 1\n---\nb: 2\n").unwrap().root.kind, Kind::List(roots) if roots.len() == 2)
        );
        assert!(matches!(read("").unwrap().root.kind, Kind::List(roots) if roots.is_empty()));
    }

    #[test]
    fn errors_have_positions() {
        assert_eq!(read("a: 1\nb: [1\n").unwrap_err().at.line, 3);
        assert_eq!(
            read(&"- ".repeat(2_000)).unwrap_err().message,
            "nested too deeply; the maximum is 1000 levels"
        );
        assert_eq!(
            read("a: 1\na: 2\n").unwrap_err().at,
            At { line: 2, column: 1 }
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
        fn arbitrary_text_does_not_panic(text in "[a-c0-9: \\-\n\"'{}\\[\\],&*!|>#~<?%@ä\t]{0,40}") {
            let _ = read(&text);
        }
    }
}
