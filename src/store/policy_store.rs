//! What every store does.

use std::{sync::Arc, thread, time::Duration};

use super::{
    AuditLog, AuditTrail, Change, Commit, Head, HistoryEntry, LoadError, Operator, Publication,
    PublishError, Receipt, Record, Rollback, StoreError, Stored, UpdateMark, Which, audit,
};
use crate::{
    domain::{Instant, PolicyHash},
    guardrails::Halt,
    policy::Policy,
};

/// How often a step is planned anew when somebody else took one in between.
const ATTEMPTS: usize = 64;

/// Keeps one policy, what was published before it, an audit, and the halts.
///
/// The first methods are what a store is made of; those behind them are what callers ask, the same for every
/// store. All of them block.
pub trait PolicyStore: Send + Sync {
    /// Which store this is, for people: never with a password.
    fn name(&self) -> String;

    /// What lies in the policy's place: one read, of one publication.
    ///
    /// # Errors
    /// The store cannot be reached.
    fn stored(&self) -> Result<Stored, StoreError>;

    /// How far the audit and the sequence have come.
    ///
    /// # Errors
    /// The store cannot be reached, or what it remembers is not its own.
    fn head(&self) -> Result<Head, StoreError>;

    /// The newest entries of the history, at most so many, newest first.
    ///
    /// # Errors
    /// The store cannot be reached.
    fn history_records(&self, newest: usize) -> Result<Vec<Record>, StoreError>;

    /// All of the audit.
    ///
    /// # Errors
    /// The store cannot be reached.
    fn audit_log(&self) -> Result<AuditLog, StoreError>;

    /// What is halted. What is there and cannot be understood halts everything.
    ///
    /// # Errors
    /// The store cannot be reached.
    fn halts(&self) -> Result<Halt, StoreError>;

    /// Takes a step, whole, if the store stands where [`Change::before`] and [`Change::replaced`] say.
    ///
    /// # Errors
    /// The step was not taken; or nobody knows ([`StoreError::OutcomeUnknown`]).
    fn commit(&self, change: &Change) -> Result<Commit, StoreError>;

    /// How far the store has told of updates. A store that tells of none has one mark for ever.
    ///
    /// # Errors
    /// The store cannot be reached, or where it tells of updates lies something else.
    fn last_update(&self) -> Result<UpdateMark, StoreError> {
        Ok(UpdateMark::none())
    }

    /// Waits, at most so long, until the store tells of an update behind this mark; the mark to go on from. What
    /// was told is a reason to look, no more. A store that tells of none lets the time pass.
    ///
    /// # Errors
    /// As [`Self::last_update`].
    fn wait_for_update(
        &self,
        mark: &UpdateMark,
        at_most: Duration,
    ) -> Result<UpdateMark, StoreError> {
        thread::sleep(at_most);
        Ok(mark.clone())
    }

    /// The policy, whole, or why there is none. Whether it is in force is asked of the policy
    /// ([`Policy::in_force`]); whether it is genuine and the newest, of a [`Reader`](super::Reader).
    ///
    /// # Errors
    /// There is none; there is something and it is none; the store cannot be reached.
    fn load(&self) -> Result<Policy, LoadError> {
        Ok(self.stored()?.policy()?)
    }

    /// The hash of what lies in the policy's place, policy or not: what a writer says that it saw.
    ///
    /// # Errors
    /// The store cannot be reached, or holds something that has no hash.
    fn current_hash(&self) -> Result<Option<PolicyHash>, StoreError> {
        self.stored()?.hash()
    }

    /// Publishes in one step, if the store still holds what the writer saw: the policy of that hash, or none.
    ///
    /// # Errors
    /// The store holds something else; the sequence is not above every one before; the store does not take it.
    fn publish(
        &self,
        publication: &Publication,
        expected: Option<PolicyHash>,
    ) -> Result<Receipt, PublishError> {
        for _ in 0..ATTEMPTS {
            let replaced = self.stored()?;
            let found = replaced.hash()?;
            if found != expected {
                return Err(PublishError::Conflict { expected, found });
            }
            let head = self.head()?;
            let there = replaced.policy().ok().and_then(|policy| policy.seq());
            let policy = publication.complete(head.seq.max(there))?;
            let Some(seq) = policy.seq() else {
                return Err(PublishError::SignedWithoutSequence);
            };
            let change = Change::publish(publication, &policy, replaced, head);
            match self.commit(&change)? {
                Commit::Done(repairs) => return Ok(Receipt::new(policy, seq, repairs)),
                Commit::Moved => {}
            }
        }
        Err(StoreError::Contended { store: self.name() }.into())
    }

