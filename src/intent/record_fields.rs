//! The fields of a record, and their aliases.

use super::names::{PlainName, Term};
use crate::json::{Fields, RawField};

/// The largest number of fields under other names that are kept. An entry with more is skipped.
const OTHERS_MAX: usize = 32;

/// The raw value of each field that is read from a record.
#[derive(Debug, Clone, Default)]
pub(crate) struct RecordFields<'a> {
    pub(crate) event_type: RawField<'a>,
    pub(crate) policy: RawField<'a>,
    pub(crate) payload: RawField<'a>,
    pub(crate) data: RawField<'a>,
    pub(super) id: RawField<'a>,
    pub(super) intent_id: RawField<'a>,
    pub(super) source: RawField<'a>,
    pub(super) decided_at: RawField<'a>,
    pub(super) ts: RawField<'a>,
    pub(super) timestamp: RawField<'a>,
    pub(super) policy_hash: RawField<'a>,
    pub(super) symbol: RawField<'a>,
    pub(super) action: RawField<'a>,
    pub(super) side: RawField<'a>,
    pub(super) reduce_only: RawField<'a>,
    pub(super) reduce_only_camel: RawField<'a>,
    pub(super) intent_type: RawField<'a>,
    pub(super) leverage: RawField<'a>,
    pub(super) quantity: RawField<'a>,
    pub(super) qty: RawField<'a>,
    pub(super) price: RawField<'a>,
    pub(super) entry_price: RawField<'a>,
    pub(super) position_usd: RawField<'a>,
    pub(super) size: RawField<'a>,
    pub(super) position_size_usd: RawField<'a>,
    pub(super) stop_loss: RawField<'a>,
    pub(super) take_profit: RawField<'a>,
    pub(super) confidence: RawField<'a>,
    pub(super) regime: RawField<'a>,
    pub(super) position_side: RawField<'a>,
    pub(super) model: RawField<'a>,
    /// Fields under another spelling, and fields that could change the order and are not read.
    others: Vec<Other<'a>>,
    /// True if there are more such fields than are kept.
    too_many_others: bool,
    /// True if any of the keys is a duplicate.
    pub(super) has_duplicates: bool,
}

/// A field whose name is not one of those in [`RecordFields`].
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

    /// Returns the field for a name that is not exactly the name of a field of this struct; `None` if a field of this
    /// name cannot change an order.
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
            Some(b"decidedat") => return Some(&mut self.decided_at),
            Some(b"policyhash") => return Some(&mut self.policy_hash),
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
}
