//! What a decider is asked.

use serde::{Serialize, Serializer, ser::SerializeStruct as _};

use super::strategies::{Call, DELEGATE, GuardrailsDraft, HarvestCall, OWNER, write::seconds};
use crate::{
    decide::Engine,
    domain::Instant,
    exit::{ExitOwnership, OwnershipError},
    guardrails::{Guardrails, GuardrailsError},
    policy::{Policy, PolicyAbsence},
};

/// Everything that one answer may depend on, as text: what a service would have got from its store, its operator, its
/// stream and its clock.
///
/// Written as JSON it is one line, for a port in another process. `policy` is the document as a text, or null;
/// `policy_absent` is then the reason; `guardrails` and `record` are texts as well; `now` is decimal seconds.
///
/// ```
/// use portcullis::{domain::Instant, policy::PolicyAbsence, testing::Question};
///
/// let asked = Question {
///     policy: Err(PolicyAbsence::NotFound),
///     guardrails: "{}".to_owned(),
///     exit_owner: "exitbrain_v3_5".to_owned(),
///     exit_delegates: vec![],
///     record: r#"{"symbol": "BTCUSDT"}"#.to_owned(),
///     now: Instant::from_millis(1_766_550_734_062)?,
/// };
/// assert_eq!(serde_json::to_string(&asked)?, concat!(
///     r#"{"policy":null,"policy_absent":"POLICY_MISSING","guardrails":"{}","exit_owner":"exitbrain_v3_5","#,
///     r#""exit_delegates":[],"record":"{\"symbol\": \"BTCUSDT\"}","now":"1766550734.062000"}"#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The policy's document as a store holds it, whatever it is worth; or why there is none.
    pub policy: Result<String, PolicyAbsence>,
    /// What the operator says: a document that [`Guardrails::from_json`] reads. Where a service has guardrails of its
    /// own, they have to be these for the length of the question.
    pub guardrails: String,
    /// Who owns exits.
    pub exit_owner: String,
    /// Who may close as well.
    pub exit_delegates: Vec<String>,
    /// The intent or the position, as its sender wrote it. Any text can come.
    pub record: String,
    /// The instant to judge at.
    pub now: Instant,
}

/// Why a question has no engine; of those that the laws ask, every one has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoEngine {
    /// The guardrails are none.
    #[error(transparent)]
    Guardrails(#[from] GuardrailsError),
    /// The names are none.
    #[error(transparent)]
    Ownership(#[from] OwnershipError),
}

impl Question {
    /// The policy, read.
    ///
    /// # Errors
    /// Why there is none.
    pub fn read_policy(&self) -> Result<Policy, PolicyAbsence> {
        Ok(Policy::from_json(
            self.policy.as_ref().map_err(Clone::clone)?,
        )?)
    }

    /// An engine under these guardrails and this ownership.
    ///
    /// # Errors
    /// Guardrails or names that are none.
    pub fn engine(&self) -> Result<Engine, NoEngine> {
        let guardrails = Guardrails::from_json(&self.guardrails)?;
        let delegates = self.exit_delegates.iter().map(String::as_str);
        Ok(Engine::new(
            guardrails,
            ExitOwnership::new(&self.exit_owner, delegates)?,
        ))
    }

    fn new(policy: Result<String, PolicyAbsence>, guardrails: &GuardrailsDraft, now: i64) -> Self {
        Self {
            policy,
            guardrails: guardrails.text(),
            exit_owner: OWNER.to_owned(),
            exit_delegates: vec![DELEGATE.to_owned()],
            record: String::new(),
            now: Instant::from_micros(now).unwrap_or(Instant::MAX),
        }
    }
}

impl Serialize for Question {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut line = serializer.serialize_struct("Question", 7)?;
        line.serialize_field("policy", &self.policy.as_ref().ok())?;
        let absent = self.policy.as_ref().err().map(PolicyAbsence::code);
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
    /// It as a question. There is always a `now`: where the caller has no clock and the intent no time, it is the
    /// instant that the policy was drafted about.
    #[must_use]
    pub fn question(&self) -> Question {
        let drafted = || self.policy.draft().map(|policy| policy.about);
        let now = self.judged_at().or_else(drafted).unwrap_or_default();
        Question {
            record: self.intent.text(),
            ..Question::new(self.policy.text(), &self.guardrails, now)
        }
    }
}

impl HarvestCall {
    /// It as a question, without guardrails.
    #[must_use]
    pub fn question(&self) -> Question {
        Question {
            record: self.position.text(0),
            ..Question::new(self.policy.text(), &GuardrailsDraft::none(), self.now)
        }
    }
}
