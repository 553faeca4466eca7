//! Evaluation of records under a policy set, one at a time.

use portcullis::{
    answer::Answer,
    decide::{Decision, ServiceDenial},
    intent::{Intent, RecordedPolicy, Request},
    policy::PolicyState,
    record::{OtherRecord, RecordedDecision, Scratch, TapeRecord},
    types::{PolicyHash, Timestamp},
};
use portcullis_rollout::{ArmReason, PolicySet, Question, Rollout};

use super::{
    chunk_output::ChunkOutput,
    loaded_set::LoadedSet,
    replayer::{Replayer, read_snapshot},
    timeline::Timeline,
};
use crate::tape::{Chunk, table::Rows};

/// A function that receives each decision with the number and the time of its record. Decisions that a service denial
/// replaces, and decisions without a time, are not passed on.
pub(super) type OnDecision<'d> = dyn FnMut(u64, Timestamp, &Decision<'_>) + 'd;

/// The evaluator of records under a policy set.
pub(crate) struct SetRun<'a> {
    pub(super) replayer: &'a Replayer,
    set: &'a LoadedSet,
    rollout: Rollout<'a>,
    live: PolicyState<'a>,
}

impl<'a> SetRun<'a> {
    pub(crate) fn new(replayer: &'a Replayer, set: &'a LoadedSet) -> Self {
        Self {
            replayer,
            set,
            rollout: set.rollout(|state| replayer.state(state)),
            live: replayer.state(PolicyState::present(set.live())),
        }
    }

