//! The trait of every policy store.

use std::{sync::Arc, thread, time::Duration};

use super::{
    ArmResults, AuditLog, AuditTrail, Change, Commit, Eviction, FieldMap, ForeignWrite, Head,
    HistoryEntry, LoadError, Operator, Publication, PublicationId, PublicationRefusal,
    PublishError, Receipt, ReleaseError, Rollback, RolloutChange, RolloutError, RolloutReceipt,
    RolloutRefusal, RolloutStep, SetChange, StoreContent, StoreError, Stored, StoredSet,
    UpdateMark, audit,
    rollout::{after_publication, next_set},
};
use portcullis::{
    guardrails::Halt,
    policy::{Policy, PolicyFault, PolicyUnavailable},
    types::{PolicyHash, Timestamp},
};

/// The maximum number of attempts to make a change, if other writers change the store at the same time.
const ATTEMPTS: usize = 64;

/// A store of one policy, its publication history, an audit log and the halts.
///
/// A store implements the required methods. Callers use the provided ones, from [`load`](Self::load) on, which work
/// the same in every store. All methods block.
pub trait PolicyStore: Send + Sync {
    /// Returns the name of the store for messages, without a password.
    fn name(&self) -> String;

    /// Reads the content that the store holds as its policy, before validation. All of it is from the same moment.
    ///
    /// # Errors
    /// Returns an error if the store cannot be reached.
    fn stored(&self) -> Result<Stored, StoreError>;

    /// Returns the end of the audit log and the highest sequence.
    ///
    /// # Errors
    /// Returns an error if the store cannot be reached, or if another writer changed the stored head.
    fn head(&self) -> Result<Head, StoreError>;

    /// Returns at most `newest` entries of the history, newest first.
    ///
    /// # Errors
    /// Returns an error if the store cannot be reached.
    fn history_records(&self, newest: usize) -> Result<Vec<FieldMap>, StoreError>;

    /// Returns the whole audit log, unchecked.
    ///
    /// # Errors
    /// Returns an error if the store cannot be reached.
    fn audit_log(&self) -> Result<AuditLog, StoreError>;

    /// Returns the halts. Content that cannot be parsed halts everything.
    ///
    /// # Errors
    /// Returns an error if the store cannot be reached.
    fn halts(&self) -> Result<Halt, StoreError>;

    /// Returns the text of the policy set ([`StoredSet::to_json`](super::StoredSet::to_json)), unchecked; `None` if there
    /// is none, or if the store has no policy sets.
    ///
    /// # Errors
    /// Returns an error if the store cannot be reached, or if its content is not a text.
    fn stored_set(&self) -> Result<Option<String>, StoreError> {
        Ok(None)
    }

    /// Returns the measured results of an arm. A store without results returns zeros.
    ///
    /// # Errors
    /// Returns an error if the store cannot be reached.
    fn arm_results(&self, _arm: PolicyHash) -> Result<ArmResults, StoreError> {
        Ok(ArmResults::default())
    }

    /// Returns the policy and the halts with their token, by which a later write recognizes them. The two are read one
    /// after the other, and independently: an error of one does not hide the other.
    ///
    /// # Errors
    /// Returns an error if neither could be read.
    fn content(&self) -> Result<StoreContent, StoreError> {
        let stored = self
            .stored()
            .and_then(|stored| Ok((stored, self.stored_set()?)));
        match (stored, self.halts()) {
            (Err(error), Err(_)) => Err(error),
            (stored, halts) => Ok(StoreContent::new(stored, halts)),
        }
    }

    /// Returns whether the store may delete content on its own.
    ///
    /// # Errors
    /// Returns an error if the store cannot be reached.
    fn eviction(&self) -> Result<Eviction, StoreError> {
        Ok(Eviction::Never)
    }

    /// Applies a change atomically if the store is in the state of [`Change::before`] and [`Change::replaced`].
    ///
    /// # Errors
    /// Returns an error if the store cannot apply the change, or if it is not known whether the change was applied
    /// ([`StoreError::OutcomeUnknown`]).
    fn commit(&self, change: &Change) -> Result<Commit, StoreError>;

