//! Publications, rollbacks and receipts.

use std::collections::BTreeMap;

use super::{
    ArmPolicy, Operator, PolicySigner, PublicationId, PublishConditions, PublishError, StoredArm,
    field_map::epoch_text,
};
use portcullis::{
    guardrails::{ConstraintViolation, Guardrails},
    policy::{Policy, canonical_hash, field},
    types::{PolicyHash, Timestamp},
};

/// A policy that the guardrails permit to be published. The constructors check the guardrails.
#[derive(Debug, Clone)]
pub struct Publication {
    policy: Policy,
    operator: Operator,
    at: Timestamp,
    rollback_of: Option<PolicyHash>,
    promotion_of: Option<PolicyHash>,
    code: Option<&'static str>,
    signer: Option<PolicySigner>,
    evidence: PublicationEvidence,
    conditions: Option<PublishConditions>,
}

/// Documents that are stored with a publication, for later review. The audit log contains their digests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PublicationEvidence {
    /// The origin of each field of the policy, as JSON.
    pub derivation: Option<String>,
    /// The result of the publish gate, as JSON.
    pub gate: Option<String>,
}

impl Publication {
    /// Checks a policy against the guardrails at the time of the publication.
    ///
    /// When it is published, a policy without a `policy_seq` gets the next sequence, and a policy
    /// without a `policy_hash` gets its hash.
    ///
    /// # Errors
    /// Returns every guardrail that the policy violates ([`Guardrails::violations`]), or an error
    /// if the policy has already expired.
    pub fn new(
        policy: Policy,
        guardrails: &Guardrails,
        operator: Operator,
        now: Timestamp,
    ) -> Result<Self, PublishError> {
        let begin = policy.valid_from().map_or(now, |from| from.max(now));
        if policy.valid_until() < begin {
            return Err(PublishError::NeverInForce {
                valid_until: policy.valid_until(),
                now: begin,
            });
        }
        // The check assumes that the policy states a hash, because a publication adds a missing
        // hash.
        let violations: Vec<_> = guardrails
            .violations(&policy, Some(now))
            .filter(|violation| *violation != ConstraintViolation::NoHash)
            .map(ConstraintViolation::into_owned)
            .collect();
        if !violations.is_empty() {
            return Err(PublishError::ConstraintViolation(violations));
        }
        Ok(Self {
            policy,
            operator,
            at: now,
            rollback_of: None,
            promotion_of: None,
            code: None,
            signer: None,
            evidence: PublicationEvidence::default(),
            conditions: None,
        })
    }

    /// Signs the published policy with `signer`. The new signature replaces an existing one.
    #[must_use]
    pub fn with_signer(mut self, signer: PolicySigner) -> Self {
        self.signer = Some(signer);
        self
    }

    /// Stores documents with the publication.
    #[must_use]
    pub fn with_evidence(mut self, evidence: PublicationEvidence) -> Self {
        self.evidence = evidence;
        self
    }

    /// Publishes only if these conditions are met at the moment of the publication.
    #[must_use]
    pub fn with_conditions(mut self, conditions: PublishConditions) -> Self {
        self.conditions = Some(conditions);
        self
    }

    /// Sets the code of the reason for a promotion, for the audit log.
    pub(super) const fn with_code(mut self, code: Option<&'static str>) -> Self {
        self.code = code;
        self
    }

    /// Creates a publication of an earlier policy, in force immediately and until `valid_until`.
    ///
    /// # Errors
    /// Returns an error if the fields are not a valid policy, if it would never be in force, or if it violates the
    /// guardrails.
    pub fn again(earlier: &Policy, rollback: &Rollback<'_>) -> Result<Self, PublishError> {
        let mut publication = Self::renewed(earlier, rollback)?;
        publication.rollback_of = Some(earlier.hash());
        Ok(publication)
    }

