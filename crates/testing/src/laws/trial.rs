//! The test runner of one law. It generates random cases and shrinks the first one that fails.

use std::{
    any::Any,
    cell::RefCell,
    fmt::Debug,
    panic::{AssertUnwindSafe, catch_unwind},
};

use proptest::{
    strategy::BoxedStrategy,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner},
};

use crate::{AnsweredQuestion, Law, Question, Row, Unanswered, Violation};

/// The decider or harvester under test, as a function.
pub(super) type Ask<'a> = dyn FnMut(&Question) -> Result<Row, Unanswered> + 'a;

/// One law and the settings of its test run.
pub(super) struct Trial {
    pub(super) law: Law,
    /// The text of the violation that is reported if no case tested the law.
    pub(super) if_untested: &'static str,
    pub(super) cases: u32,
    pub(super) seed: u64,
    pub(super) shrink_steps: u32,
}

/// The check of one case. It returns whether the case tested the law.
pub(super) type CaseCheck<I> = fn(&mut Case<'_, '_>, &I) -> Result<Tested, FailedDemand>;

/// The outcome of a case that did not fail.
pub(super) enum Tested {
    /// The case tested the law.
    Yes,
    /// The case did not meet the condition of the law.
    No,
}

/// A demand that was not met.
pub(super) struct FailedDemand {
    /// The law that is violated, if it is not the law under test.
    law: Option<Law>,
    demand: String,
}

impl FailedDemand {
    pub(super) fn new(demand: impl Into<String>) -> Self {
        Self {
            law: None,
            demand: demand.into(),
        }
    }
}

/// Returns an error with the text of the demand unless `kept` is true.
pub(super) fn demand(kept: bool, what: impl FnOnce() -> String) -> Result<(), FailedDemand> {
    if kept {
        Ok(())
    } else {
        Err(FailedDemand::new(what()))
    }
}

/// The questions and answers of one case.
pub(super) struct Case<'s, 'a> {
    ask: &'s mut Ask<'a>,
    questions: Vec<AnsweredQuestion>,
}

impl Case<'_, '_> {
    /// Asks a question. `what` describes the difference from the previous question.
    pub(super) fn ask(
        &mut self,
        what: impl Into<String>,
        question: Question,
    ) -> Result<Row, FailedDemand> {
        let ask = &mut *self.ask;
        let answer = match catch_unwind(AssertUnwindSafe(|| ask(&question))) {
            Ok(Ok(row)) => Ok(row),
            Ok(Err(why)) => Err(format!("returned an error: {why}")),
            Err(panic) => Err(format!("panicked: {}", panic_text(panic.as_ref()))),
        };
        let unanswered = |_: String| {
            FailedDemand {
            law: Some(Law::Total),
            demand: "the code under test must return an answer for every input, without an error or a panic".to_owned(),
        }
        };
        let result = answer.clone().map_err(unanswered);
        self.questions.push(AnsweredQuestion {
            what: what.into(),
            question,
            answer,
        });
        result
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    let text = panic.downcast_ref::<&str>().copied();
    owned.or(text).unwrap_or("no message")
}

/// The state of a test run.
struct TestRun<'s, 'a> {
    ask: &'s mut Ask<'a>,
    cases: u32,
    tested: bool,
    /// The last case that did not test the law.
    untested: Vec<AnsweredQuestion>,
    /// The last case that failed; after shrinking, the smallest one.
    failure: Option<(FailedDemand, Vec<AnsweredQuestion>)>,
}

impl Trial {
    /// Tests the law with random inputs.
    pub(super) fn run<I: Debug>(
        &self,
        ask: &mut Ask<'_>,
        inputs: BoxedStrategy<I>,
        check: CaseCheck<I>,
    ) -> Result<(), Violation> {
        let run = RefCell::new(TestRun {
            ask,
            cases: 0,
            tested: false,
            untested: Vec::new(),
            failure: None,
        });
        let outcome = self.runner().run(&inputs, |input| {
            let mut run = run.borrow_mut();
            run.case(|case| check(case, &input))
        });
        let run = run.into_inner();
        let violation =
            |case, (failure, questions): (FailedDemand, Vec<AnsweredQuestion>)| Violation {
                law: failure.law.unwrap_or(self.law),
                demand: failure.demand,
                questions,
                case,
                seed: self.seed,
            };
        match (outcome, run.failure) {
            (Err(TestError::Fail(..)), Some(failure)) => Err(violation(run.cases, failure)),
            (Err(TestError::Fail(why, _) | TestError::Abort(why)), _) => {
                let failure = FailedDemand::new(format!("the law could not be tested: {why}"));
                Err(violation(run.cases, (failure, run.untested)))
            }
            (Ok(()), _) if !run.tested => {
                let failure = FailedDemand::new(format!(
                    "{} in {} cases, so the law was not tested; the last case follows",
                    self.if_untested, self.cases
                ));
                Err(violation(run.cases, (failure, run.untested)))
            }
            (Ok(()), _) => Ok(()),
        }
    }

    fn runner(&self) -> TestRunner {
        let config = Config {
            cases: self.cases,
            failure_persistence: None,
            max_shrink_time: 0,
            max_shrink_iters: self.shrink_steps,
            ..Config::default()
        };
        let mut seed = [0; 32];
        for (to, from) in seed.iter_mut().zip(self.seed.to_le_bytes()) {
            *to = from;
        }
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        TestRunner::new_with_rng(config, rng)
    }
}

impl TestRun<'_, '_> {
    fn case(
        &mut self,
        check: impl FnOnce(&mut Case<'_, '_>) -> Result<Tested, FailedDemand>,
    ) -> Result<(), TestCaseError> {
        let mut case = Case {
            ask: &mut *self.ask,
            questions: Vec::new(),
        };
        let outcome = check(&mut case);
        let questions = case.questions;
        // Cases that are tested while shrinking are not counted.
        if self.failure.is_none() {
            self.cases += 1;
        }
        match outcome {
            Ok(Tested::Yes) => self.tested = true,
            Ok(Tested::No) => self.untested = questions,
            // While shrinking, a violation of another law is ignored, so that the smallest case violates the same law.
            Err(failure)
                if self
                    .failure
                    .as_ref()
                    .is_some_and(|it| it.0.law != failure.law) => {}
            Err(failure) => {
                self.failure = Some((failure, questions));
                return Err(TestCaseError::fail("violated"));
            }
        }
        Ok(())
    }
}
