//! The scan of an object for the requested fields.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserializer as _,
    de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor},
};
use serde_json::{Deserializer, value::RawValue};
use thiserror::Error;

use super::{
    fields::Fields,
    plain,
    raw_field::{RawField, SeenAs},
};
use crate::types::Shown;

/// The expected input, as the parser names it in its messages.
const OBJECT: &str = "a JSON object";

/// The reason why a text is not a JSON object, with its position.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}, column {column}: {message}")]
pub struct SyntaxError {
    /// The line within the text, counted from 1.
    pub line: usize,
    /// The column in bytes, counted from 1.
    pub column: usize,
    /// The message of the parser.
    pub message: String,
}

impl SyntaxError {
    pub(crate) fn new(error: &serde_json::Error) -> Self {
        let full = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let message = full.strip_suffix(&place).unwrap_or(&full);
        // The message of the parser contains the value that it found, which can be long, followed
        // by the expected value.
        let found = message
            .strip_suffix(OBJECT)
            .and_then(|found| found.strip_prefix("invalid type: "))
            .and_then(|found| found.strip_suffix(", expected "));
        let message = match found {
            Some("sequence") => format!("expected {OBJECT}, found an array"),
            Some(found) => format!("expected {OBJECT}, found {}", Shown(found)),
            None => Shown(message).to_string(),
        };
        Self {
            line: error.line().max(1),
            column: error.column().max(1),
            message,
        }
    }
}

/// Fills `fields`, which must be empty, from the JSON object in `text`.
///
/// # Errors
/// Returns an error if the text is not one JSON object.
pub fn scan_object<'a, F: Fields<'a> + Default>(
    text: &'a str,
    fields: &mut F,
) -> Result<(), SyntaxError> {
    if plain::scan(text, fields).is_some() {
        return Ok(());
    }
    *fields = F::default();
    scan_any(text, fields)
}

/// Fills `fields` as [`scan_object`] does, but with the general parser, which accepts all of JSON and reports syntax
/// errors.
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
        while let Some(field) = map.next_key_seed(KeySeed(&mut *self.0, PhantomData))? {
            match field {
                Some(field) => {
                    let raw = map.next_value::<&'a RawValue>()?.get();
                    let seen_as = match raw {
                        "null" => SeenAs::Null,
                        _ => SeenAs::Value,
                    };
                    if field.fill(raw, seen_as) {
                        self.0.note_duplicate();
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

/// Finds the [`RawField`] of a key without storing the key.
struct KeySeed<'s, 'a, F>(&'s mut F, PhantomData<&'a ()>);

impl<'s, 'a: 's, F: Fields<'a>> DeserializeSeed<'a> for KeySeed<'s, 'a, F> {
    type Value = Option<&'s mut RawField<'a>>;

    fn deserialize<D: serde::Deserializer<'a>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'s, 'a: 's, F: Fields<'a>> Visitor<'a> for KeySeed<'s, 'a, F> {
    type Value = Option<&'s mut RawField<'a>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.field(key.as_bytes()))
    }
}
