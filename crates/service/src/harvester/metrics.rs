//! Metrics of the harvester.

use metrics::{counter, gauge};
use portcullis::{decide::SkipCode, harvest::HarvestAction};

use crate::metrics::{
    HARVEST_PROPOSALS, HARVEST_REFUSED, OPEN_POSITIONS, POSITIONS_WITHOUT_POLICY,
};

pub(super) fn positions(open: usize, without_policy: usize) {
    gauge!(OPEN_POSITIONS).set(float(open));
    gauge!(POSITIONS_WITHOUT_POLICY).set(float(without_policy));
}

pub(super) fn proposed(action: HarvestAction) {
    counter!(HARVEST_PROPOSALS, "action" => action.as_str()).increment(1);
}

pub(super) fn refused(reason: SkipCode) {
    counter!(HARVEST_REFUSED, "reason" => reason.code()).increment(1);
}

fn float(count: usize) -> f64 {
    u32::try_from(count).unwrap_or(u32::MAX).into()
}

#[cfg(test)]
mod tests {
    use metrics_util::debugging::{DebugValue, DebuggingRecorder};

    use super::*;

    #[test]
    fn names_and_labels() {
        let recorder = DebuggingRecorder::new();
        metrics::with_local_recorder(&recorder, || {
            positions(3, 2);
            proposed(HarvestAction::Partial25);
            refused(SkipCode::HarvestMissingStop);
            refused(SkipCode::HarvestMissingStop);
        });
        let snapshot = recorder.snapshotter().snapshot().into_vec();
        let mut found: Vec<String> = snapshot
            .into_iter()
            .map(|(key, _, _, value)| {
                let labels = key.key().labels();
                let labels: Vec<String> = labels
                    .map(|label| format!("{}={}", label.key(), label.value()))
                    .collect();
                let value = match value {
                    DebugValue::Counter(count) => count.to_string(),
                    DebugValue::Gauge(gauge) => gauge.to_string(),
                    DebugValue::Histogram(_) => panic!("there is no histogram"),
                };
                format!("{} {} {value}", key.key().name(), labels.join(","))
            })
            .collect();
        found.sort();
        assert_eq!(
            found,
            [
                "portcullis_harvest_proposals_total action=PARTIAL_25 1",
                "portcullis_harvest_refused_total reason=HARVEST_MISSING_STOP 2",
                "portcullis_open_positions  3",
                "portcullis_positions_without_policy  2",
            ]
        );
    }
}