    /// Acquires or renews the lease of the updater, so that one of several instances publishes. Returns false if another
    /// token holds it, or if the store has no leases. In a Redis store, the lease ends after `length`; in other stores, it
    /// ends with the process.
    ///
    /// # Errors
    /// Returns an error if the store cannot be reached.
    fn acquire_lease(&self, _token: &str, _length: Duration) -> Result<bool, StoreError> {
        Ok(false)
    }

    /// Ends the lease of the updater, if `token` holds it.
    ///
    /// # Errors
    /// Returns an error if the store cannot be reached.
    fn release_lease(&self, _token: &str) -> Result<(), StoreError> {
        Ok(())
    }

    /// Returns the state that [`Self::save_updater_state`] has saved; `None` if there is none.
    ///
    /// # Errors
    /// Returns an error if the store cannot be reached.
    fn updater_state(&self) -> Result<Option<String>, StoreError> {
        Ok(None)
    }

    /// Saves the state of the updater. Returns false, and saves nothing, if `token` does not hold the lease.
    ///
    /// # Errors
    /// Returns an error if the store cannot be written.
    fn save_updater_state(&self, _token: &str, _state: &str) -> Result<bool, StoreError> {
        Ok(false)
    }

    /// Returns the mark of the last update notification: its position among all notifications. A store without
    /// notifications always returns the same mark.
    ///
    /// # Errors
    /// Returns an error if the store cannot be reached, or if its notifications have a foreign format.
    fn last_update(&self) -> Result<UpdateMark, StoreError> {
        Ok(UpdateMark::none())
    }

    /// Waits at most `at_most` for an update notification after `mark`, and returns the mark for
    /// the next call. A notification does not contain the policy; the caller must load it. A store
    /// without notifications sleeps for the whole time.
    ///
    /// # Errors
    /// Returns the same errors as [`Self::last_update`].
    fn wait_for_update(
        &self,
        mark: &UpdateMark,
        at_most: Duration,
    ) -> Result<UpdateMark, StoreError> {
        thread::sleep(at_most);
        Ok(mark.clone())
    }

    /// Loads the policy. This does not check that the policy is in force ([`Policy::in_force`] does), nor that it is
    /// authentic and the newest (a [`VerifyingReader`](super::VerifyingReader) does).
    ///
    /// # Errors
    /// Returns an error if there is no policy, if the stored policy is invalid, or if the store cannot be reached.
    fn load(&self) -> Result<Policy, LoadError> {
        let stored = self.stored()?;
        let policy = stored.policy();
        Ok(policy.map_err(|refusal| self.explain_refusal(&stored, refusal))?)
    }

    /// Compares the stored policy with that of the last publication. If they differ, another program has changed the
    /// policy since, and the last publication is returned. Returns `None` if they are equal, if there is no stored
    /// policy, or if there was no publication.
    ///
    /// # Errors
    /// Returns an error if the store cannot be reached.
    fn foreign_write(&self, stored: &Stored) -> Result<Option<ForeignWrite>, StoreError> {
        if *stored == Stored::Nothing {
            return Ok(None);
        }
        let head = self.head()?;
        let Some(publication) = head.seq else {
            return Ok(None);
        };
        let newest = self.history(1)?.into_iter().next();
        let is_written = match newest {
            Some(newest) => {
                newest.hash().is_some() && newest.hash() == stored.hash().ok().flatten()
            }
            // The history was trimmed or removed.
            None => stored
                .policy()
                .is_ok_and(|policy| policy.seq() == Some(publication)),
        };
        Ok((!is_written).then_some(ForeignWrite {
            publication,
            is_released: head.is_released,
        }))
    }

