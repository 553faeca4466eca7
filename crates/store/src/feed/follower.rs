//! The thread that follows a store.

use std::{sync::Arc, thread, time::Duration};

use super::{PolicySnapshot, metrics, shared::Shared};
use crate::{
    Backoff, ContentToken, Eviction, LoadError, PolicyStore, StoreError, Stored, StoredSet,
    UpdateMark, VerifyingReader,
};
use portcullis::{
    guardrails::Halt,
    policy::{Policy, PolicyUnavailable},
    types::Timestamp,
};

/// The longest wait for an update notification before the next read.
const READ_EVERY: Duration = Duration::from_millis(200);
/// The number of reads after which the follower checks again whether the store may delete content.
const READS_PER_CHECK: u32 = 5;
/// The interval at which a sleeping follower checks the stop flag.
const SLICE: Duration = Duration::from_millis(50);

pub(super) struct Follower<S, C> {
    reader: VerifyingReader<S>,
    clock: C,
    shared: Arc<Shared>,
    /// The behaviour of the store when it runs out of memory; `None` if it is not known yet.
    eviction: Option<Eviction>,
    /// The number of reads since the last check of `eviction`.
    reads: u32,
    /// The halts that the store has lost without a resume.
    kept: Halt,
    /// One text for each switch (a key of another program) that is set and therefore halts everything.
    switched: Vec<String>,
    /// The policy set that was read last: its text, and the set if it was accepted.
    set: Option<(String, Option<Arc<StoredSet>>)>,
    /// The last refusal, with its cause.
    explained: Option<Explained>,
}

/// The result of one read. Each part is present if it could be read.
struct Read {
    policy: Result<Result<Policy, PolicyUnavailable>, StoreError>,
    set: Option<Arc<StoredSet>>,
    halt: Result<Halt, StoreError>,
    kept: Halt,
    switched: Vec<String>,
    token: ContentToken,
}

/// A refusal of a policy, cached together with its cause, because the search for the cause reads the history of the
/// store.
struct Explained {
    policy_token: String,
    refusal: PolicyUnavailable,
    explained: PolicyUnavailable,
}

impl<S: PolicyStore, C: Fn() -> Timestamp> Follower<S, C> {
    pub(super) const fn new(reader: VerifyingReader<S>, clock: C, shared: Arc<Shared>) -> Self {
        Self {
            reader,
            clock,
            shared,
            eviction: None,
            reads: 0,
            kept: Halt::Nothing,
            switched: Vec::new(),
            set: None,
            explained: None,
        }
    }

    /// Reads the store in a loop, waiting for updates in between, until the feed is stopped.
    pub(super) fn follow(mut self) {
        metrics::describe();
        let mut backoff = Backoff::new();
        // The mark is read before the first load, so that no update between the two is missed.
        let mut mark = self.reader.store().last_update().ok();
        while !self.shared.is_stopped() {
            let number = self.shared.begin_read();
            self.check_eviction();
            match self.read() {
                Ok(read) => {
                    backoff = Backoff::new();
                    if self.record_read(read) {
                        self.shared.end_read(number);
                        self.wait(&mut mark);
                    } else {
                        self.sleep(READ_EVERY);
                    }
                }
                Err(error) => {
                    self.record_failure(error);
                    // After an outage, another server may answer.
                    self.reads = 0;
                    self.sleep(backoff.next_pause());
                }
            }
        }
    }

    /// Checks every few reads whether the store may delete content.
    fn check_eviction(&mut self) {
        let is_due = self.reads.is_multiple_of(READS_PER_CHECK);
        self.reads = self.reads.wrapping_add(1);
        if !is_due {
            return;
        }
        // If the store is unreachable, the read that follows reports it.
        if let Ok(eviction) = self.reader.store().eviction()
            && self.eviction.as_ref() != Some(&eviction)
        {
            metrics::eviction(self.reader.store(), self.eviction.as_ref(), &eviction);
            self.eviction = Some(eviction);
        }
    }

    fn read(&mut self) -> Result<Read, StoreError> {
        let content = self.reader.store().content()?;
        let policy = match &content.stored {
            Ok(stored) => self.admit(stored, &content.token),
            Err(error) => Err(error.clone()),
        };
        Ok(Read {
            policy,
            set: self.admit_set(content.set),
            halt: content.halt,
            kept: content.kept,
            switched: content.switched,
            token: content.token,
        })
    }

    /// Returns the policy, or the reason why there is none.
    fn admit(
        &mut self,
        stored: &Stored,
        token: &ContentToken,
    ) -> Result<Result<Policy, PolicyUnavailable>, StoreError> {
        if self.reader.requires_noeviction() && self.eviction != Some(Eviction::Never) {
            let warning = self.eviction.as_ref().and_then(Eviction::warning);
            let why =
                warning.unwrap_or_else(|| "its `maxmemory-policy` is not known yet".to_owned());
            return Ok(Err(PolicyUnavailable::StoreUnsafe { why }));
        }
        match self.reader.admit_stored(stored) {
            Ok(policy) => Ok(Ok(policy)),
            Err(LoadError::Absent(refusal)) => Ok(Err(self.explain(stored, token, refusal))),
            Err(LoadError::Store(error)) => Err(error),
        }
    }

