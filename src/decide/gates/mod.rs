//! The gates, one per file. Each takes the results of earlier gates, and returns its own result or the evidence for a
//! denial. A gate cannot be checked too early, because the results it needs do not exist yet.

pub(super) mod exit_ownership;
pub(super) mod freshness;
pub(super) mod halt;
pub(super) mod in_force;
pub(super) mod leverage;
pub(super) mod limits;
pub(super) mod policy;
pub(super) mod readable;
pub(super) mod size;
pub(super) mod universe;
