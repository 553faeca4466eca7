//! The names of the metrics of the services. The metrics of the policy feed are in
//! [`portcullis_store::metrics`].

pub use portcullis_store::metrics::DECISIONS;

/// Counter: deliveries of intents that were already answered.
pub const REPEATED: &str = "portcullis_repeated_total";
/// Counter: answers that were decided again, because the policy or the halts had changed at the time of the write, or
/// because a trade was no longer in time.
pub const DECIDED_AGAIN: &str = "portcullis_decided_again_total";
/// Counter: exits that the executor of the profile cannot carry out.
pub const EXITS_REFUSED: &str = "portcullis_exits_refused_total";
/// Histogram by `stream`: seconds from the time in the id of an entry to its answer.
pub const ANSWER_LAG: &str = "portcullis_answer_lag_seconds";
/// Gauge by `stream`: entries without an answer.
pub const WAITING: &str = "portcullis_waiting";
/// Counter by `key`: answers that could not be written because of this key. An answer is counted at each attempt.
pub const WRITE_FAILED: &str = "portcullis_write_failed_total";
/// Gauge by `stream`: entries whose answers could not be written yet.
pub const BLOCKED: &str = "portcullis_blocked";
/// Gauge: lower bound in seconds of the difference between this clock and the server's.
pub const CLOCK_SKEW: &str = "portcullis_clock_skew_seconds";

/// Counter by `agreement`: answers of shadow arms, compared with the answers that count.
pub const SHADOWS: &str = "portcullis_shadow_answers_total";
/// Counter: batches in which the server rejected records of shadow arms.
pub const SHADOWS_DROPPED: &str = "portcullis_shadow_records_dropped_total";
/// Counter by `arm_reason`: answers that an arm decided, or that the live policy decided although an arm was assigned.
pub const ARM_ANSWERS: &str = "portcullis_arm_answers_total";

/// Gauge: open positions.
pub const OPEN_POSITIONS: &str = "portcullis_open_positions";
/// Gauge: open positions without harvest parameters in force.
pub const POSITIONS_WITHOUT_POLICY: &str = "portcullis_positions_without_policy";
/// Counter by `action`: harvest proposals written.
pub const HARVEST_PROPOSALS: &str = "portcullis_harvest_proposals_total";
/// Counter by `reason`: positions that could not be evaluated. A position is counted again only if its reason changes.
pub const HARVEST_REFUSED: &str = "portcullis_harvest_refused_total";
