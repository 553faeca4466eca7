//! Keys that more than one command knows.

use portcullis::domain::PolicyHash;

/// Where the store keeps the policy.
pub(crate) const CURRENT_POLICY: &str = "quantum:policy:current";
/// Where the store keeps what is halted.
pub(crate) const HALTS: &str = "quantum:halt";

/// Where a bridge keeps a policy that it decided by.
pub(crate) fn kept_policy_key(prefix: &str, hash: PolicyHash) -> String {
    format!("{prefix}:policy:{hash}")
}
