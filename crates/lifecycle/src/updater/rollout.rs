//! The rollouts of the arms that have a schedule.

use portcullis::{
    guardrails::Halt,
    types::{PolicyHash, Timestamp},
};
use portcullis_forge::{Comparison, Forged};
use portcullis_rollout::{Action, Schedule};
use portcullis_service::runtime::{alarm, line};
use portcullis_store::{
    ArmResults, Operator, PolicyStore, Publication, PublicationId, PublishError, Rollback,
    RolloutChange, RolloutError, RolloutRefusal, RolloutStep, StoredArm, StoredSet,
};

use super::{metrics, settings::UpdaterSettings};

/// The code of an abort because the policy of the arm has expired.
const POLICY_EXPIRED: &str = "ARM_POLICY_EXPIRED";
/// The code of an abort because the policy of a canary is looser than the targets of the forge.
const DRAFT_TIGHTER: &str = "DRAFT_TIGHTER";
/// The code with which a raise or a promotion waits while entries are halted.
const HALTED: &str = "ROLLOUT_HALTED";
/// The code with which a raise or a promotion waits in a run that has failed.
const RUN_FAILED: &str = "ROLLOUT_RUN_FAILED";

/// The context in which the arms of a store are changed.
pub(super) struct Rollouts<'a> {
    pub(super) store: &'a dyn PolicyStore,
    pub(super) settings: &'a UpdaterSettings,
    /// The result of the forge; `None` if there is no draft, or if the run has failed.
    pub(super) forged: Option<&'a Forged>,
    pub(super) now: Timestamp,
}

/// The reason for an action.
struct Cause {
    code: &'static str,
    text: String,
}

