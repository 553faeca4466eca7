//! Fields of a Redis hash.

use std::collections::BTreeMap;

use portcullis::types::{Timestamp, TimestampError};
use portcullis_store::redis::is_wrong_type;
use redis::{RedisResult, Value};

use crate::runtime::{bytes, list};

/// The fields of a hash. Bytes that are not UTF-8 are replaced, so that a number, a word or a time with such bytes is
/// unreadable.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fields(BTreeMap<String, String>);

/// The value of a key.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum StoredHash {
    /// There is no key.
    Absent,
    Fields(Fields),
    /// The key has a type other than hash.
    WrongType,
}

/// Format of a timestamp field. It depends on the name of the field, never on the magnitude of the
/// number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Whole milliseconds since the epoch.
    Millis,
    /// Seconds since the epoch, or ISO-8601 (UTC if it has no offset).
    SecondsOrIso,
}

/// The name of an unreadable timestamp field, and the error.
pub(super) type Unreadable = (&'static str, TimestampError);

impl Fields {
    /// Returns the value of the first of these fields that is present.
    pub(super) fn text(&self, names: &[&str]) -> Option<&str> {
        names
            .iter()
            .find_map(|name| self.0.get(*name).map(String::as_str))
    }

    /// Renames fields, unless the hash already has the new name. `names` are pairs of the name in the hash and the new
    /// name.
    pub(super) fn rename(&mut self, names: &[(&str, &str)]) {
        for (theirs, own) in names {
            if !self.0.contains_key(*own)
                && let Some(value) = self.0.remove(*theirs)
            {
                self.0.insert((*own).to_owned(), value);
            }
        }
    }

    /// Returns the names and values of all fields.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, text)| (&**name, &**text))
    }

    /// Returns the value of the first of these fields that is present, as a timestamp.
    pub(super) fn instant(
        &self,
        names: &[(&'static str, Unit)],
    ) -> Option<Result<Timestamp, Unreadable>> {
        let (name, unit, text) = names
            .iter()
            .find_map(|(name, unit)| Some((*name, *unit, self.0.get(*name)?)))?;
        let read = match unit {
            Unit::Millis => Timestamp::parse_epoch_millis(text),
            Unit::SecondsOrIso => Timestamp::parse_seconds_or_iso(text).map(|(at, _)| at),
        };
        Some(read.map_err(|why| (name, why)))
    }
}

#[cfg(test)]
impl<T: Into<String>> FromIterator<(T, T)> for Fields {
    fn from_iter<I: IntoIterator<Item = (T, T)>>(fields: I) -> Self {
        let texts = fields.into_iter();
        Self(
            texts
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

impl StoredHash {
    /// Parses the reply to `HGETALL`.
    pub(super) fn read(reply: RedisResult<Value>) -> RedisResult<Self> {
        let value = match reply {
            Err(error) if is_wrong_type(&error) => return Ok(Self::WrongType),
            other => other?,
        };
        let mut texts = list(value)
            .into_iter()
            .filter_map(bytes)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let mut fields = BTreeMap::new();
        while let (Some(name), Some(value)) = (texts.next(), texts.next()) {
            fields.insert(name, value);
        }
        Ok(if fields.is_empty() {
            Self::Absent
        } else {
            Self::Fields(Fields(fields))
        })
    }
}
