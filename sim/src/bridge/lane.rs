//! A lane: entries of one stream in, answers out.

use std::time::{Duration, Instant as Tick};

use portcullis::{
    answer::Answer,
    decide::{Decision, Engine, Gate, Objection, Reason},
    domain::Span,
    event::Scratch,
    intent::Intent,
    store::{Feed, Ruling},
};
use redis::{Connection, RedisResult, Value, streams::StreamInfoGroupsReply};

use super::{
    Precedence, Settings,
    commit::{Answered, Committer, Identity},
    counted,
    keep::Keeper,
    plan::{About, plan, skip},
};
use crate::{
    service::{
        Link, ServiceError, Stop, line, list, now, now_in_millis, read_entries, say, skew, text,
        wait_until_asked,
    },
    stream::StreamEntry,
};

/// How long a reader waits on the server for something to read, and looks up after.
const BLOCK: Duration = Duration::from_millis(200);
/// How often the clocks are compared where nobody set a bound.
const COMPARE_EVERY: Duration = Duration::from_secs(10);
/// The difference that is worth telling where nobody set a bound.
const WORTH_TELLING: Span = Span::from_micros(1_000_000);
/// Claims are made no more often than this.
const CLAIM_EVERY: Duration = Duration::from_secs(1);
const START: &str = "0-0";

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
    committer: Committer,
    keeper: Keeper,
    operator: &'a Engine,
    /// The engine under the halts of the ruling of this number.
    engine: Option<(u64, Engine)>,
    /// The clocks as they were last compared.
    skew: Option<Span>,
    compared: Option<Tick>,
    is_skewed: bool,
    claimed: Option<Tick>,
    cursor: String,
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
        Self {
            role,
            settings,
            feed,
            precedence,
            stop,
            committer: Committer::new(),
            keeper: Keeper::default(),
            operator,
            engine: None,
            skew: None,
            compared: None,
            is_skewed: false,
            claimed: None,
            cursor: START.to_owned(),
        }
    }

    fn stream(&self) -> &'a str {
        match self.role {
            Role::Exits => &self.settings.exits,
            Role::Entries => &self.settings.intents,
        }
    }

    /// Answers until it is time to stop.
    pub(super) fn serve(mut self, link: Link<'_>) -> Result<(), ServiceError> {
        link.keep(|connection, is_well| {
            let result = self.serve_on(connection, is_well);
            if self.role == Role::Exits && result.is_err() {
                self.precedence.set(true);
            }
            result
        })
    }

    fn serve_on(
        &mut self,
        connection: &mut Connection,
        is_well: &mut dyn FnMut(),
    ) -> RedisResult<()> {
        self.join_group(connection)?;
        if self.role == Role::Entries {
            wait_until_asked(self.feed, self.stop);
        }
        self.answer_own_leftovers(connection)?;
        let mut is_busy = true;
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
            if self.role == Role::Exits {
                self.precedence.set(is_busy);
            }
            let entries = self.read(connection, ">", !is_busy)?;
            is_busy = !entries.is_empty();
            if is_busy && self.role == Role::Exits {
                self.precedence.set(true);
            }
            self.answer(entries, connection)?;
            is_well();
        }
        self.leave_group(connection)
    }

    /// Makes the group where there is none: it begins with the first entry that the stream still has.
    fn join_group(&self, connection: &mut Connection) -> RedisResult<()> {
        let made = redis::cmd("XGROUP")
            .arg("CREATE")
            .arg(self.stream())
            .arg(&self.settings.group)
            .arg(START)
            .arg("MKSTREAM")
            .query::<()>(connection);
        match made {
            Err(error) if error.code() == Some("BUSYGROUP") => Ok(()),
            other => other,
        }
    }

    /// A name that was made up for this run is of no use after it; one that still owes answers stays.
    fn leave_group(&self, connection: &mut Connection) -> RedisResult<()> {
        if !self.settings.consumer_is_temporary {
            return Ok(());
        }
        let script = redis::Script::new(
            "local owed = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) \
             if #owed == 0 then redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2]) end",
        );
        script
            .key(self.stream())
            .arg(&self.settings.group)
            .arg(&self.settings.consumer)
            .invoke(connection)
    }

    /// What was delivered under this name, and not answered: the connection broke, or the process died.
    fn answer_own_leftovers(&mut self, connection: &mut Connection) -> RedisResult<()> {
        while !self.stop.is_set() {
            let entries = self.read(connection, START, false)?;
            if entries.is_empty() {
                return Ok(());
            }
            self.answer(entries, connection)?;
        }
        Ok(())
    }

    /// Takes over what has lain with another consumer for too long; whether anything was taken.
    fn answer_claimed(&mut self, connection: &mut Connection) -> RedisResult<bool> {
        let every = CLAIM_EVERY.min(self.settings.claim_after);
        let is_due = self.claimed.is_none_or(|at| at.elapsed() >= every);
        if self.cursor == START && !is_due {
            return Ok(false);
        }
        if is_due {
            self.count_waiting(connection)?;
        }
        let reply: Value = redis::cmd("XAUTOCLAIM")
            .arg(self.stream())
            .arg(&self.settings.group)
            .arg(&self.settings.consumer)
            .arg(self.settings.claim_after.as_millis().to_string())
            .arg(&self.cursor)
            .arg("COUNT")
            .arg(self.settings.batch)
            .query(connection)?;
        let mut parts = list(reply).into_iter();
        let cursor = parts.next().and_then(text);
        self.cursor = cursor.unwrap_or_else(|| START.to_owned());
        self.claimed = Some(Tick::now());
        let entries = parts.next().map(list).unwrap_or_default();
        let entries: Vec<_> = entries.into_iter().filter_map(StreamEntry::new).collect();
        for gone in parts.next().map(list).unwrap_or_default() {
            self.tell_gone(&text(gone).unwrap_or_default());
        }
        let any = !entries.is_empty();
        if any {
            if self.role == Role::Exits {
                self.precedence.set(true);
            }
            say(format_args!(
                "{} of `{}` taken over from another consumer",
                entries.len(),
                self.stream()
            ));
        }
        self.answer(entries, connection)?;
        Ok(any)
    }

    /// How many entries have no answer yet: those not delivered, and those delivered in vain so far.
    fn count_waiting(&self, connection: &mut Connection) -> RedisResult<()> {
        let groups: StreamInfoGroupsReply = redis::cmd("XINFO")
            .arg("GROUPS")
            .arg(self.stream())
            .query(connection)?;
        let ours = groups
            .groups
            .iter()
            .find(|group| group.name == self.settings.group);
        // A server that lost count of a trimmed stream does not say.
        if let Some((group, lag)) = ours.and_then(|group| Some((group, group.lag?))) {
            counted::waiting(self.stream(), lag.saturating_add(group.pending));
        }
        Ok(())
    }

    fn read(
        &self,
        connection: &mut Connection,
        after: &str,
        blocks: bool,
    ) -> RedisResult<Vec<StreamEntry>> {
        let mut read = redis::cmd("XREADGROUP");
        read.arg("GROUP")
            .arg(&self.settings.group)
            .arg(&self.settings.consumer)
            .arg("COUNT")
            .arg(self.settings.batch);
        if blocks {
            read.arg("BLOCK").arg(BLOCK.as_millis().to_string());
        }
        let reply: Value = read
            .arg("STREAMS")
            .arg(self.stream())
            .arg(after)
            .query(connection)?;
        let entries = read_entries(reply).into_iter();
        Ok(entries.filter_map(StreamEntry::new).collect())
    }

    fn answer(
        &mut self,
        entries: Vec<StreamEntry>,
        connection: &mut Connection,
    ) -> RedisResult<()> {
        if entries.is_empty() {
            return Ok(());
        }
        self.compare_clocks(connection)?;
        let ruling = self.feed.ruling();
        let engine = self.engine_under(&ruling);
        let mut answers = Vec::with_capacity(entries.len());
        let mut lines = Vec::with_capacity(entries.len());
        for entry in &entries {
            if entry.is_gone() {
                self.tell_gone(&entry.id);
                redis::cmd("XACK")
                    .arg(self.stream())
                    .arg(&self.settings.group)
                    .arg(&entry.id)
                    .query::<()>(connection)?;
                continue;
            }
            let (answer, why) = self.judge(entry, &engine, &ruling);
            answers.push(answer);
            lines.push(why);
        }
        if answers.is_empty() {
            return Ok(());
        }
        if let Ok(policy) = ruling.policy().policy()
            && answers.iter().any(|answer| answer.names_policy)
        {
            self.keeper.keep(policy, &self.settings.keys, connection)?;
        }
        let outcomes = self
            .committer
            .commit(self.settings, self.stream(), &answers, connection)?;
        let answered_at = now();
        for (outcome, (answer, why)) in outcomes.iter().zip(answers.iter().zip(lines)) {
            if outcome.code == "REPEATED" {
                counted::repeated();
                continue;
            }
            counted::lag(self.stream(), &answer.entry_id, answered_at);
            match why {
                Some((reason, detail)) => skipped(reason.code(), &detail),
                None if outcome.code == answer.verdict => counted::answered(answer.verdict, ""),
                None => skipped(&outcome.code, &outcome.detail),
            }
        }
        Ok(())
    }

    /// The answer to one entry, and, where that is a skip, why in a line.
    fn judge(
        &self,
        entry: &StreamEntry,
        engine: &Engine,
        ruling: &Ruling,
    ) -> (Answered, Option<(Reason, String)>) {
        let written = entry.written();
        let mut scratch = Scratch::default();
        let intent = match &written {
            Ok(written) => written.intent(&mut scratch),
            Err(fault) => Intent::unreadable(fault.clone()),
        };
        let written = written.as_ref().ok();
        let own_id = written.and_then(|written| written.own_id());
        let order_type = written.and_then(|written| written.order_type());
        let identity = Identity::new(own_id.as_deref(), self.stream(), &entry.id, entry.digest());
        let now = now_in_millis();
        let decision = engine.decide(ruling.policy(), &intent, now);
        let objection = self.objection(&decision);
        let row = match &objection {
            Some(objection) => Answer::objected(&decision, objection),
            None => Answer::decision(&decision),
        }
        .to(0, intent.id().or(Some(&entry.id)), Some(now));
        let about = About {
            plan_id: identity.plan_id(),
            stream: self.stream(),
            entry_id: &entry.id,
            own_id: own_id.as_deref(),
            order_type: order_type.as_deref(),
            now,
            // A row is made of texts and finite numbers.
            answer: &serde_json::to_string(&row).unwrap_or_default(),
        };
        let why = row.reason.map(|reason| {
            let detail = row.detail.as_ref().map(ToString::to_string);
            (reason, detail.unwrap_or_default())
        });
        let record = match &why {
            None => plan(&decision, &about),
            Some((reason, detail)) => skip(&decision, &about, reason.code(), detail),
        };
        let answer = Answered {
            entry_id: entry.id.clone(),
            verdict: row.decision.as_str(),
            symbol: intent.symbol().map_or_else(String::new, |s| s.to_string()),
            names_policy: decision.policy().is_some(),
            record,
            identity,
        };
        (answer, why)
    }

    /// What this instance has against an entry beside the gates: the clock, where a gate behind it would have
    /// answered.
    fn objection(&self, decision: &Decision<'_>) -> Option<Objection<'static>> {
        match decision {
            Decision::Exit(_) => None,
            Decision::Skip(skip) if skip.gate() <= Gate::Freshness => None,
            Decision::Trade(_) | Decision::Skip(_) => self.untrusted_clock(),
        }
    }

    /// Why no entry is answered with a trade while the clocks differ.
    fn untrusted_clock(&self) -> Option<Objection<'static>> {
        let bound = self.operator.guardrails().max_intent_skew()?;
        let text = match self.skew {
            Some(skew) if skew <= bound => return None,
            Some(skew) => {
                format!("this clock is {skew} off the server's, at most {bound} is allowed")
            }
            None => "this clock was not compared with the server's".to_owned(),
        };
        Objection::new(Reason::ClockUntrusted, text)
    }

    fn compare_clocks(&mut self, connection: &mut Connection) -> RedisResult<()> {
        let bound = self.operator.guardrails().max_intent_skew();
        let is_due = self.compared.is_none_or(|at| at.elapsed() >= COMPARE_EVERY);
        if bound.is_none() && !is_due {
            return Ok(());
        }
        self.skew = None;
        let skew = skew(connection)?;
        self.skew = Some(skew);
        counted::skew(skew);
        self.compared = Some(Tick::now());
        let is_skewed = skew > bound.unwrap_or(WORTH_TELLING);
        if is_skewed != self.is_skewed && self.role == Role::Entries {
            say(format_args!("this clock is {skew} off the server's"));
        }
        self.is_skewed = is_skewed;
        Ok(())
    }

    /// The engine under the halts of a ruling, beside the operator's own.
    fn engine_under(&mut self, ruling: &Ruling) -> Engine {
        match &self.engine {
            Some((number, engine)) if *number == ruling.number() => engine.clone(),
            Some(_) | None => {
                let engine = self.operator.halting(ruling.halt());
                self.engine = Some((ruling.number(), engine.clone()));
                engine
            }
        }
    }

    fn tell_gone(&self, id: &str) {
        say(format_args!(
            "entry {id} of `{}` was deleted before it was answered",
            self.stream()
        ));
    }
}

/// Counts a skip, and tells why.
fn skipped(reason: &str, detail: &str) {
    counted::answered("SKIP", reason);
    line(format_args!("SKIP {reason}: {detail}"));
}
