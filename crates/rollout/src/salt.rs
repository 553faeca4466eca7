//! The type of salts.

use std::str::FromStr;

use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::bucket::{Bucket, bucket};

/// Maximum length of a salt, in bytes.
const BYTES_MAX: usize = 64;

/// A text that determines the buckets of an arm: 1 to 64 bytes without control characters.
///
/// Two arms with the same salt have the same buckets, so their keys overlap; with another salt, the keys are independent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Salt(String);

/// The reason why a text is not a salt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SaltError {
    /// The text is empty.
    #[error("the salt is empty; use a text that no other arm has, such as `canary-7`")]
    Empty,
    /// The text is longer than 64 bytes.
    #[error("the salt has {0} bytes; use at most {BYTES_MAX}")]
    TooLong(usize),
    /// The text contains a control character.
    #[error("the salt contains the control character U+{:04X}; remove it", u32::from(*.0))]
    Control(char),
}

impl Salt {
    /// Checks the text.
    ///
    /// # Errors
    /// Returns an error if the text is empty, longer than 64 bytes, or contains a control character.
    pub fn new(text: &str) -> Result<Self, SaltError> {
        match (text.len(), text.chars().find(|c| c.is_control())) {
            (0, _) => Err(SaltError::Empty),
            (bytes, _) if bytes > BYTES_MAX => Err(SaltError::TooLong(bytes)),
            (_, Some(c)) => Err(SaltError::Control(c)),
            (_, None) => Ok(Self(text.to_owned())),
        }
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Computes the bucket of a key with [`bucket`].
    #[must_use]
    pub fn bucket(&self, key: &str) -> Bucket {
        bucket(&self.0, key)
    }
}

impl FromStr for Salt {
    type Err = SaltError;

    fn from_str(text: &str) -> Result<Self, SaltError> {
        Self::new(text)
    }
}

impl Serialize for Salt {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        writer.serialize_str(&self.0)
    }
}
