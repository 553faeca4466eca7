//! Metrics of the bridge.

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use portcullis::{
    decide::SkipCode,
    types::{SignedDuration, Timestamp},
};

use crate::metrics::{
    ANSWER_LAG, BLOCKED, CLOCK_SKEW, DECIDED_AGAIN, DECISIONS, EXITS_REFUSED, REPEATED, WAITING,
    WRITE_FAILED,
};

/// Registers the metrics. Must be called before the first event.
pub(super) fn describe() {
    describe_counter!(DECISIONS, "answers written, by verdict and reason");
    describe_counter!(REPEATED, "deliveries of intents that were already answered");
    describe_counter!(
        DECIDED_AGAIN,
        "answers that were decided again before they were written"
    );
    describe_histogram!(ANSWER_LAG, "time from the entry's id to its answer");
    describe_gauge!(WAITING, "entries without an answer");
    describe_counter!(
        EXITS_REFUSED,
        "exits that the executor of the profile cannot carry out"
    );
    describe_counter!(WRITE_FAILED, "answers that could not be written, by key");
    describe_gauge!(BLOCKED, "entries whose answers could not be written");
    describe_gauge!(
        CLOCK_SKEW,
        "lower bound of the difference between this clock and the server's"
    );
    counter!(REPEATED).absolute(0);
    counter!(DECIDED_AGAIN).absolute(0);
    counter!(EXITS_REFUSED).absolute(0);
    // Counters start at 0, because the alerts use `increase`, which ignores the first event of a
    // counter that did not exist before.
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

/// Counts an exit that the executor cannot carry out.
pub(super) fn refused_exit() {
    counter!(EXITS_REFUSED).increment(1);
}

/// Counts answers that were not written, because the store or the time had changed.
pub(super) fn moved(answers: usize) {
    counter!(DECIDED_AGAIN).increment(u64::try_from(answers).unwrap_or(u64::MAX));
}

/// Records the delay from the time in the entry's id to `now`. An id without a valid time is
/// ignored.
pub(super) fn lag(stream: &str, entry_id: &str, now: Timestamp) {
    let millis = entry_id
        .split('-')
        .next()
        .and_then(|text| text.parse().ok());
    if let Some(at) = millis.and_then(|millis| Timestamp::from_millis(millis).ok()) {
        histogram!(ANSWER_LAG, "stream" => stream.to_owned()).record(seconds(now.since(at)));
    }
}

/// Counts an answer that could not be written, because of this key.
pub(super) fn write_failed(key: &str) {
    counter!(WRITE_FAILED, "key" => key.to_owned()).increment(1);
}

pub(super) fn blocked(stream: &str, entries: usize) {
    gauge!(BLOCKED, "stream" => stream.to_owned()).set(count(entries));
}

pub(super) fn waiting(stream: &str, entries: usize) {
    gauge!(WAITING, "stream" => stream.to_owned()).set(count(entries));
}

#[expect(
    clippy::cast_precision_loss,
    clippy::as_conversions,
    reason = "a metric is a float"
)]
const fn count(entries: usize) -> f64 {
    entries as f64
}

pub(super) fn skew(skew: SignedDuration) {
    gauge!(CLOCK_SKEW).set(seconds(skew));
}

#[expect(
    clippy::cast_precision_loss,
    clippy::as_conversions,
    reason = "a metric is a float"
)]
fn seconds(span: SignedDuration) -> f64 {
    span.as_micros() as f64 / 1e6
}
