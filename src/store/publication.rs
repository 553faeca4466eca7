//! A policy on its way into a store.

#[cfg(feature = "signature")]
use super::PolicySigner;
use super::{Operator, PublishError, Which, breaches, record::epoch_text};
use crate::{
    domain::{Instant, PolicyHash},
    guardrails::Guardrails,
    policy::{Policy, canonical_hash, field},
};

/// A policy that the operator's guardrails permit to be published. There is no other way to one than to ask
/// them.
#[derive(Debug, Clone)]
pub struct Publication {
    policy: Policy,
    operator: Operator,
    at: Instant,
    rollback_of: Option<PolicyHash>,
    #[cfg(feature = "signature")]
    signer: Option<PolicySigner>,
}

impl Publication {
    /// Asks the guardrails, at the instant of the publication.
    ///
    /// A policy without a `policy_seq` gets the next one when it is published, and one without a `policy_hash`
    /// gets that.
    ///
    /// # Errors
    /// Every guardrail that the policy breaks ([`breaches`]); or nothing is left of its validity.
    pub fn new(
        policy: Policy,
        guardrails: &Guardrails,
        operator: Operator,
        now: Instant,
    ) -> Result<Self, PublishError> {
        let begin = policy.valid_from().map_or(now, |from| from.max(now));
        if policy.valid_until() < begin {
            return Err(PublishError::NeverInForce {
                valid_until: policy.valid_until(),
                now: begin,
            });
        }
        let breaches = breaches(guardrails, &policy, now);
        if !breaches.is_empty() {
            return Err(PublishError::Constraint(breaches));
        }
        Ok(Self {
            policy,
            operator,
            at: now,
            rollback_of: None,
            #[cfg(feature = "signature")]
            signer: None,
        })
    }

    /// Signs what is published, in place of the signature that the policy came with.
    #[cfg(feature = "signature")]
    #[must_use]
    pub fn signed_by(mut self, signer: PolicySigner) -> Self {
        self.signer = Some(signer);
        self
    }

    /// An earlier publication once more, in force at once and until `valid_until`.
    ///
    /// # Errors
    /// The fields would be no policy; it would never be in force; the guardrails do not permit it.
    pub fn again(earlier: &Policy, rollback: &Rollback<'_>) -> Result<Self, PublishError> {
        let mut fields = earlier.fields().clone();
        for name in [
            field::VALID_FROM_EPOCH,
            field::POLICY_SEQ,
            field::POLICY_HASH,
            field::POLICY_SIG,
        ] {
            fields.remove(name);
        }
        fields.insert(
            field::VALID_UNTIL_EPOCH.to_owned(),
            epoch_text(rollback.valid_until),
        );
        let policy = Policy::from_fields(fields)?;
        let operator = rollback.operator.clone();
        let mut publication = Self::new(policy, rollback.guardrails, operator, rollback.now)?;
        publication.rollback_of = Some(earlier.hash());
        #[cfg(feature = "signature")]
        {
            publication.signer = rollback.signer.cloned();
        }
        Ok(publication)
    }

    /// The policy as it came.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Who publishes it.
    #[must_use]
    pub const fn operator(&self) -> &Operator {
        &self.operator
    }

    /// When.
    #[must_use]
    pub const fn at(&self) -> Instant {
        self.at
    }

    /// The hash of the publication that this goes back to, if it goes back to one.
    #[must_use]
    pub const fn rollback_of(&self) -> Option<PolicyHash> {
        self.rollback_of
    }

    /// The policy as it is stored: with a sequence above `highest`, its hash, and a signature where somebody
    /// signs.
    pub(super) fn complete(&self, highest: Option<u64>) -> Result<Policy, PublishError> {
        let mut fields = self.policy.fields().clone();
        match (self.policy.seq(), highest) {
            (Some(offered), Some(highest)) if offered <= highest => {
                return Err(PublishError::SequenceNotHigher { offered, highest });
            }
            (Some(_), _) => {}
            (None, _) if fields.contains_key(field::POLICY_SIG) && !self.signs() => {
                return Err(PublishError::SignedWithoutSequence);
            }
            (None, highest) => {
                let next = match highest {
                    None => 1,
                    Some(highest) => {
                        highest
                            .checked_add(1)
                            .ok_or(PublishError::SequenceNotHigher {
                                offered: highest,
                                highest,
                            })?
                    }
                };
                fields.insert(field::POLICY_SEQ.to_owned(), next.to_string());
            }
        }
        let hash = canonical_hash(fields.iter().map(|(k, v)| (k.as_str(), v.as_str())));
        fields.insert(field::POLICY_HASH.to_owned(), hash.to_string());
        #[cfg(feature = "signature")]
        if let Some(signer) = &self.signer {
            fields.insert(field::POLICY_SIG.to_owned(), signer.sign(hash));
        }
        Ok(Policy::from_fields(fields)?)
    }

    const fn signs(&self) -> bool {
        #[cfg(feature = "signature")]
        return self.signer.is_some();
        #[cfg(not(feature = "signature"))]
        return false;
    }
}

/// How to go back to an earlier publication: as a new one, with the next sequence, in force at once.
#[derive(Debug, Clone)]
pub struct Rollback<'a> {
    /// To which one.
    pub which: Which,
    /// Until when it is valid: an old end says nothing about today.
    pub valid_until: Instant,
    /// What the operator permits today.
    pub guardrails: &'a Guardrails,
    /// Who goes back.
    pub operator: Operator,
    /// When.
    pub now: Instant,
    /// Who signs it; the old signature does not fit a new publication.
    #[cfg(feature = "signature")]
    pub signer: Option<&'a PolicySigner>,
}

/// What was published.
#[derive(Debug, Clone)]
pub struct Receipt {
    policy: Policy,
    seq: u64,
    repairs: Vec<String>,
}

impl Receipt {
    pub(super) const fn new(policy: Policy, seq: u64, repairs: Vec<String>) -> Self {
        Self {
            policy,
            seq,
            repairs,
        }
    }

    /// The policy as it is stored.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Its hash: what the next writer must have seen.
    #[must_use]
    pub const fn hash(&self) -> PolicyHash {
        self.policy.hash()
    }

    /// Its sequence.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// What had to be repaired in the store before, a line each: the remains of a step that was cut short.
    #[must_use]
    pub fn repairs(&self) -> &[String] {
        &self.repairs
    }
}
