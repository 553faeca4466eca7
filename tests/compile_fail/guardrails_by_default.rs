//! Whoever wants no guardrails says so in so many words.

use portcullis::guardrails::Guardrails;

fn main() {
    let _guardrails: Guardrails = Default::default();
}
