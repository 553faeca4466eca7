//! A record answered under policies that somebody names, apart from what its tape says of policies.

use portcullis::{
    answer::Answer,
    decide::{Objection, Reason},
    event::{Event, Scratch},
    policy::Policy,
};

use super::{Judge, judge::read_snapshot};
use crate::tape::Line;

/// Hands the answer under a policy to whoever listens.
pub type Ask<'e> = dyn Fn(&Policy, &mut dyn FnMut(&Answer<'_>)) + 'e;

/// Records whose own word on policies is not heard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Apart {
    /// Records read.
    pub records: u64,
    /// Of these, changes of policy: they are answered to nobody.
    pub set_aside: u64,
    /// Recorded decisions, judged by other policies than the one of then.
    pub recorded: u64,
}

impl Apart {
    /// Reads the next record once, and lets `then` ask for its answer under as many policies as it likes.
    pub fn read(
        &mut self,
        judge: &Judge,
        line: Line<'_>,
        scratch: &mut Scratch,
        then: impl FnOnce(&Ask<'_>),
    ) {
        self.records += 1;
        let n = self.records;
        let number = usize::try_from(line.number).unwrap_or(usize::MAX);
        match judge.read(line, number, scratch) {
            Event::Intent(mut intent) => {
                intent.set_line(number);
                self.recorded += u64::from(intent.recorded_policy().is_some());
                then(&|policy, hear| {
                    hear(&judge.answer_intent(&intent, judge.state(Ok((policy, 0))), n));
                });
            }
            Event::Decided(record) => {
                self.recorded += 1;
                let objection = record.objection().filter(|it| !is_about_policy(it));
                then(&|policy, hear| {
                    let state = judge.state(Ok((policy, 0)));
                    hear(&judge.answer_decided(&record, objection, state, n));
                });
            }
            Event::Position(record) => {
                self.recorded += u64::from(record.recorded_policy().is_some());
                let snapshot = read_snapshot(&record);
                then(&|policy, hear| {
                    let state = judge.state(Ok((policy, 0)));
                    hear(&judge.answer_position(&record, &snapshot, state, n));
                });
            }
            Event::PolicyUpdated(..) | Event::PolicyWithdrawn(_) => self.set_aside += 1,
        }
    }
}

/// What a service had against the policy of then is no word on another.
fn is_about_policy(objection: &Objection<'_>) -> bool {
    matches!(
        objection.reason(),
        Reason::PolicyMissing
            | Reason::PolicyMissingField
            | Reason::PolicyParseError
            | Reason::PolicyInvalid
            | Reason::PolicyHashMismatch
            | Reason::PolicySignatureInvalid
            | Reason::PolicyRolledBack
            | Reason::PolicyConstraintViolation
            | Reason::PolicyStoreUnavailable
    )
}
