//! Intents from the fields of a record and of its envelope.

use std::borrow::Cow;

use super::{
    Intent, IntentBuilder, IntentError,
    record_fields::RecordFields,
    statements,
    time::{TimeFields, Times, is_entry_id},
};
use crate::{
    json::{RawField, Unreadable},
    types::PolicyHash,
};

impl<'a> RecordFields<'a> {
    /// Returns the timestamps of the record.
    pub(crate) fn times(&self) -> Times {
        self.read_times(&self.id, [None; 3]).0
    }

    /// Reads the timestamps; `id` may be a stream entry id. Also returns the fault of the first field that is
    /// unreadable.
    fn read_times(
        &self,
        id: &RawField<'a>,
        outer: [Option<&RawField<'a>>; 3],
    ) -> (Times, Option<IntentError>) {
        for (value, field) in [
            (&self.decided_at, "decided_at"),
            (id, "id"),
            (&self.ts, "ts"),
            (&self.timestamp, "timestamp"),
        ] {
            if value.is_duplicate() {
                return (Times::UNKNOWN, Some(IntentError::DuplicateKey { field }));
            }
        }
        Times::read(&TimeFields {
            decided_at: &self.decided_at,
            id,
            ts: &self.ts,
            timestamp: &self.timestamp,
            outer,
        })
    }

    /// Returns the id of the record: the value of `id` or, if that is absent or unreadable, of
    /// `intent_id`. A number is returned as its text.
    pub(crate) fn id(&self) -> Option<Cow<'a, str>> {
        let read = |value: &RawField<'a>| value.number_text().ok().flatten();
        read(&self.id).or_else(|| read(&self.intent_id))
    }

    /// Returns the hash of the policy that was active for a recorded decision.
    pub(crate) fn policy_hash(&self) -> Option<Result<PolicyHash, Unreadable>> {
        match self.policy_hash.text() {
            _ if self.policy_hash.is_duplicate() => Some(Err(Unreadable)),
            Ok(None) => None,
            Ok(Some(text)) => Some(text.parse().map_err(|_| Unreadable)),
            Err(Unreadable) => Some(Err(Unreadable)),
        }
    }

    /// Builds the intent of a flat record.
    pub(crate) fn flat_intent(&self) -> Intent<'a> {
        let mut builder = self.builder(&self.id, [None; 3]);
        self.add_duplicates(&mut builder);
        builder.build()
    }

    /// Builds the intent of an envelope with a payload.
    pub(crate) fn enveloped_intent(&self, payload: &Self) -> Intent<'a> {
        let mut merged = payload.clone();
        merged.fill_from(self);
        let id = self.entry_id(payload);
        let outer = [&self.id, &self.ts, &self.timestamp].map(Some);
        let mut builder = merged.builder(id, outer);
        self.add_duplicates(&mut builder);
        payload.add_duplicates(&mut builder);
        self.add_beside_payload(&mut builder);
        let same = matches!(
            (self.source.text(), payload.source.text()),
            (Ok(Some(outer)), Ok(Some(inner))) if outer == inner
        );
        if self.source.is_present() && payload.source.is_present() && !same {
            builder.faults.add(IntentError::Contradiction {
                first: "source",
                second: "payload.source",
            });
        }
        for (value, field) in [(&payload.payload, "payload"), (&payload.data, "data")] {
            if value.is_present() {
                builder.faults.add(IntentError::InsidePayload { field });
            }
        }
        builder.build()
    }

    /// Builds the intent of an envelope whose payload is unreadable: it has the fields of the
    /// envelope, and the fault.
    pub(crate) fn faulty_intent(&self, fault: IntentError) -> Intent<'a> {
        Intent {
            id: self.id(),
            source: self.source.text(),
            times: self.times(),
            ..Intent::unreadable(fault)
        }
    }

    /// Returns the id to use as a stream entry id: the id of the payload, if it is a stream entry id or
    /// if the payload has another time; otherwise the id of the envelope.
    fn entry_id<'s>(&'s self, payload: &'s Self) -> &'s RawField<'a> {
        let is_timed = is_entry_id(&payload.id)
            || payload.id.is_duplicate()
            || payload.ts.is_present()
            || payload.timestamp.is_present();
        if payload.id.is_present() && is_timed {
            &payload.id
        } else {
            &self.id
        }
    }

    /// Copies from the envelope the fields that the payload does not have.
    fn fill_from(&mut self, envelope: &Self) {
        for (own, outer) in [
            (&mut self.id, envelope.id),
            (&mut self.intent_id, envelope.intent_id),
            (&mut self.source, envelope.source),
            (&mut self.decided_at, envelope.decided_at),
            (&mut self.ts, envelope.ts),
            (&mut self.timestamp, envelope.timestamp),
            (&mut self.policy_hash, envelope.policy_hash),
        ] {
            if !own.is_present() {
                *own = outer;
            }
        }
    }

    fn builder(&self, id: &RawField<'a>, outer: [Option<&RawField<'a>>; 3]) -> IntentBuilder<'a> {
        let mut builder = IntentBuilder::blank();
        builder.id = self.id();
        builder.source = self.source.text();
        (builder.times, builder.time_fault) = self.read_times(id, outer);
        builder.policy_hash = self.policy_hash();
        statements::add(self, &mut builder);
        builder
    }

    /// Adds a fault for each duplicate key, because JSON readers disagree about which of its values
    /// to use.
    fn add_duplicates(&self, builder: &mut IntentBuilder<'a>) {
        if !self.has_duplicates {
            return;
        }
        for (value, field) in [
            (&self.payload, "payload"),
            (&self.data, "data"),
            (&self.source, "source"),
        ] {
            if value.is_duplicate() {
                builder.faults.add(IntentError::DuplicateKey { field });
            }
        }
        for (value, field) in [
            (&self.event_type, "event_type"),
            (&self.id, "id"),
            (&self.intent_id, "intent_id"),
            (&self.decided_at, "decided_at"),
            (&self.ts, "ts"),
            (&self.timestamp, "timestamp"),
            (&self.policy_hash, "policy_hash"),
        ] {
            if value.is_duplicate() {
                builder
                    .entry_faults
                    .add(IntentError::DuplicateKey { field });
            }
        }
    }

    /// Adds a fault for each field of an intent in the envelope, because it is unclear whether the
    /// field or the payload is meant.
    fn add_beside_payload(&self, builder: &mut IntentBuilder<'a>) {
        for (value, field) in [
            (&self.confidence, "confidence"),
            (&self.regime, "regime"),
            (&self.model, "model"),
        ] {
            if value.is_present() {
                builder
                    .entry_faults
                    .add(IntentError::BesidePayload { field });
            }
        }
        statements::add_beside_payload(self, builder);
    }
}
