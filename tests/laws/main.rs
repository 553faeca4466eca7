//! The laws, each as a property over random inputs, and each shown to bite: an engine that is broken on
//! purpose, put in the place of the real one, fails it.
//!
//! - L1 no policy, no trade
//! - L2 no number without a source
//! - L3 total
//! - L4 unknown is not yes
//! - L5 closed is not trapped
//! - L6 deterministic
//! - L7 monotone
//! - L8 unforgeable: held by the compiler, and shown by the programs that must not compile
//! - L9 nothing lost
//!
//! L1 and L2 run 20 000 cases, the others 2 000 (500 without optimisation). With `PORTCULLIS_CASES=1000000`
//! every law runs as many as that, and never fewer than without it; `--profile laws` makes millions a matter of
//! minutes. A case that fails is made as small as it gets, told, and kept in `tests/regressions/laws.txt`, to be
//! tried first from then on.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and is told how many cases to run"
)]

mod answered;
mod l1_no_policy_no_trade;
mod l2_no_number_of_a_harvest;
mod l2_no_number_without_a_source;
mod l3_total;
mod l4_unknown_is_not_yes;
mod l5_closed_is_not_trapped;
mod l6_deterministic;
mod l7_monotone;
mod l9_nothing_lost;
mod sources;
mod subject;

use std::fmt::Debug;

use portcullis::testing::strategies;
use proptest::{
    prelude::*,
    test_runner::{Config, FileFailurePersistence, RngAlgorithm, TestError, TestRng, TestRunner},
};
use subject::{Portcullis, Subject};

/// What must be true of every answer, and the inputs that it is tried with.
pub(crate) struct Law<I: Debug> {
    cases: u32,
    inputs: fn() -> BoxedStrategy<I>,
    demands: fn(&dyn Subject, &I) -> Result<(), TestCaseError>,
}

/// For the laws that the others rest on.
pub(crate) const MANY: u32 = 20_000;
/// For the others; built without optimisation, a case takes its time.
pub(crate) const SOME: u32 = if cfg!(debug_assertions) { 500 } else { 2_000 };

/// To find out a broken engine.
const BROKEN: u32 = 4_000;
/// The fast one: the numbers are not secret.
pub(crate) const RNG: RngAlgorithm = RngAlgorithm::XorShift;

impl<I: Debug> Law<I> {
    /// The engine keeps it.
    pub(crate) fn holds(&self) {
        let asked: Option<u32> = std::env::var("PORTCULLIS_CASES")
            .ok()
            .map(|cases| cases.parse().unwrap());
        let runner = TestRunner::new(Config {
            cases: asked.unwrap_or_default().max(self.cases),
            failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
                "tests/regressions/laws.txt",
            ))),
            rng_algorithm: RNG,
            ..Config::default()
        });
        if let Err(error) = self.try_out(runner, &Portcullis) {
            panic!("{error}");
        }
    }

    /// A broken engine does not, and is found out by this: the same cases on every run.
    #[track_caller]
    pub(crate) fn bites(&self, broken: &dyn Subject, by: &str) {
        let config = Config {
            cases: BROKEN,
            failure_persistence: None,
            max_shrink_iters: 0,
            ..Config::default()
        };
        let rng = TestRng::deterministic_rng(RNG);
        match self.try_out(TestRunner::new_with_rng(config, rng), broken) {
            Ok(()) => panic!("nothing was found in {BROKEN} cases"),
            Err(TestError::Fail(why, _)) => {
                assert!(
                    why.message().contains(by),
                    "found out by something else: {why}"
                );
            }
            Err(TestError::Abort(why)) => panic!("{why}"),
        }
    }

    fn try_out(&self, mut runner: TestRunner, subject: &dyn Subject) -> Result<(), TestError<I>> {
        runner.run(&(self.inputs)(), |input| (self.demands)(subject, &input))
    }
}