    /// Returns the policy set if the reader accepts it. A set is checked again only if its text has changed.
    fn admit_set(&mut self, text: Option<String>) -> Option<Arc<StoredSet>> {
        match (&self.set, text) {
            (Some((last, set)), Some(text)) if *last == text => return set.clone(),
            (_, Some(text)) => {
                let set = match self.reader.admit_set(&text) {
                    Ok(set) => Some(Arc::new(set)),
                    Err(refusal) => {
                        metrics::set_refused(&refusal);
                        None
                    }
                };
                self.set = Some((text, set));
            }
            (_, None) => self.set = None,
        }
        self.set.as_ref()?.1.clone()
    }

    /// Adds the cause to a refusal ([`PolicyStore::explain_refusal`]).
    fn explain(
        &mut self,
        stored: &Stored,
        token: &ContentToken,
        refusal: PolicyUnavailable,
    ) -> PolicyUnavailable {
        if let Some(last) = &self.explained
            && last.policy_token == token.policy
            && last.refusal == refusal
        {
            return last.explained.clone();
        }
        let explained = self.reader.store().explain_refusal(stored, refusal.clone());
        self.explained = Some(Explained {
            policy_token: token.policy.clone(),
            refusal,
            explained: explained.clone(),
        });
        explained
    }

    /// Records the result of a read. Returns true if both the policy and the halts were read.
    fn record_read(&mut self, read: Read) -> bool {
        let now = (self.clock)();
        let before = self.shared.snapshot();
        let mut health = self.shared.health();
        let failed = read.policy.as_ref().err().or(read.halt.as_ref().err());
        let failed = failed.cloned();
        match &failed {
            None => {
                if health.error.take().is_some() {
                    metrics::reconnected(self.reader.store());
                }
            }
            Some(error) => {
                if health.error.is_none() {
                    metrics::disconnected(error);
                }
                health.error = Some(error.clone());
            }
        }
        if let Ok(policy) = &read.policy {
            let refused = policy.as_ref().err();
            let refused = refused.filter(|absence| **absence != PolicyUnavailable::NotFound);
            if health.refused.as_ref() != refused {
                if let Some(absence) = refused {
                    let stays = !ends_policy(absence) && is_in_force(&before.policy, now);
                    metrics::refused(absence, stays);
                }
                health.refused = refused.cloned();
            }
        }
        if failed.is_none() {
            health.last_good_read = Some(now);
            metrics::read(now);
        }
        self.shared.set_health(health);
        if read.halt.is_ok() && read.kept != self.kept {
            metrics::kept(self.reader.store(), &read.kept);
            self.kept = read.kept;
        }
        if read.halt.is_ok() && read.switched != self.switched {
            metrics::switched(self.reader.store(), &read.switched);
            self.switched = read.switched;
        }
        // A part that could not be read stays as it is, with its token. Before the first read of the halts, everything
        // is halted.
        let mut token = read.token;
        let (policy, set) = match read.policy {
            Ok(policy) => (next_policy(&before.policy, policy, now), read.set),
            Err(_) => {
                token.policy.clone_from(&before.token.policy);
                (before.policy.clone(), before.set.clone())
            }
        };
        let halt = match read.halt {
            Ok(halt) => halt,
            Err(_) if before.token.halts.is_empty() => Halt::Everything,
            Err(_) => {
                token.halts.clone_from(&before.token.halts);
                before.halt.clone()
            }
        };
        let is_same = before.number > 0
            && before.policy == policy
            && before.set == set
            && before.halt == halt;
        if !is_same || before.token != token {
            let after = PolicySnapshot {
                number: before.number.saturating_add(u64::from(!is_same)),
                policy,
                set,
                halt,
                token,
            };
            if is_same {
                self.shared.set_token(after);
            } else {
                metrics::changed(&before, &after, now);
                self.shared.set_snapshot(after);
            }
        }
        failed.is_none()
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

/// Returns the policy after a read. A policy in force stays active until a valid and authentic policy replaces it, it
/// is removed from the store, or a refusal ends it ([`ends_policy`]).
fn next_policy(
    before: &Result<Policy, PolicyUnavailable>,
    seen: Result<Policy, PolicyUnavailable>,
    now: Timestamp,
) -> Result<Policy, PolicyUnavailable> {
    match (before, seen) {
        (_, Ok(policy)) => Ok(policy),
        (_, Err(PolicyUnavailable::NotFound)) => Err(PolicyUnavailable::NotFound),
        (_, Err(refused)) if ends_policy(&refused) => Err(refused),
        (Ok(policy), Err(_)) if is_in_force(before, now) => Ok(policy.clone()),
        (_, Err(refused)) => Err(refused),
    }
}

/// Returns true if the reason for the refusal is not a fault of the stored policy. In this case, the previous policy
/// must not stay active, because a valid policy has replaced it, or the store may have lost a later policy.
const fn ends_policy(refusal: &PolicyUnavailable) -> bool {
    match refusal {
        PolicyUnavailable::SequenceNotRecorded { .. } | PolicyUnavailable::StoreUnsafe { .. } => {
            true
        }
        PolicyUnavailable::NotFound
        | PolicyUnavailable::HashUnknown(_)
        | PolicyUnavailable::Invalid(_)
        | PolicyUnavailable::SignatureInvalid
        | PolicyUnavailable::RolledBack { .. }
        | PolicyUnavailable::StoreUnavailable
        | PolicyUnavailable::WrittenByOther { .. } => false,
    }
}

fn is_in_force(policy: &Result<Policy, PolicyUnavailable>, now: Timestamp) -> bool {
    policy
        .as_ref()
        .is_ok_and(|policy| policy.in_force(now).is_ok())
}
