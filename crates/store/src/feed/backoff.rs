//! Exponential backoff with jitter.

use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    time::Duration,
};

const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// The nominal pause before the next attempt.
pub(super) struct Backoff(Duration);

impl Backoff {
    pub(super) const fn new() -> Self {
        Self(PAUSE_MIN)
    }

    /// Returns the next pause and doubles the nominal pause, up to 2 s. The result is random, from half the nominal
    /// pause to the whole, so that readers that lose a server at the same time do not reconnect at the same time.
    pub(super) fn next(&mut self) -> Duration {
        let pause = self.0;
        self.0 = pause.saturating_mul(2).min(PAUSE_MAX);
        let dice = RandomState::new().build_hasher().finish() % 1024;
        let share = u32::try_from(dice).unwrap_or_default();
        pause / 2 + pause / 2 * share / 1024
    }

    pub(super) const fn reset(&mut self) {
        self.0 = PAUSE_MIN;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit_and_are_random() {
        let mut backoff = Backoff::new();
        let pauses: Vec<Duration> = (0..40).map(|_| backoff.next()).collect();
        let mut most = PAUSE_MIN;
        for pause in &pauses {
            assert!((most / 2..=most).contains(pause), "{pause:?} of {most:?}");
            most = (most * 2).min(PAUSE_MAX);
        }
        let late = &pauses[10..];
        // The chance that all 30 random pauses lie within an eighth of the range is negligible.
        let (least, most) = (late.iter().min(), late.iter().max());
        assert!(*most.unwrap() - *least.unwrap() > PAUSE_MAX / 16);
        backoff.reset();
        assert!(backoff.next() <= PAUSE_MIN);
    }
}
