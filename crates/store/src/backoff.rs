//! Pauses between attempts to reach a server.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

const PAUSE_MAX: Duration = Duration::from_secs(2);

/// Settings of the pauses without jitter. Jitter extends each pause to at most twice its length, so the longest pause
/// here is half of [`PAUSE_MAX`].
const BUILDER: ExponentialBuilder = ExponentialBuilder::new()
    .with_jitter()
    .with_min_delay(Duration::from_millis(25))
    .with_max_delay(Duration::from_secs(1))
    .without_max_times();

/// Random pauses that grow. The first is 25 to 50 ms. This range doubles with each pause, until it
/// is 1 to 2 s. The pauses are random, so that programs that lose a server at the same time do not
/// reconnect at the same time.
#[derive(Debug)]
pub struct Backoff(<ExponentialBuilder as BackoffBuilder>::Backoff);

impl Backoff {
    /// Creates the pauses, starting with the shortest one.
    #[must_use]
    pub fn new() -> Self {
        Self(BUILDER.build())
    }

    /// Returns the next pause. The caller itself must sleep, so that it can end the sleep early.
    pub fn next_pause(&mut self) -> Duration {
        self.0.next().unwrap_or(PAUSE_MAX)
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit_and_are_random() {
        let mut backoff = Backoff::new();
        let pauses: Vec<Duration> = (0..40).map(|_| backoff.next_pause()).collect();
        // The library computes in `f32`.
        let tolerance = Duration::from_micros(1);
        let mut longest = Duration::from_millis(50);
        for pause in &pauses {
            let bounds = longest / 2 - tolerance..=longest + tolerance;
            assert!(bounds.contains(pause), "{pause:?} of {longest:?}");
            longest = (longest * 2).min(PAUSE_MAX);
        }
        let late = &pauses[10..];
        // The chance that all 30 random pauses lie within an eighth of the range is negligible.
        let (shortest, longest) = (late.iter().min(), late.iter().max());
        assert!(*longest.unwrap() - *shortest.unwrap() > PAUSE_MAX / 16);
    }
}
