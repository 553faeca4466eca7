//! Writing of the tape and of the answers.

use std::io::{self, Write};

use portcullis::{
    answer::Answer,
    decide::{ServiceDenial, SkipCode, SkipReason},
    guardrails::ConstraintViolation,
    policy::Policy,
    types::{PolicyHash, Timestamp},
};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    Policies, Tally,
    answers::{AnswerRecord, Answered},
    policies::Lookup,
};
use crate::stream::StreamEntry;

/// A writer of the tape and the answers, which also counts the records.
pub(super) struct Tape<'a> {
    tape: &'a mut dyn Write,
    answers: Option<&'a mut dyn Write>,
    n: u64,
}

/// The record of a policy. It is written before the first answer that used the policy.
#[derive(Serialize)]
struct PolicyRecord<'a> {
    event_type: &'static str,
    ts: i64,
    policy: &'a std::collections::BTreeMap<String, String>,
}

/// The record of an answered stream entry, with its decision.
#[derive(Serialize)]
struct DecidedRecord<'a> {
    event_type: &'static str,
    id: &'a str,
    decided_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_hash: Option<PolicyHash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    objection: Option<ServiceDenialRecord<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    position_leverage: Option<f64>,
    /// The entry as JSON; `None` if it does not fit on a line or is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct ServiceDenialRecord<'a> {
    reason: SkipCode,
    detail: &'a str,
}

impl<'a> Tape<'a> {
    pub(super) const fn new(tape: &'a mut dyn Write, answers: Option<&'a mut dyn Write>) -> Self {
        Self {
            tape,
            answers,
            n: 0,
        }
    }

    /// Writes the answers together with their entries.
    pub(super) fn write(
        &mut self,
        records: &[AnswerRecord],
        entries: &[Option<StreamEntry>],
        policies: &mut Policies,
        tally: &mut Tally,
    ) -> io::Result<()> {
        for (record, entry) in records.iter().zip(entries) {
            match (record, entry) {
                (AnswerRecord::Foreign(name), _) => tally.foreign.add(name.clone()),
                (AnswerRecord::Answer(answered), None) => {
                    let Answered { entry, stream, .. } = answered.as_ref();
                    tally.deleted.add(format!("{entry} of `{stream}`"));
                }
                (AnswerRecord::Answer(answered), Some(entry)) => {
                    self.write_policy(answered, policies, tally)?;
                    self.write_answered(answered, entry)?;
                    tally.answers = tally.answers.saturating_add(1);
                }
            }
        }
        self.tape.flush()?;
        self.answers
            .as_mut()
            .map_or(Ok(()), |answers| answers.flush())
    }

    fn write_policy(
        &mut self,
        answered: &Answered,
        policies: &mut Policies,
        tally: &mut Tally,
    ) -> io::Result<()> {
        let Some(hash) = answered.policy else {
            return Ok(());
        };
        match policies.take(hash) {
            Lookup::Taken => Ok(()),
            Lookup::NotFound => {
                tally.unknown.add(hash.to_string());
                Ok(())
            }
            Lookup::Found(policy) => {
                tally.policies = tally.policies.saturating_add(1);
                self.write_new_policy(&policy, answered.at)
            }
        }
    }

    fn write_new_policy(&mut self, policy: &Policy, at: Timestamp) -> io::Result<()> {
        self.write_record(&PolicyRecord {
            event_type: "policy.updated",
            ts: at.as_millis(),
            policy: policy.fields(),
        })?;
        let answer = Answer::policy_updated(policy).to(self.n, None, Some(at));
        match &mut self.answers {
            Some(answers) => writeln!(answers, "{}", serde_json::to_string(&answer)?),
            None => Ok(()),
        }
    }

    fn write_answered(&mut self, answered: &Answered, entry: &StreamEntry) -> io::Result<()> {
        let record = entry.record();
        let text = record.as_ref().map(|record| record.text().to_owned());
        let text = text.ok().map(RawValue::from_string).transpose()?;
        let denial = denial(answered, text.is_some());
        self.write_record(&DecidedRecord {
            event_type: "trade.decided",
            id: &answered.entry,
            decided_at: answered.at.as_millis(),
            policy_hash: answered.policy,
            objection: denial.as_ref().map(|denial| ServiceDenialRecord {
                reason: denial.reason(),
                detail: denial.detail(),
            }),
            position_leverage: answered.position_leverage,
            entry: text.as_deref(),
        })?;
        let line = answered.line.strip_prefix('{').unwrap_or_default();
        match &mut self.answers {
            Some(answers) => writeln!(answers, "{{\"n\":{},{line}", self.n),
            None => Ok(()),
        }
    }

    fn write_record(&mut self, record: &impl Serialize) -> io::Result<()> {
        self.n = self.n.saturating_add(1);
        writeln!(self.tape, "{}", serde_json::to_string(record)?)
    }
}

/// Returns the service denial of an answer, unless the engine derives it again during a replay.
fn denial(answered: &Answered, is_on_tape: bool) -> Option<ServiceDenial<'_>> {
    let reason = answered.reason?;
    // A replay checks the guardrails again if the policy is on the tape. A missing hash is an
    // exception: the stored policy may state a hash although the policy of the decision did not.
    // The engine refuses an unsupported intent before it needs a policy. With a policy, the executor could not carry out
    // the trade.
    let is_found_again = (reason == SkipCode::IntentUnreadable && is_on_tape)
        || (reason == SkipCode::IntentUnsupported && answered.policy.is_none())
        || (reason == SkipCode::PolicyConstraintViolation
            && answered.policy.is_some()
            && answered.detail
                != SkipReason::PolicyNotPermitted(ConstraintViolation::NoHash).to_string());
    if is_found_again {
        return None;
    }
    ServiceDenial::new(reason, answered.detail.as_str())
}
