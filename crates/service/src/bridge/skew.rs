//! Difference between the clock of this process and the clock of the server.

use std::time::{Duration, Instant as Tick};

use portcullis::{
    decide::{ServiceDenial, SkipCode},
    types::SignedDuration,
};

use super::metrics;
use crate::runtime::log_status;

/// Interval between comparisons of the clocks if the guardrails limit the difference.
const COMPARE_OFTEN: Duration = Duration::from_millis(100);
/// Interval between comparisons of the clocks if the guardrails do not limit the difference.
const COMPARE_EVERY: Duration = Duration::from_secs(10);
/// Difference of the clocks above which a line is logged, if the guardrails have no limit.
const LOGGED_ABOVE: SignedDuration = SignedDuration::from_micros(1_000_000);

/// Result of the last comparison of the clocks, and the maximum difference that is permitted.
pub(super) struct Skew {
    bound: Option<SignedDuration>,
    /// True if this stream worker logs changes. Only one of the workers does.
    logs_changes: bool,
    skew: Option<SignedDuration>,
    compared: Option<Tick>,
    is_large: bool,
}

impl Skew {
    pub(super) const fn new(bound: Option<SignedDuration>, logs_changes: bool) -> Self {
        Self {
            bound,
            logs_changes,
            skew: None,
            compared: None,
            is_large: false,
        }
    }

    /// Returns true if the clocks must be compared before the next read.
    pub(super) fn is_due(&self) -> bool {
        let every = match self.bound {
            Some(_) => COMPARE_OFTEN,
            None => COMPARE_EVERY,
        };
        self.compared.is_none_or(|at| at.elapsed() >= every)
    }

    /// Discards the last comparison, which was made on another connection.
    pub(super) const fn forget(&mut self) {
        self.skew = None;
        self.compared = None;
    }

    /// Records a comparison. `skew` is a lower bound of the difference: the true difference can be larger by up to
    /// `round_trip`. A comparison whose round trip took longer than the bound is not trusted.
    pub(super) fn measured(&mut self, skew: SignedDuration, round_trip: SignedDuration) {
        self.compared = Some(Tick::now());
        self.skew = self
            .bound
            .is_none_or(|bound| round_trip <= bound)
            .then_some(skew);
        metrics::skew(skew);
        let is_large = skew > self.bound.unwrap_or(LOGGED_ABOVE);
        if self.is_logged(is_large) {
            log_status(format_args!(
                "the clocks of this machine and of the Redis server differ by at least {skew}"
            ));
        }
        self.is_large = is_large;
    }

    /// Returns true if a comparison must be logged, because the difference became large or is no longer large.
    const fn is_logged(&self, is_large: bool) -> bool {
        self.logs_changes && is_large != self.is_large
    }

    /// Returns a denial of entries if the clocks differ by more than the bound, or could not be compared. Returns
    /// `None` if there is no bound.
    pub(super) fn denial(&self) -> Option<ServiceDenial<'static>> {
        let bound = self.bound?;
        let text = match self.skew {
            Some(skew) if skew <= bound => return None,
            Some(skew) => {
                format!(
                    "the clocks of this machine and of the Redis server differ by at least {skew}; the guardrail `max_intent_skew_sec` allows {bound}"
                )
            }
            None => format!(
                "the clocks of this machine and of the Redis server could not be compared to within {bound} (guardrail `max_intent_skew_sec`), because the server did not answer in time"
            ),
        };
        ServiceDenial::new(SkipCode::ClockUntrusted, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_uncompared_clock_is_untrusted() {
        let micros = SignedDuration::from_micros;
        let mut skew = Skew::new(Some(micros(250)), false);
        assert!(skew.denial().is_some());
        for (apart, round_trip, is_trusted) in [
            (0, 0, true),
            (250, 250, true),
            (251, 0, false),
            (0, 251, false),
        ] {
            skew.measured(micros(apart), micros(round_trip));
            assert_eq!(skew.denial().is_none(), is_trusted, "{apart} {round_trip}");
        }
        skew.measured(micros(0), micros(0));
        skew.forget();
        assert!(skew.denial().is_some());
    }

    #[test]
    fn clocks_are_compared_more_often_if_their_difference_is_bounded() {
        let micros = SignedDuration::from_micros;
        for bound in [Some(micros(250)), None] {
            let mut skew = Skew::new(bound, false);
            assert!(skew.is_due());
            skew.measured(micros(0), micros(0));
            assert!(skew.compared.is_some());
            let now = Tick::now();
            // A time in the future has not elapsed, however slow the test is.
            skew.compared = now.checked_add(COMPARE_EVERY);
            assert!(!skew.is_due());
            skew.compared = now.checked_sub(COMPARE_OFTEN);
            assert_eq!(skew.is_due(), bound.is_some());
            skew.compared = now.checked_sub(COMPARE_EVERY);
            assert!(skew.is_due());
            skew.forget();
            assert!(skew.is_due());
        }
    }

    #[test]
    fn a_difference_is_large_above_the_bound_or_above_a_second() {
        let micros = SignedDuration::from_micros;
        for (bound, largest) in [(Some(micros(250)), 250), (None, 1_000_000)] {
            let [mut skew, mut silent] = [true, false].map(|logs| Skew::new(bound, logs));
            for (difference, is_large) in [(0, false), (largest, false), (largest + 1, true)] {
                skew.measured(micros(difference), micros(0));
                silent.measured(micros(difference), micros(0));
                assert_eq!(skew.is_large, is_large, "{difference}");
                assert!(skew.is_logged(!is_large) && !skew.is_logged(is_large));
                assert!(!silent.is_logged(!is_large) && !silent.is_logged(is_large));
                assert_eq!(skew.denial().is_some(), is_large && bound.is_some());
            }
        }
    }
}
