//! The loop that reads and evaluates the positions.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use portcullis::{
    answer::Answer,
    decide::{SkipCode, SkipReason},
    harvest::{HarvestAction, HarvestDecision, HarvestSkip},
    policy::PolicyState,
    types::{Shown, Symbol, Timestamp},
};
use portcullis_rollout::Rollout;
use portcullis_store::{Feed, PolicySnapshot, StoredSet};
use redis::{Connection, RedisResult};

use super::{
    Settings,
    advice::{Advice, Evaluation},
    alarm::OpenPositions,
    change_detector::ChangeDetector,
    commit::{Change, Committed, Committer, MemoryChange, Step},
    dialect::{Dialect, Withdrawal},
    fields::StoredHash,
    log_texts,
    memory::Memory,
    metrics,
    opening_policy::OpeningStore,
    position::{ObservedPosition, market},
    proposal::{Items, Proposal, end, proposal},
    reading::{Found, Previous, Reading, find_positions, find_proposals, read},
};
use crate::{
    keys,
    opening::Opening,
    runtime::{Reconnecting, ServiceError, Stop, line, log_status, now, wait_for_first_read},
};

/// Number of positions in one read.
const BATCH: usize = 64;
/// Maximum time for which the next scan waits for a read of the store, after a policy was replaced during a scan.
const REFRESH_WITHIN: Duration = Duration::from_secs(1);

/// A loop that reads and evaluates the positions at a fixed interval.
pub(super) struct Watcher<'a> {
    settings: &'a Settings,
    feed: &'a Feed,
    open_positions: &'a OpenPositions,
    stop: &'a Stop,
    dialect: Dialect,
    committer: Committer,
    openings: OpeningStore,
    skips: ChangeDetector,
    notes: ChangeDetector,
    /// Symbols that may have a proposal, with the keys of their positions.
    known: BTreeMap<Symbol, Vec<u8>>,
    /// True if a proposal of this scan was not written, because the policy changed after the evaluation.
    is_moved: bool,
}

/// A symbol under evaluation.
#[derive(Clone, Copy)]
struct Target<'r> {
    symbol: Symbol,
    key: &'r [u8],
    previous: &'r Previous,
    now: Timestamp,
}

impl<'a> Watcher<'a> {
    pub(super) fn new(
        settings: &'a Settings,
        feed: &'a Feed,
        open_positions: &'a OpenPositions,
        stop: &'a Stop,
    ) -> Self {
        Self {
            settings,
            feed,
            open_positions,
            stop,
            dialect: Dialect(settings.profile),
            committer: Committer::new(Dialect(settings.profile)),
            openings: OpeningStore::new(),
            skips: ChangeDetector::default(),
            notes: ChangeDetector::default(),
            known: BTreeMap::new(),
            is_moved: false,
        }
    }

    /// Evaluates positions until `stop` is set.
    pub(super) fn serve(mut self, connection: Reconnecting<'_>) -> Result<(), ServiceError> {
        connection.run(|connection, is_well| {
            wait_for_first_read(self.feed, self.stop);
            // These symbols include those of positions that ended while the service was not running.
            for symbol in find_proposals(connection)? {
                let key = keys::of_symbol(keys::POSITION, symbol).into_bytes();
                self.known.entry(symbol).or_insert(key);
            }
            while !self.stop.is_set() {
                self.scan(connection)?;
                is_well();
                if std::mem::take(&mut self.is_moved) {
                    // The positions are evaluated again as soon as the feed has read the store again.
                    let _ = self.feed.wait_for_read(REFRESH_WITHIN);
                } else {
                    self.stop.sleep(self.settings.every);
                }
            }
            Ok(())
        })
    }

    fn scan(&mut self, connection: &mut Connection) -> RedisResult<()> {
        let found = find_positions(connection)?;
        let (single, mut open) = self.split_keys(&found);
        let evaluated = self.evaluate_all(&single, &mut open, connection);
        if evaluated.is_err() {
            self.open_positions.add(open);
            return evaluated;
        }
        self.open_positions.set(open);
        self.end_deleted(&found, connection)?;
        self.known.extend(single);
        for name in self.skips.end_scan() {
            log_status(format_args!("{name} is no longer skipped"));
        }
        self.notes.end_scan();
        Ok(())
    }

    fn evaluate_all(
        &mut self,
        positions: &[(Symbol, Vec<u8>)],
        open: &mut BTreeSet<Symbol>,
        connection: &mut Connection,
    ) -> RedisResult<()> {
        for batch in positions.chunks(BATCH) {
            let readings = read(batch, self.dialect, connection)?;
            let snapshot = self.feed.snapshot();
            for ((symbol, key), reading) in batch.iter().zip(&readings) {
                let target = Target {
                    symbol: *symbol,
                    key,
                    previous: &reading.previous,
                    now: now(),
                };
                self.evaluate(target, reading, &snapshot, open, connection)?;
            }
        }
        Ok(())
    }

