//! Fault tests: one file for each kind of fault. Each test prints its row of the table in
//! `docs/faults.md`.

mod clock;
mod cut;
mod disk;
mod flushed;
mod foreign;
mod killed;
mod kinds;
mod power;
mod races;
mod replica;
mod rolled_back;
mod slow;
mod torn;

use portcullis::{
    decide::{Engine, SkipCode},
    exit::ExitOwnership,
    guardrails::Guardrails,
    policy::{Policy, PolicyState},
    record::{Scratch, TapeRecord, read},
    types::Timestamp,
};

/// Returns the skip reason of an intent under a policy, if it is skipped.
fn denied(guardrails: &Guardrails, policy: &Policy, now: Timestamp) -> Option<SkipCode> {
    let ownership = ExitOwnership::new("owner").unwrap();
    let engine = Engine::new(guardrails.clone(), ownership);
    let text = r#"{"symbol": "BTCUSDT", "side": "BUY", "source": "s", "position_size_usd": 100}"#;
    let mut scratch = Scratch::default();
    let TapeRecord::Intent(intent) = read(text, &mut scratch) else {
        panic!("no intent");
    };
    engine
        .decide(PolicyState::present(policy), &intent, now)
        .reason()
}
