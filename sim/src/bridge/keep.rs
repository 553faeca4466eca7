//! Policies that were decided by are kept, whoever published them: a recording holds them beside the answers.

use portcullis::{domain::PolicyHash, policy::Policy};
use redis::{Connection, RedisResult, Script};

use crate::service::kept_policy_key;

/// All fields, or none. One that states its hash takes the place of its twin that does not, and never the
/// other way round: whoever finds the twin that states it knows both.
const KEEP: &str = "
if ARGV[1] == 'states hash' or redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('DEL', KEYS[1])
  for i = 2, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
end";

/// Keeps a policy once.
pub(super) struct Keeper {
    script: Script,
    /// The one that was kept last, and whether it states its hash.
    last: Option<(PolicyHash, bool)>,
}

impl Keeper {
    pub(super) fn new() -> Self {
        Self {
            script: Script::new(KEEP),
            last: None,
        }
    }

    /// Whether this is the one that was kept last.
    pub(super) fn is_kept(&self, policy: &Policy) -> bool {
        self.last == Some(identity(policy))
    }

    /// The server may have lost what was kept.
    pub(super) const fn forget(&mut self) {
        self.last = None;
    }

    /// Writes a policy down whole, for good.
    pub(super) fn keep(
        &mut self,
        policy: &Policy,
        prefix: &str,
        connection: &mut Connection,
    ) -> RedisResult<()> {
        let mut call = self.script.key(kept_policy_key(prefix, policy.hash()));
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
