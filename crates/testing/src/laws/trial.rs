//! The test runner of one law: generates random cases and shrinks the first one that fails.

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

use crate::{Law, Question, QuestionTrace, Row, Unanswered, Violation};

/// The decider or harvester under test, as a function.
pub(super) type Ask<'a> = dyn FnMut(&Question) -> Result<Row, Unanswered> + 'a;

/// One law and the settings of its test run.
pub(super) struct Trial {
    pub(super) law: Law,
    /// The finding that is reported if no case tested the law.
    pub(super) about: &'static str,
    pub(super) cases: u32,
    pub(super) seed: u64,
    pub(super) shrink_steps: u32,
}

/// The check of one case. It returns whether the case tested the law.
pub(super) type Demands<I> = fn(&mut Asking<'_, '_>, &I) -> Result<Tried, Breach>;

/// The outcome of a case that did not fail.
pub(super) enum Tried {
    /// The case tested the law.
    Yes,
    /// The case did not meet the condition of the law.
    No,
}

/// A demand that was not met.
pub(super) struct Breach {
    /// The law that is violated, if it is not the law under test.
    law: Option<Law>,
    demand: String,
}

impl Breach {
    pub(super) fn new(demand: impl Into<String>) -> Self {
        Self {
            law: None,
            demand: demand.into(),
        }
    }
}

/// Returns an error with the text of the demand unless `kept` is true.
pub(super) fn demand(kept: bool, what: impl FnOnce() -> String) -> Result<(), Breach> {
    if kept {
        Ok(())
    } else {
        Err(Breach::new(what()))
    }
}

/// The questions and answers of one case.
pub(super) struct Asking<'s, 'a> {
    ask: &'s mut Ask<'a>,
    told: Vec<QuestionTrace>,
}

impl Asking<'_, '_> {
    /// Asks a question. `what` describes the difference from the previous question.
    pub(super) fn ask(
        &mut self,
        what: impl Into<String>,
        question: Question,
    ) -> Result<Row, Breach> {
        let ask = &mut *self.ask;
        let answer = match catch_unwind(AssertUnwindSafe(|| ask(&question))) {
            Ok(Ok(row)) => Ok(row),
            Ok(Err(why)) => Err(format!("returned an error: {why}")),
            Err(panic) => Err(format!("panicked: {}", words(panic.as_ref()))),
        };
        let unanswered = |_: String| Breach {
            law: Some(Law::Total),
            demand: "every question must have an answer".to_owned(),
        };
        let result = answer.clone().map_err(unanswered);
        self.told.push(QuestionTrace {
            what: what.into(),
            question,
            answer,
        });
        result
    }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    let text = panic.downcast_ref::<&str>().copied();
    owned.or(text).unwrap_or("no message")
}

/// The state of a test run.
struct Seen<'s, 'a> {
    ask: &'s mut Ask<'a>,
    cases: u32,
    tried: bool,
    /// The last case that did not test the law.
    idle: Vec<QuestionTrace>,
    /// The last case that failed; after shrinking, the smallest one.
    breach: Option<(Breach, Vec<QuestionTrace>)>,
}

impl Trial {
    /// Tests the law with random inputs.
    pub(super) fn run<I: Debug>(
        &self,
        ask: &mut Ask<'_>,
        inputs: BoxedStrategy<I>,
        demands: Demands<I>,
    ) -> Result<(), Violation> {
        let seen = RefCell::new(Seen {
            ask,
            cases: 0,
            tried: false,
            idle: Vec::new(),
            breach: None,
        });
        let outcome = self.runner().run(&inputs, |input| {
            let mut seen = seen.borrow_mut();
            seen.case(|asking| demands(asking, &input))
        });
        let seen = seen.into_inner();
        let violation = |case, (breach, told): (Breach, Vec<QuestionTrace>)| Violation {
            law: breach.law.unwrap_or(self.law),
            demand: breach.demand,
            told,
            case,
            seed: self.seed,
        };
        match (outcome, seen.breach) {
            (Err(TestError::Fail(..)), Some(breach)) => Err(violation(seen.cases, breach)),
            (Err(TestError::Fail(why, _) | TestError::Abort(why)), _) => {
                let breach = Breach::new(format!("the law could not be tested: {why}"));
                Err(violation(seen.cases, (breach, seen.idle)))
            }
            (Ok(()), _) if !seen.tried => {
                let breach = Breach::new(format!(
                    "{} in {} cases, so the law was not tested; the last case follows",
                    self.about, self.cases
                ));
                Err(violation(seen.cases, (breach, seen.idle)))
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

impl Seen<'_, '_> {
    fn case(
        &mut self,
        demands: impl FnOnce(&mut Asking<'_, '_>) -> Result<Tried, Breach>,
    ) -> Result<(), TestCaseError> {
        let mut asking = Asking {
            ask: &mut *self.ask,
            told: Vec::new(),
        };
        let outcome = demands(&mut asking);
        let told = asking.told;
        // Cases that are tried while shrinking are not counted.
        if self.breach.is_none() {
            self.cases += 1;
        }
        match outcome {
            Ok(Tried::Yes) => self.tried = true,
            Ok(Tried::No) => self.idle = told,
            // While shrinking, a violation of another law is ignored, so that the smallest case violates the same law.
            Err(breach)
                if self
                    .breach
                    .as_ref()
                    .is_some_and(|it| it.0.law != breach.law) => {}
            Err(breach) => {
                self.breach = Some((breach, told));
                return Err(TestCaseError::fail("violated"));
            }
        }
        Ok(())
    }
}
