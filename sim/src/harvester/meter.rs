//! What is counted.
//!
//! | name | kind | labels |
//! |---|---|---|
//! | `portcullis_open_positions` | gauge | |
//! | `portcullis_positions_without_policy` | gauge | |
//! | `portcullis_harvest_proposals_total` | counter | `action` |
//! | `portcullis_harvest_refused_total` | counter | `reason`; once a change, as the log |

use metrics::{counter, gauge};
use portcullis::{decide::Reason, harvest::HarvestAction};

pub(super) fn positions(open: usize, without_policy: usize) {
    gauge!("portcullis_open_positions").set(float(open));
    gauge!("portcullis_positions_without_policy").set(float(without_policy));
}

pub(super) fn proposed(action: HarvestAction) {
    counter!("portcullis_harvest_proposals_total", "action" => action.as_str()).increment(1);
}

pub(super) fn refused(reason: Reason) {
    counter!("portcullis_harvest_refused_total", "reason" => reason.code()).increment(1);
}

fn float(count: usize) -> f64 {
    u32::try_from(count).unwrap_or(u32::MAX).into()
}
