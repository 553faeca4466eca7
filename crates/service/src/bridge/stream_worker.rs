//! A stream worker, which reads the entries of one stream and writes their answers.
//!
//! Under load, the worker decides a batch while the server writes the answers to the previous one. At most four
//! batches are read and not yet answered, and no batch is read while more than [`BATCH_BYTES`] of entries wait.
//!
//! If the policy or the halts have changed since the decision, or a trade is no longer in time, the server writes only
//! the exits of the batch. The worker then decides the other stream entries again. If the policy or the halts have
//! changed, it first waits until the feed has read the store again. A stream entry whose answer cannot be written is set
//! aside and retried, so that it blocks no other one.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant as Tick},
};

use portcullis::{decide::Engine, types::SignedDuration};
use portcullis_store::Feed;
use redis::{Cmd, Connection, RedisError, RedisResult, Value};

use super::{
    Precedence, Settings,
    batch_decider::{Attempt, BatchDecider, DECIDED_MAX, DecidedBatch, Inputs},
    blocked::{Blocked, text_of},
    commit::{Committer, FailedWrite, Outcome, outcomes},
    executor::{Account, MarkBounds},
    group::{Group, NEW, START},
    metrics,
    policy_archive::PolicyArchive,
    precedence::Exits,
    read_size::{BATCH_BYTES, ReadSize},
    shadows::{self, ShadowRecord},
    skew::Skew,
};
use crate::{
    keys,
    opening::Openings,
    runtime::{
        Reconnecting, ServiceError, Stop, counted, log_status, read_entries, server_time, skew,
        text, wait_for_first_read,
    },
    stream::{StreamEntry, id_parts},
};

/// Maximum time for which a read blocks on the server. After each read, the worker checks whether
/// it must stop.
const BLOCK: Duration = Duration::from_millis(200);
/// Minimum time between two claims.
const CLAIM_EVERY: Duration = Duration::from_secs(1);

/// Maximum time for which a worker waits for the next read of the store before it decides a batch again. Other exits
/// may be waiting behind the batch, so the worker of the exit stream waits only briefly.
const REFRESH_WITHIN: Duration = Duration::from_secs(1);
const REFRESH_WITHIN_OF_EXITS: Duration = Duration::from_millis(50);

/// Time by which the id of an entry may be ahead of the clock of the server, if the guardrails limit no skew. An id
/// further ahead is not used as a time, because any sender can choose it.
const AHEAD_MAX: SignedDuration = SignedDuration::from_micros(1_000_000);

/// Number of records of shadow arms after which the worker writes them, before it decides the next batch.
const SHADOWS_MAX: usize = 256;

/// Number of requests in flight at which the worker waits for a reply.
const PENDING_MAX: usize = 2;

/// The stream that a worker reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The stream of exits. Its entries are decided in the same way as those of the stream of intents.
    Exits,
    /// The stream of intents.
    Entries,
}

/// A worker that reads one stream and answers its entries.
pub(super) struct StreamWorker<'a> {
    role: Role,
    settings: &'a Settings,
    feed: &'a Feed,
    precedence: &'a Precedence,
    stop: &'a Stop,
    group: Group<'a>,
    decider: BatchDecider<'a>,
    committer: Committer,
    archive: PolicyArchive,
    skew: Skew,
    ahead_max: SignedDuration,
    blocked: Blocked<'a>,
    size: ReadSize,
    claimed: Option<Tick>,
    cursor: String,
    /// Number of entries that are pending with this consumer after the worker has stopped; `None` if it is unknown.
    owed: Option<usize>,
}

/// A request that was sent and has no reply yet.
struct PendingRequest {
    batch: Batch,
    /// The answers that the request commits; empty if there are none.
    decided: DecidedBatch,
    /// True if the request also reads the next batch.
    reads: bool,
}

/// Entries that were read together.
#[derive(Default)]
struct Batch {
    entries: Vec<StreamEntry>,
    /// Size of the entries in bytes.
    bytes: usize,
}

/// The batches that are read and not yet answered.
#[derive(Default)]
struct Pipeline {
    /// Requests that were sent.
    pending: VecDeque<PendingRequest>,
    /// Batches that are not decided yet.
    unread: VecDeque<Batch>,
    /// Size in bytes of all entries that are read and not yet answered.
    bytes: usize,
    /// Entries that must be decided again.
    moved: Moved,
    /// Records of shadow arms whose entries were answered.
    shadows: Vec<ShadowRecord>,
    /// True if the last read returned no entries.
    is_dry: bool,
}

