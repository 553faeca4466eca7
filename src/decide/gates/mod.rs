//! One file a gate. Each takes what the gates before it found, and answers with what it found or with the
//! evidence against: a gate cannot be asked before its turn, because it lacks what the others give.

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
