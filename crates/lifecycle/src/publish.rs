//! Publication of a draft through the gate.

use portcullis::{Guardrails, policy::Policy, types::Timestamp};
use portcullis_sim::tape::TapeReader;
use portcullis_store::{
    Operator, PolicySigner, PolicyStore, Publication, PublicationEvidence, PublicationRefusal,
    PublishConditions, PublishError, Receipt, StoreError,
};
use thiserror::Error;

use crate::gate::{Case, GateRecord, JudgeError, Judgement, Refusal, judge};

/// The arguments of a publication through the gate, besides the case to judge.
#[derive(Clone)]
#[expect(
    missing_debug_implementations,
    reason = "a clock has no content to show"
)]
pub struct GatedPublication<'a> {
    /// The limits of the operator that apply to every policy.
    pub guardrails: &'a Guardrails,
    /// The operator, for the audit log.
    pub operator: Operator,
    /// The signer; without it, the policy is not signed.
    pub signer: Option<&'a PolicySigner>,
    /// The origin of each field of the draft, as JSON, to store with the publication.
    pub derivation: Option<String>,
    /// The conditions that the store checks in the same step.
    pub conditions: Option<PublishConditions>,
    /// Returns the current time, because a judgement can take minutes.
    pub clock: &'a dyn Fn() -> Timestamp,
}

/// The outcome of a publication through the gate.
#[derive(Debug)]
pub enum Outcome {
    /// The draft is nowhere looser than the active policy, and was published.
    Tightening(Receipt),
    /// The draft passed the gate, and was published.
    Permitted(Receipt),
    /// The gate refused the draft. Its tightening part was published.
    PartlyRefused(Receipt, Vec<Refusal>),
    /// The gate refused the draft. Nothing was published.
    Refused(Vec<Refusal>),
}

/// An error that ends a publication through the gate.
#[derive(Debug, Error)]
pub enum GatedPublishError {
    /// The draft cannot be judged.
    #[error(transparent)]
    Judge(#[from] JudgeError),
    /// The policy cannot be published.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Judges a draft, and publishes it, or its tightening part if the gate refuses it. A refusal is recorded in the audit
/// log.
///
/// The publication succeeds only if the store still contains the active policy of the case.
///
/// # Errors
/// Returns an error if the history cannot be read, if the policy violates the guardrails, if another policy was published
/// since the case was read, or if the store cannot be read or written.
pub fn publish(
    store: &dyn PolicyStore,
    case: &Case<'_>,
    history: TapeReader,
    arguments: &GatedPublication<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<Outcome, GatedPublishError> {
    let judgement = judge(case, history, progress)?;
    let active = case.baselines.active.as_ref();
    let active_hash = || active.map_or_else(String::new, |it| it.hash().to_string());
    let expected = active.map(Policy::hash);
    let write = |policy: &Policy, gate: GateRecord| {
        store.publish(&arguments.publication(policy, &gate)?, expected)
    };
    match judgement {
        Judgement::Tightening => {
            let active = active_hash();
            let gate = GateRecord::Tightening { active };
            Ok(Outcome::Tightening(write(case.draft, gate)?))
        }
        Judgement::Permitted(evidence) => {
            let gate = GateRecord::Permitted { evidence };
            Ok(Outcome::Permitted(write(case.draft, gate)?))
        }
        Judgement::Refused {
            refusals,
            tightening,
            ..
        } => {
            let code = refusals.first().map_or("PUBLISH_GATE", Refusal::code);
            let details: Vec<String> = refusals.iter().map(ToString::to_string).collect();
            store.record_refusal(&PublicationRefusal {
                policy_hash: case.draft.hash(),
                policy_version: case.draft.version().to_owned(),
                code,
                detail: details.join("; "),
                operator: arguments.operator.clone(),
                at: (arguments.clock)(),
            })?;
            match tightening {
                Some(part) => {
                    let active = active_hash();
                    let gate = GateRecord::TighteningPart { active };
                    Ok(Outcome::PartlyRefused(write(&part, gate)?, refusals))
                }
                None => Ok(Outcome::Refused(refusals)),
            }
        }
    }
}

/// Publishes the first policy of a store without a judgement, because there is no earlier policy.
///
/// # Errors
/// Returns an error if the policy violates the guardrails, if the store has a policy, or if it cannot be read or written.
pub(crate) fn publish_first(
    store: &dyn PolicyStore,
    policy: &Policy,
    arguments: &GatedPublication<'_>,
) -> Result<Receipt, PublishError> {
    store.publish(&arguments.publication(policy, &GateRecord::First)?, None)
}

impl GatedPublication<'_> {
    fn publication(&self, policy: &Policy, gate: &GateRecord) -> Result<Publication, PublishError> {
        let (operator, now) = (self.operator.clone(), (self.clock)());
        let evidence = PublicationEvidence {
            derivation: self.derivation.clone(),
            gate: Some(gate.to_json()),
        };
        let mut publication = Publication::new(policy.clone(), self.guardrails, operator, now)?
            .with_evidence(evidence);
        if let Some(signer) = self.signer {
            publication = publication.with_signer(signer.clone());
        }
        Ok(match &self.conditions {
            Some(conditions) => publication.with_conditions(conditions.clone()),
            None => publication,
        })
    }
}
