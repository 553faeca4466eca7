//! The checks of the laws.

mod deterministic;
mod exits;
mod harvest_sources;
mod monotone;
mod no_policy;
mod sources;
mod total;
mod trial;
mod unknown;

use trial::{Ask, Trial};

use super::{Decider, Harvester, Law, LawFailures, Violation};

/// The settings of a test run: the number of cases, the seed, and the effort to shrink a failing case.
///
/// ```
/// use portcullis_testing::{Law, Laws, Portcullis};
///
/// let laws = Laws::new().with_cases(100).with_seed(7);
/// laws.check_law(Law::Deterministic, &mut Portcullis)?;
/// # Ok::<(), portcullis_testing::Violation>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Laws {
    cases: u32,
    seed: u64,
    shrink_steps: u32,
}

/// The check of a law, which asks the decider many questions.
type LawCheck = fn(&Trial, &mut Ask<'_>) -> Result<(), Violation>;

impl Laws {
    /// Returns the default settings: 256 cases for each check of each law, the seed 0, and at most 20 000 shrink steps.
    #[expect(
        clippy::new_without_default,
        reason = "the settings are chosen by a call that the reader can see"
    )]
    pub const fn new() -> Self {
        Self {
            cases: 256,
            seed: 0,
            shrink_steps: 20_000,
        }
    }

    /// Sets the number of cases for each check of each law.
    pub const fn with_cases(mut self, cases: u32) -> Self {
        self.cases = cases;
        self
    }

    /// Sets the seed. Each seed generates other cases.
    pub const fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the maximum number of steps in which a failing case is made smaller. Each step asks all
    /// questions of the case again. With 0, the violation contains the first failing case, which is
    /// faster if the decider is slow.
    pub const fn with_shrink_steps(mut self, steps: u32) -> Self {
        self.shrink_steps = steps;
        self
    }

    /// Checks a decider against all laws.
    ///
    /// # Errors
    /// Returns every law that the decider violates.
    pub fn check(&self, decider: &mut dyn Decider) -> Result<(), LawFailures> {
        check_all(|law| self.check_law(law, decider))
    }

    /// Checks a decider against one law. A panic or an error of the decider violates L3, whichever law is checked.
    ///
    /// # Errors
    /// Returns the violation. It is also a violation if the law cannot be tested because no valid entry is a `TRADE`.
    pub fn check_law(&self, law: Law, decider: &mut dyn Decider) -> Result<(), Violation> {
        let checks: &[LawCheck] = match law {
            Law::NoPolicyNoTrade => &[no_policy::no_trade],
            Law::NoNumberWithoutASource => &[sources::of_a_decision],
            Law::Total => &[total::any_text_of_an_intent, total::any_floats_of_an_intent],
            Law::UnknownInputsFail => &[unknown::is_a_skip],
            Law::ExitsAreNeverBlocked => &[exits::an_exit_is_an_exit, exits::an_owner_never_opens],
            Law::Deterministic => &[deterministic::decision],
            Law::Monotone => &[
                monotone::tighter_never_trades_more,
                monotone::lower_leverage_never_raises,
            ],
        };
        let if_untested = "no valid entry was a TRADE";
        self.run(law, if_untested, checks, &mut |question| {
            decider.decide(question)
        })
    }

    /// Checks a harvester against all laws.
    ///
    /// # Errors
    /// Returns every law that the harvester violates.
    pub fn check_harvester(&self, harvester: &mut dyn Harvester) -> Result<(), LawFailures> {
        check_all(|law| self.check_harvester_law(law, harvester))
    }

    /// Checks a harvester against one law.
    ///
    /// # Errors
    /// Returns the violation, as [`check_law`](Self::check_law) does.
    pub fn check_harvester_law(
        &self,
        law: Law,
        harvester: &mut dyn Harvester,
    ) -> Result<(), Violation> {
        let checks: &[LawCheck] = match law {
            Law::NoPolicyNoTrade => &[no_policy::no_harvest],
            Law::NoNumberWithoutASource => &[harvest_sources::of_a_harvest],
            Law::Total => &[
                total::any_text_of_a_position,
                total::any_floats_of_a_position,
            ],
            Law::UnknownInputsFail => &[unknown::disables_parts],
            Law::ExitsAreNeverBlocked => &[exits::one_part_is_disabled],
            Law::Deterministic => &[deterministic::harvest],
            Law::Monotone => &[monotone::higher_r_never_lowers],
        };
        let if_untested = "no valid position was a HARVEST";
        self.run(law, if_untested, checks, &mut |question| {
            harvester.harvest(question)
        })
    }

    fn run(
        &self,
        law: Law,
        if_untested: &'static str,
        checks: &[LawCheck],
        ask: &mut Ask<'_>,
    ) -> Result<(), Violation> {
        let trial = Trial {
            law,
            if_untested,
            cases: self.cases,
            seed: self.seed,
            shrink_steps: self.shrink_steps,
        };
        checks.iter().try_for_each(|check| check(&trial, ask))
    }
}

/// Checks a decider against all laws with the settings of [`Laws::new`].
///
/// # Errors
/// Returns every law that the decider violates.
pub fn check(decider: &mut dyn Decider) -> Result<(), LawFailures> {
    Laws::new().check(decider)
}

/// Checks a harvester against all laws with the settings of [`Laws::new`].
///
/// # Errors
/// Returns every law that the harvester violates.
pub fn check_harvester(harvester: &mut dyn Harvester) -> Result<(), LawFailures> {
    Laws::new().check_harvester(harvester)
}

fn check_all(mut check: impl FnMut(Law) -> Result<(), Violation>) -> Result<(), LawFailures> {
    let mut broken: Vec<Violation> = Vec::new();
    for law in Law::ALL {
        // A panic or an error violates L3 whichever law is checked, so the same law can fail more than once.
        broken.extend(
            check(law)
                .err()
                .filter(|it| broken.iter().all(|other| other.law != it.law)),
        );
    }
    broken.sort_by_key(|violation| violation.law);
    if broken.is_empty() {
        Ok(())
    } else {
        Err(LawFailures(broken))
    }
}
