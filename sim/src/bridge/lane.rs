//! A lane: entries of one stream in, answers out.
//!
//! While there is more to read a lane does two things at once: it judges a batch while the server writes the
//! answers to the one before. At most four batches are read and not answered.

use std::{
    collections::VecDeque,
    time::{Duration, Instant as Tick},
};

use portcullis::{decide::Engine, store::Feed};
use redis::{Cmd, Connection, RedisResult, Value};

use super::{
    Precedence, Settings,
    commit::{Committer, outcomes},
    counted,
    group::{Group, NEW, START},
    judge::{Judge, Prepared},
    keep::Keeper,
    skew::Skew,
};
use crate::{
    service::{Link, ServiceError, Stop, read_entries, say, skew, wait_until_asked},
    stream::StreamEntry,
};

/// How long a reader waits on the server for something to read, and looks up after.
const BLOCK: Duration = Duration::from_millis(200);
/// Claims are made no more often than this.
const CLAIM_EVERY: Duration = Duration::from_secs(1);

/// So much is asked before the first answer must be heard.
const ASKED_MAX: usize = 2;

/// Which stream a lane reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The exits'. Whatever stands there is judged as anywhere else.
    Exits,
    /// The intents'.
    Entries,
}

/// Reads a stream and answers what it reads.
pub(super) struct Lane<'a> {
    role: Role,
    settings: &'a Settings,
    feed: &'a Feed,
    precedence: &'a Precedence,
    stop: &'a Stop,
    group: Group<'a>,
    judge: Judge<'a>,
    committer: Committer,
    keeper: Keeper,
    skew: Skew,
    claimed: Option<Tick>,
    cursor: String,
}

/// What the server was asked, in one piece, and has not answered.
struct Asked {
    /// To write these answers, if there are any.
    prepared: Prepared,
    /// And for the next batch.
    reads: bool,
}

