//! Random cases, one law, and the smallest case that breaks it.

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

use crate::testing::{Law, Question, Row, Told, Unanswered, Violation};

/// Whoever is asked.
pub(super) type Ask<'a> = dyn FnMut(&Question) -> Result<Row, Unanswered> + 'a;

/// One law, tried with so many cases.
pub(super) struct Trial {
    pub(super) law: Law,
    /// What has to be seen for the law to say anything.
    pub(super) about: &'static str,
    pub(super) cases: u32,
    pub(super) seed: u64,
}

/// What is demanded of one case, and whether the case came to it.
pub(super) type Demands<I> = fn(&mut Asking<'_, '_>, &I) -> Result<Tried, Breach>;

/// Whether a case said anything of the law.
pub(super) enum Tried {
    /// It did.
    Yes,
    /// What the law is about did not happen.
    No,
}

/// What was demanded and not kept.
pub(super) struct Breach {
    /// Another law than the one that is tried.
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

/// Demands something.
pub(super) fn demand(kept: bool, what: impl FnOnce() -> String) -> Result<(), Breach> {
    if kept {
        Ok(())
    } else {
        Err(Breach::new(what()))
    }
}

/// The questions of one case, and what came of them.
pub(super) struct Asking<'s, 'a> {
    ask: &'s mut Ask<'a>,
    told: Vec<Told>,
}

impl Asking<'_, '_> {
    /// Asks; `what` sets the question apart from the one before it.
    pub(super) fn ask(
        &mut self,
        what: impl Into<String>,
        question: Question,
    ) -> Result<Row, Breach> {
        let ask = &mut *self.ask;
        let answer = match catch_unwind(AssertUnwindSafe(|| ask(&question))) {
            Ok(Ok(row)) => Ok(row),
            Ok(Err(why)) => Err(format!("no answer: {why}")),
            Err(panic) => Err(format!("a panic: {}", words(panic.as_ref()))),
        };
        let unanswered = |_: String| Breach {
            law: Some(Law::Total),
            demand: "every question has an answer".to_owned(),
        };
        let result = answer.clone().map_err(unanswered);
        self.told.push(Told {
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
    owned.or(text).unwrap_or("without words")
}

/// What is known so far.
struct Seen<'s, 'a> {
    ask: &'s mut Ask<'a>,
    cases: u32,
    tried: bool,
    /// The last case that said nothing of the law.
    idle: Vec<Told>,
    /// The last case that broke it: while cases are made smaller, the smallest.
    breach: Option<(Breach, Vec<Told>)>,
}

impl Trial {
    /// Tries the law with random inputs.
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
        let violation = |case, (breach, told): (Breach, Vec<Told>)| Violation {
            law: breach.law.unwrap_or(self.law),
            demand: breach.demand,
            told,
            case,
            seed: self.seed,
        };
        match (outcome, seen.breach) {
            (Err(TestError::Fail(..)), Some(breach)) => Err(violation(seen.cases, breach)),
            (Err(TestError::Fail(why, _) | TestError::Abort(why)), _) => {
                let breach = Breach::new(format!("the law can be tried: {why}"));
                Err(violation(seen.cases, (breach, seen.idle)))
            }
            (Ok(()), _) if !seen.tried => {
                let breach = Breach::new(format!(
                    "some {}, or the law says nothing; of {} none was, like this one",
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
            max_shrink_iters: 20_000,
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
        // While a case is made smaller, nothing is counted.
        if self.breach.is_none() {
            self.cases += 1;
        }
        match outcome {
            Ok(Tried::Yes) => self.tried = true,
            Ok(Tried::No) => self.idle = told,
            // Made smaller, a case is to stay what it was: one of this law, or one without an answer.
            Err(breach)
                if self
                    .breach
                    .as_ref()
                    .is_some_and(|it| it.0.law != breach.law) => {}
            Err(breach) => {
                self.breach = Some((breach, told));
                return Err(TestCaseError::fail("broken"));
            }
        }
        Ok(())
    }
}
