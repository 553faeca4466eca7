//! Metrics of the bridge.

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use portcullis::{
    decide::SkipCode,
    types::{SignedDuration, Timestamp},
};

use portcullis_rollout::Agreement;

use crate::metrics::{
    ANSWER_LAG, ARM_ANSWERS, BLOCKED, CLOCK_SKEW, DECIDED_AGAIN, DECISIONS, EXITS_REFUSED,
    REPEATED, SHADOWS, SHADOWS_DROPPED, WAITING, WRITE_FAILED,
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
    describe_counter!(SHADOWS, "answers of shadow arms, by agreement");
    describe_counter!(
        SHADOWS_DROPPED,
        "batches in which the server rejected records of shadow arms"
    );
    describe_counter!(
        ARM_ANSWERS,
        "answers for which an arm was assigned, by reason"
    );
    counter!(SHADOWS_DROPPED).absolute(0);
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

/// Counts an answer for which an arm was assigned.
pub(super) fn arm_answer(reason: &'static str) {
    counter!(ARM_ANSWERS, "arm_reason" => reason).increment(1);
}

/// Counts an answer of a shadow arm.
pub(super) fn shadow(agreement: Agreement) {
    counter!(SHADOWS, "agreement" => agreement.as_str()).increment(1);
}

pub(super) fn shadows_dropped() {
    counter!(SHADOWS_DROPPED).increment(1);
}

pub(super) fn repeated() {
    counter!(REPEATED).increment(1);
}

/// Counts an exit that the executor cannot carry out.
pub(super) fn refused_exit() {
    counter!(EXITS_REFUSED).increment(1);
}

/// Counts answers that were not written, because the store had changed or a trade was no longer in time.
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use metrics::with_local_recorder;
    use metrics_util::debugging::{DebugValue, DebuggingRecorder};

    use super::*;

    /// Returns the values of all metrics after some events, with the names and labels of the metrics.
    fn after(events: impl FnOnce()) -> BTreeMap<String, String> {
        let recorder = DebuggingRecorder::new();
        let snapshotter = recorder.snapshotter();
        with_local_recorder(&recorder, events);
        let values = snapshotter.snapshot().into_vec().into_iter();
        let values = values.map(|(key, _, _, value)| {
            let labels = key.key().labels();
            let labels: String = labels
                .map(|it| format!(" {}={}", it.key(), it.value()))
                .collect();
            let value = match value {
                DebugValue::Counter(count) => count.to_string(),
                DebugValue::Gauge(value) => value.to_string(),
                DebugValue::Histogram(values) => format!("{values:?}"),
            };
            (format!("{}{labels}", key.key().name()), value)
        });
        values.collect()
    }

    #[track_caller]
    fn check(events: impl FnOnce(), expected: &[(&str, &str)]) {
        let expected = expected
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        assert_eq!(after(events), expected.collect());
    }

    #[test]
    fn each_event_changes_its_metric() {
        check(
            || answered("SKIP", "HALT"),
            &[("portcullis_decisions_total verdict=SKIP reason=HALT", "1")],
        );
        check(repeated, &[("portcullis_repeated_total", "1")]);
        check(refused_exit, &[("portcullis_exits_refused_total", "1")]);
        check(|| moved(3), &[("portcullis_decided_again_total", "3")]);
        check(
            || write_failed("k"),
            &[("portcullis_write_failed_total key=k", "1")],
        );
        check(|| blocked("s", 2), &[("portcullis_blocked stream=s", "2")]);
        check(|| waiting("s", 4), &[("portcullis_waiting stream=s", "4")]);
        check(
            || skew(SignedDuration::from_micros(-1_500_000)),
            &[("portcullis_clock_skew_seconds", "-1.5")],
        );
    }

    #[test]
    fn the_lag_is_the_time_since_the_id_of_the_entry() {
        let now = Timestamp::from_millis(1_767_571_202_500).unwrap();
        let lag = "portcullis_answer_lag_seconds stream=s";
        check(
            || super::lag("s", "1767571200000-3", now),
            &[(lag, "[2.5]")],
        );
        check(|| super::lag("s", "x-3", now), &[]);
    }

    #[test]
    fn counters_of_alerts_start_at_zero() {
        let zero = [
            "portcullis_decided_again_total",
            "portcullis_decisions_total verdict=SKIP reason=CLOCK_UNTRUSTED",
            "portcullis_decisions_total verdict=SKIP reason=DENY_NOT_EXIT_OWNER",
            "portcullis_decisions_total verdict=SKIP reason=POLICY_CONSTRAINT_VIOLATION",
            "portcullis_exits_refused_total",
            "portcullis_repeated_total",
            "portcullis_shadow_records_dropped_total",
        ];
        check(describe, &zero.map(|name| (name, "0")));
    }
}
