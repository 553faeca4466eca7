//! Conversion of a policy to the hash encoding, in which every field has a name and a text, as in a
//! Redis hash. The input is a JSON document or a map of texts.

use std::collections::{BTreeMap, btree_map::Entry};

use super::{
    field,
    invalid::{DUPLICATE_KEY, Violations},
    json::Json,
};

/// A policy in the hash encoding, not yet validated.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) fields: BTreeMap<String, String>,
    /// True if there is no duplicate key. The hash is well defined only in this case.
    pub(super) single: bool,
}

/// Encodes the JSON object in `text`.
///
/// A string becomes its content; a number, `true` or `false` becomes its text; an array or an object becomes compact
/// JSON with sorted keys; a null is dropped. A document in which every value is a string is therefore in the hash
/// encoding already.
pub(super) fn from_json(text: &str, violations: &mut Violations) -> Option<Encoded> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut duplicates = Violations::new();
    let json = Json::parse(text, field::DOCUMENT, &mut duplicates);
    let single = duplicates.is_empty();
    violations.append(duplicates);
    let entries = match json? {
        Json::Object(entries) => entries,
        other @ (Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Array(_)) => {
            violations.parse_error(field::DOCUMENT, &other.compact(), "a JSON object");
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

/// Collects the pairs unchanged. A duplicate name is a violation, and its first value is kept.
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
                violations.parse_error(entry.key(), &value, DUPLICATE_KEY);
                encoded.single = false;
            }
        }
    }
    encoded
}
