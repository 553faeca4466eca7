//! A service's own decision function, and the test that holds it to the laws.
//!
//! ```sh
//! cargo run --example laws --features testing
//! cargo test --example laws --features testing
//! ```
//!
//! The service wraps the engine: it reads what its store, its operator and its stream say, and has a rule of its own,
//! which stands before no exit and gives a reason of its own.

use portcullis::{
    answer::{Answer, Verdict},
    event::{Scratch, read},
    policy::PolicyState,
    testing::{self, Broken, Decider, Question, Row, Unanswered},
};

/// The service: no entries in what it does not know how to hedge.
struct Desk {
    unhedged: &'static str,
}

impl Decider for Desk {
    fn decide(&mut self, asked: &Question) -> Result<Row, Unanswered> {
        let policy = asked.read_policy();
        let state = match &policy {
            Ok(policy) => PolicyState::present(policy),
            Err(absence) => PolicyState::absent(absence),
        };
        let (engine, mut scratch) = (asked.engine()?, Scratch::default());
        let intent = read(&asked.record, &mut scratch).into_intent();
        let row = Row::from(&Answer::decision(&engine.decide(state, &intent, asked.now)));
        let unhedged = row.symbol.as_deref() == Some(self.unhedged);
        if row.decision == Verdict::Trade && unhedged {
            return Ok(Row::skip("DESK_UNHEDGED"));
        }
        Ok(row)
    }
}

fn main() -> Result<(), Broken> {
    testing::hold(&mut Desk {
        unhedged: "SOLUSDT",
    })
}

#[test]
fn the_desk_keeps_the_laws() -> Result<(), Broken> {
    main()
}