impl Rollouts<'_> {
    /// Aborts each canary whose policy is looser than a target of the forge, so that a tightening also applies to the
    /// symbols of the canary.
    pub(super) fn abort_looser(&self) {
        let Some(forged) = self.forged else {
            return;
        };
        let Some(set) = self.set() else {
            return;
        };
        let canaries = set.set().arms().iter().filter(|arm| !arm.is_shadow());
        for stored in canaries.filter_map(|arm| set.arm(arm.hash())) {
            let targets = Comparison::of_targets(stored.policy(), forged.derivation());
            let tighter: Vec<&str> = targets
                .iter()
                .flat_map(|comparison| comparison.tighter())
                .collect();
            if !tighter.is_empty() {
                let text = format!(
                    "the targets of the forge are tighter: {}",
                    tighter.join(", ")
                );
                self.abort(stored.policy().hash(), &Cause::new(DRAFT_TIGHTER, text));
            }
        }
    }

    /// Makes the action that is due for each arm with a schedule.
    pub(super) fn follow_schedules(&self) {
        let Some(set) = self.set() else {
            return;
        };
        let scheduled = |arm: &&StoredArm| arm.schedule().is_some();
        let mut arms = set.arms().iter().filter(scheduled).peekable();
        // The publication may have taken long.
        if arms.peek().is_none() || !self.holds_lease() {
            return;
        }
        for arm in arms {
            let hash = arm.policy().hash();
            match (self.store.arm_results(hash), arm.schedule()) {
                (Ok(results), Some(schedule)) => self.follow(&set, arm, schedule, &results),
                (Err(error), _) => self.failed("read", hash, &error.into()),
                (Ok(_), None) => {}
            }
        }
    }

    fn follow(&self, set: &StoredSet, arm: &StoredArm, schedule: &Schedule, results: &ArmResults) {
        let hash = arm.policy().hash();
        let measured = arm.measured(results);
        let next = schedule.next_action(set.set(), hash, &measured, self.now);
        let Ok((action, reason)) = next else {
            return;
        };
        let cause = Cause::new(reason.code(), reason.to_string());
        let valid_until = arm.policy().valid_until();
        if action != Action::Abort && valid_until < self.now {
            let text = format!("the policy of the arm expired at {valid_until}");
            return self.abort(hash, &Cause::new(POLICY_EXPIRED, text));
        }
        match action {
            Action::Abort => self.abort(hash, &cause),
            Action::Wait => self.wait(hash, &cause),
            Action::Raise(bps) => {
                if let Some(held) = self.held_back() {
                    return self.wait(hash, &held);
                }
                let share = set.set().arm(hash).map(|arm| arm.bps());
                let Some(step) = share.and_then(|share| schedule.step(share)) else {
                    return;
                };
                let step = RolloutStep::Raise {
                    arm: hash,
                    bps,
                    closed_trades: results.closed_trades,
                    conditions: step.conditions(),
                };
                self.roll(
                    step,
                    hash,
                    &cause,
                    &format!("ROLLOUT_RAISED arm {} to {bps}", hash.short()),
                );
            }
            Action::Promote => match (self.held_back(), self.forged) {
                (None, Some(forged)) => self.promote(arm, forged, &cause),
                (held, _) => self.wait(hash, &held.unwrap_or_else(Cause::run_failed)),
            },
        }
    }

    /// Publishes the policy of an arm with the validity of the draft, under the conditions of a publication.
    fn promote(&self, arm: &StoredArm, forged: &Forged, cause: &Cause) {
        let hash = arm.policy().hash();
        let terms = Rollback {
            publication: PublicationId::Hash(hash),
            valid_until: forged.draft().valid_until(),
            guardrails: &self.settings.guardrails,
            operator: self.operator(cause),
            now: self.now,
            signer: self.settings.signer.as_ref(),
        };
        match Publication::of_arm(arm, &terms) {
            Ok(publication) => {
                let features_end = forged.derivation().window_end;
                let conditions = self.settings.conditions(features_end);
                let publication = publication.with_conditions(conditions);
                let step = RolloutStep::Promote {
                    arm: hash,
                    publication: Box::new(publication),
                };
                self.roll(
                    step,
                    hash,
                    cause,
                    &format!("ROLLOUT_PROMOTED arm {}", hash.short()),
                );
            }
            Err(error) => self.failed("promote", hash, &error.into()),
        }
    }

    fn abort(&self, arm: PolicyHash, cause: &Cause) {
        let done = format!("ROLLOUT_ABORTED arm {}", arm.short());
        self.roll(RolloutStep::Abort { arm }, arm, cause, &done);
    }

    fn wait(&self, arm: PolicyHash, cause: &Cause) {
        line(format_args!("ROLLOUT_WAITS arm {}: {cause}", arm.short()));
        metrics::rollout("wait", cause.code);
    }

    /// Changes the set, and logs the text `done` with the cause.
    fn roll(&self, step: RolloutStep, arm: PolicyHash, cause: &Cause, done: &str) {
        let name = step.name();
        let changed = self.store.roll(&RolloutChange {
            step,
            operator: self.operator(cause),
            at: self.now,
            signer: self.settings.signer.clone(),
            code: Some(cause.code),
        });
        match changed {
            Ok(_) => {
                line(format_args!("{done}: {cause}"));
                metrics::rollout(name, cause.code);
            }
            Err(error) => self.failed(name, arm, &error),
        }
    }

    /// Logs an error, and records it in the audit log, unless it is an error of the store or there is no live policy.
    fn failed(&self, step: &'static str, arm: PolicyHash, error: &RolloutError) {
        let code = error.code();
        alarm(format_args!(
            "ROLLOUT_FAILED {step} arm {}: {code}: {error}",
            arm.short()
        ));
        metrics::rollout("refused", code);
        if matches!(
            error,
            RolloutError::NoLive
                | RolloutError::Store(_)
                | RolloutError::Publish(PublishError::Store(_))
        ) {
            return;
        }
        let recorded = self.store.record_rollout_refusal(&RolloutRefusal {
            step,
            arm: Some(arm),
            code,
            detail: error.to_string(),
            operator: self.settings.operator.clone(),
            at: self.now,
        });
        if let Err(error) = recorded {
            alarm(format_args!(
                "ROLLOUT_FAILED the refusal could not be recorded: {error}"
            ));
        }
    }

    /// Returns the set; `None` if there is none, or if it cannot be read.
    fn set(&self) -> Option<StoredSet> {
        self.store.policy_set().unwrap_or_else(|error| {
            alarm(format_args!("ROLLOUT_FAILED {}: {error}", error.code()));
            metrics::rollout("refused", error.code());
            None
        })
    }

    /// Returns the reason why nothing may be raised or promoted in this run.
    fn held_back(&self) -> Option<Cause> {
        match self.store.halts() {
            Ok(Halt::Nothing) => self.forged.is_none().then(Cause::run_failed),
            Ok(Halt::Symbols(_) | Halt::Everything) => Some(Cause::new(
                HALTED,
                "entries are halted; resume them to continue the rollout".to_owned(),
            )),
            Err(error) => Some(Cause::new(
                HALTED,
                format!("the halts are unknown: {error}"),
            )),
        }
    }

    fn holds_lease(&self) -> bool {
        let length = self.settings.lease_length();
        match self.store.acquire_lease(&self.settings.token, length) {
            Ok(true) => true,
            Ok(false) => {
                alarm("ROLLOUT_FAILED the lease is lost; another instance continues");
                false
            }
            Err(error) => {
                alarm(format_args!("ROLLOUT_FAILED {error}"));
                false
            }
        }
    }

    fn operator(&self, cause: &Cause) -> Operator {
        Operator::new(self.settings.operator.name()).with_reason(cause.text.as_str())
    }
}

impl Cause {
    const fn new(code: &'static str, text: String) -> Self {
        Self { code, text }
    }

    fn run_failed() -> Self {
        Self::new(
            RUN_FAILED,
            "the run of the updater failed, so nothing is loosened; see the line `UPDATE_FAILED`"
                .to_owned(),
        )
    }
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.text)
    }
}
