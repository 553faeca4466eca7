//! The gates, one per file. Each gate takes the results of earlier gates, and returns its own
//! result or the evidence for a denial. A gate cannot be called too early, because the results that
//! it needs do not exist before the earlier gates have passed.
//!
//! The gates are always inlined, so that neither results nor evidence are copied.

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
