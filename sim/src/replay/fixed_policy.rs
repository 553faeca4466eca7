//! Evaluation of records under given policies instead of those on the tape.

use std::fmt;

use portcullis::{
    answer::Answer,
    intent::RecordedPolicy,
    policy::{Policy, PolicyState},
    record::{Scratch, TapeRecord},
};

use super::{Replayer, replayer::read_snapshot};
use crate::{
    report::{
        Operator, printable,
        table::{counted, some},
    },
    tape::Line,
};

/// A function that passes the answer under a policy to a callback.
pub type Ask<'e> = dyn Fn(&Policy, &mut dyn FnMut(&Answer<'_>)) + 'e;

/// Counts of records that are evaluated under given policies instead of those on the tape.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FixedPolicyReplay {
    /// The number of records read.
    pub records: u64,
    /// The number of these that are policy changes. They are ignored and get no answer.
    pub set_aside: u64,
    /// The number of recorded decisions. They are evaluated under the given policies instead.
    pub recorded: u64,
}

/// The maximum number of tapes that a text report names.
const TAPES_SHOWN: usize = 5;

impl FixedPolicyReplay {
    /// Writes the text report of the input: tapes, operator settings, and ignored records.
    pub(crate) fn write(
        &self,
        f: &mut fmt::Formatter<'_>,
        tapes: &[String],
        operator: &Operator,
        unreadable: u64,
    ) -> fmt::Result {
        let records = counted(self.records, "record");
        writeln!(f, "{records} from {}", printable(&some(tapes, TAPES_SHOWN)))?;
        writeln!(f, "guardrails: {}", printable(&operator.guardrails))?;
        if operator.assume_in_force {
            writeln!(
                f,
                "every policy was ASSUMED to be in force at every record's time"
            )?;
        }
        if self.set_aside > 0 {
            let records = counted(self.set_aside, "policy record");
            writeln!(f, "{records} on the tape ignored")?;
        }
        if self.recorded > 0 {
            let records = counted(self.recorded, "recorded decision");
            writeln!(
                f,
                "{records} evaluated under these policies instead of the recorded one"
            )?;
        }
        if unreadable > 0 {
            let lines = counted(unreadable, "unreadable line");
            writeln!(f, "{lines}, skipped under every policy")?;
        }
        Ok(())
    }

    /// Reads the next record once. `then` can request its answer under any number of policies.
    pub fn read(
        &mut self,
        judge: &Replayer,
        line: Line<'_>,
        scratch: &mut Scratch,
        then: impl FnOnce(&Ask<'_>),
    ) {
        self.records += 1;
        let n = self.records;
        let number = usize::try_from(line.number).unwrap_or(usize::MAX);
        match judge.read(line, number, scratch) {
            TapeRecord::Intent(mut intent) => {
                intent.set_line(number);
                self.recorded += u64::from(intent.recorded_policy() != RecordedPolicy::NotRecorded);
                then(&|policy, hear| {
                    hear(&judge.answer_intent(
                        &intent,
                        judge.state(PolicyState::present(policy)),
                        n,
                    ));
                });
            }
            TapeRecord::RecordedDecision(record) => {
                self.recorded += 1;
                // A service denial that concerns the recorded policy does not apply to another policy.
                let objection = record.objection().filter(|it| !it.is_about_policy());
                then(&|policy, hear| {
                    let state = judge.state(PolicyState::present(policy));
                    hear(&judge.answer_decided(&record, objection, state, n));
                });
            }
            TapeRecord::Position(record) => {
                self.recorded += u64::from(record.recorded_policy() != RecordedPolicy::NotRecorded);
                let snapshot = read_snapshot(&record);
                then(&|policy, hear| {
                    let state = judge.state(PolicyState::present(policy));
                    hear(&judge.answer_position(&record, &snapshot, state, n));
                });
            }
            TapeRecord::PolicyUpdated(..) | TapeRecord::PolicyWithdrawn(_) => self.set_aside += 1,
        }
    }
}
