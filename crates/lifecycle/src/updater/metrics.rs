//! The metrics of the updater.

use metrics::{counter, gauge};
use num_traits::ToPrimitive;

/// Counter by `result`: runs of the updater.
const RUNS: &str = "portcullis_updater_runs_total";
/// Gauge: seconds until the policy in the store expires, at the end of the last run that could read it; negative after the
/// expiry.
const EXPIRES_IN: &str = "portcullis_updater_policy_expires_in_seconds";
/// Counter by `action` and `code`: actions for the arms with a schedule.
const ROLLOUT_ACTIONS: &str = "portcullis_rollout_actions_total";

pub(super) fn rollout(action: &'static str, code: &'static str) {
    counter!(ROLLOUT_ACTIONS, "action" => action, "code" => code).increment(1);
}

pub(super) fn counted(result: &'static str) {
    counter!(RUNS, "result" => result).increment(1);
}

pub(super) fn expiry(left_sec: i64) {
    gauge!(EXPIRES_IN).set(left_sec.to_f64().unwrap_or(f64::MAX));
}
