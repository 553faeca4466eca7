//! Explanation of one record, as a replay answers it.

use std::fmt;

use portcullis::{
    decide::ServiceDenial,
    explain::{Explanation, HarvestExplanation},
    policy::{Policy, PolicyUnavailable},
    record::{Scratch, TapeRecord},
    types::Shown,
};
use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

use super::{
    chunk_output::ChunkOutput,
    replayer::{Replayer, evaluate_position, read_snapshot},
    timeline::Timeline,
};
use crate::tape::{Line, TapeError, TapeReader};

/// An explanation as text and as JSON.
#[derive(Debug)]
#[non_exhaustive]
pub struct ExplainedRecord {
    /// The explanation as human-readable text.
    pub text: String,
    /// The explanation as JSON.
    pub json: Value,
}

impl ExplainedRecord {
    fn new(explanation: &(impl fmt::Display + Serialize)) -> Self {
        Self {
            text: explanation.to_string(),
            json: serde_json::to_value(explanation).unwrap_or_default(),
        }
    }
}

/// An error that prevents an explanation.
#[derive(Debug, Error)]
pub enum ExplainError {
    /// The tape cannot be read up to the record.
    #[error(transparent)]
    Tape(#[from] TapeError),
    /// The tape has fewer records.
    #[error("the tape has only {records} records")]
    NoRecord {
        /// The number of records on the tape.
        records: u64,
    },
}

/// Replays up to record `n` and explains that record.
///
/// # Errors
/// Returns an error if a tape cannot be read up to that record, or if there are fewer records.
pub fn explain(
    replayer: &Replayer,
    initial: Result<Policy, PolicyUnavailable>,
    tapes: TapeReader,
    n: u64,
) -> Result<ExplainedRecord, ExplainError> {
    let mut timeline = Timeline::new(initial);
    let mut scratch = Scratch::default();
    let mut output = ChunkOutput::with_lines();
    let mut records = 0;
    for chunk in tapes {
        let chunk = chunk?;
        for line in chunk.lines() {
            records += 1;
            output.clear();
            let explanation =
                (records == n).then(|| replayer.explanation(line, &timeline, &mut scratch));
            let record = (line, records, replayer.now);
            replayer.line(record, &mut timeline, &mut scratch, &mut output);
            if let Some(explanation) = explanation {
                let answer = serde_json::from_slice(output.lines()).unwrap_or_default();
                return Ok(complete(explanation, &answer));
            }
        }
    }
    Err(ExplainError::NoRecord { records })
}

/// Adds the number, id and symbol of the answer to an explanation. `None` is the explanation of a policy change, which
/// is derived from its answer.
fn complete(explanation: Option<ExplainedRecord>, answer: &Value) -> ExplainedRecord {
    let mut explained = explanation.unwrap_or_else(|| policy_change(answer));
    if let Value::Object(fields) = &mut explained.json {
        for name in ["n", "id", "symbol"] {
            let value = answer.get(name).cloned().unwrap_or_default();
            fields.insert(name.to_owned(), value);
        }
    }
    explained
}

impl Replayer {
    /// Explains the answer to an intent or a position. Returns `None` for a policy change.
    pub(super) fn explanation(
        &self,
        line: Line<'_>,
        timeline: &Timeline,
        scratch: &mut Scratch,
    ) -> Option<ExplainedRecord> {
        let number = usize::try_from(line.number).unwrap_or(usize::MAX);
        let mut unknown = PolicyUnavailable::NotFound;
        match self.read(line, number, scratch) {
            TapeRecord::Intent(mut intent) => {
                intent.set_line(number);
                let now = self.now.or(intent.event_time());
                let recorded = intent.recorded_policy();
                let state = self.policy_for(recorded, now, timeline, &mut unknown).state;
                let trace = self.engine.decide_traced(state, &intent, now);
                Some(ExplainedRecord::new(&Explanation::new(trace)))
            }
            TapeRecord::RecordedDecision(record) => {
                let now = record.at();
                let recorded = record.recorded_policy();
                let state = self.policy_for(recorded, now, timeline, &mut unknown).state;
                let (intent, open) = (record.intent(), record.position_leverage());
                let trace = self.engine.decide_add_traced(state, intent, open, now);
                let explanation = Explanation::new(trace);
                Some(with_service_denial(&explanation, record.objection()))
            }
            TapeRecord::Position(record) => {
                let now = self.now.or(record.event_time());
                let recorded = record.recorded_policy();
                let state = self.policy_for(recorded, now, timeline, &mut unknown).state;
                Some(
                    match evaluate_position(&read_snapshot(&record), state, now) {
                        Ok(decision) => {
                            ExplainedRecord::new(&HarvestExplanation::new(decision, state))
                        }
                        Err(detail) => ExplainedRecord {
                            text: format!("SKIP HARVEST_INVALID_INPUT: {detail}\n"),
                            json: serde_json::json!({
                                "decision": "SKIP", "reason": "HARVEST_INVALID_INPUT", "text": detail
                            }),
                        },
                    },
                )
            }
            TapeRecord::PolicyUpdated(..) | TapeRecord::PolicyWithdrawn(_) => None,
        }
    }
}

/// Returns the explanation of the gates, together with a service denial that overrides it.
fn with_service_denial(
    explanation: &Explanation<'_>,
    denial: Option<&ServiceDenial<'_>>,
) -> ExplainedRecord {
    let gates = ExplainedRecord::new(explanation);
    let Some(denial) = denial.filter(|it| it.takes_precedence_over(explanation.decision())) else {
        return gates;
    };
    let (reason, detail) = (denial.reason(), Shown(denial.detail()).whole());
    let text = format!(
        "SKIP {reason}: {detail}\nThe service that recorded this decision denied the entry. The gates, without this service denial:\n\n{}",
        gates.text
    );
    let json = serde_json::json!({
        "decision": "SKIP", "reason": reason, "text": detail, "without_objection": gates.json
    });
    ExplainedRecord { text, json }
}

/// Explains a policy change by its answer.
fn policy_change(answer: &Value) -> ExplainedRecord {
    let field = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default();
    let text = match field("decision") {
        "SKIP" => format!(
            "SKIP {}: {}\n",
            field("reason"),
            Shown(field("detail")).whole()
        ),
        _ => match field("event") {
            "policy.withdrawn" => {
                "POLICY withdrawn: no policy is active after this record\n".to_owned()
            }
            _ => format!(
                "POLICY_LOADED: version={} hash={:.8}\n",
                Shown(field("policy_version")),
                field("policy_hash")
            ),
        },
    };
    let json = answer.clone();
    ExplainedRecord { text, json }
}
