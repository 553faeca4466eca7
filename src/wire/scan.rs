//! Finding the fields.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserializer as _,
    de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor},
};
use serde_json::{Deserializer, value::RawValue};
use thiserror::Error;

use super::{Slot, plain, slot::SeenAs};
use crate::domain::Shown;

/// What a record is, in the parser's words.
const OBJECT: &str = "a JSON object";

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
        let message = full.strip_suffix(&place).unwrap_or(&full);
        // The parser repeats what it found, however long it is, before what it expected.
        let (found, expected) = match message.strip_suffix(OBJECT) {
            Some(found) => (found, OBJECT),
            None => (message, ""),
        };
        Self {
            line: error.line().max(1),
            column: error.column().max(1),
            message: format!("{}{expected}", Shown(found)),
        }
    }
}

/// The fields of one kind of object, by name.
pub(crate) trait Fields<'a> {
    /// Where the value of `key` belongs, if anybody asks for it.
    fn slot(&mut self, key: &[u8]) -> Option<&mut Slot<'a>>;

    /// A key that somebody asks for stood there once more.
    fn stands_twice(&mut self) {}
}

/// Fills `fields`, which hold nothing yet, from the one object that `text` holds.
pub(crate) fn scan_object<'a, F: Fields<'a> + Default>(
    text: &'a str,
    fields: &mut F,
) -> Result<(), SyntaxError> {
    if plain::scan(text, fields).is_some() {
        return Ok(());
    }
    *fields = F::default();
    scan_any(text, fields)
}

/// The same by the general parser, which knows all of JSON and says what is wrong with what is none.
pub(super) fn scan_any<'a, F: Fields<'a>>(
    text: &'a str,
    fields: &mut F,
) -> Result<(), SyntaxError> {
    let mut json = Deserializer::from_str(text);
    json.deserialize_map(ObjectVisitor(fields))
        .and_then(|()| json.end())
        .map_err(|error| SyntaxError::new(&error))
}

struct ObjectVisitor<'s, F>(&'s mut F);

impl<'a, F: Fields<'a>> Visitor<'a> for ObjectVisitor<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(OBJECT)
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some(slot) = map.next_key_seed(KeySeed(&mut *self.0, PhantomData))? {
            match slot {
                Some(slot) => {
                    let raw = map.next_value::<&'a RawValue>()?.get();
                    let seen_as = match raw {
                        "null" => SeenAs::Null,
                        _ => SeenAs::Value,
                    };
                    if slot.fill(raw, seen_as) {
                        self.0.stands_twice();
                    }
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Finds the slot of a key without keeping the key.
struct KeySeed<'s, 'a, F>(&'s mut F, PhantomData<&'a ()>);

impl<'s, 'a: 's, F: Fields<'a>> DeserializeSeed<'a> for KeySeed<'s, 'a, F> {
    type Value = Option<&'s mut Slot<'a>>;

    fn deserialize<D: serde::Deserializer<'a>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'s, 'a: 's, F: Fields<'a>> Visitor<'a> for KeySeed<'s, 'a, F> {
    type Value = Option<&'s mut Slot<'a>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.slot(key.as_bytes()))
    }
}
