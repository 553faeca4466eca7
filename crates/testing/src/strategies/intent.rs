//! Drafts of intents that can be built in code or written as JSON in every envelope.

use super::write::{json, object, quote, seconds};
use portcullis::{
    intent::{Intent, IntentBuilder},
    record::{Scratch, read},
    types::{PositionSide, Side, Timestamp},
};

/// An intent that can be built in code or written as JSON.
#[derive(Debug, Clone)]
pub struct IntentDraft {
    /// The form in which the intent is handed over.
    pub form: IntentForm,
    /// If true, numbers are written as strings.
    pub quoted: bool,
    /// The value of `symbol`.
    pub symbol: String,
    /// The kind of the intent: entry or exit.
    pub kind: Kind,
    /// The value of `side`.
    pub side: Side,
    /// The value of `source`, if set.
    pub source: Option<String>,
    /// The numbers by field: `leverage`, `size`, `quantity`, `price`, …
    pub numbers: Vec<(&'static str, f64)>,
    /// The field with the timestamp, and the timestamp in microseconds.
    pub time: Option<(TimeField, i64)>,
    /// If true, and if there is an envelope, source and timestamp are in the envelope instead of the payload.
    pub in_envelope: bool,
    /// Additional members, with their values as JSON.
    pub extra: Vec<(&'static str, String)>,
    /// The seed for the order of the keys; 0 keeps the order.
    pub order: u64,
}

/// The form in which an intent is handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntentForm {
    /// A value that an [`IntentBuilder`] builds. Its text is a flat object.
    Builder,
    /// A flat object with numbers, strings and flags as values.
    Flat,
    /// A stream entry: a flat object in which all values are strings.
    FlatText,
    /// An envelope with the payload as an object under this name.
    Object(&'static str),
    /// An envelope with the payload as a string under this name.
    Text(&'static str),
}

/// The kind of an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The intent opens a position.
    Entry,
    /// The intent closes a position.
    Exit(Closing),
}

/// The field that marks an intent as an exit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// The flag `reduce_only`.
    Flag,
    /// The flag `reduceOnly`.
    CamelFlag,
    /// The field `action`.
    Action,
    /// The field `side`.
    Side,
    /// The field `intent_type`.
    Type,
    /// The position side, which together with the side implies a close.
    PositionSide,
    /// This word in the field `action`.
    Word(&'static str),
}

/// The field with the timestamp of an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeField {
    /// The field `decided_at`, in epoch milliseconds.
    DecidedAt,
    /// The field `id`, a stream entry id.
    Id,
    /// The field `ts`, in epoch milliseconds.
    Ts,
    /// The field `timestamp`, in epoch seconds.
    Timestamp,
}

/// Members of an object, as JSON.
type Members = Vec<(&'static str, String)>;

impl IntentDraft {
    /// Returns the number in a field.
    #[must_use]
    pub fn number(&self, field: &str) -> Option<f64> {
        let (_, number) = self.numbers.iter().find(|(key, _)| *key == field)?;
        Some(*number)
    }

    /// Returns the smallest notional that the fields state, in USD: quantity × price, `position_size_usd`, or `size`. A
    /// margin is not considered.
    ///
    /// Next to a `price`, `size` is read in units if this reading agrees better with another statement.
    #[must_use]
    pub fn notional(&self) -> Option<f64> {
        let number = |field| self.number(field);
        let price = match (number("price"), number("entry_price")) {
            (Some(price), Some(entry)) => Some(price.max(entry)),
            (price, entry) => price.or(entry),
        };
        let quantity = number("quantity").or(number("qty"));
        let bought = quantity.zip(price).map(|(units, price)| units * price);
        let margin = number("position_usd").or(number("stake_amount"));
        let leveraged = margin
            .zip(number("leverage"))
            .map(|(usd, times)| usd * times);
        let size = number("size").map(|size| {
            let units = number("price").map(|price| size * price);
            let others = [bought, number("position_size_usd"), leveraged];
            let distance = |reading: f64| {
                let distances = others.iter().flatten().map(|other| (reading - other).abs());
                distances.fold(f64::INFINITY, f64::min)
            };
            units
                .filter(|units| distance(*units) < distance(size))
                .unwrap_or(size)
        });
        let stated = [bought, number("position_size_usd"), size];
        stated.into_iter().flatten().reduce(f64::min)
    }

    /// Sets the number in a field.
    pub fn set(&mut self, field: &'static str, number: f64) {
        self.remove(field);
        self.numbers.push((field, number));
    }

    /// Removes the number in a field.
    pub fn remove(&mut self, field: &str) {
        self.numbers.retain(|(key, _)| *key != field);
    }

    /// Returns true if the intent is an entry.
    #[must_use]
    pub const fn is_entry(&self) -> bool {
        matches!(self.kind, Kind::Entry)
    }

    /// Returns the same intent with another timestamp in microseconds. An intent without a timestamp is unchanged.
    #[must_use]
    pub const fn sent_at(mut self, at: i64) -> Self {
        if let Some((_, micros)) = &mut self.time {
            *micros = at;
        }
        self
    }

    /// Returns the timestamp that a replay uses for the decision, in microseconds.
    #[must_use]
    pub fn event_time(&self) -> Option<i64> {
        let (field, micros) = self.time?;
        let whole_millis = micros.div_euclid(1_000) * 1_000;
        match (self.form, field) {
            (IntentForm::Builder, _) | (_, TimeField::Timestamp) => Some(micros),
            // A stream id counts from 1970 and cannot be negative.
            (_, TimeField::Id) => (micros >= 0).then_some(whole_millis),
            (_, TimeField::DecidedAt | TimeField::Ts) => Some(whole_millis),
        }
    }

    /// Calls `then` with the intent as the engine reads it.
    pub fn with<R>(&self, then: impl FnOnce(&Intent<'_>) -> R) -> R {
        if self.form == IntentForm::Builder {
            return then(&self.built());
        }
        let text = self.text();
        let mut scratch = Scratch::default();
        then(&read(&text, &mut scratch).into_intent())
    }

    fn built(&self) -> Intent<'_> {
        let mut builder = IntentBuilder::new(&self.symbol);
        if let Some(source) = &self.source {
            builder = builder.with_source(source.as_str());
        }
        builder = match self.kind {
            Kind::Entry => builder.with_side(self.side),
            Kind::Exit(Closing::Flag | Closing::CamelFlag) => {
                builder.with_side(self.side).with_reduce_only()
            }
            Kind::Exit(Closing::PositionSide) => {
                let position = match self.side {
                    Side::Buy => PositionSide::Short,
                    Side::Sell => PositionSide::Long,
                };
                builder.with_side(self.side).with_position_side(position)
            }
            Kind::Exit(Closing::Action | Closing::Side | Closing::Type | Closing::Word(_)) => {
                builder.with_close()
            }
        };
        if let Some(Ok(at)) = self.time.map(|(_, micros)| Timestamp::from_micros(micros)) {
            builder = builder.with_emitted_at(at);
        }
        for (field, x) in &self.numbers {
            builder = match *field {
                "leverage" => builder.with_leverage(*x),
                "quantity" => builder.with_quantity(*x),
                "quantity_fraction" => builder.with_quantity_fraction(*x),
                "price" => builder.with_price(*x),
                "position_usd" | "stake_amount" => builder.with_margin_usd(*x),
                "position_size_usd" => builder.with_notional_usd(*x),
                "entry_price" => builder.with_entry_price(*x),
                "stop_loss" => builder.with_stop_loss(*x),
                "take_profit" => builder.with_take_profit(*x),
                // The builder has no method for other fields.
                _ => builder,
            };
        }
        builder.build()
    }

    /// Returns the intent as JSON.
    #[must_use]
    pub fn text(&self) -> String {
        let (mut inner, shared) = self.members();
        let payload = match self.form {
            IntentForm::Builder | IntentForm::Flat | IntentForm::FlatText => None,
            IntentForm::Object(name) => Some((name, false)),
            IntentForm::Text(name) => Some((name, true)),
        };
        match payload {
            None => inner.extend(shared),
            Some(_) if !self.in_envelope => inner.extend(shared),
            Some((name, as_text)) => {
                let payload = object(&inner, self.order);
                let payload = if as_text { quote(&payload) } else { payload };
                let outer = [shared, vec![(name, payload)]].concat();
                return object(&outer, self.order);
            }
        }
        if self.form == IntentForm::FlatText {
            for (_, value) in inner
                .iter_mut()
                .filter(|(_, value)| !value.starts_with('"'))
            {
                *value = quote(value);
            }
        }
        let body = object(&inner, self.order);
        match payload {
            None => body,
            Some((name, as_text)) => {
                let payload = if as_text { quote(&body) } else { body };
                object(
                    &[("event_type", quote("trade.intent")), (name, payload)],
                    self.order,
                )
            }
        }
    }

    /// Returns the members of the payload, and those that may be in the envelope instead.
    fn members(&self) -> (Members, Members) {
        let mut members = vec![("symbol", quote(&self.symbol))];
        let side = ("side", quote(self.side.as_str()));
        match self.kind {
            Kind::Entry => members.push(side),
            Kind::Exit(Closing::Flag) => members.extend([("reduce_only", "true".to_owned()), side]),
            Kind::Exit(Closing::CamelFlag) => members.extend([("reduceOnly", quote("1")), side]),
            Kind::Exit(Closing::Action) => members.push(("action", quote("close"))),
            Kind::Exit(Closing::Side) => members.push(("side", quote("CLOSE"))),
            Kind::Exit(Closing::PositionSide) => {
                let position = match self.side {
                    Side::Buy => "short",
                    Side::Sell => "LONG",
                };
                members.extend([("positionSide", quote(position)), side]);
            }
            Kind::Exit(Closing::Word(word)) => members.push(("action", quote(word))),
            Kind::Exit(Closing::Type) => members.extend([("intent_type", quote("exit")), side]),
        }
        let numbers = self.numbers.iter();
        members.extend(numbers.map(|(field, x)| (*field, json(*x, self.quoted))));
        members.extend(self.extra.iter().cloned());
        let mut shared = Vec::new();
        shared.extend(self.source.iter().map(|source| ("source", quote(source))));
        shared.extend(self.time.map(|(field, micros)| {
            let millis = micros.div_euclid(1_000);
            match field {
                TimeField::DecidedAt => ("decided_at", millis.to_string()),
                TimeField::Id => ("id", quote(&format!("{millis}-0"))),
                TimeField::Ts => ("ts", millis.to_string()),
                TimeField::Timestamp => ("timestamp", seconds(micros)),
            }
        }));
        (members, shared)
    }
}

impl IntentDraft {
    /// If the intent is built with an [`IntentBuilder`], renames the numbers for which the builder
    /// has no method.
    pub(super) fn for_its_form(mut self) -> Self {
        if self.form == IntentForm::Builder {
            let renamed = self.numbers.iter().map(|(field, x)| match *field {
                "qty" => ("quantity", *x),
                "size" => ("position_size_usd", *x),
                "stake_amount" => ("position_usd", *x),
                other => (other, *x),
            });
            self.numbers = unique(renamed);
        }
        self
    }
}

/// Numbers by field.
pub(super) type Numbers = Vec<(&'static str, f64)>;

/// Keeps the first number of each field.
pub(super) fn unique(numbers: impl Iterator<Item = (&'static str, f64)>) -> Numbers {
    let mut unique = Numbers::new();
    for (field, x) in numbers {
        if !unique.iter().any(|(key, _)| *key == field) {
            unique.push((field, x));
        }
    }
    unique
}
