//! Positions in the source stream.

use std::{fmt, str::FromStr};

use thiserror::Error;

/// The position of an entry in the source stream: the id of a Redis stream entry, such as `1700000000000-0`.
///
/// Positions of one stream increase from entry to entry. They are compared as two numbers, not as texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StreamPosition {
    millis: u64,
    number: u64,
}

/// The error for a text that is not a stream position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a stream position such as `1700000000000-0`: two whole numbers without leading zeros")]
pub struct StreamPositionError;

impl FromStr for StreamPosition {
    type Err = StreamPositionError;

    /// Parses the text form. Only the text that [`fmt::Display`] writes is accepted, so equal positions have equal texts.
    fn from_str(text: &str) -> Result<Self, StreamPositionError> {
        let (millis, number) = text.split_once('-').ok_or(StreamPositionError)?;
        let parsed = Self {
            millis: millis.parse().map_err(|_| StreamPositionError)?,
            number: number.parse().map_err(|_| StreamPositionError)?,
        };
        if parsed.to_string() == text {
            Ok(parsed)
        } else {
            Err(StreamPositionError)
        }
    }
}

impl fmt::Display for StreamPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.millis, self.number)
    }
}
