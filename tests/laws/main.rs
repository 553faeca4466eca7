//! The laws as property tests over random inputs. Each law is also tested against engines with a planted bug, which it
//! must detect.
//!
//! - L1 no policy, no trade
//! - L2 no number without a source
//! - L3 total
//! - L4 unknown is not yes
//! - L5 closed is not trapped
//! - L6 deterministic
//! - L7 monotone
//! - L8 unforgeable: enforced by the compiler, tested with programs that must not compile (`tests/compile_fail`)
//! - L9 nothing lost
//!
//! L1 and L2 run 20 000 cases each, the others 2 000 or a small multiple (500 without optimisation).
//! `PORTCULLIS_CASES=1000000` raises the number of cases of every law to that value; it never lowers it. With
//! `--release`, millions of cases take minutes. A failing case is shrunk, printed, and stored in
//! `tests/regressions/laws.txt`; stored cases run first from then on.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and the environment sets the number of cases"
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

use portcullis_testing::strategies;
use proptest::{
    prelude::*,
    test_runner::{Config, FileFailurePersistence, RngAlgorithm, TestError, TestRng, TestRunner},
};
use subject::{Portcullis, Subject};

/// A property that every answer must have, and the inputs it is tested with.
pub(crate) struct Law<I: Debug> {
    cases: u32,
    inputs: fn() -> BoxedStrategy<I>,
    demands: fn(&dyn Subject, &I) -> Result<(), TestCaseError>,
}

/// Number of cases for the fundamental laws, L1 and L2.
pub(crate) const MANY: u32 = 20_000;
/// Number of cases for the other laws; fewer without optimisation, where a case is slow.
pub(crate) const SOME: u32 = if cfg!(debug_assertions) { 500 } else { 2_000 };

/// Number of cases in which a planted bug must be detected.
const BROKEN: u32 = 4_000;
/// The fast generator; the random numbers need not be secret.
pub(crate) const RNG: RngAlgorithm = RngAlgorithm::XorShift;

impl<I: Debug> Law<I> {
    /// Checks that the engine keeps the law.
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

    /// Checks that the law detects a planted bug with a message that contains `by`. The cases are the same on every
    /// run.
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
            Ok(()) => panic!("the planted bug was not detected in {BROKEN} cases"),
            Err(TestError::Fail(why, _)) => {
                assert!(
                    why.message().contains(by),
                    "detected with another message: {why}"
                );
            }
            Err(TestError::Abort(why)) => panic!("{why}"),
        }
    }

    fn try_out(&self, mut runner: TestRunner, subject: &dyn Subject) -> Result<(), TestError<I>> {
        runner.run(&(self.inputs)(), |input| (self.demands)(subject, &input))
    }
}