    /// The newest publications, at most so many, newest first.
    ///
    /// # Errors
    /// The store cannot be reached.
    fn history(&self, newest: usize) -> Result<Vec<HistoryEntry>, StoreError> {
        let records = self.history_records(newest)?;
        Ok(records.into_iter().map(HistoryEntry::new).collect())
    }

    /// One publication; of several that fit, the newest.
    ///
    /// # Errors
    /// The store cannot be reached.
    fn show(&self, which: Which) -> Result<Option<HistoryEntry>, StoreError> {
        let mut window: usize = 16;
        loop {
            let entries = self.history(window)?;
            let exhausted = entries.len() < window;
            let found = entries.into_iter().find(|entry| entry.is(which));
            if found.is_some() || exhausted {
                return Ok(found);
            }
            window = window.saturating_mul(16);
        }
    }

    /// Publishes an earlier publication once more: a new publication, with a validity of its own and the next
    /// sequence.
    ///
    /// # Errors
    /// The history does not hold it, or holds no policy there (any longer); and as [`Self::publish`].
    fn rollback(
        &self,
        rollback: &Rollback<'_>,
        expected: Option<PolicyHash>,
    ) -> Result<Receipt, PublishError> {
        let which = rollback.which;
        let entry = self.show(which)?.ok_or(PublishError::NotInHistory(which))?;
        let earlier = entry.policy().map_err(|absence| StoreError::Foreign {
            what: format!("the publication with {which}"),
            why: absence.to_string(),
        })?;
        self.publish(&Publication::again(earlier, rollback)?, expected)
    }

    /// What was done, and whether the record of it is whole.
    ///
    /// # Errors
    /// The store cannot be reached.
    fn audit(&self) -> Result<AuditTrail, StoreError> {
        Ok(AuditTrail::of(self.audit_log()?))
    }

    /// Stops entries, of these symbols or all; what was stopped before stays stopped. Answers what is stopped
    /// now.
    ///
    /// # Errors
    /// The store does not take it.
    fn halt(&self, scope: &Halt, operator: &Operator, now: Instant) -> Result<Halt, StoreError> {
        change_halts(self, audit::HALTED, scope, operator, now)
    }

    /// Lets entries through again, of these symbols or all. Where everything is stopped, symbols stay stopped
    /// until everything is resumed. Answers what is stopped now.
    ///
    /// # Errors
    /// The store does not take it.
    fn resume(&self, scope: &Halt, operator: &Operator, now: Instant) -> Result<Halt, StoreError> {
        change_halts(self, audit::RESUMED, scope, operator, now)
    }
}

fn change_halts<S: PolicyStore + ?Sized>(
    store: &S,
    event: &str,
    scope: &Halt,
    operator: &Operator,
    now: Instant,
) -> Result<Halt, StoreError> {
    for _ in 0..ATTEMPTS {
        let change = Change::halt(event, scope, operator, now, store.head()?);
        if change.halts().is_none() {
            break;
        }
        match store.commit(&change)? {
            Commit::Done(_) => return store.halts(),
            Commit::Moved => {}
        }
    }
    if *scope == Halt::Nothing {
        return store.halts();
    }
    Err(StoreError::Contended {
        store: store.name(),
    })
}

macro_rules! store_behind {
    ($($pointer:ty),*) => {$(
        impl<S: PolicyStore + ?Sized> PolicyStore for $pointer {
            fn name(&self) -> String {
                (**self).name()
            }

            fn stored(&self) -> Result<Stored, StoreError> {
                (**self).stored()
            }

            fn head(&self) -> Result<Head, StoreError> {
                (**self).head()
            }

            fn history_records(&self, newest: usize) -> Result<Vec<Record>, StoreError> {
                (**self).history_records(newest)
            }

            fn audit_log(&self) -> Result<AuditLog, StoreError> {
                (**self).audit_log()
            }

            fn halts(&self) -> Result<Halt, StoreError> {
                (**self).halts()
            }

            fn commit(&self, change: &Change) -> Result<Commit, StoreError> {
                (**self).commit(change)
            }

            fn last_update(&self) -> Result<UpdateMark, StoreError> {
                (**self).last_update()
            }

            fn wait_for_update(
                &self,
                mark: &UpdateMark,
                at_most: Duration,
            ) -> Result<UpdateMark, StoreError> {
                (**self).wait_for_update(mark, at_most)
            }
        }
    )*};
}
store_behind!(&S, Box<S>, Arc<S>);
