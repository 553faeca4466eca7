//! The laws for other people's code: a decision function, whatever it is made of, is held to L1 to L7 with random
//! policies, intents and positions (feature `testing`).
//!
//! A service that wraps the engine, or a port of it in another language, answers a [`Question`] with a [`Row`]: texts
//! and plain values on either side, so that a process can be asked over a pipe. Its test is one call:
//!
//! ```no_run
//! use portcullis::testing::{self, Decider, Portcullis, Question, Row, Unanswered};
//!
//! /// The service's own function would stand here.
//! struct Service;
//!
//! impl Decider for Service {
//!     fn decide(&mut self, asked: &Question) -> Result<Row, Unanswered> {
//!         Portcullis.decide(asked)
//!     }
//! }
//!
//! testing::hold(&mut Service)?;
//! # Ok::<(), testing::Broken>(())
//! ```
//!
//! A law that is broken is told with the smallest case that was found, as text that can be asked again:
//!
//! ```
//! use portcullis::answer::Verdict;
//! use portcullis::testing::{Decider, Law, Laws, Portcullis, Question, Row, Unanswered};
//!
//! struct Tenfold;
//!
//! impl Decider for Tenfold {
//!     fn decide(&mut self, asked: &Question) -> Result<Row, Unanswered> {
//!         if asked.policy.is_ok() {
//!             return Portcullis.decide(asked);
//!         }
//!         Ok(Row { leverage: Some(10.0), ..Row::new(Verdict::Trade) })
//!     }
//! }
//!
//! let broken = Laws::new().hold(&mut Tenfold).unwrap_err();
//! let told = broken.violations()[0].to_string();
//! assert!(told.starts_with("L1 no policy, no trade is broken: an entry without a policy in force is a SKIP\n"));
//! assert!(told.contains("\n  policy      POLICY_MISSING: no policy\n"));
//! ```
//!
//! The questions are the same on every run: they come from a seed, which is 0 unless [`Laws::seed`] says otherwise, and
//! from the version of `proptest`. A decider that loops is not found out by a law, but by whoever waits for the test;
//! nor is a panic where panics abort.
//! What a port must know of the formats stands in the documentation of [`Question`] and [`Row`], and in
//! `ARCHITECTURE.md`.

mod decider;
mod law;
mod laws;
mod question;
mod row;
pub mod strategies;
mod violation;

pub use decider::{Decider, Harvester, Portcullis, Unanswered};
pub use law::Law;
pub use laws::{Laws, hold, hold_harvest};
pub use question::{NoEngine, Question};
pub use row::{Row, RowFault};
pub use violation::{Broken, Told, Violation};