/// The positions, mark prices and openings that were read from the server for a batch.
#[derive(Default)]
struct Known {
    account: Account,
    openings: Openings,
}

/// Entries whose answers were not written, because the store had changed or a trade was no longer in time.
#[derive(Default)]
struct Moved {
    entries: Vec<StreamEntry>,
    /// The ids of all entries for which this request wrote no answer, also because they were answered before or because a
    /// key could not be written.
    unwritten: BTreeSet<String>,
    /// True if the policy or the halts had changed for some of them.
    has_new_content: bool,
}

impl<'a> StreamWorker<'a> {
    pub(super) fn new(
        role: Role,
        operator: &'a Engine,
        settings: &'a Settings,
        feed: &'a Feed,
        precedence: &'a Precedence,
        stop: &'a Stop,
    ) -> Self {
        let stream: &str = match role {
            Role::Exits => &settings.exits,
            Role::Entries => &settings.intents,
        };
        let bound = operator.guardrails().max_intent_skew();
        let ahead_max = bound.unwrap_or(AHEAD_MAX);
        let age_max = settings.mark_age_max.as_micros();
        let bounds = MarkBounds {
            age_max: SignedDuration::from_micros(i64::try_from(age_max).unwrap_or(i64::MAX)),
            ahead_max,
        };
        let executor = settings.profile.map(|profile| (&profile.plans, bounds));
        let logs_violations = role == Role::Entries;
        Self {
            role,
            settings,
            feed,
            precedence,
            stop,
            group: Group::new(stream, settings),
            decider: BatchDecider::new(
                stream,
                operator,
                settings.guardrails_sha256.as_deref(),
                feed,
                precedence,
                logs_violations,
                executor,
            ),
            committer: Committer::new(),
            archive: PolicyArchive::new(),
            skew: Skew::new(bound, role == Role::Entries),
            ahead_max,
            blocked: Blocked::new(stream),
            size: ReadSize::new(settings.batch),
            claimed: None,
            cursor: START.to_owned(),
            owed: None,
        }
    }

    /// Answers entries until `stop` is set. If some entries that were read have no answer at that time, adds a text
    /// about them to `unanswered`.
    pub(super) fn serve(
        mut self,
        connection: Reconnecting<'_>,
        unanswered: &Mutex<Vec<String>>,
    ) -> Result<(), ServiceError> {
        let result = connection.run(|connection, is_well| {
            self.owed = None;
            let result = self.serve_on(connection, is_well);
            if let Err(error) = &result {
                self.skew.forget();
                self.archive.forget();
                let exits = if self.blocked.read_failed(error) {
                    Exits::Unreadable
                } else {
                    Exits::Waiting
                };
                self.exits_are(exits);
            }
            result
        });
        if let Some(text) = self.unanswered() {
            let mut all = unanswered.lock().unwrap_or_else(PoisonError::into_inner);
            all.push(text);
        }
        result
    }

    fn serve_on(
        &mut self,
        connection: &mut Connection,
        is_well: &mut dyn FnMut(),
    ) -> RedisResult<()> {
        // The server delivers these again, as pending entries of this consumer.
        drop(self.blocked.take());
        self.group.join(connection)?;
        self.committer.load(connection)?;
        if self.role == Role::Entries {
            wait_for_first_read(self.feed, self.stop);
        }
        self.answer_own_leftovers(connection)?;
        self.blocked.end_attempt();
        while !self.stop.is_set() {
            if self.role == Role::Entries {
                self.precedence.wait(self.stop);
                if self.stop.is_set() {
                    break;
                }
            }
            if self.answer_claimed(connection)? {
                continue;
            }
            if self.blocked.is_due() {
                self.answer_blocked(connection)?;
            }
            let mut batch = self.read_new(None, connection)?;
            self.blocked.is_readable();
            if batch.entries.is_empty() {
                self.exits_are(Exits::Answered);
                batch = self.read_new(Some(BLOCK.as_millis()), connection)?;
            }
            if !batch.entries.is_empty() {
                self.exits_are(Exits::Waiting);
                self.answer_and_read_on(batch, connection, is_well)?;
            }
            is_well();
        }
        self.answer_blocked(connection)?;
        self.owed = Some(self.group.owed(connection)?);
        self.group.leave(connection)
    }

