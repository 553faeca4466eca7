//! Chance that falls the same way everywhere.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Numbers from a seed: ChaCha with 8 rounds, keyed with the seed's bytes and nothing else, and integer
/// arithmetic after that. No library's choice of a distribution can change what falls.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        let mut key = [0; 32];
        for (to, from) in key.iter_mut().zip(seed.to_le_bytes()) {
            *to = from;
        }
        Self(ChaCha8Rng::from_seed(key))
    }

    /// One of 0 to `bound` − 1; 0 where the bound is 0.
    pub(super) fn below(&mut self, bound: u32) -> u64 {
        (u64::from(self.0.next_u32()) * u64::from(bound)) >> u32::BITS
    }

    /// True in so many of a hundred.
    pub(super) fn percent(&mut self, chance: u32) -> bool {
        self.below(100) < u64::from(chance)
    }

    /// One of them, each as likely.
    pub(super) fn pick<T: Copy>(&mut self, first: T, others: &[T]) -> T {
        let count = u32::try_from(others.len()).unwrap_or(u32::MAX - 1);
        let chosen = usize::try_from(self.below(count + 1)).unwrap_or_default();
        let other = chosen.checked_sub(1).and_then(|place| others.get(place));
        other.copied().unwrap_or(first)
    }
}
