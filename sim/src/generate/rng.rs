//! Deterministic random numbers.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// A random number generator whose results depend on the seed only.
///
/// It uses ChaCha with 8 rounds, keyed with the bytes of the seed, and integer arithmetic. It does not use the
/// distributions of a library, so updates of a library cannot change the results.
pub(super) struct Rng(ChaCha8Rng);

impl Rng {
    pub(super) fn new(seed: u64) -> Self {
        let mut key = [0; 32];
        for (to, from) in key.iter_mut().zip(seed.to_le_bytes()) {
            *to = from;
        }
        Self(ChaCha8Rng::from_seed(key))
    }

    /// Returns a number from 0 to `bound` − 1, or 0 if `bound` is 0.
    pub(super) fn below(&mut self, bound: u32) -> u64 {
        (u64::from(self.0.next_u32()) * u64::from(bound)) >> u32::BITS
    }

    /// Returns true with a probability of `chance` percent.
    pub(super) fn percent(&mut self, chance: u32) -> bool {
        self.below(100) < u64::from(chance)
    }

    /// Returns one of the values, all with the same probability.
    pub(super) fn pick<T: Copy>(&mut self, first: T, others: &[T]) -> T {
        let count = u32::try_from(others.len()).unwrap_or(u32::MAX - 1);
        let chosen = usize::try_from(self.below(count + 1)).unwrap_or_default();
        let other = chosen.checked_sub(1).and_then(|place| others.get(place));
        other.copied().unwrap_or(first)
    }
}
