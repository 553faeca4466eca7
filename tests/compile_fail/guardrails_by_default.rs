//! Empty guardrails must be requested explicitly.

use portcullis::guardrails::Guardrails;

fn main() {
    let _guardrails: Guardrails = Default::default();
}
