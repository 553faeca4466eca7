//! The fields of a record, and their aliases.

use std::borrow::Cow;

use super::{
    Intent, IntentBuilder, IntentError, SizeField,
    action::{Action, is_close_type},
    error::FirstFault,
    time::{TimeFields, Times, is_entry_id},
};
use crate::{
    json::{Fields, Flag, RawField, Unreadable},
    types::{PolicyHash, Symbol},
};

/// The raw value of each field that is read from a record.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RecordFields<'a> {
    pub(crate) event_type: RawField<'a>,
    pub(crate) policy: RawField<'a>,
    pub(crate) payload: RawField<'a>,
    pub(crate) data: RawField<'a>,
    id: RawField<'a>,
    intent_id: RawField<'a>,
    source: RawField<'a>,
    decided_at: RawField<'a>,
    ts: RawField<'a>,
    timestamp: RawField<'a>,
    policy_hash: RawField<'a>,
    symbol: RawField<'a>,
    action: RawField<'a>,
    side: RawField<'a>,
    reduce_only: RawField<'a>,
    reduce_only_camel: RawField<'a>,
    intent_type: RawField<'a>,
    leverage: RawField<'a>,
    quantity: RawField<'a>,
    qty: RawField<'a>,
    price: RawField<'a>,
    entry_price: RawField<'a>,
    position_usd: RawField<'a>,
    size: RawField<'a>,
    position_size_usd: RawField<'a>,
    stop_loss: RawField<'a>,
    take_profit: RawField<'a>,
    confidence: RawField<'a>,
    regime: RawField<'a>,
    position_side: RawField<'a>,
    model: RawField<'a>,
    /// True if any of the keys is a duplicate.
    has_duplicates: bool,
}

impl<'a> Fields<'a> for RecordFields<'a> {
    fn field(&mut self, key: &[u8]) -> Option<&mut RawField<'a>> {
        // Most keys have different lengths, so the length is compared first.
        Some(match key.len() {
            2 if key == b"id" => &mut self.id,
            2 if key == b"ts" => &mut self.ts,
            3 if key == b"qty" => &mut self.qty,
            4 if key == b"side" => &mut self.side,
            4 if key == b"size" => &mut self.size,
            4 if key == b"data" => &mut self.data,
            5 if key == b"price" => &mut self.price,
            5 if key == b"model" => &mut self.model,
            6 if key == b"symbol" => &mut self.symbol,
            6 if key == b"source" => &mut self.source,
            6 if key == b"action" => &mut self.action,
            6 if key == b"policy" => &mut self.policy,
            6 if key == b"regime" => &mut self.regime,
            7 if key == b"payload" => &mut self.payload,
            8 if key == b"leverage" => &mut self.leverage,
            8 if key == b"quantity" => &mut self.quantity,
            9 if key == b"timestamp" => &mut self.timestamp,
            9 if key == b"stop_loss" => &mut self.stop_loss,
            9 if key == b"intent_id" => &mut self.intent_id,
            10 if key == b"event_type" => &mut self.event_type,
            10 if key == b"confidence" => &mut self.confidence,
            10 if key == b"decided_at" => &mut self.decided_at,
            10 if key == b"reduceOnly" => &mut self.reduce_only_camel,
            11 if key == b"entry_price" => &mut self.entry_price,
            11 if key == b"take_profit" => &mut self.take_profit,
            11 if key == b"reduce_only" => &mut self.reduce_only,
            11 if key == b"policy_hash" => &mut self.policy_hash,
            11 if key == b"intent_type" => &mut self.intent_type,
            12 if key == b"position_usd" => &mut self.position_usd,
            13 if key == b"position_side" => &mut self.position_side,
            17 if key == b"position_size_usd" => &mut self.position_size_usd,
            _ => return None,
        })
    }

    fn note_duplicate(&mut self) {
        self.has_duplicates = true;
    }
}

impl<'a> RecordFields<'a> {
    /// Returns the timestamps of the record.
    pub(crate) fn times(&self) -> Times {
        self.read_times(&self.id).0
    }

    /// Reads the timestamps, with `id` as the field that may be a stream entry id. Also returns the
    /// name of the first unreadable field.
    fn read_times(&self, id: &RawField<'a>) -> (Times, Option<&'static str>) {
        for (value, field) in [
            (&self.decided_at, "decided_at"),
            (id, "id"),
            (&self.ts, "ts"),
            (&self.timestamp, "timestamp"),
        ] {
            if value.is_duplicate() {
                return (Times::UNKNOWN, Some(field));
            }
        }
        Times::read(&TimeFields {
            decided_at: &self.decided_at,
            id,
            ts: &self.ts,
            timestamp: &self.timestamp,
        })
    }

