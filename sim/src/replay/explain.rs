//! Explanation of one record, as a replay answers it.

use portcullis::{
    decide::ServiceDenial,
    explain::{Explanation, HarvestExplanation},
    policy::{Policy, PolicyUnavailable},
    record::{Scratch, TapeRecord},
    types::Shown,
};
use serde_json::Value;

use super::{ChunkOutput, Replayer, Timeline};
use crate::{
    report::printable,
    tape::{Line, TapeError, TapeReader},
};

/// An explanation as text and as JSON.
#[derive(Debug)]
pub struct ExplainedRecord {
    /// The text form.
    pub text: String,
    /// The JSON form.
    pub json: Value,
}

/// Replays up to record `n` and explains that record. The inner error is the number of records, if there are fewer.
///
/// # Errors
/// Returns an error if a tape cannot be read up to that record.
pub fn explain(
    judge: &Replayer,
    initial: Result<Policy, PolicyUnavailable>,
    tapes: TapeReader,
    n: u64,
) -> Result<Result<ExplainedRecord, u64>, TapeError> {
    let mut timeline = Timeline::new(initial);
    let mut scratch = Scratch::default();
    let mut judged = ChunkOutput::with_lines();
    let mut count = 0;
    for chunk in tapes {
        let chunk = chunk?;
        for line in chunk.lines() {
            count += 1;
            judged.clear();
            if count == n {
                let told = judge.tell(line, n, &mut timeline, &mut scratch, &mut judged);
                return Ok(Ok(told));
            }
            judge.line(line, count, &mut timeline, &mut scratch, &mut judged);
        }
    }
    Ok(Err(count))
}

impl Replayer {
    fn tell(
        &self,
        line: Line<'_>,
        n: u64,
        timeline: &mut Timeline,
        scratch: &mut Scratch,
        judged: &mut ChunkOutput,
    ) -> ExplainedRecord {
        let told = self.explanation(line, timeline, scratch);
        self.line(line, n, timeline, scratch, judged);
        let answer: Value = serde_json::from_slice(judged.lines()).unwrap_or_default();
        let mut told = told.unwrap_or_else(|| policy_told(&answer));
        if let Value::Object(fields) = &mut told.json {
            for name in ["n", "id", "symbol"] {
                let value = answer.get(name).cloned().unwrap_or_default();
                fields.insert(name.to_owned(), value);
            }
        }
        told
    }

    /// Explains the answer to an intent or a position. Returns `None` for a policy change, which its answer explains.
    fn explanation(
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
                let decided = self.engine.decide_traced(state, &intent, now);
                let explanation = Explanation::new(decided);
                Some(ExplainedRecord {
                    text: explanation.to_string(),
                    json: serde_json::to_value(&explanation).unwrap_or_default(),
                })
            }
            TapeRecord::RecordedDecision(record) => {
                let now = record.at();
                let recorded = record.recorded_policy();
                let state = self.policy_for(recorded, now, timeline, &mut unknown).state;
                let explanation =
                    Explanation::new(self.engine.decide_traced(state, record.intent(), now));
                Some(with_objection(&explanation, record.objection()))
            }
            TapeRecord::Position(record) => {
                let now = self.now.or(record.event_time());
                let recorded = record.recorded_policy();
                let state = self.policy_for(recorded, now, timeline, &mut unknown).state;
                Some(
                    match super::judge_position(&super::read_snapshot(&record), state, now) {
                        Ok(decision) => {
                            let explanation = HarvestExplanation::new(decision, state);
                            ExplainedRecord {
                                text: explanation.to_string(),
                                json: serde_json::to_value(&explanation).unwrap_or_default(),
                            }
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
fn with_objection(
    explanation: &Explanation<'_>,
    objection: Option<&ServiceDenial<'_>>,
) -> ExplainedRecord {
    let gates = ExplainedRecord {
        text: explanation.to_string(),
        json: serde_json::to_value(explanation).unwrap_or_default(),
    };
    let Some(objection) = objection.filter(|it| it.takes_precedence_over(explanation.decision()))
    else {
        return gates;
    };
    let (reason, detail) = (objection.reason(), printable(objection.detail()));
    let text = format!(
        "SKIP {reason}: {detail}\nThis is a recorded service denial. Without it:\n\n{}",
        gates.text
    );
    let json = serde_json::json!({
        "decision": "SKIP", "reason": reason, "text": detail, "without_objection": gates.json
    });
    ExplainedRecord { text, json }
}

/// Explains a policy change by its answer, which contains everything there is to report.
fn policy_told(answer: &Value) -> ExplainedRecord {
    let field = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default();
    let text = match field("decision") {
        "SKIP" => format!("SKIP {}: {}\n", field("reason"), printable(field("detail"))),
        _ => match field("event") {
            "policy.withdrawn" => "POLICY withdrawn: no policy is active from here on\n".to_owned(),
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