    /// Adds the cause to a refusal of the stored policy, if another program has written the policy and this can be the
    /// cause ([`PolicyUnavailable::WrittenByOther`]). Otherwise, or if the cause cannot be determined, returns the
    /// refusal unchanged.
    fn explain_refusal(&self, stored: &Stored, refusal: PolicyUnavailable) -> PolicyUnavailable {
        let is_explained = match &refusal {
            PolicyUnavailable::Invalid(invalid) => invalid.fault() == PolicyFault::HashMismatch,
            PolicyUnavailable::RolledBack { .. } => true,
            PolicyUnavailable::NotFound
            | PolicyUnavailable::HashUnknown(_)
            | PolicyUnavailable::SignatureInvalid
            | PolicyUnavailable::StoreUnavailable
            | PolicyUnavailable::SequenceNotRecorded { .. }
            | PolicyUnavailable::StoreUnsafe { .. }
            | PolicyUnavailable::WrittenByOther { .. } => false,
        };
        if !is_explained {
            return refusal;
        }
        match self.foreign_write(stored) {
            Ok(Some(write)) => write.explain(refusal),
            Ok(None) | Err(_) => refusal,
        }
    }

    /// Removes the policy in one atomic change, so that other programs can write its key or file. `last` is the
    /// sequence of the last publication, as a protection against a release by mistake. If an earlier change was
    /// interrupted, for example by a crash, it is undone or completed first; returns one text for each such repair.
    ///
    /// The next publication still gets a higher sequence. Readers that remember a sequence keep rejecting policies
    /// without one: no content of a store can reset the remembered sequence, because an intruder could write that
    /// content as well.
    ///
    /// # Errors
    /// Returns an error if `last` is not the sequence of the last publication, or if the store cannot write.
    fn release(
        &self,
        last: u64,
        operator: &Operator,
        now: Timestamp,
    ) -> Result<Vec<String>, ReleaseError> {
        for _ in 0..ATTEMPTS {
            let replaced = self.stored()?;
            let head = self.head()?;
            if head.seq != Some(last) {
                return Err(ReleaseError::NotLast {
                    given: last,
                    highest: head.seq,
                });
            }
            // Unreadable content is not removed.
            replaced.hash()?;
            match self.commit(&Change::release(operator, now, replaced, head))? {
                Commit::Done(repairs) => return Ok(repairs),
                Commit::Moved | Commit::Unmet(_) => {}
            }
        }
        Err(StoreError::Contended { store: self.name() }.into())
    }

    /// Returns the hash of the stored fields, even if they are not a valid policy. A writer passes this hash to
    /// [`Self::publish`] as `expected`.
    ///
    /// # Errors
    /// Returns an error if the store cannot be reached, or if its content has no hash.
    fn current_hash(&self) -> Result<Option<PolicyHash>, StoreError> {
        self.stored()?.hash()
    }

