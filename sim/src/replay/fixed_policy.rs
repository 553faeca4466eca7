//! Answers under given policies, in place of the policies on the tape.

use portcullis::{
    answer::Answer,
    intent::RecordedPolicy,
    policy::{Policy, PolicyState},
    record::{Scratch, TapeRecord},
};

use super::replayer::{Replayer, read_snapshot};
use crate::tape::Line;

/// A function that answers a record under a policy and passes the answer to a callback.
pub(crate) type AnswerUnder<'e> = dyn Fn(&Policy, &mut dyn FnMut(&Answer<'_>)) + 'e;

/// Counts of records that are answered under given policies, in place of the policies on the tape.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FixedReplay {
    /// The number of records read.
    pub records: u64,
    /// The number of these records that are policy changes. They are ignored and get no answer.
    pub ignored: u64,
    /// The number of recorded decisions. They are evaluated under the given policies, not under their recorded ones.
    pub recorded: u64,
}

impl FixedReplay {
    /// Adds the counts of another part of the run.
    pub(crate) const fn merge(&mut self, other: Self) {
        self.records += other.records;
        self.ignored += other.ignored;
        self.recorded += other.recorded;
    }

    /// Reads the record with number `n` once. `answer` receives a function that answers the record, and can
    /// call it for any number of policies.
    pub(crate) fn read(
        &mut self,
        replayer: &Replayer,
        (line, n): (Line<'_>, u64),
        scratch: &mut Scratch,
        answer: impl FnOnce(&AnswerUnder<'_>),
    ) {
        self.records += 1;
        let number = usize::try_from(line.number).unwrap_or(usize::MAX);
        match replayer.read(line, number, scratch) {
            TapeRecord::Intent(mut intent) => {
                intent.set_line(number);
                self.recorded += u64::from(intent.recorded_policy() != RecordedPolicy::NotRecorded);
                answer(&|policy, then| {
                    then(&replayer.answer_intent(
                        &intent,
                        replayer.state(PolicyState::present(policy)),
                        (n, replayer.now),
                    ));
                });
            }
            TapeRecord::RecordedDecision(record) => {
                self.recorded += 1;
                // A service denial that concerns the recorded policy does not apply under another
                // policy.
                let objection = record.objection().filter(|it| !it.is_about_policy());
                answer(&|policy, then| {
                    let state = replayer.state(PolicyState::present(policy));
                    then(&replayer.answer_decided(&record, objection, state, n));
                });
            }
            TapeRecord::Position(record) => {
                self.recorded += u64::from(record.recorded_policy() != RecordedPolicy::NotRecorded);
                let snapshot = read_snapshot(&record);
                answer(&|policy, then| {
                    let state = replayer.state(PolicyState::present(policy));
                    let at = record.event_time();
                    let answer = replayer.answer_position((at, replayer.now), &snapshot, state);
                    then(&answer.to(n, record.id(), at));
                });
            }
            TapeRecord::PolicyUpdated(..) | TapeRecord::PolicyWithdrawn(_) => self.ignored += 1,
        }
    }
}