    /// Returns a text about the entries that were read and are not answered, or `None` if there are none.
    fn unanswered(&self) -> Option<String> {
        let stream = self.group.stream;
        let reasons = self.blocked.reasons();
        match self.owed {
            Some(0) => None,
            Some(count) => Some(format!(
                "{} of `{stream}` that this bridge has read stay pending ({})",
                counted(count, "intent", "intents"),
                reasons.unwrap_or_else(|| "the bridge was stopped first".to_owned()),
            )),
            None => Some(format!(
                "intents of `{stream}` that this bridge has read may be pending ({})",
                reasons.unwrap_or_else(|| "the server was unreachable".to_owned()),
            )),
        }
    }

    /// Reports the state of the stream of exits to the worker of the intents. Has no effect if this worker does not
    /// read the stream of exits.
    fn exits_are(&self, exits: Exits) {
        if self.role == Role::Exits {
            self.precedence.set(exits);
        }
    }

    /// Answers entries that were delivered to this consumer and not answered, because its
    /// connection broke or its process died.
    fn answer_own_leftovers(&mut self, connection: &mut Connection) -> RedisResult<()> {
        let mut after = START.to_owned();
        while !self.stop.is_set() {
            let read = self.group.read(&after, self.size.get(), None);
            let entries = self.entries(read_entries(read.query(connection)?));
            let Some(last) = entries.last() else {
                return Ok(());
            };
            after.clone_from(&last.id);
            self.size.adapt(&entries);
            self.answer(&entries, connection)?;
        }
        Ok(())
    }

    /// Tries again to write the answers that could not be written.
    fn answer_blocked(&mut self, connection: &mut Connection) -> RedisResult<()> {
        let entries = self.blocked.take();
        if !entries.is_empty() {
            self.answer(&entries, connection)?;
        }
        self.blocked.end_attempt();
        Ok(())
    }

    /// Returns true if it is time to look for entries that other consumers left pending.
    fn is_claim_due(&self) -> bool {
        let every = CLAIM_EVERY.min(self.settings.claim_after);
        self.claimed.is_none_or(|at| at.elapsed() >= every)
    }

    /// Claims and answers entries that other consumers left pending for too long. Returns true if any was answered.
    fn answer_claimed(&mut self, connection: &mut Connection) -> RedisResult<bool> {
        let is_due = self.is_claim_due();
        if self.cursor == START && !is_due {
            return Ok(false);
        }
        // Only a metric depends on this request, so its error is ignored.
        if is_due && let Ok(Some(waiting)) = self.group.waiting(connection) {
            metrics::waiting(self.group.stream, waiting);
        }
        let claimed = self
            .group
            .claim(&self.cursor, self.size.get(), connection)?;
        self.cursor = claimed.cursor;
        self.claimed = Some(Tick::now());
        self.log_deleted(&claimed.deleted);
        let mut entries = self.entries(claimed.entries);
        self.size.adapt(&entries);
        // The server also returns the blocked entries of this consumer, which are retried anyway.
        entries.retain(|entry| !self.blocked.contains(&entry.id));
        if entries.is_empty() {
            return Ok(false);
        }
        self.exits_are(Exits::Waiting);
        log_status(format_args!(
            "claimed {} of `{}` from another consumer",
            counted(entries.len(), "entry", "entries"),
            self.group.stream
        ));
        self.answer(&entries, connection)?;
        Ok(entries
            .iter()
            .any(|entry| !self.blocked.contains(&entry.id)))
    }

    /// Reads entries that were not delivered to any consumer before.
    fn read_new(
        &mut self,
        block_millis: Option<u128>,
        connection: &mut Connection,
    ) -> RedisResult<Batch> {
        let mut bytes = Vec::new();
        self.write_read(block_millis, &mut bytes);
        connection.send_packed_command(&bytes)?;
        self.receive_read(connection)
    }

    /// Writes two commands: one that reads the last id that was answered, and one that reads new entries.
    fn write_read(&self, block_millis: Option<u128>, bytes: &mut Vec<u8>) {
        let last = keys::last_answered(&self.settings.keys, self.group.stream);
        redis::cmd("GET").arg(last).write_packed_command(bytes);
        let read = self.group.read(NEW, self.size.get(), block_millis);
        read.write_packed_command(bytes);
    }

