//! Many policies over one tape, read once.
//!
//! Each record is answered as if each of the policies had ruled from beginning to end; what the tape says of
//! policies is set aside, as in a comparison of two.

mod told;

use portcullis::{decide::Reason, event::Scratch, policy::Policy};

pub use told::Told;

use crate::{
    replay::{Apart, Judge},
    report::{Counts, Totals},
    tape::{TapeError, TapeReader},
};

/// One of the policies.
#[derive(Debug)]
pub struct Candidate {
    /// What it is called: its file.
    pub name: String,
    /// The policy.
    pub policy: Policy,
    /// What it answered.
    pub counts: Counts,
    /// What its trades come to.
    pub totals: Totals,
}

impl Candidate {
    /// A policy that has answered nothing yet.
    #[must_use]
    pub fn new(name: String, policy: Policy) -> Self {
        Self {
            name,
            policy,
            counts: Counts::default(),
            totals: Totals::default(),
        }
    }
}

/// What came of all of them.
#[derive(Debug)]
pub struct Ranking {
    /// What was read, and what was set aside of it.
    pub read: Apart,
    /// Records that nobody could read, skipped under every policy.
    pub unreadable: u64,
    /// The policies: by the notional of their trades, the most first; of equals by name.
    pub candidates: Vec<Candidate>,
}

/// Answers every record of the tapes under every policy. `progress` hears the records so far.
///
/// # Errors
/// A tape that cannot be read to its end.
pub fn rank(
    judge: &Judge,
    mut candidates: Vec<Candidate>,
    tapes: TapeReader,
    progress: &mut dyn FnMut(u64),
) -> Result<Ranking, TapeError> {
    let mut read = Apart::default();
    let mut unreadable = 0;
    let mut scratch = Scratch::default();
    for chunk in tapes {
        let chunk = chunk?;
        for line in chunk.lines() {
            read.read(judge, line, &mut scratch, |ask| {
                let mut reason = None;
                for candidate in &mut candidates {
                    let Candidate {
                        policy,
                        counts,
                        totals,
                        ..
                    } = candidate;
                    ask(policy, &mut |answer| {
                        counts.add(answer, None, None);
                        totals.add(answer);
                        reason = answer.reason;
                    });
                }
                unreadable += u64::from(reason == Some(Reason::IntentUnreadable));
            });
        }
        progress(read.records);
    }
    candidates.sort_by(|one, other| {
        let notional = |it: &Candidate| it.totals.notional_usd;
        notional(other)
            .total_cmp(&notional(one))
            .then_with(|| one.name.cmp(&other.name))
    });
    Ok(Ranking {
        read,
        unreadable,
        candidates,
    })
}
