//! The scan of an object for the requested fields.

use std::{borrow::Cow, fmt};

use serde::{
    Deserializer as _,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::{Deserializer, value::RawValue};
use thiserror::Error;

use super::{fields::Fields, plain, raw_field::SeenAs};
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
    let masked = mask_non_numbers(text);
    let mut json = Deserializer::from_str(&masked);
    json.deserialize_map(ObjectVisitor {
        fields,
        text,
        masked: &masked,
    })
    .and_then(|()| json.end())
    .map_err(|error| SyntaxError::new(&error))
}

/// The tokens that Python's `json` writes for NaN and infinities, each with a finite number of the same length.
const NON_NUMBERS: [(&str, &str); 3] = [
    ("NaN", "0.0"),
    ("-Infinity", "-0.000000"),
    ("Infinity", "0.000000"),
];

/// Replaces each of these tokens by its finite number, so that the general parser accepts the text and all positions
/// stay the same.
fn mask_non_numbers(text: &str) -> Cow<'_, str> {
    if !NON_NUMBERS.iter().any(|(token, _)| text.contains(token)) {
        return Cow::Borrowed(text);
    }
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    let mut in_string = false;
    let ends = |rest: &str| rest.starts_with([',', ']', '}', ' ', '\t', '\r', '\n']);
    while let Some(first) = rest.chars().next() {
        let begins = masked.ends_with([':', ',', '[', ' ', '\t', '\r', '\n']);
        let token = NON_NUMBERS.iter().find(|(token, _)| {
            let after = rest.strip_prefix(token);
            !in_string && begins && after.is_some_and(ends)
        });
        let length = match (token, first) {
            (Some((token, number)), _) => {
                masked.push_str(number);
                rest = rest.get(token.len()..).unwrap_or_default();
                continue;
            }
            // An escape and the character after it.
            (None, '\\') if in_string => 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            (None, first) => {
                in_string ^= first == '"';
                first.len_utf8()
            }
        };
        let (head, tail) = rest.split_at_checked(length).unwrap_or((rest, ""));
        masked.push_str(head);
        rest = tail;
    }
    Cow::Owned(masked)
}

struct ObjectVisitor<'s, 'a, F> {
    fields: &'s mut F,
    text: &'a str,
    /// The text that is parsed. Each value has the same position as in `text`.
    masked: &'s str,
}

impl<'a, F> ObjectVisitor<'_, 'a, F> {
    /// Returns the original text of a value of the masked text.
    fn original(&self, raw: &str) -> Option<&'a str> {
        let start = raw
            .as_ptr()
            .addr()
            .checked_sub(self.masked.as_ptr().addr())?;
        self.text.get(start..start.checked_add(raw.len())?)
    }
}

impl<'de, 'a: 'de, F: Fields<'a>> Visitor<'de> for ObjectVisitor<'_, 'a, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(OBJECT)
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            if self.fields.field(key.as_bytes()).is_none() {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let raw = map.next_value::<&'de RawValue>()?.get();
            let seen_as = match raw {
                "null" => SeenAs::Null,
                _ => SeenAs::Value,
            };
            let raw = self.original(raw).unwrap_or_default();
            let field = self.fields.field(key.as_bytes());
            if field.is_some_and(|field| field.fill(raw, seen_as)) {
                self.fields.note_duplicate();
            }
        }
        Ok(())
    }
}