    /// Receives the replies to a read. A group delivers entries in the order of their ids. So if an entry is new to the
    /// group, and the same or a later one was already answered, the group was created again or set to an earlier id.
    fn receive_read(&mut self, connection: &mut Connection) -> RedisResult<Batch> {
        let last = text(connection.recv_response()?);
        let last = last.as_deref().and_then(id_parts);
        let mut entries = self.entries(read_entries(receive(connection)?));
        for entry in &mut entries {
            let id = id_parts(&entry.id);
            entry.is_again = last.is_some_and(|last| id.is_some_and(|id| id <= last));
        }
        self.size.adapt(&entries);
        let bytes = entries.iter().map(StreamEntry::bytes);
        Ok(Batch {
            bytes: bytes.fold(0, usize::saturating_add),
            entries,
        })
    }

    /// Parses entries, with the field names of the profile.
    fn entries(&self, values: Vec<Value>) -> Vec<StreamEntry> {
        let mut entries: Vec<StreamEntry> =
            values.into_iter().filter_map(StreamEntry::new).collect();
        if let Some(profile) = self.settings.profile {
            for entry in &mut entries {
                entry.rename(profile.intent_fields);
            }
        }
        entries
    }

    /// Answers a batch and waits for the replies.
    fn answer(&mut self, entries: &[StreamEntry], connection: &mut Connection) -> RedisResult<()> {
        self.compare_clocks(connection)?;
        let moved = self.attempt(Attempt::First, entries, connection)?;
        self.answer_again(moved, connection)
    }

    /// Decides and answers entries again at the time of the server. If the policy or the halts have changed, waits
    /// first until the feed has read the store again. Denies the entries whose answers could not be written in
    /// [`DECIDED_MAX`] attempts.
    fn answer_again(&mut self, mut moved: Moved, connection: &mut Connection) -> RedisResult<()> {
        for attempt in 1..=DECIDED_MAX {
            if moved.entries.is_empty() {
                return Ok(());
            }
            metrics::moved(moved.entries.len());
            if moved.has_new_content {
                // Without a new read, the next attempt fails as well, and the entries are denied in the end.
                let _ = self.feed.wait_for_read(match self.role {
                    Role::Exits => REFRESH_WITHIN_OF_EXITS,
                    Role::Entries => REFRESH_WITHIN,
                });
            }
            let at = server_time(connection)?;
            let attempt = if attempt < DECIDED_MAX {
                Attempt::Again(at)
            } else {
                Attempt::Denied(at)
            };
            moved = self.attempt(attempt, &moved.entries, connection)?;
        }
        Ok(())
    }

    /// Decides a batch, and commits its answers. Returns the entries whose answers were not written.
    fn attempt(
        &mut self,
        attempt: Attempt,
        entries: &[StreamEntry],
        connection: &mut Connection,
    ) -> RedisResult<Moved> {
        let decided = self.decide(attempt, entries, &Known::default());
        let mut decided = self.prepare(attempt, decided, entries, connection)?;
        if decided.answers.is_empty() {
            return Ok(Moved::default());
        }
        let commit = self.commit_command(&decided);
        let moved = self.record_outcomes(&decided, entries, commit.query(connection)?)?;
        let mut shadows = std::mem::take(&mut decided.shadows);
        shadows.retain(|shadow| !moved.unwritten.contains(&shadow.entry_id));
        shadows::write(self.group.stream, &shadows, connection)?;
        Ok(moved)
    }

    /// Does the work that must precede the write of the answers. Because it takes time, the entries are decided again
    /// afterwards. If a policy cannot be stored, the answers that name it are set aside, and all others are returned.
    fn prepare(
        &mut self,
        attempt: Attempt,
        mut decided: DecidedBatch,
        entries: &[StreamEntry],
        connection: &mut Connection,
    ) -> RedisResult<DecidedBatch> {
        let mut known = Known::default();
        while decided.has_prerequisites() {
            let unread = &decided.unread_openings;
            known.openings.read(unread, connection)?;
            if let Some(profile) = self.settings.profile
                && !decided.unread.is_empty()
            {
                let unread = &decided.unread;
                known.account.read(unread, &profile.plans, connection)?;
            }
            if !decided.deleted.is_empty() {
                self.log_deleted(&decided.deleted);
                self.group.acknowledge(&decided.deleted, connection)?;
            }
            let stored = decided.policies.iter().try_for_each(|policy| {
                let stored = self.archive.store(policy, &self.settings.keys, connection);
                stored.map_err(|error| (error, policy.hash()))
            });
            decided = self.decide(attempt, entries, &known);
            decided.deleted.clear();
            if let Err((error, hash)) = stored {
                if !is_about_a_key(&error) {
                    return Err(error);
                }
                let key = keys::used_policy(&self.settings.keys, hash);
                self.blocked.write_failed(&key, &text_of(&error));
                self.set_aside(entries, &decided.take_answers_with_policy());
                break;
            }
        }
        Ok(decided)
    }

