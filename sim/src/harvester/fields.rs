//! The fields of a hash.

use std::collections::BTreeMap;

use portcullis::domain::{Instant, InstantError};
use redis::{RedisError, RedisResult, Value};

use crate::service::{bytes, list};

/// A hash. What is not UTF-8 is no number, no word and no instant: whoever asks for it finds it unreadable.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fields(BTreeMap<String, String>);

/// What lies under a key.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Held {
    Nothing,
    Hash(Fields),
    /// Something that is no hash.
    Other,
}

/// How an instant is written. Told by the field's name, never by the size of the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Whole milliseconds since the epoch.
    Millis,
    /// Seconds since the epoch, or ISO-8601 (without an offset it is UTC).
    SecondsOrIso,
}

/// An instant that cannot be read: its field, and why.
pub(super) type Unreadable = (&'static str, InstantError);

impl Fields {
    /// The first of some fields that is there.
    pub(super) fn first(&self, names: &[&'static str]) -> Option<(&'static str, &str)> {
        names
            .iter()
            .find_map(|name| Some((*name, self.0.get(*name)?.as_str())))
    }

    /// The same as a number; NaN is one that cannot be read.
    pub(super) fn number(&self, names: &[&'static str]) -> Option<f64> {
        self.first(names).map(|(_, text)| number(text))
    }

    /// The first of some fields that is there, as an instant.
    pub(super) fn instant(
        &self,
        names: &[(&'static str, Unit)],
    ) -> Option<Result<Instant, Unreadable>> {
        let (name, unit, text) = names
            .iter()
            .find_map(|(name, unit)| Some((*name, *unit, self.0.get(*name)?)))?;
        let read = match unit {
            Unit::Millis => Instant::parse_epoch_millis(text),
            Unit::SecondsOrIso => match Instant::parse_epoch_seconds(text) {
                Err(InstantError::NotANumber) => Instant::parse_iso(text).map(|(at, _)| at),
                read => read,
            },
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

impl Held {
    /// What `HGETALL` answers.
    pub(super) fn read(reply: RedisResult<Value>) -> RedisResult<Self> {
        let value = match reply {
            Err(error) if is_of_another_type(&error) => return Ok(Self::Other),
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
            Self::Nothing
        } else {
            Self::Hash(Fields(fields))
        })
    }
}

/// A number; NaN where there is none.
pub(super) fn number(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}

pub(super) fn is_of_another_type(error: &RedisError) -> bool {
    error.code() == Some("WRONGTYPE")
}