    /// Returns the positions that have exactly one key, and the symbols with several keys. Symbols
    /// with several keys count as open.
    fn split_keys(&mut self, found: &Found) -> (Vec<(Symbol, Vec<u8>)>, BTreeSet<Symbol>) {
        let mut single = Vec::new();
        let mut open = BTreeSet::new();
        for key in &found.without_symbol {
            let name = String::from_utf8_lossy(key);
            self.skip_unreadable(
                &Shown(&name).to_string(),
                "the Redis key of a position must end with a symbol",
            );
        }
        for (symbol, keys) in &found.by_symbol {
            if let [key] = keys.as_slice() {
                single.push((*symbol, key.clone()));
            } else {
                self.skip_unreadable(
                    &symbol.to_string(),
                    "several Redis keys hold a position in this symbol; delete all but one",
                );
                open.insert(*symbol);
            }
        }
        (single, open)
    }

    /// Evaluates a position, and adds it to `open` if it is open.
    fn evaluate(
        &mut self,
        target: Target<'_>,
        reading: &Reading,
        snapshot: &PolicySnapshot,
        open: &mut BTreeSet<Symbol>,
        connection: &mut Connection,
    ) -> RedisResult<()> {
        let fields = match &reading.position {
            // The position was deleted after it was found. The next scan handles this case.
            StoredHash::Absent => return Ok(()),
            StoredHash::WrongType => {
                self.skip_unreadable(
                    &target.symbol.to_string(),
                    "the Redis key of the position is not a hash",
                );
                return Ok(());
            }
            StoredHash::Fields(fields) => fields,
        };
        let rollout = snapshot.rollout();
        let known = match reading.opening.stored.is_empty() {
            true => None,
            false => Some(Opening::read(&reading.opening.stored)),
        };
        let policy = policy_of(snapshot, rollout.as_ref(), known.as_ref(), target.now);
        self.withdraw_if_ended(target, policy, snapshot, connection)?;
        let set = snapshot.set().map(StoredSet::set);
        let sizes = self.settings.sizes.get(&target.symbol);
        let mut seen =
            match ObservedPosition::read(target.symbol, fields, &reading.risk, target.now) {
                Ok(seen) => seen,
                Err(why) => {
                    // The position may be open, so it must be included in the alarm.
                    open.insert(target.symbol);
                    self.skip_unreadable(&target.symbol.to_string(), &why);
                    return Ok(());
                }
            };
        self.dialect.set_age(&mut seen, fields, target.now);
        seen.position.sizes = sizes.copied().unwrap_or_default();
        if seen.position.is_flat() {
            self.openings.end(&reading.opening, set, connection)?;
            return self.end(target, Step::End, connection).map(drop);
        }
        // The position is added before the proposal is written, because the server may become
        // unreachable during the write.
        open.insert(target.symbol);
        let memory = Memory::read(&target.previous.memory);
        for note in log_texts::notes(reading, &seen, memory) {
            let text = format!("{}: {note}", target.symbol);
            if self.notes.is_new(&text, String::new()) {
                log_status(&text);
            }
        }
        let opening = self
            .openings
            .of_open(&reading.opening, &seen.opening, set, connection)?;
        let policy = policy_of(snapshot, rollout.as_ref(), Some(&opening), target.now);
        let market = market(&reading.market);
        let evaluation = Evaluation {
            policy,
            seen: &seen,
            market: market.as_ref(),
            memory,
            last: &target.previous.last,
            now: target.now,
        };
        match evaluation.advice() {
            Advice::Unchanged(last) => {
                if self.settings.profile.is_some() {
                    let step = Step::Renew {
                        content: snapshot.token(),
                        last: last.harvest.policy().theta_valid_until(),
                    };
                    self.propose(target, step, &seen, &last, connection)?;
                }
            }
            Advice::Propose(new) => {
                let step = Step::Propose {
                    content: snapshot.token(),
                    last: new.harvest.policy().theta_valid_until(),
                };
                self.propose(target, step, &seen, &new, connection)?;
            }
            Advice::Skip(skip) => self.skip(target.symbol, skip, policy),
        }
        Ok(())
    }

    fn propose(
        &mut self,
        target: Target<'_>,
        step: Step<'_>,
        seen: &ObservedPosition,
        new: &Proposal<'_>,
        connection: &mut Connection,
    ) -> RedisResult<()> {
        let authority = &self.settings.authority;
        let is_new = matches!(step, Step::Propose { .. });
        let items = proposal(new, seen, authority, target.now);
        let change = Change {
            step,
            symbol: target.symbol,
            position: target.key,
            previous: target.previous,
            memory: MemoryChange::set(new.memory.clone()),
            items: self.dialect.proposal(items, target.now),
        };
        match self.committer.commit(&change, connection)? {
            Committed::Done if is_new => {
                metrics::proposed(new.harvest.action());
                line(log_texts::ProposalLine(&new.harvest));
            }
            Committed::Done | Committed::Superseded => {}
            Committed::Moved => {
                self.is_moved = true;
                let why = "the policy changed, or is not in force by the clock of the server";
                let text = format!("{}: proposal not written: {why}", target.symbol);
                if self.notes.is_new(&text, String::new()) {
                    log_status(&text);
                }
            }
        }
        Ok(())
    }

