//! Reading of the JSON documents of this crate: numbers are parsed exactly, and each error names its field.

use std::{collections::BTreeMap, fmt, marker::PhantomData, str::FromStr};

use portcullis::types::Shown;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, MapAccess, Visitor},
};
use serde_json::value::RawValue;
use thiserror::Error;

/// The reason why a text is not a document of this crate.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("invalid {document}: `{}`: {}", Shown(.path), Shown(.reason).whole())]
pub struct DocumentError {
    document: &'static str,
    path: String,
    reason: String,
}

impl DocumentError {
    pub(crate) fn new(document: &'static str, path: &str, reason: impl fmt::Display) -> Self {
        Self {
            document,
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }

    /// Returns the path of the field with the fault, such as `symbols.BTCUSDT.sigma`; `.` means the whole text.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}

/// Parses a document. A byte order mark at the start is skipped.
pub(crate) fn read<'de, T: Deserialize<'de>>(
    document: &'static str,
    text: &'de str,
) -> Result<T, DocumentError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| DocumentError::new(document, &error.path().to_string(), error.inner()))?;
    let end = reader.end();
    end.map_err(|error| DocumentError::new(document, ".", error))?;
    Ok(value)
}

/// Writes a document. Its maps have text keys and its numbers are finite, so this cannot fail.
pub(crate) fn write(document: &impl Serialize) -> String {
    serde_json::to_string(document).unwrap_or_default()
}

/// The version of a stored document, which is 1. Another version is an error.
#[derive(Debug, Clone, Copy, PartialEq)]
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

/// Parses a number from its original text, because `serde_json` may be off by one unit in the last place.
pub(crate) fn exact<'de, D: Deserializer<'de>>(reader: D) -> Result<f64, D::Error> {
    let raw = <&RawValue>::deserialize(reader)?.get();
    // `RawValue` contains valid JSON, so a text that starts with a digit or a sign is a JSON number.
    if !raw.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        let reason = format!("{} is not a JSON number", Shown(raw));
        return Err(D::Error::custom(reason));
    }
    let value: f64 = raw.parse().map_err(D::Error::custom)?;
    if value.is_finite() {
        Ok(value)
    } else {
        Err(D::Error::custom(format!("{} is not finite", Shown(raw))))
    }
}

/// A finite number, parsed exactly.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(transparent)]
pub(crate) struct Exact(pub(crate) f64);

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        exact(reader).map(Self)
    }
}

/// Parses a number that may be `null`.
pub(crate) fn exact_or_null<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<f64>, D::Error> {
    Option::<Exact>::deserialize(reader).map(|it| it.map(|Exact(number)| number))
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

/// Reads an object in which no key occurs more than once. Keys that are equal after parsing, such as two spellings of
/// a symbol, count as duplicates.
pub(crate) fn unique<'de, K, V, D>(reader: D) -> Result<BTreeMap<K, V>, D::Error>
where
    K: FromStr<Err: fmt::Display> + Ord,
    V: Deserialize<'de>,
    D: Deserializer<'de>,
{
    struct Unique<K, V>(PhantomData<(K, V)>);

    impl<'de, K, V> Visitor<'de> for Unique<K, V>
    where
        K: FromStr<Err: fmt::Display> + Ord,
        V: Deserialize<'de>,
    {
        type Value = BTreeMap<K, V>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object without duplicate keys")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
            let mut entries = BTreeMap::new();
            while let Some((name, value)) = object.next_entry::<String, V>()? {
                let named = |reason: &dyn fmt::Display| {
                    A::Error::custom(format!("key `{}`: {reason}", Shown(&name)))
                };
                let key = name.parse().map_err(|error| named(&error))?;
                if entries.insert(key, value).is_some() {
                    return Err(named(&"this key occurs more than once; keep one"));
                }
            }
            Ok(entries)
        }
    }

    reader.deserialize_map(Unique(PhantomData))
}
