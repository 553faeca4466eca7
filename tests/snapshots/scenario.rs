//! The inputs of one decision, and the answer in every output format.

use super::super::{columns::check_columns, sample_policy_json};
use portcullis::{
    answer::Answer,
    decide::{Engine, SkipCode},
    exit::ExitOwnership,
    explain::{Explanation, HarvestExplanation},
    guardrails::Guardrails,
    harvest::{Snapshot, harvest},
    policy::{Policy, PolicyState, PolicyUnavailable},
    record::{Scratch, TapeRecord, read},
    types::Timestamp,
};
use serde::Serialize;

pub(crate) const UNTIL: &str = "1766550734.062733";
pub(crate) const NOW: &str = "1766550700";
pub(crate) const ENTRY: &str = r#"{"id": "a-1", "ts": 1766550690000, "symbol": "BTCUSDT", "side": "BUY", "source": "momentum", "position_size_usd": 250}"#;
pub(crate) const POSITION: &str = r#"{"event_type": "position.snapshot", "id": "p-1", "ts": 1766550690000, "symbol": "BTCUSDT", "side": "LONG", "entry_price": 100, "current_price": 103, "stop_dist_pct": 0.02, "age_sec": 3600, "current_sl": 99, "market": {"sigma": 0.01, "ts": 0.35, "p_trend": 0.5, "p_mr": 0.2, "p_chop": 0.3}}"#;

/// The inputs of one decision: a record, a policy or none, guardrails and a time.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    record: String,
    policy: Result<Policy, PolicyUnavailable>,
    guardrails: Guardrails,
    now: Option<&'static str>,
}

/// An answer in every output format.
pub(crate) struct Report {
    pub(crate) reason: Option<SkipCode>,
    /// The log line of the answer, for which operators search.
    pub(crate) line: String,
    /// The answer as a JSON row.
    pub(crate) record: String,
    pub(crate) explained: String,
    pub(crate) explained_json: String,
}

/// Replaces one part of a text.
pub(crate) fn with(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "`{from}` is not in {text}");
    text.replacen(from, to, 1)
}

pub(crate) fn sample() -> String {
    sample_policy_json(UNTIL)
}

/// Returns the sample policy with additional fields.
pub(crate) fn and(fields: &str) -> String {
    with(&sample(), "{", &format!("{{{fields},"))
}

impl Scenario {
    /// Creates the inputs for a record, under the sample policy and without guardrails.
    pub(crate) fn of(record: &str) -> Self {
        Self {
            record: record.to_owned(),
            policy: Ok(Policy::from_json(&sample()).unwrap()),
            guardrails: Guardrails::none(),
            now: Some(NOW),
        }
    }

    /// Creates the inputs for the sample entry with one part replaced.
    pub(crate) fn entry(from: &str, to: &str) -> Self {
        Self::of(&with(ENTRY, from, to))
    }

    /// Creates the inputs for the sample position with one part replaced.
    pub(crate) fn position(from: &str, to: &str) -> Self {
        Self::of(&with(POSITION, from, to))
    }

    pub(crate) fn but(self, from: &str, to: &str) -> Self {
        Self {
            record: with(&self.record, from, to),
            ..self
        }
    }

    /// Sets the policy from a text. An invalid text makes the policy unavailable.
    pub(crate) fn under(self, policy: &str) -> Self {
        Self {
            policy: Policy::from_json(policy).map_err(PolicyUnavailable::from),
            ..self
        }
    }

    pub(crate) fn without(self, absence: PolicyUnavailable) -> Self {
        Self {
            policy: Err(absence),
            ..self
        }
    }

    pub(crate) fn guarded(self, guardrails: &str) -> Self {
        Self {
            guardrails: Guardrails::from_json(guardrails).unwrap(),
            ..self
        }
    }

    pub(crate) fn at(self, now: &'static str) -> Self {
        Self {
            now: Some(now),
            ..self
        }
    }

    /// Sets the time of the decision to the record's event time.
    pub(crate) fn recorded(self) -> Self {
        Self { now: None, ..self }
    }

    /// Returns the text of the record.
    pub(crate) fn record(&self) -> &str {
        &self.record
    }

    pub(crate) fn report(&self) -> Report {
        let now = self
            .now
            .map(|now| Timestamp::parse_epoch_seconds(now).unwrap());
        let state = PolicyState::from(&self.policy);
        let mut scratch = Scratch::default();
        match read(&self.record, &mut scratch) {
            TapeRecord::Intent(intent) => {
                let ownership = ExitOwnership::new("exitbrain_v3_5")
                    .unwrap()
                    .with_delegate("emergency_closer")
                    .unwrap();
                let engine = Engine::new(self.guardrails.clone(), ownership);
                let traced = engine.decide_traced(state, &intent, now);
                check_columns(&engine, state, &intent, now, &traced.0);
                let answer = Answer::decision(&traced.0).to(1, intent.id(), intent.event_time());
                let (reason, line, record) = (answer.reason, traced.0.to_string(), json(&answer));
                let explanation = Explanation::new(traced);
                Report {
                    reason,
                    line,
                    record,
                    explained: explanation.to_string(),
                    explained_json: json(&explanation),
                }
            }
            TapeRecord::Position(position) => {
                let snapshot = Snapshot::from_json(position.text(), position.emitted_at()).unwrap();
                let now = now.or_else(|| position.event_time()).unwrap();
                let decision = harvest(state, &snapshot.position, snapshot.market.as_ref(), now);
                let answer =
                    Answer::harvest(&decision, state).to(1, position.id(), position.event_time());
                let (reason, record) = (answer.reason, json(&answer));
                let explanation = HarvestExplanation::new(decision, state);
                let explained = explanation.to_string();
                Report {
                    reason,
                    line: explained.lines().next().unwrap().to_owned(),
                    record,
                    explained,
                    explained_json: json(&explanation),
                }
            }
            TapeRecord::RecordedDecision(_)
            | TapeRecord::PolicyUpdated(..)
            | TapeRecord::PolicyWithdrawn(_) => {
                panic!("no decision for {}", self.record)
            }
        }
    }
}

pub(crate) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap()
}