    /// Keeps entries for a later attempt.
    fn set_aside(&mut self, entries: &[StreamEntry], ids: &[String]) {
        for entry in entries.iter().filter(|entry| ids.contains(&entry.id)) {
            self.blocked.add(entry);
        }
    }

    /// Answers a batch, and the following ones for as long as there are more. The next request is sent before the
    /// reply to the previous one is read, so that this process and the server work in parallel.
    fn answer_and_read_on(
        &mut self,
        first: Batch,
        connection: &mut Connection,
        is_well: &mut dyn FnMut(),
    ) -> RedisResult<()> {
        self.compare_clocks(connection)?;
        let mut pipeline = Pipeline::default();
        pipeline.add(first);
        loop {
            if !pipeline.moved.entries.is_empty() {
                self.receive_all(&mut pipeline, connection)?;
                let moved = std::mem::take(&mut pipeline.moved);
                self.answer_again(moved, connection)?;
                is_well();
            }
            let batch = pipeline.unread.pop_front().unwrap_or_default();
            if pipeline.shadows.len() >= SHADOWS_MAX {
                self.receive_all(&mut pipeline, connection)?;
                shadows::write(self.group.stream, &pipeline.shadows, connection)?;
                pipeline.shadows.clear();
            }
            let mut decided = self.decide(Attempt::First, &batch.entries, &Known::default());
            if decided.has_prerequisites() {
                self.receive_all(&mut pipeline, connection)?;
                decided = self.prepare(Attempt::First, decided, &batch.entries, connection)?;
            }
            let reads = !pipeline.is_dry && pipeline.bytes <= BATCH_BYTES && self.may_read_on();
            if !decided.answers.is_empty() || reads {
                let request = self.send(batch, decided, reads, connection)?;
                pipeline.pending.push_back(request);
            } else {
                pipeline.bytes = pipeline.bytes.saturating_sub(batch.bytes);
                if pipeline.is_finished() {
                    return shadows::write(self.group.stream, &pipeline.shadows, connection);
                }
            }
            while pipeline.pending.len() >= PENDING_MAX || (!reads && pipeline.unread.is_empty()) {
                let Some(request) = pipeline.pending.pop_front() else {
                    break;
                };
                self.receive_replies(request, &mut pipeline, connection)?;
                is_well();
            }
        }
    }

    /// Receives the replies to all requests.
    fn receive_all(
        &mut self,
        pipeline: &mut Pipeline,
        connection: &mut Connection,
    ) -> RedisResult<()> {
        while let Some(request) = pipeline.pending.pop_front() {
            self.receive_replies(request, pipeline, connection)?;
        }
        Ok(())
    }

    /// Sends a request that writes the answers and, if `reads` is true, reads the next batch.
    fn send(
        &self,
        batch: Batch,
        decided: DecidedBatch,
        reads: bool,
        connection: &mut Connection,
    ) -> RedisResult<PendingRequest> {
        let mut bytes = Vec::new();
        if !decided.answers.is_empty() {
            self.commit_command(&decided)
                .write_packed_command(&mut bytes);
        }
        if reads {
            self.write_read(None, &mut bytes);
        }
        connection.send_packed_command(&bytes)?;
        Ok(PendingRequest {
            batch,
            decided,
            reads,
        })
    }

    /// Receives the replies to a request.
    fn receive_replies(
        &mut self,
        request: PendingRequest,
        pipeline: &mut Pipeline,
        connection: &mut Connection,
    ) -> RedisResult<()> {
        if !request.decided.answers.is_empty() {
            let reply = receive(connection)?;
            let moved = self.record_outcomes(&request.decided, &request.batch.entries, reply)?;
            let shadows = request.decided.shadows.into_iter();
            let written = shadows.filter(|shadow| !moved.unwritten.contains(&shadow.entry_id));
            pipeline.shadows.extend(written);
            pipeline.moved.entries.extend(moved.entries);
            pipeline.moved.has_new_content |= moved.has_new_content;
        }
        pipeline.bytes = pipeline.bytes.saturating_sub(request.batch.bytes);
        if request.reads {
            let batch = self.receive_read(connection)?;
            if batch.entries.is_empty() {
                pipeline.is_dry = true;
            } else {
                pipeline.add(batch);
            }
        }
        Ok(())
    }

