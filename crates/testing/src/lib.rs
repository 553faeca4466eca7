//! Checks of a decision function against the laws L1 to L7 with random policies, intents and
//! positions.
//!
//! The function under test answers a [`Question`] with a [`Row`]. It can be a service that wraps the engine, or an
//! implementation of the engine in another language. A question and a row consist of strings and plain values, so they
//! can be sent to another process. The test is one call:
//!
//! ```no_run
//! use portcullis_testing::{Decider, Portcullis, Question, Row, Unanswered};
//!
//! /// Replace the body of `decide` with a call to your service.
//! struct Service;
//!
//! impl Decider for Service {
//!     fn decide(&mut self, question: &Question) -> Result<Row, Unanswered> {
//!         Portcullis.decide(question)
//!     }
//! }
//!
//! portcullis_testing::check(&mut Service)?;
//! # Ok::<(), portcullis_testing::LawFailures>(())
//! ```
//!
//! The error contains the smallest failing case that was found, as text that can be replayed:
//!
//! ```
//! use portcullis::answer::Verdict;
//! use portcullis_testing::{Decider, Law, Laws, Portcullis, Question, Row, Unanswered};
//!
//! struct Tenfold;
//!
//! impl Decider for Tenfold {
//!     fn decide(&mut self, question: &Question) -> Result<Row, Unanswered> {
//!         if question.policy.is_ok() {
//!             return Portcullis.decide(question);
//!         }
//!         let mut row = Row::new(Verdict::Trade);
//!         row.leverage = Some(10.0);
//!         Ok(row)
//!     }
//! }
//!
//! let broken = Laws::new().check(&mut Tenfold).unwrap_err();
//! let reported = broken.violations()[0].to_string();
//! let first_line = "L1 (no policy, no trade) is violated: an entry without a policy in force must be a SKIP\n";
//! assert!(reported.starts_with(first_line));
//! assert!(reported.contains("\n  policy      POLICY_MISSING: no policy\n"));
//! ```
//!
//! The questions are the same on every run: they depend only on the seed (0 unless
//! [`Laws::with_seed`] sets another) and on the version of `proptest`. An endless loop in a decider
//! is not detected; in this case, the test does not end. A panic is detected only if panics unwind
//! (not with `panic = "abort"`).
//!
//! The formats that a port has to read and write are documented at [`Question`] and [`Row`], and in
//! `docs/formats.md`.

mod decider;
mod law;
mod laws;
mod question;
mod row;
pub mod strategies;
mod violation;

pub use decider::{Decider, Harvester, Portcullis, Unanswered};
pub use law::Law;
pub use laws::{Laws, check, check_harvester};
pub use question::{EngineSetupError, Question};
pub use row::{Row, RowError};
pub use violation::{AnsweredQuestion, LawFailures, Violation};
