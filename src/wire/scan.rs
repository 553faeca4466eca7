//! Finding the fields.

use std::fmt;

use serde::{
    Deserializer as _,
    de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor},
};
use serde_json::{Deserializer, value::RawValue};
use thiserror::Error;

use super::Slot;

/// Where and why a text is not one JSON object.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}, column {column}: {message}")]
pub struct SyntaxError {
    /// Counts from 1, within the text.
    pub line: usize,
    /// Counts from 1, in bytes.
    pub column: usize,
    /// What was expected, in the parser's words.
    pub message: String,
}

impl SyntaxError {
    pub(crate) fn new(error: &serde_json::Error) -> Self {
        let full = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        Self {
            line: error.line().max(1),
            column: error.column().max(1),
            message: full.strip_suffix(&place).unwrap_or(&full).to_owned(),
        }
    }
}

/// Fills `slots` from the one object that `text` holds; `slot_of` says where a key belongs, if anywhere.
pub(crate) fn scan_object<'a, const N: usize>(
    text: &'a str,
    slot_of: fn(&str) -> Option<usize>,
    slots: &mut [Slot<'a>; N],
) -> Result<(), SyntaxError> {
    let mut json = Deserializer::from_str(text);
    json.deserialize_map(ObjectVisitor { slot_of, slots })
        .and_then(|()| json.end())
        .map_err(|error| SyntaxError::new(&error))
}

struct ObjectVisitor<'s, 'a, const N: usize> {
    slot_of: fn(&str) -> Option<usize>,
    slots: &'s mut [Slot<'a>; N],
}

impl<'a, const N: usize> Visitor<'a> for ObjectVisitor<'_, 'a, N> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some(slot) = map.next_key_seed(KeySeed(self.slot_of))? {
            match slot.and_then(|i| self.slots.get_mut(i)) {
                Some(slot) => slot.fill(map.next_value::<&'a RawValue>()?.get()),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Maps a key to its slot without keeping the key.
struct KeySeed(fn(&str) -> Option<usize>);

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Option<usize>;

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<Option<usize>, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Option<usize>, E> {
        Ok((self.0)(key))
    }
}
