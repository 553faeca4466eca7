//! Evaluation of the records of a chunk.

use portcullis::{
    answer::{Answer, Detail, RecordKind},
    decide::{DecideAt, Decision, Engine, ServiceDenial, SkipCode},
    harvest::{HarvestDecision, Snapshot, SnapshotError, harvest},
    intent::{Intent, IntentError, IntentErrorKind, RecordedPolicy},
    policy::{Policy, PolicyState, PolicyUnavailable},
    record::{
        OtherRecord, PolicyText, RECORD_BYTES_MAX, RecordedDecision, Scratch, TapeRecord, Untyped,
        read_as,
    },
    types::Timestamp,
};

use super::{
    chunk_output::{AnswerBuffer, ChunkOutput},
    digest::push_row,
    entries::{EntryBatch, EntrySettings, PlainPosition, Taken},
    report_row::ReportRow,
    timeline::{NumberedPolicy, PolicyChange, Timeline},
};
use crate::tape::{Chunk, Line, LineContent, Record, table::Rows};

/// The evaluator of records, with the settings of a run.
#[derive(Debug)]
pub struct Replayer {
    /// The engine that decides the intents.
    pub engine: Engine,
    /// If true, every policy is treated as in force at every record's time.
    pub assume_in_force: bool,
    /// If true, data for an HTML report is collected.
    pub reports: bool,
    /// The time at which all records are evaluated; `None` if each record is evaluated at its own
    /// time.
    pub now: Option<Timestamp>,
    /// The kinds of records that are answered.
    pub scope: Scope,
}

/// The memory of a worker that is reused from chunk to chunk.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    pub(super) scratch: Scratch,
    pub(super) entries: EntryBatch,
}

/// The kinds of records that are answered. All other kinds count as unreadable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All kinds.
    Tape,
    /// Intents only.
    Intents,
    /// Positions only.
    Positions,
}

/// Returns true if the bytes may contain a policy change. A policy change contains the start of its
/// event name, or an escape that hides it.
pub(super) fn may_change_policy(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, b"policy.").is_some()
        || memchr::memmem::find(bytes, b"\\u").is_some()
}

impl Replayer {
    /// Creates an evaluator that answers all kinds of records, each at its own timestamp.
    #[must_use]
    pub const fn new(engine: Engine) -> Self {
        Self {
            engine,
            assume_in_force: false,
            reports: false,
            now: None,
            scope: Scope::Tape,
        }
    }

    /// Answers every record of a chunk and returns the number of records. `first` is the number of the first record.
    pub(crate) fn chunk(
        &self,
        chunk: &Chunk,
        first: u64,
        timeline: &mut Timeline,
        workspace: &mut Workspace,
        output: &mut ChunkOutput,
    ) -> u64 {
        output.tape = chunk.tape();
        let rows = chunk.rows();
        output.counts.offset_assumed += rows.map_or(0, Rows::ts_without_zone);
        let settings = EntrySettings {
            engine: &self.engine,
            at: match rows.and_then(Rows::times) {
                Some(times) => DecideAt::Each(times),
                None => self.now.into(),
            },
            assume_in_force: self.assume_in_force,
            reports: self.reports,
            answer: &|line, n, now, timeline, scratch, output| {
                self.answer((line, n, now), timeline, scratch, output);
            },
            position: match self.scope {
                Scope::Tape => Some(&|position, id, n, timeline, output| {
                    self.plain_position(position, id, n, timeline, output);
                }),
                Scope::Intents | Scope::Positions => None,
            },
        };
        match rows {
            Some(rows) => self.rows(&settings, (chunk, rows, first), timeline, workspace, output),
            None => self.lines(&settings, (chunk, first), timeline, workspace, output),
        }
    }

