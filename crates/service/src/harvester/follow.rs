//! The loop that reads and evaluates the positions.

use std::collections::{BTreeMap, BTreeSet};

use portcullis::{
    answer::Answer,
    decide::SkipCode,
    harvest::{Harvest, HarvestDecision, HarvestSkip, Harvested},
    policy::PolicyState,
    types::{Shown, Symbol, Timestamp},
};
use portcullis_store::Feed;
use redis::{Connection, RedisResult};

use super::{
    Settings,
    advice::{Advice, Case, stage},
    alarm::Board,
    commit::{Change, Committer, Remember, Step},
    fields::Held,
    memory::Memory,
    metrics,
    on_change::OnChange,
    position::{Seen, market},
    proposal::{Items, end, proposal},
    proposed,
    reading::{Before, Found, Reading, find_positions, find_proposals, read},
};
use crate::{
    keys,
    runtime::{Reconnecting, ServiceError, Stop, line, now, say, wait_for_first_read},
};

/// Number of positions in one read.
const BATCH: usize = 64;
/// Reads and evaluates positions at an interval.
pub(super) struct Follower<'a> {
    settings: &'a Settings,
    feed: &'a Feed,
    board: &'a Board,
    stop: &'a Stop,
    committer: Committer,
    refusals: OnChange,
    notes: OnChange,
    /// Symbols that may have a proposal, with the keys of their positions.
    known: BTreeMap<Symbol, Vec<u8>>,
}

/// A symbol under evaluation.
#[derive(Clone, Copy)]
struct Looked<'r> {
    symbol: Symbol,
    key: &'r [u8],
    before: &'r Before,
    now: Timestamp,
}

impl<'a> Follower<'a> {
    pub(super) fn new(
        settings: &'a Settings,
        feed: &'a Feed,
        board: &'a Board,
        stop: &'a Stop,
    ) -> Self {
        Self {
            settings,
            feed,
            board,
            stop,
            committer: Committer::new(),
            refusals: OnChange::default(),
            notes: OnChange::default(),
            known: BTreeMap::new(),
        }
    }

    /// Evaluates positions until `stop` is set.
    pub(super) fn serve(mut self, connection: Reconnecting<'_>) -> Result<(), ServiceError> {
        connection.run(|connection, is_well| {
            wait_for_first_read(self.feed, self.stop);
            // These symbols include the proposals of positions that ended while the service was not running.
            for symbol in find_proposals(connection)? {
                let key = keys::of_symbol(keys::POSITION, symbol).into_bytes();
                self.known.entry(symbol).or_insert(key);
            }
            while !self.stop.is_set() {
                self.look(connection)?;
                is_well();
                self.stop.sleep(self.settings.every);
            }
            Ok(())
        })
    }

    fn look(&mut self, connection: &mut Connection) -> RedisResult<()> {
        let found = find_positions(connection)?;
        let (single, mut open) = self.sort(&found);
        let judged = self.judge(&single, &mut open, connection);
        if judged.is_err() {
            self.board.add(open);
            return judged;
        }
        self.board.set(open);
        self.end_those_gone(&found, connection)?;
        self.known.extend(single);
        for name in self.refusals.end_look() {
            say(format_args!("{name} is no longer skipped"));
        }
        self.notes.end_look();
        Ok(())
    }

    fn judge(
        &mut self,
        positions: &[(Symbol, Vec<u8>)],
        open: &mut BTreeSet<Symbol>,
        connection: &mut Connection,
    ) -> RedisResult<()> {
        for batch in positions.chunks(BATCH) {
            let readings = read(batch, connection)?;
            let snapshot = self.feed.snapshot();
            for ((symbol, key), reading) in batch.iter().zip(&readings) {
                let looked = Looked {
                    symbol: *symbol,
                    key,
                    before: &reading.before,
                    now: now(),
                };
                self.follow(looked, reading, snapshot.policy(), open, connection)?;
            }
        }
        Ok(())
    }

    /// Returns the positions that have one key each, and the symbols with several keys. The latter count as open.
    fn sort(&mut self, found: &Found) -> (Vec<(Symbol, Vec<u8>)>, BTreeSet<Symbol>) {
        let mut single = Vec::new();
        let mut open = BTreeSet::new();
        for key in &found.nameless {
            let name = String::from_utf8_lossy(key);
            self.refuse(
                &Shown(&name).to_string(),
                "the key does not end with a symbol",
            );
        }
        for (symbol, keys) in &found.keys {
            if let [key] = keys.as_slice() {
                single.push((*symbol, key.clone()));
            } else {
                self.refuse(
                    &symbol.to_string(),
                    "several keys have this symbol; delete all but one",
                );
                open.insert(*symbol);
            }
        }
        (single, open)
    }

