//! Reading of the JSON documents of this crate.

use std::{fmt, str::FromStr};

use portcullis::types::Timestamp;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, Visitor},
};

use crate::{
    fault::{DocumentError, Fault},
    time::plausible,
};

/// Parses a document. A byte order mark at the start is skipped.
pub(crate) fn read<'de, T: Deserialize<'de>>(
    document: &'static str,
    text: &'de str,
) -> Result<T, DocumentError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| DocumentError::of(document, fault(error.path(), error.inner())))?;
    let end = reader.end();
    end.map_err(|error| DocumentError::of(document, Fault::new(".", error)))?;
    Ok(value)
}

/// Converts an error of serde, which states a missing or duplicate field at the path of its object.
fn fault(path: &serde_path_to_error::Path, error: &serde_json::Error) -> Fault {
    let (path, reason) = (path.to_string(), error.to_string());
    // `?` is a key that could not be read.
    let path = path.trim_end_matches('?').trim_end_matches('.');
    let field = |kind: &str| reason.strip_prefix(kind)?.split('`').next();
    let in_object = |field: &str| match path {
        "" => field.to_owned(),
        object => format!("{object}.{field}"),
    };
    if let Some(name) = field("missing field `") {
        Fault::new(in_object(name), format_args!("{reason}; add it"))
    } else if let Some(name) = field("duplicate field `") {
        Fault::new(in_object(name), format_args!("{reason}; keep one"))
    } else {
        Fault::new(if path.is_empty() { "." } else { path }, reason)
    }
}

/// Writes a document. It has only texts and whole numbers, so this cannot fail.
pub(crate) fn write(document: &impl Serialize) -> String {
    serde_json::to_string(document).unwrap_or_default()
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
        match whole(reader, "the format 1")? {
            1 => Ok(Self),
            other => Err(D::Error::custom(format_args!(
                "format {other} is not supported; this version reads format 1"
            ))),
        }
    }
}

/// Reads a whole number that is written only with digits. `expected` describes it in the error for another value.
pub(crate) fn whole<'de, D: Deserializer<'de>>(
    reader: D,
    expected: &'static str,
) -> Result<u64, D::Error> {
    struct Whole(&'static str);

    impl Visitor<'_> for Whole {
        type Value = u64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }

        fn visit_u64<E>(self, number: u64) -> Result<u64, E> {
            Ok(number)
        }
    }

    reader.deserialize_u64(Whole(expected))
}

/// Reads a whole number from 0 to 2⁶⁴ − 1.
pub(crate) fn count<'de, D: Deserializer<'de>>(reader: D) -> Result<u64, D::Error> {
    whole(reader, "a whole number from 0 to 2^64 - 1, in digits")
}

/// Reads the value of an optional field that is present. `null` is an error, because an absent value is written by
/// leaving the field out.
pub(crate) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    reader: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(reader).map(Some)
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

/// Reads and writes times as ISO-8601 texts with a UTC offset, between the years 2000 and 2100.
pub(crate) mod time {
    use super::{Deserialize, Deserializer, Serializer, Timestamp, plausible, text};

    pub(crate) fn serialize<S: Serializer>(at: &Timestamp, writer: S) -> Result<S::Ok, S::Error> {
        text::serialize(at, writer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(reader: D) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(reader)?;
        let at = text.parse().map_err(|error| {
            serde::de::Error::custom(format_args!(
                "{error}; use a text such as `2026-01-05T00:00:00Z`"
            ))
        })?;
        plausible(at).map_err(serde::de::Error::custom)
    }
}
