//! A stream worker, which reads the entries of one stream and writes their answers.
//!
//! Under load, the worker decides a batch while the server writes the answers to the previous one. At most four
//! batches are read and not yet answered.
//!
//! The server writes nothing but the exits of a batch if the policy, the halts or the time have changed since the
//! decision. The worker then waits until the feed has read the store again, and decides the other entries again.

use std::{
    collections::{BTreeSet, VecDeque},
    time::{Duration, Instant as Tick},
};

use portcullis::decide::Engine;
use portcullis_store::Feed;
use redis::{Cmd, Connection, RedisResult, Value};

use super::{
    Precedence, Settings,
    batch_decider::{Attempt, BatchDecider, DECIDED_MAX, DecidedBatch},
    commit::{Committer, Outcome, outcomes},
    group::{Group, NEW, START},
    metrics,
    policy_archive::PolicyArchive,
    skew::Skew,
};
use crate::{
    runtime::{
        Reconnecting, ServiceError, Stop, counted, read_entries, say, server_time, skew,
        wait_for_first_read,
    },
    stream::StreamEntry,
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

/// Number of requests in flight at which the worker waits for a reply.
const PENDING_MAX: usize = 2;

/// The stream that a worker reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The stream of exits. Its entries are decided in the same way as those of the other stream.
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
    claimed: Option<Tick>,
    cursor: String,
}

/// A request that was sent and has no reply yet.
struct PendingRequest {
    /// The entries of the batch that is answered.
    entries: Vec<StreamEntry>,
    /// The answers that the request commits; empty if there are none.
    decided: DecidedBatch,
    /// True if the request also reads the next batch.
    reads: bool,
}

/// The batches that are read and not yet answered.
#[derive(Default)]
struct Pipeline {
    /// Requests that were sent.
    pending: VecDeque<PendingRequest>,
    /// Batches that are not decided yet.
    unread: VecDeque<Vec<StreamEntry>>,
    /// Entries that must be decided again.
    moved: Moved,
    /// True if the last read returned no entries.
    is_dry: bool,
}

