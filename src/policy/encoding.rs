//! From a JSON document, or a map of texts, to the hash encoding: names and texts, as a Redis hash holds
//! them.

use std::collections::{BTreeMap, btree_map::Entry};

use super::{
    field,
    json::{DOCUMENT, Json},
    refusal::Violations,
};

/// What a text or a map holds.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) fields: BTreeMap<String, String>,
    /// No key stood there twice, so that the fields have one hash.
    pub(super) single: bool,
}

/// Encodes the one JSON object that `text` holds.
///
/// A string stands for itself, a number for its own text, `true` and `false` for their words; an array or an
/// object becomes compact JSON with sorted keys; a null is dropped. A document whose values are strings, as
/// a map of texts has it, is therefore the hash encoding already.
pub(super) fn from_json(text: &str, violations: &mut Violations) -> Option<Encoded> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut twice = Violations::new();
    let json = Json::parse(text, DOCUMENT, &mut twice);
    let single = twice.is_empty();
    violations.append(twice);
    let entries = match json? {
        Json::Object(entries) => entries,
        other @ (Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Array(_)) => {
            violations.parse_error(DOCUMENT, &other.compact(), "a JSON object");
            return None;
        }
    };
    let mut fields = BTreeMap::new();
    for (name, value) in entries {
        let is_text = matches!(value, Json::Text(_));
        let text = match value {
            Json::Null => continue,
            Json::Text(text) => text,
            Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => value.compact(),
        };
        if name == field::POLICY_VERSION && !is_text {
            violations.parse_error(&name, &text, "a JSON string");
        }
        fields.insert(name, text);
    }
    Some(Encoded { fields, single })
}

/// Takes the pairs as they are; of a name that stands there twice the first value stays.
pub(super) fn from_pairs(
    pairs: impl Iterator<Item = (String, String)>,
    violations: &mut Violations,
) -> Encoded {
    let mut encoded = Encoded {
        fields: BTreeMap::new(),
        single: true,
    };
    for (name, value) in pairs {
        match encoded.fields.entry(name) {
            Entry::Vacant(entry) => {
                entry.insert(value);
            }
            Entry::Occupied(entry) => {
                violations.parse_error(entry.key(), &value, "the only value of its key");
                encoded.single = false;
            }
        }
    }
    encoded
}
