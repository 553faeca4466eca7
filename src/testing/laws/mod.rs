//! The laws, held.

mod closed;
mod deterministic;
mod monotone;
mod no_policy;
mod sources;
mod sources_of_a_harvest;
mod total;
mod trial;
mod unknown;

use trial::{Ask, Trial};

use super::{Broken, Decider, Harvester, Law, Violation};

/// How the laws are tried: with how many cases, and from which seed.
///
/// ```
/// use portcullis::testing::{Law, Laws, Portcullis};
///
/// let laws = Laws::new().cases(100).seed(7);
/// laws.hold_one(Law::Deterministic, &mut Portcullis)?;
/// # Ok::<(), portcullis::testing::Violation>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Laws {
    cases: u32,
    seed: u64,
}

/// Something that is asked over and over for one law.
type Check = fn(&Trial, &mut Ask<'_>) -> Result<(), Violation>;

impl Laws {
    /// 256 cases for each demand of each law, from the seed 0.
    #[expect(
        clippy::new_without_default,
        reason = "nothing here has a default that is not named"
    )]
    pub const fn new() -> Self {
        Self {
            cases: 256,
            seed: 0,
        }
    }

    /// As many cases for each demand of each law.
    pub const fn cases(mut self, cases: u32) -> Self {
        self.cases = cases;
        self
    }

    /// Other cases: each seed has its own.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Holds a decider to all laws.
    ///
    /// # Errors
    /// Every law that it breaks.
    pub fn hold(&self, decider: &mut dyn Decider) -> Result<(), Broken> {
        all(|law| self.hold_one(law, decider))
    }

    /// Holds a decider to one law. An answer that fails to come breaks L3, whichever law it was asked for.
    ///
    /// # Errors
    /// How it breaks it. A law that says nothing of a decider, because none of its sound entries trades, is not held.
    pub fn hold_one(&self, law: Law, decider: &mut dyn Decider) -> Result<(), Violation> {
        let checks: &[Check] = match law {
            Law::NoPolicyNoTrade => &[no_policy::no_trade],
            Law::NoNumberWithoutASource => &[sources::of_a_decision],
            Law::Total => &[total::any_text_of_an_intent, total::any_floats_of_an_intent],
            Law::UnknownIsNotYes => &[unknown::is_a_skip],
            Law::ClosedIsNotTrapped => &[closed::an_exit_is_an_exit, closed::an_owner_never_opens],
            Law::Deterministic => &[deterministic::decision],
            Law::Monotone => &[
                monotone::tighter_never_trades_more,
                monotone::lower_leverage_never_raises,
            ],
        };
        let about = "sound entries are a TRADE";
        self.run(law, about, checks, &mut |asked| decider.decide(asked))
    }

    /// Holds a harvester to all laws.
    ///
    /// # Errors
    /// Every law that it breaks.
    pub fn hold_harvest(&self, harvester: &mut dyn Harvester) -> Result<(), Broken> {
        all(|law| self.hold_harvest_one(law, harvester))
    }

    /// Holds a harvester to one law.
    ///
    /// # Errors
    /// How it breaks it, as [`hold_one`](Self::hold_one).
    pub fn hold_harvest_one(
        &self,
        law: Law,
        harvester: &mut dyn Harvester,
    ) -> Result<(), Violation> {
        let checks: &[Check] = match law {
            Law::NoPolicyNoTrade => &[no_policy::no_harvest],
            Law::NoNumberWithoutASource => &[sources_of_a_harvest::of_a_harvest],
            Law::Total => &[
                total::any_text_of_a_position,
                total::any_floats_of_a_position,
            ],
            Law::UnknownIsNotYes => &[unknown::is_silent],
            Law::ClosedIsNotTrapped => &[closed::one_part_is_silent],
            Law::Deterministic => &[deterministic::harvest],
            Law::Monotone => &[monotone::higher_r_never_lowers],
        };
        let about = "sound positions are a HARVEST";
        self.run(law, about, checks, &mut |asked| harvester.harvest(asked))
    }

    fn run(
        &self,
        law: Law,
        about: &'static str,
        checks: &[Check],
        ask: &mut Ask<'_>,
    ) -> Result<(), Violation> {
        let trial = Trial {
            law,
            about,
            cases: self.cases,
            seed: self.seed,
        };
        checks.iter().try_for_each(|check| check(&trial, ask))
    }
}

/// Holds a decider to all laws, as [`Laws::new`] tries them.
///
/// # Errors
/// Every law that it breaks.
pub fn hold(decider: &mut dyn Decider) -> Result<(), Broken> {
    Laws::new().hold(decider)
}

/// Holds a harvester to all laws, as [`Laws::new`] tries them.
///
/// # Errors
/// Every law that it breaks.
pub fn hold_harvest(harvester: &mut dyn Harvester) -> Result<(), Broken> {
    Laws::new().hold_harvest(harvester)
}

fn all(mut hold: impl FnMut(Law) -> Result<(), Violation>) -> Result<(), Broken> {
    let mut broken: Vec<Violation> = Vec::new();
    for law in Law::ALL {
        // An answer that failed to come may have been told already.
        broken.extend(
            hold(law)
                .err()
                .filter(|it| broken.iter().all(|told| told.law != it.law)),
        );
    }
    broken.sort_by_key(|violation| violation.law);
    if broken.is_empty() {
        Ok(())
    } else {
        Err(Broken(broken))
    }
}