    /// Answers the lines of a chunk.
    fn lines(
        &self,
        settings: &EntrySettings<'_>,
        (chunk, first): (&Chunk, u64),
        timeline: &mut Timeline,
        workspace: &mut Workspace,
        output: &mut ChunkOutput,
    ) -> u64 {
        let Workspace { scratch, entries } = workspace;
        let mut n = first;
        let mut changes_policy = None;
        entries.begin(settings, chunk, &output.answers);
        let mut records = chunk.records();
        loop {
            let taken = match self.scope {
                Scope::Tape | Scope::Intents => {
                    entries.take(settings, (chunk, &mut records, n), timeline, output)
                }
                Scope::Positions => records.next().map(Taken::Other),
            };
            let Some(taken) = taken else { break };
            match taken {
                Taken::Entry => {}
                Taken::Position(position, id) => {
                    if let Err(position) = entries.defer_position(position, id, n) {
                        self.plain_position(&position, id, n, timeline, output);
                    }
                }
                Taken::Other(record) => {
                    let mut may_change = || {
                        *changes_policy.get_or_insert_with(|| chunk.any_kind(may_change_policy))
                            && may_line_change_policy(record.line())
                    };
                    let can_wait = self.scope != Scope::Positions && !may_change();
                    if !(can_wait && entries.defer((chunk, record, n)).is_some()) {
                        entries.decide(settings, chunk, timeline, output);
                        self.line((record.line(), n, self.now), timeline, scratch, output);
                    }
                }
            }
            n += 1;
        }
        entries.decide(settings, chunk, timeline, output);
        n - first
    }

    /// Answers the rows of a chunk. The rows between two that may change the policy are decided together.
    fn rows(
        &self,
        settings: &EntrySettings<'_>,
        (chunk, rows, first): (&Chunk, &Rows, u64),
        timeline: &mut Timeline,
        workspace: &mut Workspace,
        output: &mut ChunkOutput,
    ) -> u64 {
        let Workspace { scratch, entries } = workspace;
        let has_entries = self.scope != Scope::Positions;
        if has_entries {
            entries.begin(settings, chunk, &output.answers);
        }
        let changes_policy = chunk.any_kind(may_change_policy);
        let numbers = (0..rows.len()).zip(first..);
        let (mut from, mut from_n) = (0, first);
        for (row, n) in numbers.filter(|_| changes_policy || !has_entries) {
            let Some(line) = chunk.record_of_row(row).map(Record::line) else {
                continue;
            };
            if !has_entries || (!entries.is_plain(row) && may_line_change_policy(line)) {
                entries.decide_rows(settings, (chunk, from..row, from_n), timeline, output);
                self.line((line, n, settings.now(row)), timeline, scratch, output);
                (from, from_n) = (row + 1, n + 1);
            }
        }
        if has_entries {
            entries.decide_rows(
                settings,
                (chunk, from..rows.len(), from_n),
                timeline,
                output,
            );
            entries.end_rows();
        }
        u64::try_from(rows.len()).unwrap_or(u64::MAX)
    }

    /// Answers the record of a line at a time, and changes the timeline if the record changes the policy.
    pub(super) fn line(
        &self,
        record: (Line<'_>, u64, Option<Timestamp>),
        timeline: &mut Timeline,
        scratch: &mut Scratch,
        output: &mut ChunkOutput,
    ) {
        if let Some(change) = self.answer(record, timeline, scratch, output) {
            timeline.apply(change);
        }
    }

    /// Answers the record of a line at the time `now`; without `now`, at the time of the record. Returns the change of
    /// the policy, if the record is one.
    fn answer(
        &self,
        (line, n, now): (Line<'_>, u64, Option<Timestamp>),
        timeline: &Timeline,
        scratch: &mut Scratch,
        output: &mut ChunkOutput,
    ) -> Option<PolicyChange> {
        let number = usize::try_from(line.number).unwrap_or(usize::MAX);
        match self.read(line, number, scratch) {
            TapeRecord::Intent(mut intent) => {
                intent.set_line(number);
                self.intent((&intent, n, now), timeline, output);
            }
            TapeRecord::RecordedDecision(record) => self.decided(&record, n, timeline, output),
            TapeRecord::Position(record) => self.position((&record, n, now), timeline, output),
            TapeRecord::PolicyUpdated(record, text) => {
                return self.policy_updated(&record, text, n, timeline, output);
            }
            TapeRecord::PolicyWithdrawn(record) => {
                return self.policy_withdrawn(&record, n, timeline, output);
            }
        }
        None
    }

    /// Reads the event of a line. An event outside the scope is returned as an unreadable intent.
    pub(crate) fn read<'a>(
        &self,
        line: Line<'a>,
        number: usize,
        scratch: &'a mut Scratch,
    ) -> TapeRecord<'a> {
        let untyped = match self.scope {
            Scope::Tape | Scope::Intents => Untyped::Intent,
            Scope::Positions => Untyped::Position,
        };
        let event = read_line(line, number, untyped, scratch);
        let name = match (&event, self.scope) {
            (TapeRecord::Intent(intent), Scope::Positions) if is_readable(intent) => "trade.intent",
            (TapeRecord::RecordedDecision(_), Scope::Intents | Scope::Positions) => "trade.decided",
            (TapeRecord::Position(_), Scope::Intents) => "position.snapshot",
            (TapeRecord::PolicyUpdated(..), Scope::Intents | Scope::Positions) => "policy.updated",
            (TapeRecord::PolicyWithdrawn(_), Scope::Intents | Scope::Positions) => {
                "policy.withdrawn"
            }
            (_, Scope::Tape)
            | (TapeRecord::Intent(_), Scope::Intents | Scope::Positions)
            | (TapeRecord::Position(_), Scope::Positions) => return event,
        };
        TapeRecord::Intent(Intent::unreadable(IntentError::UnknownEvent {
            line: number,
            column: 1,
            event: name.to_owned(),
        }))
    }

