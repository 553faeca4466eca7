//! Schedules, which raise, promote or abort an arm without a person.

use portcullis::types::{PolicyHash, Timestamp};
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;
use thiserror::Error;

use crate::{
    arm::Arm,
    bps::Bps,
    fault::{DocumentError, Fault},
    json::{self, Format},
    lifecycle::{Progress, RaiseConditions, check_promotable},
    refusal::Refusal,
    set::PolicySet,
};

/// The name of the document in errors.
const NAME: &str = "schedule";

/// The steps of a rollout, the conditions that must hold throughout, and a deadline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct Schedule {
    format: Format,
    steps: Vec<Step>,
    conditions: Conditions,
    #[serde(with = "json::time")]
    deadline: Timestamp,
}

/// A step: a share, and what must have happened with this share before the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct Step {
    bps: Bps,
    #[serde(deserialize_with = "json::count")]
    min_sec: u64,
    #[serde(deserialize_with = "json::count")]
    min_closed_trades: u64,
}

/// The conditions on measured results. An absent condition is not checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct Conditions {
    #[serde(
        default,
        deserialize_with = "json::present",
        skip_serializing_if = "Option::is_none"
    )]
    agreement: Option<AgreementCondition>,
    #[serde(
        default,
        deserialize_with = "json::present",
        skip_serializing_if = "Option::is_none"
    )]
    max_drawdown_bps: Option<Bps>,
}

/// The least share of equal answers, checked after a least number of compared answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "an object with `min_bps` and `min_compared`"
)]
struct AgreementCondition {
    min_bps: Bps,
    #[serde(deserialize_with = "json::count")]
    min_compared: u64,
}

/// The measured results of an arm with its current share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// The time of the last start or raise, and the trades that were closed since then.
    pub progress: Progress,
    /// The number of answers that were compared with those of the live policy.
    pub compared: u64,
    /// The number of compared answers that were the same.
    pub agreed: u64,
    /// The largest drawdown of the arm as a share of its equity, at least 0; `None` if it is unknown.
    pub drawdown: Option<f64>,
}

/// The next action of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Raise the share, with [`PolicySet::raise`] and the conditions of the current step ([`Schedule::step`]).
    Raise(Bps),
    /// Make the arm live, with [`PolicySet::promote`].
    Promote,
    /// Remove the arm, with [`PolicySet::abort`].
    Abort,
    /// Do nothing now.
    Wait,
}

/// The reason for the next action. The code of each reason is stable.
#[derive(Debug, Clone, PartialEq, Error, IntoStaticStr)]
pub enum ActionReason {
    /// Raise or promote: the current step is complete, and all conditions hold.
    #[strum(serialize = "STEP_COMPLETE")]
    #[error("the step of {0} is complete, and all conditions hold")]
    StepComplete(Bps),
    /// Abort: the drawdown is above its bound, negative or not a number.
    #[strum(serialize = "DRAWDOWN_EXCEEDED")]
    #[error("the drawdown {drawdown} is not between 0 and {max}")]
    DrawdownExceeded {
        /// The measured drawdown, as a share.
        drawdown: f64,
        /// The bound.
        max: Bps,
    },
    /// Abort: too few of the compared answers were the same.
    #[strum(serialize = "AGREEMENT_TOO_LOW")]
    #[error("{agreed} of {compared} answers were the same, which is less than {min}")]
    AgreementTooLow {
        /// The number of equal answers.
        agreed: u64,
        /// The number of compared answers.
        compared: u64,
        /// The least share.
        min: Bps,
    },
    /// Abort: the deadline of the schedule has passed.
    #[strum(serialize = "DEADLINE")]
    #[error("the deadline {0} has passed")]
    Deadline(Timestamp),
    /// Abort: the last time of the arm has passed.
    #[strum(serialize = "ARM_EXPIRED")]
    #[error("the arm ended at {0}")]
    Expired(Timestamp),
    /// Wait: the share of the arm is not that of a step.
    #[strum(serialize = "NOT_ON_SCHEDULE")]
    #[error("the arm has {0}, which no step of the schedule has; raise the arm to a step")]
    NotOnSchedule(Bps),
    /// Wait: the drawdown is unknown.
    #[strum(serialize = "DRAWDOWN_UNKNOWN")]
    #[error("the drawdown is unknown")]
    DrawdownUnknown,
    /// Wait: too few answers were compared, or the counts contradict each other.
    #[strum(serialize = "AGREEMENT_UNKNOWN")]
    #[error(
        "{compared} answers were compared, of which {agreed} were the same, but {required} are required"
    )]
    AgreementUnknown {
        /// The number of equal answers.
        agreed: u64,
        /// The number of compared answers.
        compared: u64,
        /// The required number of compared answers.
        required: u64,
    },
    /// Wait: the raise or the promotion would be refused.
    #[strum(serialize = "REFUSED")]
    #[error("{0}")]
    Refused(Refusal),
}

impl ActionReason {
    /// Returns the code, such as `STEP_COMPLETE`, or the code of the refusal, such as `ROLLOUT_TOO_EARLY`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::StepComplete(_)
            | Self::DrawdownExceeded { .. }
            | Self::AgreementTooLow { .. }
            | Self::Deadline(_)
            | Self::Expired(_)
            | Self::NotOnSchedule(_)
            | Self::DrawdownUnknown
            | Self::AgreementUnknown { .. } => self.into(),
        }
    }
}

impl Step {
    /// Returns the share.
    #[must_use]
    pub const fn bps(&self) -> Bps {
        self.bps
    }

