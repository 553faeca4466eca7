//! The buckets, which assign keys to arms.

use sha2::{Digest as _, Sha256};

/// The bucket of a key: a whole number from 0 to 9999. An arm applies to a key if the bucket is below the basis points
/// of the arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket(u16);

impl Bucket {
    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl std::fmt::Display for Bucket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(&self.0, f)
    }
}

/// Computes the bucket of a key.
///
/// u is the first 8 bytes of SHA-256(salt ‖ 0x00 ‖ key) as a big-endian number, and the bucket is (u · 10000) >> 64. So
/// it depends only on the salt and the key, on every machine.
///
/// ```
/// use portcullis_rollout::bucket;
///
/// assert_eq!(bucket("canary-7", "BTCUSDT").get(), 3692);
/// ```
#[must_use]
pub fn bucket(salt: &str, key: &str) -> Bucket {
    let mut hasher = Sha256::new();
    hasher.update(salt);
    hasher.update([0]);
    hasher.update(key);
    let digest: [u8; 32] = hasher.finalize().into();
    let [a, b, c, d, e, f, g, h, ..] = digest;
    let u = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
    let bucket = (u128::from(u) * 10_000) >> 64;
    // The bucket is below 10000. No arm covers the largest `u16`.
    Bucket(u16::try_from(bucket).unwrap_or(u16::MAX))
}