    /// Returns the set.
    pub(crate) const fn set(&self) -> &'a PolicySet {
        self.set.set()
    }

    /// Returns the timeline of the policies of the set.
    pub(super) fn timeline(&self) -> Timeline {
        self.set.timeline()
    }

    /// Returns the state of the policy whose harvest parameters (θ) apply to a position.
    pub(crate) fn ladder(&self, opened_under: PolicyHash, now: Timestamp) -> PolicyState<'_> {
        self.rollout.ladder(Some(opened_under), now).policy()
    }

    /// Answers every record of a chunk and returns the number of records. `first` is the number of the first record.
    pub(super) fn chunk(
        &self,
        (chunk, first): (&Chunk, u64),
        timeline: &Timeline,
        scratch: &mut Scratch,
        output: &mut ChunkOutput,
    ) -> u64 {
        output.tape = chunk.tape();
        output.counts.offset_assumed += chunk.rows().map_or(0, Rows::ts_without_zone);
        let mut n = first;
        for line in chunk.lines() {
            let number = usize::try_from(line.number).unwrap_or(usize::MAX);
            let record = self.replayer.read(line, number, scratch);
            self.answer((record, number, n), timeline, output, &mut |_, _, _| ());
            n += 1;
        }
        n - first
    }

    /// Answers a record. `number` is that of its line, and `n` that of the record.
    pub(super) fn answer(
        &self,
        (record, number, n): (TapeRecord<'_>, usize, u64),
        timeline: &Timeline,
        output: &mut ChunkOutput,
        on_decision: &mut OnDecision<'_>,
    ) {
        match record {
            TapeRecord::Intent(mut intent) => {
                intent.set_line(number);
                self.intent(&intent, n, timeline, output, on_decision);
            }
            TapeRecord::RecordedDecision(record) => {
                self.decided(&record, n, timeline, output, on_decision);
            }
            TapeRecord::Position(record) => self.position(&record, n, timeline, output),
            TapeRecord::PolicyUpdated(record, text) => {
                self.replayer
                    .policy_updated(&record, text, n, timeline, output);
                output.set.ignored += 1;
                output.add_arm_reason(None);
            }
            TapeRecord::PolicyWithdrawn(record) => {
                self.replayer.policy_withdrawn(&record, n, timeline, output);
                output.set.ignored += 1;
                output.add_arm_reason(None);
            }
        }
    }

    fn intent(
        &self,
        intent: &Intent<'_>,
        n: u64,
        timeline: &Timeline,
        output: &mut ChunkOutput,
        on_decision: &mut OnDecision<'_>,
    ) {
        output.counts.offset_assumed += u64::from(intent.offset_assumed());
        output.set.recorded += u64::from(intent.recorded_policy() != RecordedPolicy::NotRecorded);
        let at = intent.event_time();
        match self.replayer.now.or(at) {
            Some(now) => {
                let record = Moment { n, now, ts: at };
                self.decide((intent, None), &record, timeline, output, on_decision);
            }
            None => {
                let answer = self.replayer.answer_intent(intent, self.live, (n, None));
                self.record(&answer, None, None, timeline, output);
            }
        }
    }

    /// Answers a recorded decision. A service denial that concerns the recorded policy does not apply under a set.
    fn decided(
        &self,
        record: &RecordedDecision<'_>,
        n: u64,
        timeline: &Timeline,
        output: &mut ChunkOutput,
        on_decision: &mut OnDecision<'_>,
    ) {
        output.set.recorded += 1;
        let denial = record.objection().filter(|it| !it.is_about_policy());
        match record.at() {
            Some(now) => {
                let moment = Moment {
                    n,
                    now,
                    ts: Some(now),
                };
                let intent = (record.intent(), denial);
                self.decide(intent, &moment, timeline, output, on_decision);
            }
            None => {
                let answer = self.replayer.answer_decided(record, denial, self.live, n);
                self.record(&answer, None, None, timeline, output);
            }
        }
    }

    /// Decides an intent and, if it is an entry that no service denied, evaluates the shadows.
    fn decide(
        &self,
        (intent, denial): (&Intent<'_>, Option<&ServiceDenial<'_>>),
        moment: &Moment,
        timeline: &Timeline,
        output: &mut ChunkOutput,
        on_decision: &mut OnDecision<'_>,
    ) {
        let Moment { n, now, ts } = *moment;
        let question = Question {
            engine: &self.replayer.engine,
            intent,
            open: None,
            now,
        };
        let decided = self.rollout.decide(&question);
        let decision = decided.decision();
        let denial = denial.filter(|it| it.takes_precedence_over(decision));
        let answer = match denial {
            Some(denial) => Answer::denied_by_service(decision, denial),
            None => Answer::decision(decision),
        };
        if denial.is_none() {
            on_decision(n, now, decision);
        }
        if matches!(intent.request(), Ok(Request::Entry(_))) {
            output.set.add(&decided, &answer);
        }
        if denial.is_none() {
            let shadows = self.rollout.shadows(&question, &decided, n, intent.id());
            shadows.iter().for_each(|it| output.set.add_shadow(it));
        }
        let answer = answer.to(n, intent.id(), ts);
        let (arm, reason) = (decided.arm(), decided.arm_reason());
        self.record(&answer, arm, reason, timeline, output);
    }

    /// Evaluates a position under the live policy, because a tape does not contain the policy under which it was opened.
    fn position(
        &self,
        record: &OtherRecord<'_>,
        n: u64,
        timeline: &Timeline,
        output: &mut ChunkOutput,
    ) {
        output.counts.offset_assumed += u64::from(record.offset_assumed());
        output.set.recorded += u64::from(record.recorded_policy() != RecordedPolicy::NotRecorded);
        let (at, snapshot) = (record.event_time(), read_snapshot(record));
        let times = (at, self.replayer.now);
        let answer = self.replayer.answer_position(times, &snapshot, self.live);
        let answer = answer.to(n, record.id(), at);
        self.record(&answer, None, None, timeline, output);
    }

    /// Adds an answer to the output. Without an arm, the live policy has decided.
    fn record(
        &self,
        answer: &Answer<'_>,
        arm: Option<PolicyHash>,
        reason: Option<ArmReason>,
        timeline: &Timeline,
        output: &mut ChunkOutput,
    ) {
        let hash = arm.unwrap_or(self.set().live());
        let policy = timeline.by_hash(hash).and_then(|policy| policy.number);
        self.replayer.record(answer, timeline, policy, output);
        output.add_arm_reason(reason);
    }
}

/// The number of a record, the time of its decision, and the time of its answer.
struct Moment {
    n: u64,
    now: Timestamp,
    ts: Option<Timestamp>,
}
