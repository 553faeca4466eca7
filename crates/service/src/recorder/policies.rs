//! Reading of the policies that decisions used.

use std::collections::{HashMap, HashSet};

use portcullis::{policy::Policy, types::PolicyHash};
use portcullis_store::redis::{is_wrong_type, keys::POLICY};
use redis::{Connection, RedisResult};

use super::answers::AnswerRecord;
use crate::keys;

/// The policies of the recorded answers. Each policy is returned once.
pub(super) struct Policies {
    keys: String,
    taken: HashSet<PolicyHash>,
    /// Policies that were read but not returned yet; `None` for a policy that was not found.
    fresh: HashMap<PolicyHash, Option<Policy>>,
}

/// The result of the lookup of a policy.
pub(super) enum Lookup {
    /// The policy, on the first call for its hash.
    Found(Box<Policy>),
    /// The policy is not stored; returned on the first call for its hash.
    NotFound,
    /// An earlier call for this hash returned the policy or [`Self::NotFound`].
    Taken,
}

impl Policies {
    pub(super) fn new(keys: String) -> Self {
        Self {
            keys,
            taken: HashSet::new(),
            fresh: HashMap::new(),
        }
    }

    /// Reads the policies of these answers that were not returned before.
    pub(super) fn find(
        &mut self,
        records: &[AnswerRecord],
        connection: &mut Connection,
    ) -> RedisResult<()> {
        for record in records {
            let hash = match record {
                AnswerRecord::Answer(answered) => answered.policy,
                AnswerRecord::Foreign(_) => None,
            };
            let Some(hash) = hash else { continue };
            if self.taken.contains(&hash) || self.fresh.contains_key(&hash) {
                continue;
            }
            // The bridge's copy is read first. If there is no copy, the published policy may still have this hash.
            let mut found = read(&keys::used_policy(&self.keys, hash), hash, connection)?;
            if found.is_none() {
                found = read(POLICY, hash, connection)?;
            }
            self.fresh.insert(hash, found);
        }
        Ok(())
    }

    /// Returns the policy on the first call for its hash.
    pub(super) fn take(&mut self, hash: PolicyHash) -> Lookup {
        match self.fresh.remove(&hash) {
            None => Lookup::Taken,
            Some(found) => {
                self.taken.insert(hash);
                found.map_or(Lookup::NotFound, |policy| Lookup::Found(Box::new(policy)))
            }
        }
    }
}

/// Reads the policy under a key, if it has this hash.
fn read(key: &str, hash: PolicyHash, connection: &mut Connection) -> RedisResult<Option<Policy>> {
    let reply = redis::cmd("HGETALL")
        .arg(key)
        .query::<Vec<Vec<u8>>>(connection);
    let texts = match reply {
        Err(error) if is_wrong_type(&error) => return Ok(None),
        other => other?,
    };
    let texts: Result<Vec<String>, _> = texts.into_iter().map(String::from_utf8).collect();
    let mut texts = texts.unwrap_or_default().into_iter();
    let mut fields = Vec::new();
    while let (Some(name), Some(value)) = (texts.next(), texts.next()) {
        fields.push((name, value));
    }
    let policy = Policy::from_fields(fields).ok();
    Ok(policy.filter(|policy| policy.hash() == hash))
}
