//! The stored form of a policy set.

use std::collections::BTreeMap;

use portcullis::{
    policy::{Policy, PolicyState},
    types::PolicyHash,
};
use portcullis_rollout::{PolicySet, Rollout, Schedule};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{PolicySetError, StoredArm};
use crate::{PolicySigner, TrustedKeys};

/// The first bytes of the signed message, so that no other signed message is the same.
const MESSAGE: &str = "portcullis policy set\n";

/// A policy set with the policies of its arms, and its signature. The live policy is stored on its own.
///
/// The signature covers everything: the set, the policies, the times and the schedules.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredSet {
    pub(crate) set: PolicySet,
    /// One for each arm of the set, in the same order.
    pub(crate) arms: Vec<StoredArm>,
    signature: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SetDocument<'a> {
    format: u32,
    #[serde(borrow)]
    set: &'a RawValue,
    arms: BTreeMap<String, ArmDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ArmDocument {
    policy: BTreeMap<String, String>,
    since: String,
    closed_before: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule: Option<Box<RawValue>>,
}

impl StoredSet {
    /// Combines a set with its arms: those of `arms` that the set names.
    pub(crate) fn new(set: PolicySet, arms: &[StoredArm], signer: Option<&PolicySigner>) -> Self {
        let stored = |hash| arms.iter().find(|arm| arm.policy.hash() == hash).cloned();
        let mut new = Self {
            arms: set
                .arms()
                .iter()
                .filter_map(|arm| stored(arm.hash()))
                .collect(),
            set,
            signature: None,
        };
        new.signature = signer.map(|signer| signer.sign_message(&new.message()));
        new
    }

    /// Parses the text of [`Self::to_json`].
    ///
    /// # Errors
    /// Returns an error if the text has another format, the set or a policy is not valid, or the policies are not those of
    /// the arms.
    pub fn from_json(text: &str) -> Result<Self, PolicySetError> {
        let invalid = |why: String| PolicySetError::Invalid(why);
        let document: SetDocument<'_> =
            serde_json::from_str(text).map_err(|error| invalid(error.to_string()))?;
        if document.format != 1 {
            return Err(invalid(format!(
                "format {} is not supported; this version reads format 1",
                document.format
            )));
        }
        let set = PolicySet::from_json(document.set.get());
        let set = set.map_err(|error| invalid(error.to_string()))?;
        let mut documents = document.arms;
        let mut arms = Vec::new();
        for arm in set.arms() {
            let hash = arm.hash();
            let Some(document) = documents.remove(&hash.to_string()) else {
                return Err(invalid(format!("the policy of the arm {hash} is missing")));
            };
            let stored = document.read();
            let stored = stored.map_err(|why| invalid(format!("arm {hash}: {why}")))?;
            if stored.policy.hash() != hash {
                return Err(invalid(format!(
                    "the policy of the arm {hash} has the hash {}",
                    stored.policy.hash()
                )));
            }
            arms.push(stored);
        }
        match documents.keys().next() {
            Some(hash) => Err(invalid(format!("the set has no arm with the hash {hash}"))),
            None => Ok(Self {
                set,
                arms,
                signature: document.signature,
            }),
        }
    }

    /// Returns the text for a store, on one line.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.text(self.signature.clone())
    }

    /// Returns the set.
    #[must_use]
    pub const fn set(&self) -> &PolicySet {
        &self.set
    }

    /// Returns the stored arms, in the order of the set.
    #[must_use]
    pub fn arms(&self) -> &[StoredArm] {
        &self.arms
    }

    /// Returns the stored arm with this hash.
    #[must_use]
    pub fn arm(&self, hash: PolicyHash) -> Option<&StoredArm> {
        self.arms.iter().find(|arm| arm.policy.hash() == hash)
    }

    /// Returns true if the set has a signature, which may be invalid.
    #[must_use]
    pub const fn has_signature(&self) -> bool {
        self.signature.is_some()
    }

    /// Returns true if this signer has signed the set.
    pub(crate) fn is_signed_by(&self, signer: &PolicySigner) -> bool {
        let signature = self.signature.as_deref();
        signature.is_some_and(|text| signer.has_signed(&self.message(), text))
    }

    /// Combines the set with the live policy. Returns `None` if the set names another live policy, because another writer
    /// has published a policy without changing the set: then no arm applies.
    #[must_use]
    pub fn rollout<'a>(&'a self, live: PolicyState<'a>) -> Option<Rollout<'a>> {
        if live
            .policy()
            .is_ok_and(|policy| policy.hash() != self.set.live())
        {
            return None;
        }
        Some(Rollout::new(&self.set, |hash| {
            if hash == self.set.live() {
                return Some(live);
            }
            self.arm(hash).map(|arm| PolicyState::present(&arm.policy))
        }))
    }

    /// Checks that one of the keys signed the set and the policies of all arms. Without keys, every set passes.
    ///
    /// # Errors
    /// Returns an error if a signature is missing, malformed, for other content, or by another key.
    pub fn verify(&self, keys: &TrustedKeys) -> Result<(), PolicySetError> {
        if keys.is_none() {
            return Ok(());
        }
        let message = self.message();
        let is_signed = |text: &String| keys.have_signed(&message, text);
        if !self.signature.as_ref().is_some_and(is_signed) {
            return Err(PolicySetError::NotSigned);
        }
        for arm in &self.arms {
            if keys.verify(&arm.policy).is_err() {
                return Err(PolicySetError::ArmNotSigned(arm.policy.hash()));
            }
        }
        Ok(())
    }

    /// Returns the signed bytes. Their length is not that of a hash.
    fn message(&self) -> Vec<u8> {
        [MESSAGE, &self.text(None)].concat().into_bytes()
    }

    fn text(&self, signature: Option<String>) -> String {
        let Ok(set) = RawValue::from_string(self.set.to_json()) else {
            return String::new();
        };
        let arms = self.arms.iter();
        let document = SetDocument {
            format: 1,
            set: &set,
            arms: arms
                .map(|arm| (arm.policy.hash().to_string(), ArmDocument::new(arm)))
                .collect(),
            signature,
        };
        // Serialization of texts and whole numbers cannot fail.
        serde_json::to_string(&document).unwrap_or_default()
    }
}

impl ArmDocument {
    fn new(arm: &StoredArm) -> Self {
        let schedule = arm.schedule.as_ref().map(Schedule::to_json);
        Self {
            policy: arm.policy.fields().clone(),
            since: arm.since.to_string(),
            closed_before: arm.closed_before,
            schedule: schedule.and_then(|text| RawValue::from_string(text).ok()),
        }
    }

    fn read(self) -> Result<StoredArm, String> {
        let policy = Policy::from_fields(self.policy).map_err(|error| error.to_string())?;
        let since = self.since.parse();
        let schedule = self.schedule.map(|text| Schedule::from_json(text.get()));
        Ok(StoredArm {
            policy,
            since: since.map_err(|error| format!("`since`: {error}"))?,
            closed_before: self.closed_before,
            schedule: schedule.transpose().map_err(|error| error.to_string())?,
        })
    }
}
