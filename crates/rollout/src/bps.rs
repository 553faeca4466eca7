//! The type of shares in basis points.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use thiserror::Error;

use crate::{bucket::Bucket, json};

/// A share in basis points: a whole number from 0 to 10000, where 10000 is 100 %.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Bps(u16);

/// The error for a number above 10000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{0} is above 10000, which is 100 %; use a whole number of basis points from 0 to 10000")]
pub struct BpsError(u64);

impl Bps {
    /// 100 %.
    pub const ALL: Self = Self(10_000);

    /// Checks the number; there is no other constructor.
    ///
    /// # Errors
    /// Returns an error if the number is above 10000.
    pub fn new(bps: u64) -> Result<Self, BpsError> {
        let share = u16::try_from(bps).map(Self);
        let share = share.ok().filter(|share| *share <= Self::ALL);
        share.ok_or(BpsError(bps))
    }

    /// Returns the number of basis points.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// Returns true if a bucket is below this share.
    #[must_use]
    pub const fn covers(self, bucket: Bucket) -> bool {
        bucket.get() < self.0
    }
}

impl std::fmt::Display for Bps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bps", self.0)
    }
}

impl<'de> Deserialize<'de> for Bps {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let bps = json::whole(reader, "a whole number from 0 to 10000, in digits")?;
        Self::new(bps).map_err(D::Error::custom)
    }
}