    /// Creates a publication of the policy of an arm that is promoted, in force immediately and until `valid_until`.
    ///
    /// # Errors
    /// Returns the same errors as [`Self::again`].
    pub fn of_arm(arm: &StoredArm, terms: &Rollback<'_>) -> Result<Self, PublishError> {
        let mut publication = Self::renewed(arm.policy(), terms)?;
        publication.promotion_of = Some(arm.policy().hash());
        Ok(publication)
    }

    /// Returns the policy for an arm of a policy set, with its hash and, if there is a signer, its signature. It has no
    /// sequence, because the sequence of the set orders its arms.
    ///
    /// # Errors
    /// Returns an error if the policy is signed for another hash.
    pub fn arm_policy(&self) -> Result<ArmPolicy, PublishError> {
        let fields = self.policy.fields().clone();
        Ok(ArmPolicy(self.sealed(fields)?))
    }

    fn renewed(earlier: &Policy, rollback: &Rollback<'_>) -> Result<Self, PublishError> {
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
        publication.signer = rollback.signer.cloned();
        Ok(publication)
    }

    /// Returns the policy as it was passed to the constructor.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Returns the operator who publishes the policy.
    #[must_use]
    pub const fn operator(&self) -> &Operator {
        &self.operator
    }

    /// Returns the time of the publication.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// Returns the documents that are stored with the publication.
    #[must_use]
    pub const fn evidence(&self) -> &PublicationEvidence {
        &self.evidence
    }

    /// Returns the conditions of the publication.
    #[must_use]
    pub const fn conditions(&self) -> Option<&PublishConditions> {
        self.conditions.as_ref()
    }

    /// Returns the hash of the earlier publication, if this one is a rollback.
    #[must_use]
    pub const fn rollback_of(&self) -> Option<PolicyHash> {
        self.rollback_of
    }

    /// Returns the hash of the arm, if this publication is the promotion of one.
    #[must_use]
    pub const fn promotion_of(&self) -> Option<PolicyHash> {
        self.promotion_of
    }

    pub(super) const fn code(&self) -> Option<&'static str> {
        self.code
    }

    pub(super) const fn signer(&self) -> Option<&PolicySigner> {
        self.signer.as_ref()
    }

    /// Returns the policy to store. It has a sequence above `highest`, its hash, and a signature if
    /// there is a signer.
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
        self.sealed(fields)
    }

    /// Returns the policy with these fields and their hash, signed if there is a signer.
    fn sealed(&self, mut fields: BTreeMap<String, String>) -> Result<Policy, PublishError> {
        let hash = canonical_hash(fields.iter().map(|(k, v)| (k.as_str(), v.as_str())));
        fields.insert(field::POLICY_HASH.to_owned(), hash.to_string());
        if let Some(signer) = &self.signer {
            fields.insert(field::POLICY_SIG.to_owned(), signer.sign(hash));
        }
        Ok(Policy::from_fields(fields)?)
    }

    const fn signs(&self) -> bool {
        self.signer.is_some()
    }
}

/// The arguments of a rollback, which publishes an earlier policy again with the next sequence, in force immediately.
#[derive(Debug, Clone)]
pub struct Rollback<'a> {
    /// The earlier publication whose policy is published again.
    pub publication: PublicationId,
    /// The new expiry. The expiry of the earlier publication is not used.
    pub valid_until: Timestamp,
    /// The current operator limits.
    pub guardrails: &'a Guardrails,
    /// The operator who rolls back.
    pub operator: Operator,
    /// The time of the rollback.
    pub now: Timestamp,
    /// The signer of the new publication. The old signature is not valid for it.
    pub signer: Option<&'a PolicySigner>,
}

/// The result of a publication.
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

    /// Returns the policy as it is stored.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Returns the hash of the policy, which the next writer must pass as `expected`.
    #[must_use]
    pub const fn hash(&self) -> PolicyHash {
        self.policy.hash()
    }

    /// Returns the sequence of the policy.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// Returns one text for each repair that was made before or after this publication. A repair undoes or completes a
    /// change that was interrupted, for example by a crash.
    #[must_use]
    pub fn repairs(&self) -> &[String] {
        &self.repairs
    }
}