    /// Evaluates a position, and adds it to `open` if it is open.
    fn follow(
        &mut self,
        looked: Looked<'_>,
        reading: &Reading,
        policy: PolicyState<'_>,
        open: &mut BTreeSet<Symbol>,
        connection: &mut Connection,
    ) -> RedisResult<()> {
        let fields = match &reading.position {
            // The position was deleted after it was found. The next scan handles this case.
            Held::Nothing => return Ok(()),
            Held::Other => {
                self.refuse(&looked.symbol.to_string(), "the key is not a hash");
                return Ok(());
            }
            Held::Hash(fields) => fields,
        };
        let seen = match Seen::read(looked.symbol, fields, &reading.risk, looked.now) {
            Ok(seen) => seen,
            Err(why) => {
                // The position may be open, so it must be included in the alarm.
                open.insert(looked.symbol);
                self.refuse(&looked.symbol.to_string(), &why);
                return Ok(());
            }
        };
        if seen.position.is_flat() {
            return self.end(looked, Step::End, connection).map(drop);
        }
        // This comes before the proposal is written, because the server may become unreachable in between.
        open.insert(looked.symbol);
        let memory = Memory::read(&looked.before.memory);
        for note in proposed::notes(reading, &seen, memory) {
            let text = format!("{}: {note}", looked.symbol);
            if self.notes.is_news(&text, String::new()) {
                say(&text);
            }
        }
        let market = market(&reading.market);
        let case = Case {
            policy,
            seen: &seen,
            market: market.as_ref(),
            memory,
            last: &looked.before.last,
            now: looked.now,
        };
        match case.advice() {
            Advice::Unchanged => {}
            Advice::Propose(harvest, harvested) => {
                self.propose(looked, &seen, &harvest, harvested, connection)?;
            }
            Advice::Skip(skip) => self.skip(looked.symbol, skip, policy),
        }
        Ok(())
    }

    fn propose(
        &self,
        looked: Looked<'_>,
        seen: &Seen,
        harvest: &Harvest<'_>,
        harvested: Harvested,
        connection: &mut Connection,
    ) -> RedisResult<()> {
        let memory = Memory::read(&looked.before.memory);
        let authority = &self.settings.authority;
        let change = Change {
            step: Step::Propose,
            symbol: looked.symbol,
            position: looked.key,
            before: looked.before,
            remember: stage(harvest.action()).map_or(Remember::AsBefore, |stage| {
                Remember::Stage(memory.of(stage, &seen.opening, looked.now))
            }),
            items: proposal(harvest, seen, harvested, authority, looked.now),
        };
        if self.committer.commit(&change, connection)? {
            metrics::proposed(harvest.action());
            line(proposed::Proposed(harvest));
        }
        Ok(())
    }

    /// Removes the proposal of a position that has ended, if there is one. Returns true if none is left.
    fn end(
        &self,
        looked: Looked<'_>,
        step: Step,
        connection: &mut Connection,
    ) -> RedisResult<bool> {
        let memory = Memory::read(&looked.before.memory);
        let forgets = step == Step::End && memory.ends_when_flat();
        let is_blank = looked.before.last.is_blank();
        if is_blank && !forgets {
            return Ok(true);
        }
        let change = Change {
            step,
            symbol: looked.symbol,
            position: looked.key,
            before: looked.before,
            remember: if forgets {
                Remember::Nothing
            } else {
                Remember::AsBefore
            },
            items: if is_blank {
                Items::default()
            } else {
                end(looked.symbol, &self.settings.authority, looked.now)
            },
        };
        let is_done = self.committer.commit(&change, connection)?;
        if is_done && !is_blank {
            let reason = SkipCode::HarvestNoPosition.code();
            line(format_args!(
                "HARVEST {} proposal removed: {reason}",
                looked.symbol
            ));
        }
        Ok(is_done)
    }

    /// Removes the proposals of positions whose keys were deleted.
    fn end_those_gone(&mut self, found: &Found, connection: &mut Connection) -> RedisResult<()> {
        let known = std::mem::take(&mut self.known);
        let (still, gone): (BTreeMap<_, _>, BTreeMap<_, _>) = known
            .into_iter()
            .partition(|(symbol, _)| found.keys.contains_key(symbol));
        self.known = still;
        let gone: Vec<(Symbol, Vec<u8>)> = gone.into_iter().collect();
        for batch in gone.chunks(BATCH) {
            // These keys are kept until the removal succeeds, so that a failed removal is repeated.
            self.known.extend(batch.iter().cloned());
            let readings = read(batch, connection)?;
            for ((symbol, key), reading) in batch.iter().zip(&readings) {
                let looked = Looked {
                    symbol: *symbol,
                    key,
                    before: &reading.before,
                    now: now(),
                };
                if self.end(looked, Step::Gone, connection)? {
                    self.known.remove(symbol);
                }
            }
        }
        Ok(())
    }

    /// Logs a position that the engine cannot evaluate.
    fn skip(&mut self, symbol: Symbol, skip: HarvestSkip<'_>, policy: PolicyState<'_>) {
        let answer = Answer::harvest(&HarvestDecision::Skip(skip), policy);
        if let (Some(reason), Some(detail)) = (answer.reason, answer.detail) {
            let kind = proposed::kind(&skip);
            self.tell(&symbol.to_string(), reason, kind, &detail.to_string());
        }
    }

    /// Logs a position that cannot be read.
    fn refuse(&mut self, name: &str, why: &str) {
        self.tell(name, SkipCode::HarvestInvalidInput, why.to_owned(), why);
    }

    fn tell(&mut self, name: &str, reason: SkipCode, kind: String, detail: &str) {
        let code = reason.code();
        if self.refusals.is_news(name, format!("{code} {kind}")) {
            line(format_args!("SKIP {code}: {name}: {detail}"));
            metrics::refused(reason);
        }
    }
}