    /// Removes the proposal of a position that has ended, if there is one. Returns true if no
    /// proposal is left.
    fn end(
        &self,
        target: Target<'_>,
        step: Step<'_>,
        connection: &mut Connection,
    ) -> RedisResult<bool> {
        let memory = Memory::read(&target.previous.memory);
        let forgets = step == Step::End && memory.ends_when_flat();
        let is_empty = target.previous.last.is_empty();
        if is_empty && !forgets {
            return Ok(true);
        }
        let change = Change {
            step,
            symbol: target.symbol,
            position: target.key,
            previous: target.previous,
            memory: match step {
                _ if forgets => MemoryChange::Remove,
                Step::KeyDeleted => MemoryChange::set(memory.without_peak()),
                Step::End | Step::Propose { .. } | Step::Renew { .. } | Step::Withdraw { .. } => {
                    MemoryChange::Keep
                }
            },
            items: if is_empty {
                Items::default()
            } else {
                let items = end(target.symbol, &self.settings.authority, target.now);
                self.dialect.proposal(items, target.now)
            },
        };
        let is_done = self.committer.commit(&change, connection)? == Committed::Done;
        if is_done && !is_empty {
            let reason = SkipCode::HarvestNoPosition.code();
            line(format_args!(
                "HARVEST {} proposal removed: {reason}",
                target.symbol
            ));
        }
        Ok(is_done)
    }

    /// With a profile, replaces a proposal whose policy has ended by one without an action.
    fn withdraw_if_ended(
        &mut self,
        target: Target<'_>,
        policy: PolicyState<'_>,
        snapshot: &PolicySnapshot,
        connection: &mut Connection,
    ) -> RedisResult<()> {
        let Err(ended) = policy.theta_in_force(target.now) else {
            return Ok(());
        };
        let withdrawal = Withdrawal {
            reason: SkipReason::from(ended).reason(),
        };
        if self.settings.profile.is_none() || !withdrawal.applies_to(&target.previous.last) {
            return Ok(());
        }
        let items = withdrawal.items(target.symbol, &self.settings.authority, target.now);
        let change = Change {
            step: Step::Withdraw {
                content: snapshot.token(),
            },
            symbol: target.symbol,
            position: target.key,
            previous: target.previous,
            memory: MemoryChange::Keep,
            items: self.dialect.proposal(items, target.now),
        };
        match self.committer.commit(&change, connection)? {
            Committed::Done => {
                metrics::proposed(HarvestAction::None);
                let (symbol, reason) = (target.symbol, withdrawal.reason.code());
                line(format_args!(
                    "HARVEST {symbol} proposal withdrawn: {reason}"
                ));
            }
            Committed::Superseded => {}
            Committed::Moved => self.is_moved = true,
        }
        Ok(())
    }

    /// Removes the proposals of positions whose keys were deleted.
    fn end_deleted(&mut self, found: &Found, connection: &mut Connection) -> RedisResult<()> {
        let known = std::mem::take(&mut self.known);
        let (still, deleted): (BTreeMap<_, _>, BTreeMap<_, _>) = known
            .into_iter()
            .partition(|(symbol, _)| found.by_symbol.contains_key(symbol));
        self.known = still;
        let deleted: Vec<(Symbol, Vec<u8>)> = deleted.into_iter().collect();
        for batch in deleted.chunks(BATCH) {
            // These keys are kept until the removal succeeds, so that a failed removal is repeated.
            self.known.extend(batch.iter().cloned());
            let readings = read(batch, self.dialect, connection)?;
            let snapshot = self.feed.snapshot();
            let set = snapshot.set().map(StoredSet::set);
            for ((symbol, key), reading) in batch.iter().zip(&readings) {
                let target = Target {
                    symbol: *symbol,
                    key,
                    previous: &reading.previous,
                    now: now(),
                };
                self.openings.end(&reading.opening, set, connection)?;
                if self.end(target, Step::KeyDeleted, connection)? {
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
            let kind = log_texts::kind(&skip);
            self.log_skip(&symbol.to_string(), reason, kind, &detail.to_string());
        }
    }

    /// Logs a position that cannot be read.
    fn skip_unreadable(&mut self, name: &str, why: &str) {
        self.log_skip(name, SkipCode::HarvestInvalidInput, why.to_owned(), why);
    }

    fn log_skip(&mut self, name: &str, reason: SkipCode, kind: String, detail: &str) {
        let code = reason.code();
        if self.skips.is_new(name, format!("{code} {kind}")) {
            line(format_args!("SKIP {code}: {name}: {detail}"));
            metrics::refused(reason);
        }
    }
}

/// Returns the policy whose harvest parameters apply to a position: that of the arm under which it was opened, or the live
/// policy.
fn policy_of<'s>(
    snapshot: &'s PolicySnapshot,
    rollout: Option<&Rollout<'s>>,
    opening: Option<&Opening>,
    now: Timestamp,
) -> PolicyState<'s> {
    match rollout {
        Some(rollout) => {
            let hash = opening.and_then(Opening::policy);
            rollout.ladder(hash, now).policy()
        }
        None => snapshot.policy(),
    }
}
