//! The laws of the engine.
//!
//! - L1 no policy, no trade
//! - L2 no number without a source
//! - L3 total
//! - L4 a gate fails on an unknown input
//! - L5 exits are never blocked
//! - L6 deterministic
//! - L7 monotone
//! - L8 unforgeable: enforced by the compiler, tested with programs that must not compile
//!   (`tests/compile_fail`)
//! - L9 nothing lost
//!
//! The law kit (`portcullis-testing`) checks L1 to L7 from outside: texts in, answer rows out. The
//! other files check the properties that the kit cannot test: L9, numbers that only a typed answer
//! contains, and calls that have no text as input. Each of these checks must also detect engines
//! with a planted bug.
//!
//! `PORTCULLIS_CASES=1000000` sets the number of cases of every check that has fewer to that value, and makes the cases
//! random. Without the variable, the cases are the same on every run. With `--release`, millions of cases take minutes.
//! A failing case is shrunk and printed. The failing cases of the checks in this folder are also stored in
//! `tests/regressions/laws.txt`, and stored cases run first in later runs.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and the environment sets the number of cases"
)]

mod answered;
mod l2_typed_numbers;
mod l3_every_path;
mod l6_every_path;
mod l9_nothing_lost;
mod sources;
mod subject;

use std::fmt::Debug;

use portcullis_testing::{Law, Laws, strategies};
use proptest::{
    prelude::*,
    test_runner::{
        Config, FileFailurePersistence, RngAlgorithm, RngSeed, TestError, TestRng, TestRunner,
    },
};
use subject::Subject;

/// Number of cases for the fundamental laws, L1 and L2; fewer without optimization, because each
/// case is then slow.
const MANY: u32 = if cfg!(debug_assertions) {
    2_000
} else {
    20_000
};
/// Number of cases for the other laws.
const SOME: u32 = if cfg!(debug_assertions) { 500 } else { 2_000 };
/// Maximum number of cases within which a planted bug must be detected.
const PLANTED: u32 = 4_000;
/// The random number generator. It is a fast one, because the random numbers need not be secret.
const RNG: RngAlgorithm = RngAlgorithm::XorShift;

/// Returns the usual number of cases, or the number in the environment if it is greater.
fn cases(usual: u32) -> u32 {
    let cases = std::env::var("PORTCULLIS_CASES").ok();
    cases.map_or(usual, |cases| cases.parse::<u32>().unwrap().max(usual))
}

/// Returns the seed of a check: a random one if the environment sets the number of cases, otherwise a fixed one. With a
/// fixed seed, only a change of the code can make a check fail.
fn seed() -> RngSeed {
    match std::env::var("PORTCULLIS_CASES") {
        Ok(_) => RngSeed::Random,
        Err(_) => RngSeed::Fixed(1),
    }
}

/// Checks that the engine satisfies a law of the law kit.
fn check(law: Law, usual: u32) {
    let laws = Laws::new().with_cases(cases(usual));
    laws.check_law(law, &mut portcullis_testing::Portcullis)
        .unwrap();
    laws.check_harvester_law(law, &mut portcullis_testing::Portcullis)
        .unwrap();
}

#[test]
fn l1_no_policy_no_trade() {
    check(Law::NoPolicyNoTrade, MANY);
}

#[test]
fn l2_no_number_without_a_source() {
    check(Law::NoNumberWithoutASource, MANY);
}

#[test]
fn l3_total() {
    check(Law::Total, SOME);
}

#[test]
fn l4_unknown_inputs_fail() {
    check(Law::UnknownInputsFail, SOME);
}

#[test]
fn l5_exits_are_never_blocked() {
    check(Law::ExitsAreNeverBlocked, SOME);
}

#[test]
fn l6_deterministic() {
    check(Law::Deterministic, SOME);
}

#[test]
fn l7_monotone() {
    check(Law::Monotone, SOME);
}

/// A property that every answer must have, and the inputs it is tested with.
struct Property<I: Debug> {
    cases: u32,
    inputs: fn() -> BoxedStrategy<I>,
    demands: fn(&dyn Subject, &I) -> Result<(), TestCaseError>,
}

impl<I: Debug> Property<I> {
    /// Checks that the engine has the property.
    fn holds(&self) {
        let runner = TestRunner::new(Config {
            cases: cases(self.cases),
            failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
                "tests/regressions/laws.txt",
            ))),
            rng_algorithm: RNG,
            rng_seed: seed(),
            ..Config::default()
        });
        if let Err(error) = self.run(runner, &subject::Portcullis) {
            panic!("{error}");
        }
    }

    /// Checks that a planted bug is detected with a message that contains `by`. The cases are the same on every run.
    #[track_caller]
    fn detects(&self, bug: &dyn Subject, by: &str) {
        let config = Config {
            cases: PLANTED,
            failure_persistence: None,
            max_shrink_iters: 0,
            ..Config::default()
        };
        let rng = TestRng::deterministic_rng(RNG);
        match self.run(TestRunner::new_with_rng(config, rng), bug) {
            Ok(()) => panic!("the planted bug was not detected in {PLANTED} cases"),
            Err(TestError::Fail(why, _)) => {
                let message = why.message();
                assert!(message.contains(by), "detected with another message: {why}");
            }
            Err(TestError::Abort(why)) => panic!("{why}"),
        }
    }

    fn run(&self, mut runner: TestRunner, subject: &dyn Subject) -> Result<(), TestError<I>> {
        runner.run(&(self.inputs)(), |input| (self.demands)(subject, &input))
    }
}