    fn intent(
        &self,
        (intent, n, now): (&Intent<'_>, u64, Option<Timestamp>),
        timeline: &Timeline,
        output: &mut ChunkOutput,
    ) {
        let mut unknown = PolicyUnavailable::NotFound;
        let at = now.or(intent.event_time());
        let policy = self.policy_for(intent.recorded_policy(), at, timeline, &mut unknown);
        let answer = self.answer_intent(intent, policy.state, (n, now));
        output.counts.offset_assumed += u64::from(intent.offset_assumed());
        self.record(&answer, timeline, policy.number, output);
    }

    /// Returns the answer to an intent under a policy state, at the time `now` or, without it, at the event time.
    pub(super) fn answer_intent<'a>(
        &'a self,
        intent: &'a Intent<'a>,
        state: PolicyState<'a>,
        (n, now): (u64, Option<Timestamp>),
    ) -> Answer<'a> {
        let decision = match now {
            Some(now) => self.engine.decide(state, intent, now),
            None => self.engine.decide_recorded(state, intent),
        };
        Answer::decision(&decision).to(n, intent.id(), intent.event_time())
    }

    fn decided(
        &self,
        record: &RecordedDecision<'_>,
        n: u64,
        timeline: &Timeline,
        output: &mut ChunkOutput,
    ) {
        let mut unknown = PolicyUnavailable::NotFound;
        let policy = self.policy_for(
            record.recorded_policy(),
            record.at(),
            timeline,
            &mut unknown,
        );
        let answer = self.answer_decided(record, record.objection(), policy.state, n);
        self.record(&answer, timeline, policy.number, output);
    }

    /// Returns the answer to a recorded decision under a policy state. The engine decides again at
    /// the recorded timestamp; a recorded service denial is kept, because the engine cannot derive
    /// it.
    pub(super) fn answer_decided<'a>(
        &'a self,
        record: &'a RecordedDecision<'a>,
        objection: Option<&'a ServiceDenial<'a>>,
        state: PolicyState<'a>,
        n: u64,
    ) -> Answer<'a> {
        let decision = decide_again(&self.engine, state, record);
        match objection.filter(|it| it.takes_precedence_over(&decision)) {
            Some(objection) => Answer::denied_by_service(&decision, objection),
            None => Answer::decision(&decision),
        }
        .to(n, record.id(), record.at())
    }

    fn position(
        &self,
        (record, n, now): (&OtherRecord<'_>, u64, Option<Timestamp>),
        timeline: &Timeline,
        output: &mut ChunkOutput,
    ) {
        output.counts.offset_assumed += u64::from(record.offset_assumed());
        let mut unknown = PolicyUnavailable::NotFound;
        let at = record.event_time();
        let policy_at = now.or(at);
        let policy = self.policy_for(record.recorded_policy(), policy_at, timeline, &mut unknown);
        let snapshot = read_snapshot(record);
        let answer = self.answer_position((at, now), &snapshot, policy.state);
        self.record(
            &answer.to(n, record.id(), at),
            timeline,
            policy.number,
            output,
        );
    }

    /// Answers a position that was read from a plain line.
    fn plain_position(
        &self,
        position: &PlainPosition,
        id: Option<&str>,
        n: u64,
        timeline: &Timeline,
        output: &mut ChunkOutput,
    ) {
        output.counts.offset_assumed += u64::from(position.is_offset_assumed);
        let mut unknown = PolicyUnavailable::NotFound;
        let (at, now) = (position.at, self.now);
        let recorded = RecordedPolicy::NotRecorded;
        let policy = self.policy_for(recorded, now.or(at), timeline, &mut unknown);
        let answer = self.answer_position((at, now), &Ok(position.snapshot), policy.state);
        self.record(&answer.to(n, id, at), timeline, policy.number, output);
    }

    /// Returns the answer to a position with an event time under a policy state, without the identity of its record. It
    /// is evaluated at the time `now` or, without it, at the event time.
    pub(super) fn answer_position<'a>(
        &self,
        (at, now): (Option<Timestamp>, Option<Timestamp>),
        snapshot: &Result<Snapshot, &'static str>,
        state: PolicyState<'a>,
    ) -> Answer<'a> {
        let answer = match evaluate_position(snapshot, state, now.or(at)) {
            Ok(decision) => Answer::harvest(&decision, state),
            Err(detail) => Answer::harvest_invalid(detail),
        };
        match snapshot {
            Ok(snapshot) => answer.about(&snapshot.position),
            Err(_) => answer,
        }
    }

    /// Answers a policy update. Returns the change, if the policy is valid and has a time.
    pub(super) fn policy_updated(
        &self,
        record: &OtherRecord<'_>,
        text: Option<PolicyText<'_>>,
        n: u64,
        timeline: &Timeline,
        output: &mut ChunkOutput,
    ) -> Option<PolicyChange> {
        let at = record.event_time();
        output.counts.offset_assumed += u64::from(record.offset_assumed());
        let mut read = None;
        let answer = match (at, text.as_ref().map(PolicyText::as_str)) {
            (None, _) => no_time(RecordKind::PolicyUpdated),
            (Some(_), Some(None)) => Answer::refused(
                RecordKind::PolicyUpdated,
                SkipCode::PolicyParseError,
                Detail::Text("the key `policy` occurs more than once in one object"),
            ),
            (Some(_), text) => {
                let policy = match text.flatten() {
                    Some(text) => Policy::from_json(text).map_err(PolicyUnavailable::Invalid),
                    None => Err(PolicyUnavailable::NotFound),
                };
                match read.insert(policy) {
                    Ok(policy) => Answer::policy_updated(policy),
                    Err(unavailable) => Answer::policy_refused(unavailable),
                }
            }
        };
        self.record(&answer.to(n, record.id(), at), timeline, None, output);
        Some(PolicyChange {
            from: at?,
            policy: Some(read?.ok()?),
        })
    }

    /// Answers a withdrawal. Returns the change, if the withdrawal has a time.
    pub(super) fn policy_withdrawn(
        &self,
        record: &OtherRecord<'_>,
        n: u64,
        timeline: &Timeline,
        output: &mut ChunkOutput,
    ) -> Option<PolicyChange> {
        let at = record.event_time();
        output.counts.offset_assumed += u64::from(record.offset_assumed());
        let answer = match at {
            Some(_) => Answer::policy_withdrawn(),
            None => no_time(RecordKind::PolicyWithdrawn),
        }
        .to(n, record.id(), at);
        self.record(&answer, timeline, None, output);
        at.map(|from| PolicyChange { from, policy: None })
    }

    /// Returns the policy for a record: the recorded one if the record names it, otherwise the one
    /// that is active at its time. For a record without a timestamp, any policy can be returned,
    /// because the engine skips the record before it uses the policy.
    pub(super) fn policy_for<'t>(
        &self,
        recorded: RecordedPolicy,
        now: Option<Timestamp>,
        timeline: &'t Timeline,
        unknown: &'t mut PolicyUnavailable,
    ) -> NumberedPolicy<'t> {
        let found = match recorded {
            RecordedPolicy::NotRecorded => timeline.at(now.unwrap_or(Timestamp::MIN)),
            RecordedPolicy::Missing => NumberedPolicy::unavailable(unknown),
            RecordedPolicy::Hash(hash) => timeline.by_hash(hash).unwrap_or_else(|| {
                *unknown = PolicyUnavailable::HashUnknown(hash);
                NumberedPolicy::unavailable(unknown)
            }),
        };
        NumberedPolicy {
            state: self.state(found.state),
            ..found
        }
    }

    /// Returns the policy state under which records are answered: with [`Self::assume_in_force`],
    /// the policy is treated as in force.
    pub(crate) fn state<'a>(&self, state: PolicyState<'a>) -> PolicyState<'a> {
        if self.assume_in_force {
            state.assume_in_force()
        } else {
            state
        }
    }

    pub(super) fn record(
        &self,
        answer: &Answer<'_>,
        timeline: &Timeline,
        policy: Option<usize>,
        output: &mut ChunkOutput,
    ) {
        if let AnswerBuffer::Table(columns) = &mut output.answers {
            columns.push(answer);
            return;
        }
        let symbol = answer
            .symbol
            .and_then(|symbol| timeline.symbol_number(&symbol));
        output.counts.add(answer, symbol, policy);
        let invalid = [SkipCode::IntentInvalid, SkipCode::HarvestInvalidInput];
        let is_untimed = answer.ts.is_none() && self.now.is_none();
        output.counts.untimed +=
            u64::from(is_untimed && answer.reason.is_some_and(|r| invalid.contains(&r)));
        push_row(answer, &mut output.rows);
        if self.reports {
            output.report_rows.push(ReportRow::new(answer, symbol));
        }
        match &mut output.answers {
            AnswerBuffer::Nothing | AnswerBuffer::Table(_) => {}
            AnswerBuffer::Lines(lines) => {
                answer.write_json(lines);
                lines.push(b'\n');
            }
            AnswerBuffer::Columns(columns) => columns.push(answer),
            AnswerBuffer::ArmColumns(columns) => columns.answers.push(answer),
        }
    }
}

