//! A decision function of a service, and the test that checks it against the laws.
//!
//! ```sh
//! cargo run -p portcullis-testing --example laws
//! cargo test -p portcullis-testing --example laws
//! ```
//!
//! The service wraps the engine. It reads its policy, its guardrails and its intents, and adds a gate of its own, which
//! never denies an exit and has a skip reason of its own.

use portcullis::{
    answer::{Answer, Verdict},
    policy::PolicyState,
    record::{Scratch, read},
};
use portcullis_testing::{Decider, LawFailures, Question, Row, Unanswered};

/// A service that denies entries in one symbol that it cannot hedge.
struct Desk {
    unhedged: &'static str,
}

impl Decider for Desk {
    fn decide(&mut self, question: &Question) -> Result<Row, Unanswered> {
        let policy = question.read_policy();
        let state = PolicyState::from(&policy);
        let (engine, mut scratch) = (question.engine()?, Scratch::default());
        let intent = read(&question.record, &mut scratch).into_intent();
        let row = Row::from(&Answer::decision(&engine.decide(
            state,
            &intent,
            question.now,
        )));
        let unhedged = row.symbol.as_deref() == Some(self.unhedged);
        if row.decision == Verdict::Trade && unhedged {
            return Ok(Row::skip("DESK_UNHEDGED"));
        }
        Ok(row)
    }
}

fn main() -> Result<(), LawFailures> {
    portcullis_testing::check(&mut Desk {
        unhedged: "SOLUSDT",
    })
}

#[test]
fn the_desk_keeps_the_laws() -> Result<(), LawFailures> {
    main()
}