    /// Returns true if the next batch may be read before the previous ones are answered.
    fn may_read_on(&self) -> bool {
        let is_first = self.role == Role::Exits || self.precedence.is_clear();
        let other_work = self.is_claim_due() || self.skew.is_due() || self.blocked.is_due();
        is_first && !self.stop.is_set() && !other_work
    }

    fn decide(&mut self, attempt: Attempt, entries: &[StreamEntry], known: &Known) -> DecidedBatch {
        let archive = &self.archive;
        let is_stored = |policy: &_| archive.is_stored(policy);
        let inputs = Inputs {
            attempt,
            skew: &self.skew,
            account: &known.account,
            openings: &known.openings,
        };
        self.decider.decide(inputs, entries, is_stored)
    }

    fn commit_command(&self, decided: &DecidedBatch) -> Cmd {
        let stream = self.group.stream;
        self.committer
            .command(self.settings, stream, self.ahead_max, &decided.answers)
    }

    /// Counts and logs the outcomes of a batch, and sets aside the entries whose answers could not be written. Returns
    /// the entries that must be decided again.
    fn record_outcomes(
        &mut self,
        decided: &DecidedBatch,
        entries: &[StreamEntry],
        reply: Value,
    ) -> RedisResult<Moved> {
        let outcomes = outcomes(reply)?;
        self.decider.record_outcomes(decided, &outcomes);
        let mut failed = Vec::new();
        for (outcome, answer) in outcomes.iter().zip(&decided.answers) {
            if let Some(failure) = outcome.failure() {
                self.blocked
                    .write_failed(self.key_of(failure), &outcome.detail);
                failed.push(answer.entry_id.clone());
            } else if outcome.is_unmarked_exit() {
                self.blocked
                    .write_failed(self.key_of(FailedWrite::Mark), &outcome.detail);
            }
        }
        self.set_aside(entries, &failed);
        let answers = outcomes.iter().zip(&decided.answers);
        let moved: BTreeSet<&str> = answers
            .filter(|(outcome, _)| outcome.is_moved())
            .map(|(_, answer)| answer.entry_id.as_str())
            .collect();
        let is_moved = |entry: &&StreamEntry| moved.contains(entry.id.as_str());
        let is_unwritten = |outcome: &Outcome| {
            outcome.is_moved() || outcome.is_repeated() || outcome.failure().is_some()
        };
        let answers = outcomes.iter().zip(&decided.answers);
        let unwritten = answers.filter(|(outcome, _)| is_unwritten(outcome));
        Ok(Moved {
            unwritten: unwritten
                .map(|(_, answer)| answer.entry_id.clone())
                .collect(),
            entries: entries.iter().filter(is_moved).cloned().collect(),
            has_new_content: outcomes.iter().any(Outcome::has_new_content),
        })
    }

    /// Returns the key that could not be written; for a mark or a permit, only the prefix of the key.
    fn key_of(&self, failure: FailedWrite) -> &'a str {
        match failure {
            FailedWrite::Plan => &self.settings.plans,
            FailedWrite::Skip => &self.settings.skips,
            FailedWrite::Mark => &self.settings.keys,
            FailedWrite::Permit => self
                .settings
                .profile
                .map_or("", |profile| profile.plans.permits),
        }
    }

    fn compare_clocks(&mut self, connection: &mut Connection) -> RedisResult<()> {
        if self.skew.is_due() {
            let (skew, round_trip) = skew(connection)?;
            self.skew.measured(skew, round_trip);
        }
        Ok(())
    }

    fn log_deleted(&self, ids: &[String]) {
        for id in ids {
            log_status(format_args!(
                "entry {id} of `{}` was deleted before it was answered",
                self.group.stream
            ));
        }
    }
}

impl Pipeline {
    /// Adds a batch that was read.
    fn add(&mut self, batch: Batch) {
        self.bytes = self.bytes.saturating_add(batch.bytes);
        self.unread.push_back(batch);
    }

    /// Returns true if every entry that was read is answered.
    fn is_finished(&self) -> bool {
        self.pending.is_empty() && self.unread.is_empty() && self.moved.entries.is_empty()
    }
}

/// Returns true if an error concerns a key, so that a new connection would not help.
fn is_about_a_key(error: &RedisError) -> bool {
    matches!(
        error.code(),
        Some("WRONGTYPE" | "NOPERM" | "OOM" | "MISCONF" | "ERR")
    )
}

/// Receives the reply to the oldest command without a reply.
fn receive(connection: &mut Connection) -> RedisResult<Value> {
    connection.recv_response()?.extract_error()
}