fn may_line_change_policy(line: Line<'_>) -> bool {
    line.text()
        .is_some_and(|text| may_change_policy(text.as_bytes()))
}

fn is_readable(intent: &Intent<'_>) -> bool {
    intent
        .request()
        .err()
        .is_none_or(|error| error.kind() != IntentErrorKind::Unreadable)
}

fn read_line<'a>(
    line: Line<'a>,
    number: usize,
    untyped: Untyped,
    scratch: &'a mut Scratch,
) -> TapeRecord<'a> {
    match line.content {
        LineContent::Text(text) => read_as(text, untyped, scratch),
        LineContent::NotUtf8 { column, .. } => {
            TapeRecord::Intent(Intent::unreadable(IntentError::NotUtf8 {
                line: number,
                column: usize::try_from(column).unwrap_or(usize::MAX),
            }))
        }
        LineContent::TooLong => TapeRecord::Intent(Intent::unreadable(IntentError::TooLong {
            line: number,
            column: RECORD_BYTES_MAX + 1,
            bytes_max: RECORD_BYTES_MAX,
        })),
    }
}

/// Parses the position of a record.
///
/// # Errors
/// Returns the reason if the record has no readable symbol.
pub fn read_snapshot(record: &OtherRecord<'_>) -> Result<Snapshot, &'static str> {
    Snapshot::from_json(record.text(), record.emitted_at()).map_err(|error| match error {
        SnapshotError::SymbolAbsent => "`symbol` is missing",
        SnapshotError::SymbolUnreadable | SnapshotError::Syntax(_) => {
            "`symbol` must occur once, as a name such as BTCUSDT, with 1 to 32 bytes and without white space or control characters"
        }
    })
}

/// Evaluates the position of a record under a policy.
///
/// # Errors
/// Returns the reason if `now` is absent or the position could not be parsed.
pub fn evaluate_position<'p>(
    snapshot: &Result<Snapshot, &'static str>,
    state: PolicyState<'p>,
    now: Option<Timestamp>,
) -> Result<HarvestDecision<'p>, &'static str> {
    let now = now.ok_or("the record has no timestamp; add `ts` or `timestamp`")?;
    let snapshot = snapshot.as_ref().map_err(|why| *why)?;
    Ok(harvest(
        state,
        &snapshot.position,
        snapshot.market.as_ref(),
        now,
    ))
}

/// Decides a recorded entry again. An entry without a timestamp is always skipped.
pub(crate) fn decide_again<'a>(
    engine: &'a Engine,
    state: PolicyState<'a>,
    record: &'a RecordedDecision<'a>,
) -> Decision<'a> {
    match (record.at(), record.position_leverage()) {
        (Some(at), Some(leverage)) => engine.decide_add(state, record.intent(), leverage, at),
        (Some(at), None) => engine.decide(state, record.intent(), at),
        // Without a time, an entry is skipped, whatever its leverage is.
        (None, _) => engine.decide_recorded(state, record.intent()),
    }
}

/// Returns the answer to a policy change without a timestamp.
fn no_time(event: RecordKind) -> Answer<'static> {
    Answer::refused(
        event,
        SkipCode::IntentInvalid,
        Detail::Text(
            "the record has no timestamp, so the policy change is ignored; add `ts` or `timestamp`",
        ),
    )
}

#[cfg(test)]
mod tests;
