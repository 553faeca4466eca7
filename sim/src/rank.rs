//! Comparison of many policies over one tape, in a single pass.
//!
//! Each record is answered as if each policy had been active from beginning to end. Policy changes on the tape are
//! ignored, as in a comparison of two policies.

use portcullis::{decide::SkipCode, policy::Policy, record::Scratch};

use crate::{
    replay::{Counts, FixedReplay, Replayer, Totals},
    tape::{TapeError, TapeReader},
};

/// A policy to rank.
#[derive(Debug)]
pub struct Candidate {
    /// The name of the policy file.
    pub name: String,
    /// The policy to rank.
    pub policy: Policy,
    /// The counts of its answers.
    pub counts: Counts,
    /// The totals of its trades.
    pub totals: Totals,
}

impl Candidate {
    /// Creates a candidate without answers.
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

/// The result of a ranking.
#[derive(Debug)]
#[non_exhaustive]
pub struct Ranking {
    /// Counts of the records read and ignored.
    pub read: FixedReplay,
    /// The number of unreadable records, which are skipped under every policy.
    pub unreadable: u64,
    /// The policies, ordered by the notional of their trades, largest first; ties are ordered by name.
    pub candidates: Vec<Candidate>,
}

/// Answers every record of the tapes under every policy. `progress` receives the number of records so far.
///
/// # Errors
/// Returns an error if a tape cannot be read to its end.
pub fn rank(
    replayer: &Replayer,
    mut candidates: Vec<Candidate>,
    tapes: TapeReader,
    progress: &mut dyn FnMut(u64),
) -> Result<Ranking, TapeError> {
    let mut read = FixedReplay::default();
    let mut unreadable = 0;
    let mut scratch = Scratch::default();
    for chunk in tapes {
        let chunk = chunk?;
        for line in chunk.lines() {
            read.read(replayer, line, &mut scratch, |answer_under| {
                let mut reason = None;
                for candidate in &mut candidates {
                    let Candidate {
                        policy,
                        counts,
                        totals,
                        ..
                    } = candidate;
                    answer_under(policy, &mut |answer| {
                        counts.add(answer, None, None);
                        totals.add(answer);
                        reason = answer.reason;
                    });
                }
                unreadable += u64::from(reason == Some(SkipCode::IntentUnreadable));
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
