//! Tests of the decision counter.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    with_local_recorder,
};
use portcullis::{
    answer::{Answer, Detail, RecordKind},
    decide::SkipCode,
};
use portcullis_store::record_answer;

/// A recorder that keeps every counter with its name and labels.
#[derive(Default)]
struct Counters(Mutex<Vec<(String, Arc<AtomicU64>)>>);

impl Recorder for Counters {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let labels: Vec<_> = key
            .labels()
            .map(|label| format!("{}={}", label.key(), label.value()))
            .collect();
        let count = Arc::new(AtomicU64::new(0));
        let name = format!("{} {}", key.name(), labels.join(" "));
        self.0.lock().unwrap().push((name, Arc::clone(&count)));
        Counter::from_arc(count)
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[test]
fn an_answer_is_counted_by_verdict_and_reason() {
    let counters = Counters::default();
    with_local_recorder(&counters, || {
        record_answer(&Answer::policy_withdrawn());
        record_answer(&Answer::refused(
            RecordKind::Position,
            SkipCode::HarvestInvalidInput,
            Detail::Text("no symbol"),
        ));
    });
    let counted: Vec<_> = counters
        .0
        .lock()
        .unwrap()
        .iter()
        .map(|(name, count)| format!("{name}: {}", count.load(Ordering::Relaxed)))
        .collect();
    assert_eq!(
        counted,
        [
            "portcullis_decisions_total verdict=POLICY reason=: 1",
            "portcullis_decisions_total verdict=SKIP reason=HARVEST_INVALID_INPUT: 1",
        ]
    );
}
