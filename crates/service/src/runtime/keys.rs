//! Redis keys that more than one command uses.

use portcullis::types::PolicyHash;

/// Key of the published policy.
pub(crate) const CURRENT_POLICY: &str = "quantum:policy:current";
/// Key of the halted symbols.
pub(crate) const HALTS: &str = "quantum:halt";

/// Returns the key under which a bridge stores a policy that a decision used.
pub(crate) fn kept_policy_key(prefix: &str, hash: PolicyHash) -> String {
    format!("{prefix}:policy:{hash}")
}
