//! A record answered under policies that somebody names, apart from what its tape says of policies.

use std::fmt;

use portcullis::{
    answer::Answer,
    event::{Event, Scratch},
    policy::Policy,
};

use super::{Judge, judge::read_snapshot};
use crate::{
    report::{
        Operator, printable,
        table::{counted, some},
    },
    tape::Line,
};

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

/// How many tapes are named for a person.
const TAPES_SHOWN: usize = 5;

impl Apart {
    /// For a person: what was read, under what, and what was set aside of it.
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
            writeln!(f, "{records} of the tape set aside")?;
        }
        if self.recorded > 0 {
            let records = counted(self.recorded, "recorded decision");
            writeln!(
                f,
                "{records} judged by these policies, not by the one of then"
            )?;
        }
        if unreadable > 0 {
            let lines = counted(unreadable, "unreadable line");
            writeln!(f, "{lines}, skipped under every policy")?;
        }
        Ok(())
    }

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
                // What a service had against the policy of then is no word on another.
                let objection = record.objection().filter(|it| !it.is_about_policy());
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
