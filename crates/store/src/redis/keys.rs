//! The Redis keys of a policy store.

/// The policy: a hash of its fields, as texts.
pub const POLICY: &str = "quantum:policy:current";
/// The publication history: a stream.
pub const HISTORY: &str = "quantum:policy:history";
/// The end of the audit log, and the highest sequence: a hash.
pub const HEAD: &str = "quantum:policy:head";
/// The update notifications: a stream with `event`, `version` and `timestamp` of every publication.
pub const UPDATES: &str = "quantum:stream:policy.update";
/// The audit log: a stream.
pub const AUDIT: &str = "quantum:stream:policy.audit";
/// The halts: a set of symbols, or of `*`. A key of another type halts everything.
pub const HALTS: &str = "quantum:halt";
/// The halts that a halt has set and no resume has ended: a set with the same names. A name that is missing in [`HALTS`]
/// stays in effect: the server has evicted it, or another program has removed it.
pub const RECORDED_HALTS: &str = "quantum:policy:halted";
