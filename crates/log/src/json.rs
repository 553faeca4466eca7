//! Canonical JSON: only the bytes that this crate writes are read.

use std::{fmt, str::FromStr};

use portcullis::types::Shown;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Writes a document of this crate. Its maps have text keys and it has no fractional numbers, so this cannot fail.
pub(crate) fn write(document: &impl Serialize) -> String {
    serde_json::to_string(document).unwrap_or_default()
}

/// Reads a document of this crate.
///
/// # Errors
/// Returns the reason if the text is not a document of this type, has an unknown field, or is not the text that
/// [`write`] returns for it.
pub(crate) fn read<'de, T: Deserialize<'de> + Serialize>(text: &'de str) -> Result<T, String> {
    let document: T = serde_json::from_str(text).map_err(|error| reason(&error))?;
    if write(&document) == text {
        Ok(document)
    } else {
        Err("the JSON is not in the canonical form".to_owned())
    }
}

/// Returns the message of an error with its place in the JSON, which is always on one line.
pub(crate) fn reason(error: &serde_json::Error) -> String {
    let text = Shown(error).whole();
    match text.rsplit_once(" at line 1 column ") {
        Some((message, column)) => format!("{message} (at byte {column} of the JSON)"),
        None => text,
    }
}

/// The version of a stored document, which is 1. Another version is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Format;

impl Serialize for Format {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        writer.serialize_u32(1)
    }
}

impl<'de> Deserialize<'de> for Format {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        match u32::deserialize(reader)? {
            1 => Ok(Self),
            other => Err(D::Error::custom(format_args!(
                "format {other} is not supported; this version reads format 1"
            ))),
        }
    }
}

/// Reads and writes values as the text of their `Display` and `FromStr`.
pub(crate) mod text {
    use super::{Deserialize, Deserializer, FromStr, Serializer, fmt};

    pub(crate) fn serialize<T: fmt::Display, S: Serializer>(
        value: &T,
        writer: S,
    ) -> Result<S::Ok, S::Error> {
        writer.collect_str(value)
    }

    pub(crate) fn deserialize<'de, T, D>(reader: D) -> Result<T, D::Error>
    where
        T: FromStr<Err: fmt::Display>,
        D: Deserializer<'de>,
    {
        let text = String::deserialize(reader)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Reads and writes values that may be absent as their text.
pub(crate) mod optional_text {
    use super::{Deserializer, FromStr, Serializer, fmt, text};

    #[expect(clippy::ref_option, reason = "the signature is that of `serde(with)`")]
    pub(crate) fn serialize<T: fmt::Display, S: Serializer>(
        value: &Option<T>,
        writer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => writer.collect_str(value),
            None => writer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, T, D>(reader: D) -> Result<Option<T>, D::Error>
    where
        T: FromStr<Err: fmt::Display>,
        D: Deserializer<'de>,
    {
        text::deserialize(reader).map(Some)
    }
}

/// Reads and writes timestamps as whole epoch milliseconds.
pub(crate) mod millis {
    use portcullis::types::Timestamp;

    use super::{Deserialize as _, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(at: &Timestamp, writer: S) -> Result<S::Ok, S::Error> {
        writer.serialize_i64(at.as_millis())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(reader: D) -> Result<Timestamp, D::Error> {
        Timestamp::from_millis(i64::deserialize(reader)?).map_err(serde::de::Error::custom)
    }
}
