//! Keys that more than one command knows.

use portcullis::domain::PolicyHash;

/// Where a bridge keeps a policy that it decided by.
pub(crate) fn kept_policy_key(prefix: &str, hash: PolicyHash) -> String {
    format!("{prefix}:policy:{hash}")
}
