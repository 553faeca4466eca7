//! The names of the metrics, and the counting of answers.
//!
//! Counters use the crate `metrics`, log lines the crate `tracing`. If a program installs neither a recorder nor a
//! subscriber, the cost is close to zero. The functions borrow a finished answer and cannot change it.

use metrics::counter;
use tracing::info;

use portcullis::answer::Answer;

/// Counter of answers, by `verdict` and `reason`. The reason is empty unless the verdict is `SKIP`.
pub const DECISIONS: &str = "portcullis_decisions_total";

/// Gauge: 1 if the last read of the policy store succeeded, and 0 otherwise.
pub const CONNECTED: &str = "portcullis_feed_connected";
/// Gauge: the time of the last successful read, in epoch seconds.
pub const LAST_GOOD_READ: &str = "portcullis_feed_last_good_read_timestamp_seconds";
/// Gauge: the time at which the policy was loaded, in epoch seconds; 0 without a policy.
pub const LOADED_AT: &str = "portcullis_policy_loaded_timestamp_seconds";
/// Gauge: the expiry of the policy, in epoch seconds; 0 without a policy.
pub const VALID_UNTIL: &str = "portcullis_policy_valid_until_timestamp_seconds";
/// Counter of the policies that were loaded.
pub const LOADED: &str = "portcullis_policy_loaded_total";
/// Counter of the policies that were removed from the store.
pub const WITHDRAWN: &str = "portcullis_policy_withdrawn_total";
/// Counter of the policies that were rejected, by `reason`.
pub const REFUSED: &str = "portcullis_policy_refused_total";
/// Counter of the policy sets that were rejected.
pub const SETS_REFUSED: &str = "portcullis_policy_sets_refused_total";
/// Gauge: the number of arms of the policy set; 0 without a policy set.
pub const ARMS: &str = "portcullis_policy_set_arms";
/// Gauge: 1 if a halt has disappeared from the store without a resume and stays in effect, and 0 otherwise.
pub const HALTS_KEPT: &str = "portcullis_halts_kept";
/// Gauge: 1 if the server may evict keys, or if this is unknown, and 0 otherwise.
pub const MAY_EVICT: &str = "portcullis_store_may_evict";
/// Gauge: 1 if the store halts entries in some or all symbols, and 0 otherwise.
pub const HALTED: &str = "portcullis_halted";

/// Counts an answer in [`DECISIONS`]. Logs a skip at level `INFO` as `SKIP POLICY_STALE: …`, which operators search
/// for.
///
/// ```
/// use portcullis::{answer::Answer, decide::Decision};
/// use portcullis_store::record_answer;
///
/// fn observed(decision: &Decision<'_>) {
///     record_answer(&Answer::decision(decision));
/// }
/// ```
pub fn record_answer(answer: &Answer<'_>) {
    let reason = answer.reason.map_or("", |reason| reason.code());
    counter!(
        DECISIONS,
        "verdict" => answer.decision.as_str(), "reason" => reason
    )
    .increment(1);
    if let (Some(reason), Some(detail)) = (answer.reason, &answer.detail) {
        info!("SKIP {reason}: {detail}");
    }
}
