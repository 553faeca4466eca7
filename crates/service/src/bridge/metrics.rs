//! Metrics of the bridge.
//!
//! | metric | kind | meaning |
//! |---|---|---|
//! | `portcullis_decisions_total` | counter, by `verdict` and `reason` | answers written |
//! | `portcullis_repeated_total` | counter | deliveries of intents that were already answered |
//! | `portcullis_answer_lag_seconds` | histogram, by `stream` | time from the entry's id to its answer |
//! | `portcullis_waiting` | gauge, by `stream` | entries without an answer |
//! | `portcullis_clock_skew_seconds` | gauge | lower bound of the difference between this clock and the server's |

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use portcullis::{
    decide::SkipCode,
    types::{SignedDuration, Timestamp},
};

const DECISIONS: &str = "portcullis_decisions_total";
const REPEATED: &str = "portcullis_repeated_total";
const LAG: &str = "portcullis_answer_lag_seconds";
const WAITING: &str = "portcullis_waiting";
const SKEW: &str = "portcullis_clock_skew_seconds";

pub(super) fn described() {
    describe_counter!(DECISIONS, "answers written, by verdict and reason");
    describe_counter!(REPEATED, "deliveries of intents that were already answered");
    describe_histogram!(LAG, "time from the entry's id to its answer");
    describe_gauge!(WAITING, "entries without an answer");
    describe_gauge!(
        SKEW,
        "lower bound of the difference between this clock and the server's"
    );
    counter!(REPEATED).absolute(0);
    // Start counters at 0: the alerts use `increase`, which does not see the first event of a counter that did not
    // exist before.
    for reason in [
        SkipCode::DenyNotExitOwner,
        SkipCode::ClockUntrusted,
        SkipCode::PolicyConstraintViolation,
    ] {
        counter!(DECISIONS, "verdict" => "SKIP", "reason" => reason.code()).absolute(0);
    }
}

/// Counts an answer. `reason` is the skip reason, or empty for a trade or an exit.
pub(super) fn answered(verdict: &'static str, reason: &str) {
    counter!(DECISIONS, "verdict" => verdict, "reason" => reason.to_owned()).increment(1);
}

pub(super) fn repeated() {
    counter!(REPEATED).increment(1);
}

/// Records the time from the entry's id to `now`. An id without a valid time is ignored.
pub(super) fn lag(stream: &str, entry_id: &str, now: Timestamp) {
    let millis = entry_id
        .split('-')
        .next()
        .and_then(|text| text.parse().ok());
    if let Some(at) = millis.and_then(|millis| Timestamp::from_millis(millis).ok()) {
        histogram!(LAG, "stream" => stream.to_owned()).record(seconds(now.since(at)));
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::as_conversions,
    reason = "a metric is a float"
)]
pub(super) fn waiting(stream: &str, entries: usize) {
    gauge!(WAITING, "stream" => stream.to_owned()).set(entries as f64);
}

pub(super) fn skew(skew: SignedDuration) {
    gauge!(SKEW).set(seconds(skew));
}

#[expect(
    clippy::cast_precision_loss,
    clippy::as_conversions,
    reason = "a metric is a float"
)]
fn seconds(span: SignedDuration) -> f64 {
    span.as_micros() as f64 / 1e6
}