    /// Publishes a policy in one atomic change, but only if the store still holds what the caller expects: the policy
    /// with the hash `expected`, or no policy if `expected` is `None`.
    ///
    /// # Errors
    /// Returns an error if the store contains another policy, if the sequence is not above every earlier one, or if the
    /// store cannot write.
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
            // Content that is not a set is left as it is: no arm applies, and the publication must not fail.
            let set = self.stored_set().ok().flatten().and_then(|text| {
                let before = StoredSet::from_json(&text).ok()?;
                let after = after_publication(&before, policy.hash(), publication.signer())?;
                Some((SetChange::new(Some(text), &after), after.set().seq()))
            });
            let change = Change::publish(publication, &policy, replaced, head, set);
            match self.commit(&change)? {
                Commit::Done(repairs) => return Ok(Receipt::new(policy, seq, repairs)),
                Commit::Unmet(condition) => return Err(condition.into()),
                Commit::Moved => {}
            }
        }
        Err(StoreError::Contended { store: self.name() }.into())
    }

    /// Records in the audit log that a publication was refused. The policy does not change.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read or written.
    fn record_refusal(&self, refusal: &PublicationRefusal) -> Result<(), StoreError> {
        record(self, |head| Change::refusal(refusal, head))
    }

    /// Returns the policy set with the policies of its arms, without a check of its signature; `None` if there is none.
    ///
    /// # Errors
    /// Returns an error if the store cannot be reached, or if its content is not a policy set.
    fn policy_set(&self) -> Result<Option<StoredSet>, RolloutError> {
        let text = self.stored_set()?;
        Ok(text.map(|text| StoredSet::from_json(&text)).transpose()?)
    }

    /// Changes the policy set in one atomic change, with an entry in the audit log. A promotion also publishes the policy
    /// of the arm. If the stored content is not a valid policy set, the start of an arm replaces it.
    ///
    /// # Errors
    /// Returns an error if the store has no valid policy, the change is refused, the policy of a promoted arm cannot be
    /// published, or the store cannot be read or written. [`Self::record_rollout_refusal`] records a refusal.
    fn roll(&self, change: &RolloutChange) -> Result<RolloutReceipt, RolloutError> {
        for _ in 0..ATTEMPTS {
            let text = self.stored_set()?;
            let before = match text.as_deref().map(StoredSet::from_json).transpose() {
                // A start replaces content that is not a set, which no reader accepts.
                Err(_) if matches!(change.step, RolloutStep::Start(_)) => None,
                before => before?,
            };
            let (replaced, head) = (self.stored()?, self.head()?);
            let live = replaced.policy().map_err(|_| RolloutError::NoLive)?;
            let promoted = match &change.step {
                RolloutStep::Promote { publication, .. } => {
                    let publication = (**publication).clone().with_code(change.code);
                    let policy = publication.complete(head.seq.max(live.seq()))?;
                    Some((publication, policy))
                }
                RolloutStep::Start(_)
                | RolloutStep::Raise { .. }
                | RolloutStep::Abort { .. }
                | RolloutStep::Kill
                | RolloutStep::Unkill => None,
            };
            let hash = promoted
                .as_ref()
                .map_or(live.hash(), |(_, policy)| policy.hash());
            let next = next_set(change, before, hash, head.set_seq)?;
            let set = SetChange::new(text, &next.stored).with_started(&change.step);
            let commit = match &promoted {
                Some((publication, policy)) => {
                    let set = (set, next.stored.set().seq());
                    Change::publish(publication, policy, replaced, head, Some(set))
                }
                None => Change::rollout(change, (set, &next.stored), head),
            };
            match self.commit(&commit)? {
                Commit::Done(_) => {
                    return Ok(RolloutReceipt {
                        set: next.stored.set().clone(),
                        symbols: next.symbols,
                        promoted: promoted.map(|(_, policy)| policy),
                    });
                }
                Commit::Unmet(condition) => return Err(PublishError::from(condition).into()),
                Commit::Moved => {}
            }
        }
        Err(StoreError::Contended { store: self.name() }.into())
    }

    /// Records in the audit log that a change of the policy set was refused. The set does not change.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read or written.
    fn record_rollout_refusal(&self, refusal: &RolloutRefusal) -> Result<(), StoreError> {
        record(self, |head| Change::rollout_refusal(refusal, head))
    }

    /// Returns at most `newest` publications, newest first.
    ///
    /// # Errors
    /// Returns an error if the store cannot be reached.
    fn history(&self, newest: usize) -> Result<Vec<HistoryEntry>, StoreError> {
        let records = self.history_records(newest)?;
        Ok(records.into_iter().map(HistoryEntry::new).collect())
    }

    /// Returns one publication. If several match, returns the newest.
    ///
    /// # Errors
    /// Returns an error if the store cannot be reached.
    fn publication(&self, id: PublicationId) -> Result<Option<HistoryEntry>, StoreError> {
        let mut window: usize = 16;
        loop {
            let entries = self.history(window)?;
            let exhausted = entries.len() < window;
            let found = entries.into_iter().find(|entry| entry.is(id));
            if found.is_some() || exhausted {
                return Ok(found);
            }
            window = window.saturating_mul(16);
        }
    }

    /// Publishes the policy of an earlier publication again, as a new publication with a new validity and the next
    /// sequence.
    ///
    /// # Errors
    /// Returns an error if the history does not contain the publication, or if its fields are not a valid policy;
    /// otherwise the same errors as [`Self::publish`].
    fn rollback(
        &self,
        rollback: &Rollback<'_>,
        expected: Option<PolicyHash>,
    ) -> Result<Receipt, PublishError> {
        let id = rollback.publication;
        let entry = self
            .publication(id)?
            .ok_or(PublishError::NotInHistory(id))?;
        let earlier = entry.policy().map_err(|absence| StoreError::Foreign {
            what: format!("the publication with {id}"),
            why: absence.to_string(),
        })?;
        self.publish(&Publication::again(earlier, rollback)?, expected)
    }

    /// Returns the audit log, checked for missing and edited entries.
    ///
    /// # Errors
    /// Returns an error if the store cannot be reached.
    fn audit(&self) -> Result<AuditTrail, StoreError> {
        Ok(AuditTrail::of(self.audit_log()?))
    }

    /// Halts entries in some or all symbols, in addition to earlier halts. Returns all current halts.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read or written.
    fn halt(&self, scope: &Halt, operator: &Operator, now: Timestamp) -> Result<Halt, StoreError> {
        change_halts(self, audit::HALTED, scope, operator, now)
    }

    /// Resumes entries in some or all symbols. If everything is halted, each symbol stays halted until everything is
    /// resumed. Returns all current halts.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read or written.
    fn resume(
        &self,
        scope: &Halt,
        operator: &Operator,
        now: Timestamp,
    ) -> Result<Halt, StoreError> {
        change_halts(self, audit::RESUMED, scope, operator, now)
    }
}

