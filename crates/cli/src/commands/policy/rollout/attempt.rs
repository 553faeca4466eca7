//! An attempt to change the policy set. A refusal is printed, and recorded in the audit log.

use portcullis::types::{PolicyHash, Timestamp};
use portcullis_service::runtime::system_time;
use portcullis_store::{
    Operator, PolicySigner, PolicyStore, PublishError, RolloutChange, RolloutError, RolloutReceipt,
    RolloutRefusal, RolloutStep, StoredArm, StoredSet,
};

use super::arm::ArmId;
use crate::{
    args::store::warn_of_eviction, commands::policy::publish::PublicationArgs, failure::Failure,
    print::warn,
};

/// An attempt to change the policy set of a store.
pub(super) struct Attempt {
    pub(super) store: Box<dyn PolicyStore>,
    pub(super) step: &'static str,
    pub(super) operator: Operator,
    pub(super) signer: Option<PolicySigner>,
    pub(super) now: Timestamp,
}

impl Attempt {
    pub(super) fn new(args: &PublicationArgs, step: &'static str) -> Result<Self, Failure> {
        Ok(Self {
            store: args.address.open()?,
            step,
            operator: args.sign_off.operator(),
            signer: args.signer.resolve()?,
            now: system_time()?,
        })
    }

    /// Returns the policy set.
    pub(super) fn set(&self, arm: Option<PolicyHash>) -> Result<StoredSet, Failure> {
        let set = self.store.policy_set();
        let set = set.and_then(|set| set.ok_or(RolloutError::NoSet));
        set.map_err(|error| self.failed(arm, &error))
    }

    /// Returns the arm that is selected by its hash.
    pub(super) fn arm<'a>(&self, set: &'a StoredSet, id: &ArmId) -> Result<&'a StoredArm, Failure> {
        id.find(set)
            .map_err(|error| self.refused(id.hash(), error.code, &error.detail))
    }

    /// Makes the change.
    pub(super) fn roll(&self, step: RolloutStep) -> Result<RolloutReceipt, Failure> {
        let arm = step.arm();
        let loses_signature = step.is_tightening() && self.signer.is_none();
        let was_signed = loses_signature
            && matches!(self.store.policy_set(), Ok(Some(set)) if set.has_signature());
        let receipt = self.store.roll(&RolloutChange {
            step,
            operator: self.operator.clone(),
            at: self.now,
            signer: self.signer.clone(),
            code: None,
        });
        let receipt = receipt.map_err(|error| self.failed(arm, &error))?;
        warn_of_eviction(self.store.as_ref());
        if was_signed {
            warn(
                "note: the policy set is not signed any more, so services with trusted keys reject it, and the live policy \
                 decides all entries; sign the next change",
            );
        }
        Ok(receipt)
    }

    /// Returns the failure for an error of the store.
    pub(super) fn failed(&self, arm: Option<PolicyHash>, error: &RolloutError) -> Failure {
        if let RolloutError::Store(error) | RolloutError::Publish(PublishError::Store(error)) =
            error
        {
            return Failure::error(error);
        }
        self.refused(arm, error.code(), &error.to_string())
    }

    /// Records a refusal, and returns the failure for it.
    pub(super) fn refused(
        &self,
        arm: Option<PolicyHash>,
        code: &'static str,
        detail: &str,
    ) -> Failure {
        let recorded = self.store.record_rollout_refusal(&RolloutRefusal {
            step: self.step,
            arm,
            code,
            detail: detail.to_owned(),
            operator: self.operator.clone(),
            at: self.now,
        });
        if let Err(error) = recorded {
            warn(format_args!("the refusal could not be recorded: {error}"));
        }
        Failure::Negative(format!("nothing was changed: {code}: {detail}"))
    }
}
