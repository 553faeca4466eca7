//! The publish gate: bounds on what a looser draft would have done with recorded history.

mod evidence;
mod judge;
mod refusal;
mod rules;

pub use evidence::{BaselineEvidence, Evidence, GateRecord, PolicyEvidence};
pub use judge::{Case, JudgeError, Judgement, judge};
pub use refusal::Refusal;
pub use rules::{GateRules, GateRulesError};
