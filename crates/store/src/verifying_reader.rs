//! A reader that accepts only trusted policies.

use super::TrustedKeys;
use super::{LoadError, PolicySetError, PolicyStore, SequenceGuard, Stored, StoredSet};
use portcullis::policy::Policy;

/// A reader that accepts a policy only if it is authentic and not older than the policies that it has seen.
#[derive(Debug)]
pub struct VerifyingReader<S> {
    store: S,
    guard: SequenceGuard,
    keys: TrustedKeys,
    requires_noeviction: bool,
}

impl<S: PolicyStore> VerifyingReader<S> {
    /// Creates a reader that remembers sequences in `guard` and does not check signatures.
    #[must_use]
    pub const fn new(store: S, guard: SequenceGuard) -> Self {
        Self {
            store,
            guard,
            keys: TrustedKeys::none(),
            requires_noeviction: false,
        }
    }

    /// Sets the trusted keys: only policies that one of `keys` signed are accepted. An empty set
    /// turns the check off.
    #[must_use]
    pub fn with_trusted_keys(mut self, keys: TrustedKeys) -> Self {
        self.keys = keys;
        self
    }

    /// Requires a store that deletes no content on its own ([`PolicyStore::eviction`]). A [`Feed`](super::Feed) with
    /// this reader has no policy as long as the store may delete some, or as long as this is unknown.
    #[must_use]
    pub const fn with_required_noeviction(mut self) -> Self {
        self.requires_noeviction = true;
        self
    }

    /// Returns true if the reader requires a store that deletes no content on its own.
    #[must_use]
    pub const fn requires_noeviction(&self) -> bool {
        self.requires_noeviction
    }

    /// Returns the store.
    #[must_use]
    pub const fn store(&self) -> &S {
        &self.store
    }

    /// Loads the policy ([`PolicyStore::load`]) and checks it ([`Self::admit`]).
    ///
    /// # Errors
    /// Returns the errors of these two methods.
    pub fn load(&self) -> Result<Policy, LoadError> {
        let stored = self.store.stored()?;
        self.admit_stored(&stored).map_err(|error| match error {
            LoadError::Absent(refusal) => self.store.explain_refusal(&stored, refusal).into(),
            LoadError::Store(error) => error.into(),
        })
    }

    /// Validates content that was read from the store, and checks the policy ([`Self::admit`]).
    ///
    /// # Errors
    /// Returns an error if there is no content or it is not a valid policy; otherwise the errors of [`Self::admit`].
    pub fn admit_stored(&self, stored: &Stored) -> Result<Policy, LoadError> {
        let policy = stored.policy()?;
        self.admit(&policy)?;
        Ok(policy)
    }

    /// Parses the text of a policy set, and checks that it is authentic and not older than the previous ones.
    ///
    /// # Errors
    /// Returns an error if the text is not a policy set with its policies, no trusted key signed it or the policy of an
    /// arm, a later set was seen, or its sequence cannot be saved.
    pub fn admit_set(&self, text: &str) -> Result<StoredSet, PolicySetError> {
        let set = StoredSet::from_json(text)?;
        set.verify(&self.keys)?;
        self.guard.admit_set(set.set())?;
        Ok(set)
    }

    /// Checks that the policy is authentic and not older than the previous ones, and remembers its
    /// sequence.
    ///
    /// # Errors
    /// Returns an error if no trusted key signed the policy, if a later policy was seen, or if the
    /// sequence cannot be saved.
    pub fn admit(&self, policy: &Policy) -> Result<(), LoadError> {
        self.keys.verify(policy)?;
        self.guard.admit(policy)
    }
}
