//! A policy set with the policies that it names.

use portcullis::{
    policy::{Policy, PolicyState},
    types::PolicyHash,
};
use portcullis_rollout::{PolicySet, Rollout};
use thiserror::Error;

use super::timeline::Timeline;

/// A policy set with its live policy and the policies of its arms.
#[derive(Debug, Clone)]
pub struct LoadedSet {
    set: PolicySet,
    live: Policy,
    /// The policies of the arms, in their order.
    arms: Vec<Policy>,
}

/// The error of a set whose policies are not exactly those that were given.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LoadedSetError {
    /// No policy has a hash that the set names.
    #[error(
        "no file contains the policy {hash}, which is {role} of the policy set (`{path}`); add its file"
    )]
    Missing {
        /// The hash of the policy.
        hash: PolicyHash,
        /// The role of the policy, with an article: `the live policy`, `a canary` or `a shadow`.
        role: &'static str,
        /// The path of the hash in the set.
        path: String,
    },
    /// The set does not name a policy.
    #[error("the policy set does not name the policy {hash} of `{name}`; remove the file")]
    NotNamed {
        /// The name of the policy for messages.
        name: String,
        /// The hash of the policy.
        hash: PolicyHash,
    },
    /// Two policies have the same hash.
    #[error("`{first}` and `{second}` contain the same policy {hash}; remove one of the files")]
    Duplicate {
        /// The name of the first of the two policies.
        first: String,
        /// The name of the second one.
        second: String,
        /// The hash of both.
        hash: PolicyHash,
    },
}

impl LoadedSet {
    /// Combines a set with its policies, each given with a name for messages.
    ///
    /// # Errors
    /// Returns an error if two policies have the same hash, if the set does not name a policy, or if the policy of a hash
    /// is not among the given ones.
    pub fn new(set: PolicySet, policies: Vec<(String, Policy)>) -> Result<Self, LoadedSetError> {
        let mut checked: Vec<(String, Policy)> = Vec::new();
        for (name, policy) in policies {
            let hash = policy.hash();
            if let Some((first, _)) = checked.iter().find(|(_, other)| other.hash() == hash) {
                let (first, second) = (first.clone(), name);
                return Err(LoadedSetError::Duplicate {
                    first,
                    second,
                    hash,
                });
            }
            if !set.hashes().any(|(_, named)| named == hash) {
                return Err(LoadedSetError::NotNamed { name, hash });
            }
            checked.push((name, policy));
        }
        let mut take = |hash: PolicyHash| {
            let place = checked.iter().position(|(_, it)| it.hash() == hash);
            let missing = || LoadedSetError::Missing {
                hash,
                role: role(&set, hash),
                path: path(&set, hash),
            };
            place
                .map(|place| checked.swap_remove(place).1)
                .ok_or_else(missing)
        };
        let live = take(set.live())?;
        let arms = set.arms().iter().map(|arm| take(arm.hash()));
        let arms = arms.collect::<Result<_, _>>()?;
        Ok(Self { set, live, arms })
    }

    /// Returns the set.
    #[must_use]
    pub const fn set(&self) -> &PolicySet {
        &self.set
    }

    /// Returns the live policy.
    pub(super) const fn live(&self) -> &Policy {
        &self.live
    }

    /// Returns the rollout. `state` returns the state of a policy that is present.
    pub(super) fn rollout<'a>(
        &'a self,
        state: impl Fn(PolicyState<'a>) -> PolicyState<'a>,
    ) -> Rollout<'a> {
        Rollout::new(&self.set, |hash| {
            let mut policies = std::iter::once(&self.live).chain(&self.arms);
            let policy = policies.find(|policy| policy.hash() == hash)?;
            Some(state(PolicyState::present(policy)))
        })
    }

    /// Returns a timeline in which the live policy is active from the beginning. It also contains the policies of the
    /// canaries, so that their answers and symbols are counted.
    pub(super) fn timeline(&self) -> Timeline {
        let mut timeline = Timeline::new(Ok(self.live.clone()));
        let arms = self.set.arms().iter().zip(&self.arms);
        for (_, policy) in arms.filter(|(arm, _)| !arm.is_shadow()) {
            timeline.add(policy.clone());
        }
        timeline
    }
}

/// Returns the role of a policy in a set.
fn role(set: &PolicySet, hash: PolicyHash) -> &'static str {
    match set.arm(hash) {
        None => "the live policy",
        Some(arm) if arm.is_shadow() => "a shadow",
        Some(_) => "a canary",
    }
}

/// Returns the path of a hash in a set.
fn path(set: &PolicySet, hash: PolicyHash) -> String {
    let mut hashes = set.hashes();
    let found = hashes.find(|(_, named)| *named == hash);
    found.map_or_else(String::new, |(path, _)| path)
}
