//! Storage of the policies that decisions used, so that a recording can include them.

use portcullis::{policy::Policy, types::PolicyHash};
use redis::{Connection, RedisResult, Script};

use crate::keys;

/// Script that replaces the whole Redis hash or changes nothing. A policy with the field
/// `policy_hash` replaces an equal policy without it, because it has one more field. It is never
/// replaced by an equal policy without the field.
const STORE: &str = "
if ARGV[1] == 'states hash' or redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('DEL', KEYS[1])
  for i = 2, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
end";

/// Storage of used policies. Each policy is stored once.
pub(super) struct PolicyArchive {
    script: Script,
    /// The hash of the policy that was stored last, and whether the policy states it.
    last: Option<(PolicyHash, bool)>,
}

impl PolicyArchive {
    pub(super) fn new() -> Self {
        Self {
            script: Script::new(STORE),
            last: None,
        }
    }

    /// Returns true if this policy is the one that was stored last.
    pub(super) fn is_stored(&self, policy: &Policy) -> bool {
        self.last == Some(identity(policy))
    }

    /// Forgets the last policy, because the server may have lost it.
    pub(super) const fn forget(&mut self) {
        self.last = None;
    }

    /// Stores all fields of a policy. The key does not expire.
    pub(super) fn store(
        &mut self,
        policy: &Policy,
        prefix: &str,
        connection: &mut Connection,
    ) -> RedisResult<()> {
        let mut call = self.script.key(keys::used_policy(prefix, policy.hash()));
        call.arg(if policy.states_hash() {
            "states hash"
        } else {
            ""
        });
        for (name, value) in policy.fields() {
            call.arg(name).arg(value);
        }
        call.invoke::<()>(connection)?;
        self.last = Some(identity(policy));
        Ok(())
    }
}

fn identity(policy: &Policy) -> (PolicyHash, bool) {
    (policy.hash(), policy.states_hash())
}
