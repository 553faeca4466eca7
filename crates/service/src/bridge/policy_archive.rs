//! Storage of the policies that decisions used, so that a recording can include them.

use std::collections::VecDeque;

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
    /// The hashes of the policies that were stored last, oldest first, and whether each policy states its hash.
    last: VecDeque<(PolicyHash, bool)>,
}

/// The number of policies that are remembered as stored: more than a policy set usually has.
const REMEMBERED: usize = 8;

impl PolicyArchive {
    pub(super) fn new() -> Self {
        Self {
            script: Script::new(STORE),
            last: VecDeque::new(),
        }
    }

    /// Returns true if this policy is one of those that were stored last.
    pub(super) fn is_stored(&self, policy: &Policy) -> bool {
        self.last.contains(&identity(policy))
    }

    /// Forgets the stored policies, because the server may have lost them.
    pub(super) fn forget(&mut self) {
        self.last.clear();
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
        if self.last.len() >= REMEMBERED {
            self.last.pop_front();
        }
        self.last.push_back(identity(policy));
        Ok(())
    }
}

fn identity(policy: &Policy) -> (PolicyHash, bool) {
    (policy.hash(), policy.states_hash())
}