/// Commits a change that only appends an entry to the audit log.
fn record<S: PolicyStore + ?Sized>(
    store: &S,
    change: impl Fn(Head) -> Change,
) -> Result<(), StoreError> {
    for _ in 0..ATTEMPTS {
        match store.commit(&change(store.head()?))? {
            Commit::Done(_) => return Ok(()),
            Commit::Moved | Commit::Unmet(_) => {}
        }
    }
    let store = store.name();
    Err(StoreError::Contended { store })
}

fn change_halts<S: PolicyStore + ?Sized>(
    store: &S,
    event: &str,
    scope: &Halt,
    operator: &Operator,
    now: Timestamp,
) -> Result<Halt, StoreError> {
    for _ in 0..ATTEMPTS {
        let change = Change::halt(event, scope, operator, now, store.head()?);
        if change.halts().is_none() {
            break;
        }
        match store.commit(&change)? {
            Commit::Done(_) => return store.halts(),
            Commit::Moved | Commit::Unmet(_) => {}
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

            fn history_records(&self, newest: usize) -> Result<Vec<FieldMap>, StoreError> {
                (**self).history_records(newest)
            }

            fn audit_log(&self) -> Result<AuditLog, StoreError> {
                (**self).audit_log()
            }

            fn halts(&self) -> Result<Halt, StoreError> {
                (**self).halts()
            }

            fn stored_set(&self) -> Result<Option<String>, StoreError> {
                (**self).stored_set()
            }

            fn arm_results(&self, arm: PolicyHash) -> Result<ArmResults, StoreError> {
                (**self).arm_results(arm)
            }

            fn content(&self) -> Result<StoreContent, StoreError> {
                (**self).content()
            }

            fn eviction(&self) -> Result<Eviction, StoreError> {
                (**self).eviction()
            }

            fn commit(&self, change: &Change) -> Result<Commit, StoreError> {
                (**self).commit(change)
            }

            fn acquire_lease(&self, token: &str, length: Duration) -> Result<bool, StoreError> {
                (**self).acquire_lease(token, length)
            }

            fn release_lease(&self, token: &str) -> Result<(), StoreError> {
                (**self).release_lease(token)
            }

            fn updater_state(&self) -> Result<Option<String>, StoreError> {
                (**self).updater_state()
            }

            fn save_updater_state(&self, token: &str, state: &str) -> Result<bool, StoreError> {
                (**self).save_updater_state(token, state)
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
