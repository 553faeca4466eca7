//! Policies that were decided by are kept, whoever published them: a recording holds them beside the answers.

use portcullis::{domain::PolicyHash, policy::Policy};
use redis::{Connection, RedisResult};

use crate::service::kept_policy_key;

/// Keeps a policy once.
#[derive(Default)]
pub(super) struct Keeper {
    /// The one that was kept last. Twins that differ in whether they state their hash are two.
    last: Option<(PolicyHash, bool)>,
}

impl Keeper {
    /// Writes a policy down whole, for good, unless it was the last one to be.
    pub(super) fn keep(
        &mut self,
        policy: &Policy,
        prefix: &str,
        connection: &mut Connection,
    ) -> RedisResult<()> {
        let identity = (policy.hash(), policy.states_hash());
        if self.last == Some(identity) {
            return Ok(());
        }
        let key = kept_policy_key(prefix, policy.hash());
        let mut step = redis::pipe();
        step.atomic().cmd("DEL").arg(&key);
        let hash = step.cmd("HSET").arg(&key);
        for (name, value) in policy.fields() {
            hash.arg(name).arg(value);
        }
        step.query::<()>(connection)?;
        self.last = Some(identity);
        Ok(())
    }
}
