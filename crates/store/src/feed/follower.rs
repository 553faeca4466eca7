//! The thread that follows a store.

use std::{sync::Arc, thread, time::Duration};

use super::{PolicySnapshot, metrics, shared::Shared};
use crate::{
    Backoff, ContentToken, LoadError, PolicyStore, StoreError, UpdateMark, VerifyingReader,
};
use portcullis::{
    guardrails::Halt,
    policy::{Policy, PolicyUnavailable},
    types::Timestamp,
};

/// The longest wait for an update notification before the next read.
const READ_EVERY: Duration = Duration::from_millis(200);
/// The interval at which a sleeping follower checks the stop flag.
const SLICE: Duration = Duration::from_millis(50);

pub(super) struct Follower<S, C> {
    reader: VerifyingReader<S>,
    clock: C,
    shared: Arc<Shared>,
}

/// The result of one read.
struct Read {
    policy: Result<Policy, PolicyUnavailable>,
    halt: Halt,
    token: ContentToken,
}

impl<S: PolicyStore, C: Fn() -> Timestamp> Follower<S, C> {
    pub(super) const fn new(reader: VerifyingReader<S>, clock: C, shared: Arc<Shared>) -> Self {
        Self {
            reader,
            clock,
            shared,
        }
    }

    /// Reads the store in a loop, waiting for updates in between, until the feed is stopped.
    pub(super) fn follow(self) {
        metrics::describe();
        let mut backoff = Backoff::new();
        // The mark is read before the first load, so that no update between the two is missed.
        let mut mark = self.reader.store().last_update().ok();
        while !self.shared.is_stopped() {
            let number = self.shared.begin_read();
            match self.read() {
                Ok(read) => {
                    backoff = Backoff::new();
                    self.record_read(read);
                    self.shared.end_read(number);
                    self.wait(&mut mark);
                }
                Err(error) => {
                    self.record_failure(error);
                    self.sleep(backoff.next_pause());
                }
            }
        }
    }

    fn read(&self) -> Result<Read, StoreError> {
        let content = self.reader.store().content()?;
        let policy = match self.reader.admit_stored(content.stored()) {
            Ok(policy) => Ok(policy),
            Err(LoadError::Absent(absence)) => Err(absence),
            Err(LoadError::Store(error)) => return Err(error),
        };
        Ok(Read {
            policy,
            halt: content.halt().clone(),
            token: content.token().clone(),
        })
    }

    fn record_read(&self, read: Read) {
        let now = (self.clock)();
        let before = self.shared.snapshot();
        let mut health = self.shared.health();
        let refused = read.policy.as_ref().err();
        let refused = refused.filter(|absence| **absence != PolicyUnavailable::NotFound);
        if health.error.take().is_some() {
            metrics::reconnected(self.reader.store());
        }
        if health.refused.as_ref() != refused {
            if let Some(absence) = refused {
                metrics::refused(absence, is_in_force(&before.policy, now));
            }
            health.refused = refused.cloned();
        }
        health.last_good_read = Some(now);
        self.shared.set_health(health);
        metrics::read(now);
        let policy = next_policy(&before.policy, read.policy, now);
        let is_same = before.number > 0 && before.policy == policy && before.halt == read.halt;
        if is_same && before.token == read.token {
            return;
        }
        let after = PolicySnapshot {
            number: before.number.saturating_add(u64::from(!is_same)),
            policy,
            halt: read.halt,
            token: read.token,
        };
        if is_same {
            self.shared.set_token(after);
            return;
        }
        metrics::changed(&before, &after, now);
        self.shared.set_snapshot(after);
    }

    /// Records that the store does not answer. The last snapshot stays active until its policy expires.
    fn record_failure(&self, error: StoreError) {
        let mut health = self.shared.health();
        if health.error.is_none() {
            metrics::disconnected(&error);
        }
        health.error = Some(error);
        self.shared.set_health(health);
    }

    /// Waits for an update, at most [`READ_EVERY`].
    fn wait(&self, mark: &mut Option<UpdateMark>) {
        let store = self.reader.store();
        let next = match mark {
            Some(mark) => store.wait_for_update(mark, READ_EVERY),
            None => store.last_update(),
        };
        if next.is_err() {
            // Notifications are not available; the next load detects whether the store is
            // reachable.
            self.sleep(READ_EVERY);
        }
        *mark = next.ok();
    }

    fn sleep(&self, mut length: Duration) {
        while !length.is_zero() && !self.shared.is_stopped() {
            let slice = length.min(SLICE);
            thread::sleep(slice);
            length = length.saturating_sub(slice);
        }
    }
}

/// Returns the policy after a read. A policy in force is replaced only by a valid and authentic policy, or by its
/// removal from the store.
fn next_policy(
    before: &Result<Policy, PolicyUnavailable>,
    seen: Result<Policy, PolicyUnavailable>,
    now: Timestamp,
) -> Result<Policy, PolicyUnavailable> {
    match (before, seen) {
        (_, Ok(policy)) => Ok(policy),
        (_, Err(PolicyUnavailable::NotFound)) => Err(PolicyUnavailable::NotFound),
        (Ok(policy), Err(_)) if is_in_force(before, now) => Ok(policy.clone()),
        (_, Err(refused)) => Err(refused),
    }
}

fn is_in_force(policy: &Result<Policy, PolicyUnavailable>, now: Timestamp) -> bool {
    policy
        .as_ref()
        .is_ok_and(|policy| policy.in_force(now).is_ok())
}
