//! YAML.

use saphyr::{LoadableYamlNode as _, MarkedYaml, Marker, Scalar, YamlData};

use super::{Tree, Unparsed};
use crate::proof::tree::{At, Entry, Kind, Node};

/// Reads a document; where there are several, they are a list.
pub(crate) fn read(text: &str) -> Result<Tree, Unparsed> {
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

fn value(of: &MarkedYaml<'_>) -> Node {
    let kind = match &of.data {
        YamlData::Value(scalar) => worth(scalar),
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
    let (name, key) = match key.kind {
        Kind::Text(name) => (Some(name), None),
        kind => (None, Some(Node { at, kind })),
    };
    Entry {
        at,
        name,
        key,
        value: value(of),
    }
}

fn worth(scalar: &Scalar<'_>) -> Kind {
    match scalar {
        Scalar::Null => Kind::Nothing,
        Scalar::Boolean(truth) => Kind::Truth(*truth),
        // Beyond 64 bits it is a text to the parser as well.
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