impl<'a> Lane<'a> {
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
            judge: Judge::new(stream, operator, feed, role == Role::Entries),
            committer: Committer::new(),
            keeper: Keeper::new(),
            skew: Skew::new(bound, role == Role::Entries),
            claimed: None,
            cursor: START.to_owned(),
        }
    }

    /// Answers until it is time to stop.
    pub(super) fn serve(mut self, link: Link<'_>) -> Result<(), ServiceError> {
        link.keep(|connection, is_well| {
            let result = self.serve_on(connection, is_well);
            if result.is_err() {
                self.skew.forget();
                self.keeper.forget();
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
            wait_until_asked(self.feed, self.stop);
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

    /// Tells the other lane whether exits wait.
    fn exits_wait(&self, wait: bool) {
        if self.role == Role::Exits {
            self.precedence.set(wait);
        }
    }

    /// What was delivered under this name, and not answered: the connection broke, or the process died.
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

    /// Whether it is time to look what others left.
    fn is_claim_due(&self) -> bool {
        let every = CLAIM_EVERY.min(self.settings.claim_after);
        self.claimed.is_none_or(|at| at.elapsed() >= every)
    }

    /// Takes over what has lain with another consumer for too long; whether anything was taken.
    fn answer_claimed(&mut self, connection: &mut Connection) -> RedisResult<bool> {
        let is_due = self.is_claim_due();
        if self.cursor == START && !is_due {
            return Ok(false);
        }
        if is_due && let Some(waiting) = self.group.waiting(connection)? {
            counted::waiting(self.group.stream, waiting);
        }
        let claimed = self.group.claim(&self.cursor, connection)?;
        self.cursor = claimed.cursor;
        self.claimed = Some(Tick::now());
        self.tell_gone(&claimed.gone);
        let entries = entries(claimed.entries);
        if entries.is_empty() {
            return Ok(false);
        }
        self.exits_wait(true);
        say(format_args!(
            "{} of `{}` taken over from another consumer",
            entries.len(),
            self.group.stream
        ));
        self.answer(&entries, connection)?;
        Ok(true)
    }

    fn read(&self, read: Cmd, connection: &mut Connection) -> RedisResult<Vec<StreamEntry>> {
        Ok(entries(read_entries(read.query(connection)?)))
    }

    /// Answers a batch, and does nothing else meanwhile.
    fn answer(&mut self, entries: &[StreamEntry], connection: &mut Connection) -> RedisResult<()> {
        self.compare_clocks(connection)?;
        let mut prepared = self.prepare(entries);
        while prepared.is_untidy() {
            self.tidy(&prepared, connection)?;
            prepared = self.prepare(entries);
            prepared.gone.clear();
        }
        if !prepared.answers.is_empty() {
            let commit = self.commit(&prepared);
            self.settle(&prepared, commit.query(connection)?)?;
        }
        Ok(())
    }

    /// Answers a batch, and those behind it for as long as there are more. Something is asked before the answer
    /// to what was asked before is heard, so that the server is at work while this is.
    fn answer_and_read_on(
        &mut self,
        first: Vec<StreamEntry>,
        connection: &mut Connection,
        is_well: &mut dyn FnMut(),
    ) -> RedisResult<()> {
        self.compare_clocks(connection)?;
        let (mut asked, mut unread) = (VecDeque::new(), VecDeque::from([first]));
        let mut is_dry = false;
        loop {
            let entries = unread.pop_front().unwrap_or_default();
            let mut prepared = self.prepare(&entries);
            while prepared.is_untidy() {
                while let Some(question) = asked.pop_front() {
                    self.hear(question, &mut unread, &mut is_dry, connection)?;
                }
                self.tidy(&prepared, connection)?;
                // That took its time, and these answers are of an instant before.
                prepared = self.prepare(&entries);
                prepared.gone.clear();
            }
            let reads = !is_dry && self.may_read_on();
            if !prepared.answers.is_empty() || reads {
                asked.push_back(self.ask(prepared, reads, connection)?);
            } else if asked.is_empty() && unread.is_empty() {
                return Ok(());
            }
            while asked.len() >= ASKED_MAX || (!reads && unread.is_empty()) {
                let Some(question) = asked.pop_front() else {
                    break;
                };
                self.hear(question, &mut unread, &mut is_dry, connection)?;
                is_well();
            }
        }
    }

    /// Asks the server to write the answers, and for more.
    fn ask(
        &self,
        prepared: Prepared,
        reads: bool,
        connection: &mut Connection,
    ) -> RedisResult<Asked> {
        let mut bytes = Vec::new();
        if !prepared.answers.is_empty() {
            self.commit(&prepared).write_packed_command(&mut bytes);
        }
        if reads {
            self.group.read(NEW, None).write_packed_command(&mut bytes);
        }
        connection.send_packed_command(&bytes)?;
        Ok(Asked { prepared, reads })
    }

    /// Hears the replies to what was asked first.
    fn hear(
        &mut self,
        asked: Asked,
        unread: &mut VecDeque<Vec<StreamEntry>>,
        is_dry: &mut bool,
        connection: &mut Connection,
    ) -> RedisResult<()> {
        if !asked.prepared.answers.is_empty() {
            self.settle(&asked.prepared, receive(connection)?)?;
        }
        if asked.reads {
            let entries = entries(read_entries(receive(connection)?));
            if entries.is_empty() {
                *is_dry = true;
            } else {
                unread.push_back(entries);
            }
        }
        Ok(())
    }

    /// Whether more may be read before everything that was read is answered.
    fn may_read_on(&self) -> bool {
        let is_first = self.role == Role::Exits || self.precedence.is_clear();
        is_first && !self.stop.is_set() && !self.is_claim_due() && !self.skew.is_due()
    }

    fn prepare(&mut self, entries: &[StreamEntry]) -> Prepared {
        let keeper = &self.keeper;
        self.judge
            .prepare(entries, &self.skew, |policy| keeper.is_kept(policy))
    }

    /// What comes before the answers are written.
    fn tidy(&mut self, prepared: &Prepared, connection: &mut Connection) -> RedisResult<()> {
        if let Some(policy) = &prepared.policy {
            self.keeper.keep(policy, &self.settings.keys, connection)?;
        }
        if !prepared.gone.is_empty() {
            self.tell_gone(&prepared.gone);
            self.group.acknowledge(&prepared.gone, connection)?;
        }
        Ok(())
    }

    fn commit(&self, prepared: &Prepared) -> Cmd {
        let stream = self.group.stream;
        self.committer
            .commit(self.settings, stream, &prepared.answers)
    }

    fn settle(&self, prepared: &Prepared, reply: Value) -> RedisResult<()> {
        self.judge.settle(prepared, &outcomes(reply)?);
        Ok(())
    }

    fn compare_clocks(&mut self, connection: &mut Connection) -> RedisResult<()> {
        if self.skew.is_due() {
            let (skew, way) = skew(connection)?;
            self.skew.measured(skew, way);
        }
        Ok(())
    }

    fn tell_gone(&self, ids: &[String]) {
        for id in ids {
            say(format_args!(
                "entry {id} of `{}` was deleted before it was answered",
                self.group.stream
            ));
        }
    }
}

fn entries(values: Vec<Value>) -> Vec<StreamEntry> {
    values.into_iter().filter_map(StreamEntry::new).collect()
}

/// The reply to the first question that has none yet.
fn receive(connection: &mut Connection) -> RedisResult<Value> {
    connection.recv_response()?.extract_error()
}
