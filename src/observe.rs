//! What was decided, counted and told (feature `feed`).
//!
//! `portcullis_decisions_total` counts answers by `verdict` and `reason`; where nothing was skipped the
//! reason is empty. A skip is a line as well, `SKIP POLICY_STALE: …`, at the level of information: what operators
//! search for.
//!
//! Counting goes through the crate `metrics`, lines through `tracing`: a program that installs neither pays next
//! to nothing. An observer is given an answer that was made, and cannot change it.

use metrics::counter;
use tracing::info;

use crate::answer::Answer;

/// Counts an answer; of a skip tells why.
///
/// ```
/// use portcullis::{answer::Answer, decide::Decision, observe};
///
/// fn observed(decision: &Decision<'_>) {
///     observe::answer(&Answer::decision(decision));
/// }
/// ```
pub fn answer(answer: &Answer<'_>) {
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
