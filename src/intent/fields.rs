//! The fields of a record, and their aliases.

use std::borrow::Cow;

use super::{
    Intent, IntentBuilder, IntentError,
    names::{PlainName, Term},
    statements,
    time::{TimeFields, Times, is_entry_id},
};
use crate::{
    json::{Fields, RawField, Unreadable},
    types::PolicyHash,
};

/// The largest number of fields under other names that are kept. An entry with more is skipped.
const OTHERS_MAX: usize = 32;

/// The raw value of each field that is read from a record.
#[derive(Debug, Clone, Default)]
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
    /// Fields under another spelling, and fields that could change the order and are not read.
    others: Vec<Other<'a>>,
    /// True if there are more such fields than are kept.
    too_many_others: bool,
    /// True if any of the keys is a duplicate.
    has_duplicates: bool,
}

/// A field under another name than those of [`RecordFields`].
#[derive(Debug, Clone)]
struct Other<'a> {
    /// The name as sent.
    name: Box<str>,
    term: Term,
    /// The name under which the field is reported, if its name is known.
    reported: Option<&'static str>,
    value: RawField<'a>,
}

/// One field of an intent: its meaning, the name under which it is reported, the name as sent, and its value.
pub(super) struct IntentField<'s, 'a> {
    pub(super) term: Term,
    pub(super) reported: &'static str,
    pub(super) name: &'s str,
    pub(super) value: &'s RawField<'a>,
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
            _ => return self.other(key),
        })
    }

    fn note_duplicate(&mut self) {
        self.has_duplicates = true;
    }
}

impl<'a> RecordFields<'a> {
    /// Returns the timestamps of the record.
    pub(crate) fn times(&self) -> Times {
        self.read_times(&self.id, [None; 3]).0
    }

    /// Reads the timestamps; `id` may be a stream entry id. Also returns the fault of the first field that is unreadable.
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
        merged.borrow_from(self);
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

    fn builder(&self, id: &RawField<'a>, outer: [Option<&RawField<'a>>; 3]) -> IntentBuilder<'a> {
        let mut builder = IntentBuilder::blank();
        builder.id = self.id();
        builder.source = self.source.text();
        (builder.times, builder.time_fault) = self.read_times(id, outer);
        builder.policy_hash = self.policy_hash();
        statements::add(self, &mut builder);
        builder
    }

    /// Returns the field under a name that is not exactly one of the struct's, if the name can change an order.
    #[inline(never)]
    fn other(&mut self, key: &[u8]) -> Option<&mut RawField<'a>> {
        let name = std::str::from_utf8(key).ok()?;
        if let Some(place) = self.others.iter().position(|other| *other.name == *name) {
            return self.others.get_mut(place).map(|other| &mut other.value);
        }
        // Two spellings of a field that identifies the record are a duplicate key.
        let plain = PlainName::of(name);
        match plain.as_ref().map(PlainName::as_bytes) {
            Some(b"timestamp") => return Some(&mut self.timestamp),
            Some(b"ts") => return Some(&mut self.ts),
            Some(b"source") => return Some(&mut self.source),
            Some(b"intentid") => return Some(&mut self.intent_id),
            Some(b"id") => return Some(&mut self.id),
            Some(b"eventtype") => return Some(&mut self.event_type),
            Some(_) | None => {}
        }
        let (term, reported) = Term::of(name)?;
        if self.others.len() >= OTHERS_MAX {
            self.too_many_others = true;
            return None;
        }
        self.others.push(Other {
            name: name.into(),
            term,
            reported,
            value: RawField::default(),
        });
        self.others.last_mut().map(|other| &mut other.value)
    }

    /// Calls `visit` for each field of the intent that is present. A duplicate key is present even if its last value is
    /// null.
    pub(super) fn each(&self, mut visit: impl FnMut(IntentField<'_, 'a>)) {
        for (term, name, value) in [
            (Term::Symbol, "symbol", &self.symbol),
            (Term::Action, "action", &self.action),
            (Term::Side, "side", &self.side),
            (Term::ReduceOnly, "reduce_only", &self.reduce_only),
            (Term::ReduceOnly, "reduceOnly", &self.reduce_only_camel),
            (Term::Kind, "intent_type", &self.intent_type),
            (Term::PositionSide, "position_side", &self.position_side),
            (Term::Leverage, "leverage", &self.leverage),
            (Term::Quantity, "quantity", &self.quantity),
            (Term::Quantity, "qty", &self.qty),
            (Term::Price, "price", &self.price),
            (Term::EntryPrice, "entry_price", &self.entry_price),
            (Term::Margin, "position_usd", &self.position_usd),
            (Term::Size, "size", &self.size),
            (Term::Notional, "position_size_usd", &self.position_size_usd),
            (Term::StopLoss, "stop_loss", &self.stop_loss),
            (Term::TakeProfit, "take_profit", &self.take_profit),
        ] {
            if value.is_present() || value.is_duplicate() {
                visit(IntentField {
                    term,
                    reported: name,
                    name,
                    value,
                });
            }
        }
        for other in &self.others {
            if other.value.is_present() || other.value.is_duplicate() {
                visit(IntentField {
                    term: other.term,
                    reported: other.reported.unwrap_or_default(),
                    name: &other.name,
                    value: &other.value,
                });
            }
        }
    }

    /// Returns true if there are more fields under other names than are kept.
    pub(super) const fn has_too_many_others(&self) -> bool {
        self.too_many_others
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
        self.each(|field| {
            if statements::is_one(&field) {
                let field = match field.reported {
                    "" => "a field that could change the order",
                    reported => reported,
                };
                builder
                    .entry_faults
                    .add(IntentError::BesidePayload { field });
            }
        });
    }
}
