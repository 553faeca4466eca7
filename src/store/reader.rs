//! What a reader trusts.

#[cfg(feature = "signature")]
use super::TrustedKeys;
use super::{LoadError, PolicyStore, SequenceGuard};
use crate::policy::Policy;

/// Loads from a store, and takes only what is genuine and no older than what it has seen.
#[derive(Debug)]
pub struct Reader<S> {
    store: S,
    guard: SequenceGuard,
    #[cfg(feature = "signature")]
    keys: TrustedKeys,
}

impl<S: PolicyStore> Reader<S> {
    /// Remembers sequences in `guard`, and trusts any policy.
    #[must_use]
    pub const fn new(store: S, guard: SequenceGuard) -> Self {
        Self {
            store,
            guard,
            #[cfg(feature = "signature")]
            keys: TrustedKeys::none(),
        }
    }

    /// Trusts only what one of `keys` signed, if there are any.
    #[cfg(feature = "signature")]
    #[must_use]
    pub fn trusting(mut self, keys: TrustedKeys) -> Self {
        self.keys = keys;
        self
    }

    /// The store.
    #[must_use]
    pub const fn store(&self) -> &S {
        &self.store
    }

    /// As [`PolicyStore::load`], and [`Self::admit`].
    ///
    /// # Errors
    /// As these.
    pub fn load(&self) -> Result<Policy, LoadError> {
        let policy = self.store.load()?;
        self.admit(&policy)?;
        Ok(policy)
    }

    /// Whether the policy is genuine and no older than those before; if so, its sequence is remembered.
    ///
    /// # Errors
    /// No trusted key signed it; a later one was seen; what was seen cannot be remembered.
    pub fn admit(&self, policy: &Policy) -> Result<(), LoadError> {
        #[cfg(feature = "signature")]
        self.keys.verify(policy)?;
        self.guard.admit(policy)
    }
}
