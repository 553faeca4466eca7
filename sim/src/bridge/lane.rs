//! A lane: entries of one stream in, answers out.

use std::{
    sync::Arc,
    time::{Duration, Instant as Tick},
};

use portcullis::{
    answer::Answer,
    decide::{Decision, Engine, Gate, Objection, Reason},
    domain::Span,
    event::Scratch,
    guardrails::Halt,
    intent::Intent,
    policy::PolicyState,
};
use redis::{Connection, RedisResult, Value};

use super::{
    Precedence, Settings,
    commit::{Answered, Committer, Identity},
    keep::Keeper,
    plan::{About, answer, answer_halves, plan, skip},
};
use crate::{
    service::{
        Link, PolicySource, Ruling, ServiceError, Stop, line, list, now_in_millis, read_entries,
        say, skew, text,
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
    source: &'a dyn PolicySource,
    precedence: &'a Precedence,
    stop: &'a Stop,
    committer: Committer,
    keeper: Keeper,
    operator: &'a Engine,
    /// The engine under the halts of the moment.
    engine: Option<(Arc<Ruling>, Engine)>,
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
        source: &'a dyn PolicySource,
        precedence: &'a Precedence,
        stop: &'a Stop,
    ) -> Self {
        Self {
            role,
            settings,
            source,
            precedence,
            stop,
            committer: Committer::new(),
            keeper: Keeper::new(),
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
            self.source.wait_until_asked(self.stop);
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
        self.follow_rulings();
        let Some((ruling, engine)) = &self.engine else {
            return Ok(());
        };
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
            let (answer, why) = self.judge(entry, engine, ruling);
            answers.push(answer);
            lines.push(why);
        }
        if answers.is_empty() {
            return Ok(());
        }
        if let Ok(policy) = &ruling.policy
            && answers.iter().any(|answer| answer.names_policy)
        {
            self.keeper.keep(policy, &self.settings.keys, connection)?;
        }
        let outcomes = self
            .committer
            .commit(self.settings, self.stream(), &answers, connection)?;
        for (outcome, (answer, why)) in outcomes.iter().zip(answers.iter().zip(lines)) {
            match why {
                _ if outcome.code == "REPEATED" => {}
                Some(why) => line(format_args!("SKIP {why}")),
                None if outcome.code == answer.verdict => {}
                None => line(format_args!("SKIP {}: {}", outcome.code, outcome.detail)),
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
    ) -> (Answered, Option<String>) {
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
        let state = match &ruling.policy {
            Ok(policy) => PolicyState::present(policy),
            Err(absence) => PolicyState::absent(absence),
        };
        let now = now_in_millis();
        let decision = engine.decide(state, &intent, now);
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
        };
        let why = row.reason.map(|reason| {
            let detail = row.detail.as_ref().map(ToString::to_string);
            (reason, detail.unwrap_or_default())
        });
        let told = why
            .as_ref()
            .map(|(reason, detail)| (reason.code(), detail.as_str()));
        let text = answer(&row);
        let answer = Answered {
            entry_id: entry.id.clone(),
            verdict: row.decision.as_str(),
            symbol: intent.symbol().map_or_else(String::new, |s| s.to_string()),
            names_policy: decision.policy().is_some(),
            plan: plan(&decision, &about, &text),
            skip: skip(&decision, &about, told.map(|told| (told, text.as_str()))),
            halves: answer_halves(&decision, &row),
            identity,
        };
        (
            answer,
            why.map(|(reason, detail)| format!("{reason}: {detail}")),
        )
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
        self.compared = Some(Tick::now());
        let is_skewed = skew > bound.unwrap_or(WORTH_TELLING);
        if is_skewed != self.is_skewed && self.role == Role::Entries {
            say(format_args!("this clock is {skew} off the server's"));
        }
        self.is_skewed = is_skewed;
        Ok(())
    }

    /// Takes over what rules now: the policy, and the halts beside the operator's own.
    fn follow_rulings(&mut self) {
        let ruling = self.source.current();
        let is_same = |(known, _): &(Arc<Ruling>, Engine)| Arc::ptr_eq(known, &ruling);
        if self.engine.as_ref().is_some_and(is_same) {
            return;
        }
        let guardrails = self.operator.guardrails().clone();
        let halt = both(guardrails.halt(), &ruling.halt);
        let engine = Engine::new(
            guardrails.with_halt(halt),
            self.operator.ownership().clone(),
        );
        self.engine = Some((ruling, engine));
    }

    fn tell_gone(&self, id: &str) {
        say(format_args!(
            "entry {id} of `{}` was deleted before it was answered",
            self.stream()
        ));
    }
}

/// What either of two halts covers.
fn both(one: &Halt, other: &Halt) -> Halt {
    match (one, other) {
        (Halt::Everything, _) | (_, Halt::Everything) => Halt::Everything,
        (Halt::Nothing, halt) | (halt, Halt::Nothing) => halt.clone(),
        (Halt::Symbols(one), Halt::Symbols(other)) => {
            Halt::Symbols(one.union(other).copied().collect())
        }
    }
}