    /// Returns the id of the record: the value of `id` or, if that is absent or unreadable, of
    /// `intent_id`. A number is returned as its text.
    pub(crate) fn id(&self) -> Option<Cow<'a, str>> {
        let read = |value: &RawField<'a>| value.number_text().ok().flatten();
        read(&self.id).or_else(|| read(&self.intent_id))
    }

    /// Reads the symbol. A duplicate key is unreadable.
    fn symbol(&self) -> Result<Option<Symbol>, Unreadable> {
        match self.symbol.text()? {
            _ if self.symbol.is_duplicate() => Err(Unreadable),
            None => Ok(None),
            Some(text) => Symbol::new(&text).map(Some).map_err(|_| Unreadable),
        }
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
        let mut builder = self.builder(&self.id);
        self.add_duplicates(&mut builder);
        builder.build()
    }

    /// Builds the intent of an envelope with a payload.
    pub(crate) fn enveloped_intent(&self, payload: &Self) -> Intent<'a> {
        let mut merged = *payload;
        merged.borrow_from(self);
        let id = self.entry_id(payload);
        let mut builder = merged.builder(id);
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

    /// Returns the id to use as a stream entry id. It is the id of the payload, unless that id is
    /// not a stream entry id and the payload has no other time; then it is the id of the envelope.
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
    fn borrow_from(&mut self, envelope: &Self) {
        for (own, lent) in [
            (&mut self.id, envelope.id),
            (&mut self.intent_id, envelope.intent_id),
            (&mut self.source, envelope.source),
            (&mut self.decided_at, envelope.decided_at),
            (&mut self.ts, envelope.ts),
            (&mut self.timestamp, envelope.timestamp),
            (&mut self.policy_hash, envelope.policy_hash),
        ] {
            if !own.is_present() {
                *own = lent;
            }
        }
    }

    fn builder(&self, id: &RawField<'a>) -> IntentBuilder<'a> {
        let named = |value: &RawField<'a>, field| value.number().map(|number| (number, field));
        let (times, time_unreadable) = self.read_times(id);
        IntentBuilder {
            id: self.id(),
            source: self.source.text(),
            symbol: self.symbol(),
            action: Action::read(&self.action),
            side: Action::read(&self.side),
            reduce_only: [flag(&self.reduce_only), flag(&self.reduce_only_camel)],
            type_closes: is_close_type(&self.intent_type),
            leverage: self.leverage.number(),
            quantity: named(&self.quantity, SizeField::Quantity)
                .or_else(|| named(&self.qty, SizeField::Qty)),
            price: named(&self.price, SizeField::Price),
            position_usd: self.position_usd.number(),
            size: self.size.number(),
            position_size_usd: self.position_size_usd.number(),
            entry_price: self.entry_price.number(),
            stop_loss: self.stop_loss.number(),
            take_profit: self.take_profit.number(),
            times,
            time_unreadable,
            policy_hash: self.policy_hash(),
            faults: FirstFault::default(),
            entry_faults: FirstFault::default(),
        }
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
            (&self.symbol, "symbol"),
        ] {
            if value.is_duplicate() {
                builder.faults.add(IntentError::DuplicateKey { field });
            }
        }
        for (value, field) in [
            (&self.reduce_only, "reduce_only"),
            (&self.reduce_only_camel, "reduceOnly"),
        ] {
            // If one of the two values may be false, it is unclear whether the intent is an exit.
            if value.is_duplicate() && (value.differs() || value.flag() == Ok(Some(false))) {
                builder.faults.add(IntentError::DuplicateKey { field });
            } else if value.is_duplicate() {
                builder
                    .entry_faults
                    .add(IntentError::DuplicateKey { field });
            }
        }
        for (value, field) in [
            (&self.event_type, "event_type"),
            (&self.action, "action"),
            (&self.side, "side"),
            (&self.intent_type, "intent_type"),
            (&self.id, "id"),
            (&self.intent_id, "intent_id"),
            (&self.decided_at, "decided_at"),
            (&self.ts, "ts"),
            (&self.timestamp, "timestamp"),
            (&self.policy_hash, "policy_hash"),
            (&self.leverage, "leverage"),
            (&self.quantity, "quantity"),
            (&self.qty, "qty"),
            (&self.price, "price"),
            (&self.entry_price, "entry_price"),
            (&self.position_usd, "position_usd"),
            (&self.size, "size"),
            (&self.position_size_usd, "position_size_usd"),
            (&self.stop_loss, "stop_loss"),
            (&self.take_profit, "take_profit"),
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
            (&self.symbol, "symbol"),
            (&self.action, "action"),
            (&self.side, "side"),
            (&self.reduce_only, "reduce_only"),
            (&self.reduce_only_camel, "reduceOnly"),
            (&self.intent_type, "intent_type"),
        ] {
            if value.is_present() {
                builder.faults.add(IntentError::BesidePayload { field });
            }
        }
        for (value, field) in [
            (&self.leverage, "leverage"),
            (&self.quantity, "quantity"),
            (&self.qty, "qty"),
            (&self.price, "price"),
            (&self.entry_price, "entry_price"),
            (&self.position_usd, "position_usd"),
            (&self.size, "size"),
            (&self.position_size_usd, "position_size_usd"),
            (&self.stop_loss, "stop_loss"),
            (&self.take_profit, "take_profit"),
            (&self.confidence, "confidence"),
            (&self.regime, "regime"),
            (&self.position_side, "position_side"),
            (&self.model, "model"),
        ] {
            if value.is_present() {
                builder
                    .entry_faults
                    .add(IntentError::BesidePayload { field });
            }
        }
    }
}

/// Reads a flag. A duplicate key is unreadable.
fn flag(value: &RawField<'_>) -> Flag {
    if value.is_duplicate() {
        Err(Unreadable)
    } else {
        value.flag()
    }
}
