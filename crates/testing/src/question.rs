//! The input of a decider.

use serde::{Serialize, Serializer, ser::SerializeStruct as _};

use super::strategies::{Call, DELEGATE, GuardrailsDraft, HarvestCall, OWNER, write::seconds};
use portcullis::{
    decide::{Engine, SkipCode},
    exit::{ExitOwnership, OwnershipError},
    guardrails::{Guardrails, GuardrailsError},
    policy::{Policy, PolicyUnavailable},
    types::Timestamp,
};

/// Everything that one answer may depend on, as text: the values that a service gets from its store, its configuration,
/// its stream and its clock.
///
/// It serializes to one line of JSON for an implementation in another process. `policy` is the document as a string, or
/// null; if it is null, `policy_absent` is the reason code. `guardrails` and `record` are strings as well. `now` is a
/// string of decimal seconds since the epoch.
///
/// ```
/// use portcullis::{policy::PolicyUnavailable, types::Timestamp};
/// use portcullis_testing::Question;
///
/// let asked = Question {
///     policy: Err(PolicyUnavailable::NotFound),
///     guardrails: "{}".to_owned(),
///     exit_owner: "exitbrain_v3_5".to_owned(),
///     exit_delegates: vec![],
///     record: r#"{"symbol": "BTCUSDT"}"#.to_owned(),
///     now: Timestamp::from_millis(1_766_550_734_062)?,
/// };
/// assert_eq!(serde_json::to_string(&asked)?, concat!(
///     r#"{"policy":null,"policy_absent":"POLICY_MISSING","guardrails":"{}","exit_owner":"exitbrain_v3_5","#,
///     r#""exit_delegates":[],"record":"{\"symbol\": \"BTCUSDT\"}","now":"1766550734.062000"}"#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The policy document as stored, valid or not; or the reason why there is no document.
    pub policy: Result<String, PolicyUnavailable>,
    /// The operator limits, as a document for [`Guardrails::from_json`]. A service with guardrails of its own must use
    /// these instead while it answers the question.
    pub guardrails: String,
    /// The name of the exit owner.
    pub exit_owner: String,
    /// The names of the exit delegates, which may close positions as well.
    pub exit_delegates: Vec<String>,
    /// The intent or the position as its sender wrote it. It can be any text.
    pub record: String,
    /// The time of the decision.
    pub now: Timestamp,
}

/// An error in the guardrails or the exit ownership of a question. The questions of the laws never have one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EngineSetupError {
    /// The guardrails are invalid.
    #[error(transparent)]
    Guardrails(#[from] GuardrailsError),
    /// The name of the exit owner or of a delegate is invalid.
    #[error(transparent)]
    Ownership(#[from] OwnershipError),
}

impl Question {
    /// Parses the policy.
    ///
    /// # Errors
    /// Returns the reason why there is no valid policy.
    pub fn read_policy(&self) -> Result<Policy, PolicyUnavailable> {
        Ok(Policy::from_json(
            self.policy.as_ref().map_err(Clone::clone)?,
        )?)
    }

    /// Builds an engine with the guardrails and the exit ownership of the question.
    ///
    /// # Errors
    /// Returns an error if the guardrails or one of the names are invalid.
    pub fn engine(&self) -> Result<Engine, EngineSetupError> {
        let guardrails = Guardrails::from_json(&self.guardrails)?;
        let mut ownership = ExitOwnership::new(&*self.exit_owner)?;
        for name in &self.exit_delegates {
            ownership = ownership.with_delegate(&**name)?;
        }
        Ok(Engine::new(guardrails, ownership))
    }

    fn new(
        policy: Result<String, PolicyUnavailable>,
        guardrails: &GuardrailsDraft,
        now: i64,
    ) -> Self {
        Self {
            policy,
            guardrails: guardrails.text(),
            exit_owner: OWNER.to_owned(),
            exit_delegates: vec![DELEGATE.to_owned()],
            record: String::new(),
            now: Timestamp::from_micros(now).unwrap_or(Timestamp::MAX),
        }
    }
}

impl Serialize for Question {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut line = serializer.serialize_struct("Question", 7)?;
        line.serialize_field("policy", &self.policy.as_ref().ok())?;
        let absent = self.policy.as_ref().err().map(SkipCode::from);
        line.serialize_field("policy_absent", &absent)?;
        line.serialize_field("guardrails", &self.guardrails)?;
        line.serialize_field("exit_owner", &self.exit_owner)?;
        line.serialize_field("exit_delegates", &self.exit_delegates)?;
        line.serialize_field("record", &self.record)?;
        line.serialize_field("now", &seconds(self.now.as_micros()))?;
        line.end()
    }
}

impl Call {
    /// Returns the call as a question. The question always has a `now`: if the caller has no clock and the intent has
    /// no timestamp, `now` is the timestamp around which the policy was drafted.
    #[must_use]
    pub fn question(&self) -> Question {
        let drafted = || self.policy.draft().map(|policy| policy.about);
        let now = self.decision_time().or_else(drafted).unwrap_or_default();
        Question {
            record: self.intent.text(),
            ..Question::new(self.policy.text(), &self.guardrails, now)
        }
    }
}

impl HarvestCall {
    /// Returns the call as a question without guardrails.
    #[must_use]
    pub fn question(&self) -> Question {
        Question {
            record: self.position.text(0),
            ..Question::new(self.policy.text(), &GuardrailsDraft::none(), self.now)
        }
    }
}