/// Entries whose answers were not written, because the store or the time had changed.
#[derive(Default)]
struct Moved {
    entries: Vec<StreamEntry>,
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
        Self {
            role,
            settings,
            feed,
            precedence,
            stop,
            group: Group::new(stream, settings),
            decider: BatchDecider::new(stream, operator, feed, role == Role::Entries),
            committer: Committer::new(),
            archive: PolicyArchive::new(),
            skew: Skew::new(bound, role == Role::Entries),
            claimed: None,
            cursor: START.to_owned(),
        }
    }

    /// Answers entries until `stop` is set.
    pub(super) fn serve(mut self, connection: Reconnecting<'_>) -> Result<(), ServiceError> {
        connection.run(|connection, is_well| {
            let result = self.serve_on(connection, is_well);
            if result.is_err() {
                self.skew.forget();
                self.archive.forget();
                self.exits_wait(true);
            }
            result
        })
    }

    fn serve_on(
        &mut self,
        connection: &mut Connection,
        is_well: &mut dyn FnMut(),
    ) -> RedisResult<()> {
        self.group.join(connection)?;
        self.committer.load(connection)?;
        if self.role == Role::Entries {
            wait_for_first_read(self.feed, self.stop);
        }
        self.answer_own_leftovers(connection)?;
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
            let mut entries = self.read(self.group.read(NEW, None), connection)?;
            if entries.is_empty() {
                self.exits_wait(false);
                let block = Some(BLOCK.as_millis());
                entries = self.read(self.group.read(NEW, block), connection)?;
            }
            if !entries.is_empty() {
                self.exits_wait(true);
                self.answer_and_read_on(entries, connection, is_well)?;
            }
            is_well();
        }
        self.group.leave(connection)
    }

    /// Sets whether exits are waiting, for the worker of the intents. Only the worker of the exit
    /// stream does so.
    fn exits_wait(&self, wait: bool) {
        if self.role == Role::Exits {
            self.precedence.set(wait);
        }
    }

    /// Answers entries that were delivered to this consumer and not answered, because its
    /// connection broke or its process died.
    fn answer_own_leftovers(&mut self, connection: &mut Connection) -> RedisResult<()> {
        while !self.stop.is_set() {
            let entries = self.read(self.group.read(START, None), connection)?;
            if entries.is_empty() {
                return Ok(());
            }
            self.answer(&entries, connection)?;
        }
        Ok(())
    }

    /// Returns true if it is time to look for entries that other consumers left pending.
    fn is_claim_due(&self) -> bool {
        let every = CLAIM_EVERY.min(self.settings.claim_after);
        self.claimed.is_none_or(|at| at.elapsed() >= every)
    }

    /// Claims and answers entries that other consumers left pending for too long. Returns true if there were any.
    fn answer_claimed(&mut self, connection: &mut Connection) -> RedisResult<bool> {
        let is_due = self.is_claim_due();
        if self.cursor == START && !is_due {
            return Ok(false);
        }
        if is_due && let Some(waiting) = self.group.waiting(connection)? {
            metrics::waiting(self.group.stream, waiting);
        }
        let claimed = self.group.claim(&self.cursor, connection)?;
        self.cursor = claimed.cursor;
        self.claimed = Some(Tick::now());
        self.log_deleted(&claimed.deleted);
        let entries = entries(claimed.entries);
        if entries.is_empty() {
            return Ok(false);
        }
        self.exits_wait(true);
        say(format_args!(
            "claimed {} of `{}` from another consumer",
            counted(entries.len(), "entry", "entries"),
            self.group.stream
        ));
        self.answer(&entries, connection)?;
        Ok(true)
    }

    fn read(&self, read: Cmd, connection: &mut Connection) -> RedisResult<Vec<StreamEntry>> {
        Ok(entries(read_entries(read.query(connection)?)))
    }

    /// Answers a batch and waits for the replies.
    fn answer(&mut self, entries: &[StreamEntry], connection: &mut Connection) -> RedisResult<()> {
        self.compare_clocks(connection)?;
        let moved = self.attempt(Attempt::First, entries, connection)?;
        self.answer_again(moved, connection)
    }

    /// Decides and answers entries again at the time of the server, after the feed has read the store again. If their
    /// answers can never be written in time, denies the entries.
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
        let mut decided = self.decide(attempt, entries);
        while decided.has_prerequisites() {
            self.complete_prerequisites(&decided, connection)?;
            decided = self.decide(attempt, entries);
            decided.deleted.clear();
        }
        if decided.answers.is_empty() {
            return Ok(Moved::default());
        }
        let commit = self.commit_command(&decided);
        self.record_outcomes(&decided, entries, commit.query(connection)?)
    }

    /// Answers a batch, and the following ones for as long as there are more. The next request is sent before the
    /// reply to the previous one is read, so that this process and the server work in parallel.
    fn answer_and_read_on(
        &mut self,
        first: Vec<StreamEntry>,
        connection: &mut Connection,
        is_well: &mut dyn FnMut(),
    ) -> RedisResult<()> {
        self.compare_clocks(connection)?;
        let mut pipeline = Pipeline::default();
        pipeline.unread.push_back(first);
        loop {
            if !pipeline.moved.entries.is_empty() {
                self.receive_all(&mut pipeline, connection)?;
                let moved = std::mem::take(&mut pipeline.moved);
                self.answer_again(moved, connection)?;
                is_well();
            }
            let entries = pipeline.unread.pop_front().unwrap_or_default();
            let mut decided = self.decide(Attempt::First, &entries);
            while decided.has_prerequisites() {
                self.receive_all(&mut pipeline, connection)?;
                self.complete_prerequisites(&decided, connection)?;
                // The requests took time, so the entries are decided again at the current time.
                decided = self.decide(Attempt::First, &entries);
                decided.deleted.clear();
            }
            let reads = !pipeline.is_dry && self.may_read_on();
            if !decided.answers.is_empty() || reads {
                let request = self.send(entries, decided, reads, connection)?;
                pipeline.pending.push_back(request);
            } else if pipeline.is_finished() {
                return Ok(());
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
        entries: Vec<StreamEntry>,
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
            self.group.read(NEW, None).write_packed_command(&mut bytes);
        }
        connection.send_packed_command(&bytes)?;
        Ok(PendingRequest {
            entries,
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
            let moved = self.record_outcomes(&request.decided, &request.entries, reply)?;
            pipeline.moved.entries.extend(moved.entries);
            pipeline.moved.has_new_content |= moved.has_new_content;
        }
        if request.reads {
            let entries = entries(read_entries(receive(connection)?));
            if entries.is_empty() {
                pipeline.is_dry = true;
            } else {
                pipeline.unread.push_back(entries);
            }
        }
        Ok(())
    }

    /// Returns true if the next batch may be read before the previous ones are answered.
    fn may_read_on(&self) -> bool {
        let is_first = self.role == Role::Exits || self.precedence.is_clear();
        is_first && !self.stop.is_set() && !self.is_claim_due() && !self.skew.is_due()
    }

    fn decide(&mut self, attempt: Attempt, entries: &[StreamEntry]) -> DecidedBatch {
        let archive = &self.archive;
        let is_stored = |policy: &_| archive.is_stored(policy);
        self.decider.decide(attempt, entries, &self.skew, is_stored)
    }

    /// Stores the policy and acknowledges deleted entries, before the answers are written.
    fn complete_prerequisites(
        &mut self,
        decided: &DecidedBatch,
        connection: &mut Connection,
    ) -> RedisResult<()> {
        if let Some(policy) = &decided.policy {
            self.archive
                .store(policy, &self.settings.keys, connection)?;
        }
        if !decided.deleted.is_empty() {
            self.log_deleted(&decided.deleted);
            self.group.acknowledge(&decided.deleted, connection)?;
        }
        Ok(())
    }

    fn commit_command(&self, decided: &DecidedBatch) -> Cmd {
        let stream = self.group.stream;
        self.committer
            .command(self.settings, stream, &decided.answers)
    }

    /// Counts and logs the outcomes of a batch. Returns the entries whose answers were not written.
    fn record_outcomes(
        &self,
        decided: &DecidedBatch,
        entries: &[StreamEntry],
        reply: Value,
    ) -> RedisResult<Moved> {
        let outcomes = outcomes(reply)?;
        self.decider.record_outcomes(decided, &outcomes);
        let answers = outcomes.iter().zip(&decided.answers);
        let moved: BTreeSet<&str> = answers
            .filter(|(outcome, _)| outcome.is_moved())
            .map(|(_, answer)| answer.entry_id.as_str())
            .collect();
        let is_moved = |entry: &&StreamEntry| moved.contains(entry.id.as_str());
        Ok(Moved {
            entries: entries.iter().filter(is_moved).cloned().collect(),
            has_new_content: outcomes.iter().any(Outcome::has_new_content),
        })
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
            say(format_args!(
                "entry {id} of `{}` was deleted before it was answered",
                self.group.stream
            ));
        }
    }
}

impl Pipeline {
    /// Returns true if every entry that was read is answered.
    fn is_finished(&self) -> bool {
        self.pending.is_empty() && self.unread.is_empty() && self.moved.entries.is_empty()
    }
}

fn entries(values: Vec<Value>) -> Vec<StreamEntry> {
    values.into_iter().filter_map(StreamEntry::new).collect()
}

/// Receives the reply to the oldest command without a reply.
fn receive(connection: &mut Connection) -> RedisResult<Value> {
    connection.recv_response()?.extract_error()
}
