//! Metrics and log lines for answers.
//!
//! `portcullis_decisions_total` counts answers by `verdict` and `reason`. The reason is empty unless the verdict is
//! `SKIP`. Each skip is also logged at level `INFO` as `SKIP POLICY_STALE: …`, which operators search for.
//!
//! Counters use the crate `metrics`, log lines the crate `tracing`. If a program installs neither a recorder nor a
//! subscriber, the cost is close to zero. The functions borrow a finished answer and cannot change it.

use metrics::counter;
use tracing::info;

use portcullis::answer::Answer;

/// Counts an answer, and logs the reason of a skip.
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
        "portcullis_decisions_total",
        "verdict" => answer.decision.as_str(), "reason" => reason
    )
    .increment(1);
    if let (Some(reason), Some(detail)) = (answer.reason, &answer.detail) {
        info!("SKIP {reason}: {detail}");
    }
}
