//! The Redis keys of a policy store.

/// The policy: a hash of its fields, as texts.
pub const POLICY: &str = "quantum:policy:current";
/// The policy set and the policies of its arms: a text.
pub const POLICY_SET: &str = "quantum:policy:set";
/// The prefix of the results of an arm: a hash with `closed_trades`, `compared`, `agreed` and `drawdown`. The hash of the
/// arm's policy follows the prefix.
pub const ARM_RESULTS: &str = "quantum:policy:arm:";
/// The publication history: a stream.
pub const HISTORY: &str = "quantum:policy:history";
/// The end of the audit log, and the highest sequence: a hash.
pub const HEAD: &str = "quantum:policy:head";
/// The update notifications: a stream with the `event` and the `timestamp` of every publication and release, and the
/// `version` of a publication.
pub const UPDATES: &str = "quantum:stream:policy.update";
/// The audit log: a stream.
pub const AUDIT: &str = "quantum:stream:policy.audit";
/// The halts: a set of symbols, or of `*`. A key of another type halts everything.
pub const HALTS: &str = "quantum:halt";
/// The names that a halt has added and no resume has removed: a set like [`HALTS`]. A name that is only in this set
/// stays halted: the server has evicted [`HALTS`], or another program has removed the name there.
pub const RECORDED_HALTS: &str = "quantum:policy:halted";
/// The lease of the updater: a text, the token of the instance that holds it. It expires.
pub const UPDATER_LEASE: &str = "quantum:policy:updater:lease";
/// The state of the updater: a text.
pub const UPDATER_STATE: &str = "quantum:policy:updater:state";