    /// Returns the conditions of the raise to the next step.
    #[must_use]
    pub const fn conditions(&self) -> RaiseConditions {
        RaiseConditions {
            min_sec: self.min_sec,
            min_closed_trades: self.min_closed_trades,
        }
    }
}

impl Schedule {
    /// Parses a schedule.
    ///
    /// # Errors
    /// Returns an error with the path of the field if the text is not JSON, a field is missing, unknown, a duplicate or of
    /// the wrong type, a value is out of its bounds, there is no step, the shares of the steps do not grow, or the last
    /// share is not 10000.
    pub fn from_json(text: &str) -> Result<Self, DocumentError> {
        let schedule: Self = json::read(NAME, text)?;
        let mut faults = Vec::new();
        let mut previous: Option<Bps> = None;
        for (index, step) in schedule.steps.iter().enumerate() {
            if previous.is_some_and(|previous| step.bps <= previous) {
                let reason =
                    "the share is not higher than that of the previous step; sort the steps";
                faults.push(Fault::new(format_args!("steps[{index}].bps"), reason));
            }
            previous = Some(step.bps);
        }
        if previous != Some(Bps::ALL) {
            let reason = "the last step must have 10000 bps, because only a full arm is promoted; add such a step";
            faults.push(Fault::new("steps", reason));
        }
        DocumentError::check(NAME, faults).map(|()| schedule)
    }

    /// Returns the schedule as JSON on one line.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::write(self)
    }

    /// Returns the steps. The first one is the share with which the arm is started.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Returns the step with this share.
    #[must_use]
    pub fn step(&self, bps: Bps) -> Option<&Step> {
        self.steps.iter().find(|step| step.bps == bps)
    }

    /// Returns the next action for an arm, with its reason. The set accepts the action at the same time: a raise with the
    /// conditions of the current step, a promotion or an abort.
    ///
    /// A breach of a condition, the deadline and the end of the arm abort, in this order, also while the kill switch is
    /// on. An unknown result never raises, and a drawdown that is not a number is a breach.
    ///
    /// # Errors
    /// Returns a refusal if the set has no such arm.
    pub fn next_action(
        &self,
        set: &PolicySet,
        hash: PolicyHash,
        measured: &Measured,
        now: Timestamp,
    ) -> Result<(Action, ActionReason), Refusal> {
        let arm = set.known_arm(hash)?;
        if let Some(breach) = self.conditions.breach(measured) {
            return Ok((Action::Abort, breach));
        }
        if now > self.deadline {
            return Ok((Action::Abort, ActionReason::Deadline(self.deadline)));
        }
        if arm.is_past(now) {
            return Ok((Action::Abort, ActionReason::Expired(arm.until())));
        }
        Ok(match self.advance(set, arm, measured, now) {
            Ok(action) => (action, ActionReason::StepComplete(arm.bps())),
            Err(reason) => (Action::Wait, reason),
        })
    }

    /// Returns the raise or the promotion that is due, or the reason to wait.
    fn advance(
        &self,
        set: &PolicySet,
        arm: &Arm,
        measured: &Measured,
        now: Timestamp,
    ) -> Result<Action, ActionReason> {
        let step = self.step(arm.bps());
        let step = step.ok_or(ActionReason::NotOnSchedule(arm.bps()))?;
        if set.is_killed() {
            return Err(ActionReason::Refused(Refusal::Killed));
        }
        let progress = step.conditions().check(measured.progress, now);
        progress.map_err(ActionReason::Refused)?;
        self.conditions.check_known(measured)?;
        match self.steps.iter().find(|it| it.bps > step.bps) {
            Some(next) => Ok(Action::Raise(next.bps)),
            None => {
                check_promotable(arm).map_err(ActionReason::Refused)?;
                Ok(Action::Promote)
            }
        }
    }
}

impl Conditions {
    fn breach(&self, measured: &Measured) -> Option<ActionReason> {
        if let (Some(max), Some(drawdown)) = (self.max_drawdown_bps, measured.drawdown) {
            let bound = f64::from(max.get()) / 10_000.0;
            // The range does not contain NaN, so an unusable number is a breach.
            if !(0.0..=bound).contains(&drawdown) {
                return Some(ActionReason::DrawdownExceeded { drawdown, max });
            }
        }
        let condition = self.agreement?;
        let Measured {
            compared, agreed, ..
        } = *measured;
        condition
            .is_breached(compared, agreed)
            .then_some(ActionReason::AgreementTooLow {
                agreed,
                compared,
                min: condition.min_bps,
            })
    }

    /// Returns an error if a condition cannot be checked.
    fn check_known(&self, measured: &Measured) -> Result<(), ActionReason> {
        if self.max_drawdown_bps.is_some() && measured.drawdown.is_none() {
            return Err(ActionReason::DrawdownUnknown);
        }
        match self.agreement {
            Some(condition) if !condition.is_known(measured.compared, measured.agreed) => {
                Err(ActionReason::AgreementUnknown {
                    agreed: measured.agreed,
                    compared: measured.compared,
                    required: condition.min_compared,
                })
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl AgreementCondition {
    const fn is_known(self, compared: u64, agreed: u64) -> bool {
        compared >= self.min_compared && agreed <= compared
    }

    fn is_breached(self, compared: u64, agreed: u64) -> bool {
        let required = u128::from(compared) * u128::from(self.min_bps.get());
        self.is_known(compared, agreed) && u128::from(agreed) * 10_000 < required
    }
}
