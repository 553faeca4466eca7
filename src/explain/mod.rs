//! Explanations of decisions: every gate in order, the values that it compared, and the smallest
//! change with which a failed gate would have passed.
//!
//! An explanation formats a recorded trace. It does not repeat the decision.

mod gate_check;
mod harvest;
mod remedy;

pub use harvest::HarvestExplanation;

use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeStruct as _};

use crate::decide::{Decision, Gate, Trace};

/// An explanation of one decision. [`fmt::Display`] writes it as text, and [`Serialize`] as data.
#[derive(Debug)]
pub struct Explanation<'a> {
    decision: Decision<'a>,
    trace: Trace<'a>,
}

impl<'a> Explanation<'a> {
    /// Creates an explanation from the result of [`crate::decide::Engine::decide_traced`].
    #[must_use]
    pub fn new((decision, trace): (Decision<'a>, Trace<'a>)) -> Self {
        Self { decision, trace }
    }

    /// Returns the decision.
    pub const fn decision(&self) -> &Decision<'a> {
        &self.decision
    }

    /// Returns the smallest change with which the failed gate would have passed, or `None` if no gate failed.
    #[must_use]
    pub fn remedy(&self) -> Option<String> {
        match &self.decision {
            Decision::Trade(_) | Decision::Exit(_) => None,
            Decision::Skip(skip) => Some(remedy::of(skip.evidence())),
        }
    }

    /// Returns each gate with its state and the values that it compared.
    fn gates(&self) -> impl Iterator<Item = GateLine> {
        let failed = match &self.decision {
            Decision::Trade(_) | Decision::Exit(_) => None,
            Decision::Skip(skip) => Some((skip.gate(), skip.evidence().to_string())),
        };
        Gate::ALL.iter().map(move |&gate| {
            let passed = self.trace.passed().iter().find(|c| c.gate() == gate);
            match (passed, &failed) {
                (Some(compared), _) => GateLine {
                    gate,
                    state: "passed",
                    saw: gate_check::text(compared),
                },
                (None, Some((failed_at, evidence))) if *failed_at == gate => GateLine {
                    gate,
                    state: "failed",
                    saw: evidence.clone(),
                },
                (None, _) => GateLine {
                    gate,
                    state: "not checked",
                    saw: String::new(),
                },
            }
        })
    }
}

#[derive(Serialize)]
struct GateLine {
    gate: Gate,
    state: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    saw: String,
}

impl fmt::Display for Explanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.decision)?;
        writeln!(f)?;
        for line in self.gates() {
            let text = format!(
                "{:>2}  {:<14}  {:<11}  {}",
                line.gate.number(),
                line.gate,
                line.state,
                line.saw
            );
            writeln!(f, "{}", text.trim_end())?;
        }
        match self.remedy() {
            Some(remedy) => writeln!(f, "\nSmallest change: {remedy}"),
            None => Ok(()),
        }
    }
}

impl Serialize for Explanation<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let gates: Vec<GateLine> = self.gates().collect();
        let mut fields = serializer.serialize_struct("Explanation", 5)?;
        fields.serialize_field("decision", self.decision.verdict())?;
        fields.serialize_field("reason", &self.decision.reason())?;
        fields.serialize_field("text", &self.decision.to_string())?;
        fields.serialize_field("gates", &gates)?;
        fields.serialize_field("smallest_change", &self.remedy())?;
        fields.end()
    }
}
