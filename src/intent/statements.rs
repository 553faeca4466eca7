//! The statements that the fields of a record make about an order.

use super::{
    IntentBuilder, IntentError,
    names::{Class, Term},
    record_fields::{IntentField, RecordFields},
    vocabulary::{Effect, Word},
};
use crate::{
    json::{Fields, RawField, Unreadable, scan_object},
    types::{PositionSide, Side, Symbol},
};

/// Adds all statements of a record to the builder.
pub(super) fn add<'a>(fields: &RecordFields<'a>, builder: &mut IntentBuilder<'_>) {
    add_level(fields, builder, Level::Outer);
}

/// The nesting level of a field: `params` and `order` are opened at the outer level only.
#[derive(Clone, Copy, PartialEq)]
enum Level {
    Outer,
    Inner,
}

fn add_level(fields: &RecordFields<'_>, builder: &mut IntentBuilder<'_>, level: Level) {
    if fields.has_too_many_others() {
        builder.unsupported.add_more();
        builder.unknown_amount = true;
    }
    fields.each(|field| {
        if field.term == Term::Nested && level == Level::Outer {
            open(&field, builder);
        } else {
            add_field(&field, builder);
        }
    });
}

/// Adds the fields of `params` or `order`.
fn open(field: &IntentField<'_, '_>, builder: &mut IntentBuilder<'_>) {
    let text = field.value.text().ok().flatten();
    let inner = text.as_deref().or(field.value.raw()).unwrap_or_default();
    if !inner.trim_start().starts_with(['{', '[']) {
        return;
    }
    let mut fields = RecordFields::default();
    if field.value.is_duplicate() || scan_object(inner, &mut fields).is_err() {
        builder.unsupported.add_listed(field.reported);
        builder.unknown_amount = true;
        return;
    }
    add_level(&fields, builder, Level::Inner);
}

/// Returns true if a field states something about the order of an intent, so that it must not be in the envelope.
pub(super) fn is_one(field: &IntentField<'_, '_>) -> bool {
    match field.term {
        Term::Symbol | Term::Action | Term::Side | Term::ReduceOnly if field.name.len() > 1 => true,
        // Checked by name in the envelope, or not a statement by itself.
        Term::Kind | Term::OrderType | Term::Nested | Term::Close | Term::TriggerObject => false,
        Term::IsBuy | Term::ReduceOnly if field.name.len() == 1 => false,
        Term::Listed(class) | Term::Suspected(class) => is_decisive(class, field),
        Term::Symbol
        | Term::Action
        | Term::Side
        | Term::Direction
        | Term::IsBuy
        | Term::IsShort
        | Term::ReduceOnly
        | Term::ClosePosition
        | Term::CloseOnTrigger
        | Term::PositionEffect
        | Term::TradeSide
        | Term::PositionSide
        | Term::PositionIndex
        | Term::Trigger
        | Term::Leverage
        | Term::Quantity
        | Term::Price
        | Term::EntryPrice
        | Term::Margin
        | Term::Size
        | Term::Notional
        | Term::StopLoss
        | Term::TakeProfit
        | Term::Fraction
        | Term::Percent
        | Term::MarginMode
        | Term::QuantityCurrency => true,
    }
}

fn add_field(field: &IntentField<'_, '_>, builder: &mut IntentBuilder<'_>) {
    let (name, value) = (field.reported, field.value);
    let number = || value.number().unwrap_or(f64::NAN);
    if value.is_duplicate() {
        add_duplicate(field, builder);
    }
    match field.term {
        Term::Symbol => add_symbol(value, builder),
        Term::Action | Term::Side | Term::Direction => add_side(field, builder),
        Term::IsBuy | Term::IsShort => add_boolean_side(field, builder),
        Term::Kind => add_kind(field, builder),
        Term::ReduceOnly | Term::ClosePosition | Term::CloseOnTrigger => add_flag(field, builder),
        Term::Close => {
            if is_true(value) {
                builder.direction.add_effect(Effect::Close, name);
            }
        }
        Term::PositionEffect | Term::TradeSide => add_effect(field, builder),
        Term::PositionSide => add_position_side(field, builder),
        Term::PositionIndex => match number() {
            0.0 => {}
            1.0 => builder.direction.add_position(PositionSide::Long, name),
            2.0 => builder.direction.add_position(PositionSide::Short, name),
            _ => builder.entry_faults.add(IntentError::NotSupported {
                field: name,
                problem: "the number is not known",
                remedy: "send 0, 1 or 2",
            }),
        },
        Term::OrderType => add_order_type(field, builder),
        Term::Trigger => {
            if !is_neutral(value) {
                builder.trigger.add(number(), name);
            }
        }
        Term::TriggerObject => add_trigger_object(field, builder),
        Term::Leverage => builder.amounts.leverage.add(number(), name),
        Term::Quantity => builder.amounts.quantity.add(number(), name),
        Term::Price => builder.amounts.price.add_price(number(), name),
        Term::EntryPrice => builder.amounts.entry_price.add(number(), name),
        Term::Margin => builder.amounts.margin.add(number(), name),
        Term::Size => builder.amounts.size.add(number(), name),
        Term::Notional => builder.amounts.notional.add(number(), name),
        Term::StopLoss => add_stop(field, builder),
        Term::TakeProfit => add_target(field, builder),
        Term::Fraction | Term::Percent => add_share(field, builder),
        Term::MarginMode => {
            let mode = value.text().ok().flatten().unwrap_or_default();
            let is_known = ["", "cross", "crossed", "isolated"]
                .iter()
                .any(|known| mode.eq_ignore_ascii_case(known));
            if !is_known {
                builder.unsupported.add_listed(name);
            }
        }
        Term::QuantityCurrency => {
            let currency = value.text().ok().flatten().unwrap_or_default();
            if !currency.is_empty() && !currency.eq_ignore_ascii_case("base_ccy") {
                builder.unsupported.add_listed(name);
                builder.unknown_unit = true;
            }
        }
        Term::Nested => add_unsupported(field, Class::Other, builder),
        Term::Listed(class) | Term::Suspected(class) => add_unsupported(field, class, builder),
    }
}

/// Adds the fault of a duplicate key. In an exit, only the symbol must not be a duplicate.
fn add_duplicate(field: &IntentField<'_, '_>, builder: &mut IntentBuilder<'_>) {
    let fault = IntentError::DuplicateKey {
        field: match field.reported {
            "" => "a field that could change the order",
            name => name,
        },
    };
    if field.term == Term::Symbol {
        builder.faults.add(fault);
    } else {
        builder.entry_faults.add(fault);
    }
}

fn add_symbol(value: &RawField<'_>, builder: &mut IntentBuilder<'_>) {
    let symbol = match value.text() {
        _ if value.is_duplicate() => Err(Unreadable),
        Ok(Some(text)) => Symbol::new(&text).map_err(|_| Unreadable),
        Ok(None) | Err(Unreadable) => Err(Unreadable),
    };
    match (builder.symbol, symbol) {
        (Ok(None), symbol) => builder.symbol = symbol.map(Some),
        (Ok(Some(earlier)), Ok(symbol)) if earlier != symbol => {
            builder.faults.add(IntentError::Contradiction {
                first: "symbol",
                second: "symbol",
            });
        }
        (Ok(Some(_)), Err(Unreadable)) => builder.symbol = Err(Unreadable),
        (Ok(Some(_)), Ok(_)) | (Err(Unreadable), _) => {}
    }
}

/// Adds `action`, `side` or `direction`.
fn add_side(field: &IntentField<'_, '_>, builder: &mut IntentBuilder<'_>) {
    let (name, value) = (field.reported, field.value);
    let fault = match value.text() {
        _ if value.is_duplicate() => IntentError::DuplicateKey { field: name },
        Ok(Some(text)) => {
            let word = Word::read(&text);
            // MEXC: 1 to 4, also as text.
            if word == Word::Unknown && field.term == Term::Side && is_numbered_side(&text) {
                return builder.direction.add_unreadable(numbered_side(name));
            }
            // A side that states nothing is not a side.
            let states_nothing = word == Word::Nothing;
            let word = if states_nothing { Word::Unknown } else { word };
            return builder.direction.add_word(word, name);
        }
        Ok(None) | Err(Unreadable) => match value.number_text() {
            Ok(Some(text)) if field.term == Term::Side && is_numbered_side(&text) => {
                numbered_side(name)
            }
            _ => IntentError::BadValue {
                field: name,
                expected: "BUY, SELL, LONG, SHORT, HOLD, CLOSE or a word such as EXIT_LONG",
            },
        },
    };
    builder.direction.add_unreadable(fault);
}

fn is_numbered_side(text: &str) -> bool {
    matches!(text, "1" | "2" | "3" | "4")
}

const fn numbered_side(field: &'static str) -> IntentError {
    IntentError::NotSupported {
        field,
        problem: "numbers of sides are not supported",
        remedy: "send BUY or SELL, and `reduce_only` for an exit",
    }
}

/// Adds a Boolean that states a side. The one-letter name `b` counts only if its value is a Boolean.
fn add_boolean_side(field: &IntentField<'_, '_>, builder: &mut IntentBuilder<'_>) {
    let (name, value) = (field.reported, field.value);
    let stated = if field.name.len() > 1 {
        flag(value)
    } else {
        boolean(value)
    };
    match (field.term, stated) {
        (_, Ok(None)) => {}
        (Term::IsShort, Ok(Some(true))) => {
            builder.direction.add_position(PositionSide::Short, name);
        }
        (Term::IsShort, Ok(Some(false))) => {
            builder.direction.add_position(PositionSide::Long, name);
        }
        (_, Ok(Some(true))) => builder.direction.add_side(Side::Buy, name),
        (_, Ok(Some(false))) => builder.direction.add_side(Side::Sell, name),
        (_, Err(Unreadable)) => builder.entry_faults.add(bad_flag(name)),
    }
}

/// Adds a text such as `intent_type`, of which only opening and closing words count.
fn add_kind(field: &IntentField<'_, '_>, builder: &mut IntentBuilder<'_>) {
    let name = field.reported;
    let is_free_text = name == "intent_type";
    if field.value.is_duplicate() {
        return;
    }
    let text = match field.value.text() {
        Ok(Some(text)) => text,
        Ok(None) => return,
        Err(Unreadable) => {
            if is_free_text {
                builder.entry_faults.add(IntentError::BadValue {
                    field: name,
                    expected: "text",
                });
            }
            return;
        }
    };
    let word = Word::read(&text);
    let found = match word {
        Word::Order(statement) if statement.effect.is_some() => Some(word),
        Word::Order(_)
        | Word::Hold
        | Word::NoAction
        | Word::Reverse
        | Word::Nothing
        | Word::Unknown => is_free_text.then(|| Word::close_within(&text)).flatten(),
    };
    if let Some(word) = found {
        builder.direction.add_word(word, name);
    }
}

/// Adds a flag that closes. A false flag states nothing, because client libraries send it with every order.
fn add_flag(field: &IntentField<'_, '_>, builder: &mut IntentBuilder<'_>) {
    let (name, value) = (field.reported, field.value);
    if value.is_duplicate() {
        return;
    }
    let stated = if field.name.len() > 1 {
        flag(value)
    } else {
        boolean(value)
    };
    match (stated, field.term) {
        (Ok(Some(true)), Term::ClosePosition) => {
            builder.closes_all = true;
            builder.direction.add_effect(Effect::Close, name);
        }
        (Ok(Some(true)), Term::CloseOnTrigger) => {
            builder.needs_trigger = Some(name);
            builder.direction.add_flag(name);
        }
        (Ok(Some(true)), _) => builder.direction.add_flag(name),
        (Ok(Some(false) | None), _) => {}
        (Err(Unreadable), _) => builder.entry_faults.add(bad_flag(name)),
    }
}

/// Adds `offset`, `positionEffect` or `tradeSide`.
fn add_effect(field: &IntentField<'_, '_>, builder: &mut IntentBuilder<'_>) {
    let (name, value) = (field.reported, field.value);
    let Ok(Some(text)) = value.text() else {
        // A number, such as an offset in a list, states nothing.
        return;
    };
    if text.is_empty() || text.parse::<f64>().is_ok() {
        return;
    }
    match Word::read(&text) {
        Word::Nothing => {}
        Word::Order(statement) => {
            if field.term == Term::TradeSide && statement.effect == Some(Effect::Close) {
                builder.direction.side_is_position = true;
            }
            builder.direction.add_word(Word::Order(statement), name);
        }
        Word::Hold | Word::NoAction | Word::Reverse | Word::Unknown => {
            builder.entry_faults.add(IntentError::BadValue {
                field: name,
                expected: "OPEN or CLOSE",
            });
        }
    }
}

fn add_position_side(field: &IntentField<'_, '_>, builder: &mut IntentBuilder<'_>) {
    let name = field.reported;
    let bad = IntentError::BadValue {
        field: name,
        expected: "LONG, SHORT or BOTH",
    };
    let text = match field.value.text() {
        _ if field.value.is_duplicate() => return,
        Ok(Some(text)) => text,
        Ok(None) => return,
        Err(Unreadable) => return builder.entry_faults.add(bad),
    };
    match Word::read(&text) {
        _ if text.is_empty() => {}
        Word::Nothing => {}
        Word::Order(statement) if statement.effect.is_none() && statement.side.is_none() => {
            if let Some(position) = statement.position {
                builder.direction.add_position(position, name);
            }
        }
        Word::Order(_) | Word::Hold | Word::NoAction | Word::Reverse | Word::Unknown => {
            builder.entry_faults.add(bad);
        }
    }
}

fn add_order_type(field: &IntentField<'_, '_>, builder: &mut IntentBuilder<'_>) {
    let Ok(Some(text)) = field.value.text() else {
        return;
    };
    let plain: String = text
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(64)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    let starts = |words: &[&str]| words.iter().any(|word| plain.starts_with(word));
    let is_trailing = starts(&["trailing", "moveorderstop"]);
    let is_triggered = is_trailing
        || starts(&["stop", "takeprofit", "trigger", "conditional", "oco"])
        || plain == "stp"
        || plain.ends_with("iftouched");
    if is_triggered {
        builder.needs_trigger = Some(field.reported);
        builder.is_trailing |= is_trailing;
    } else if let Word::Order(statement) = Word::read(&text)
        && statement.effect == Some(Effect::Close)
    {
        builder
            .direction
            .add_word(Word::Order(statement), field.reported);
    }
}

/// Adds the trigger of an order in Hyperliquid's form: `{"trigger": {"triggerPx": …}}`.
fn add_trigger_object(field: &IntentField<'_, '_>, builder: &mut IntentBuilder<'_>) {
    let mut outer = TriggerFields::default();
    let mut inner = TriggerFields::default();
    let Some(raw) = field.value.raw().filter(|raw| raw.starts_with('{')) else {
        return;
    };
    if scan_object(raw, &mut outer).is_err() || !outer.trigger.is_present() {
        return;
    }
    builder.needs_trigger = Some("t.trigger");
    let trigger = outer.trigger.raw().unwrap_or_default();
    if scan_object(trigger, &mut inner).is_ok() && inner.price.is_present() {
        let price = inner.price.number().unwrap_or(f64::NAN);
        builder.trigger.add(price, "t.trigger");
    }
}

/// The fields of an object that states a trigger.
#[derive(Default)]
struct TriggerFields<'a> {
    trigger: RawField<'a>,
    price: RawField<'a>,
    /// The names of fields that are not read.
    has_others: bool,
}

impl<'a> Fields<'a> for TriggerFields<'a> {
    fn field(&mut self, key: &[u8]) -> Option<&mut RawField<'a>> {
        match key {
            b"trigger" => Some(&mut self.trigger),
            b"triggerPrice" | b"trigger_price" | b"triggerPx" | b"stopPrice" => {
                Some(&mut self.price)
            }
            b"type" | b"isMarket" | b"tpsl" => None,
            _ => {
                self.has_others = true;
                None
            }
        }
    }
}

/// Reads a stop or a target: a price, or an object with `triggerPrice`. Another object is unsupported.
fn attached(field: &IntentField<'_, '_>, builder: &mut IntentBuilder<'_>) -> Option<f64> {
    let value = field.value;
    let Some(raw) = value.raw().filter(|raw| raw.starts_with('{')) else {
        return Some(value.number().unwrap_or(f64::NAN));
    };
    let mut fields = TriggerFields::default();
    let is_read =
        scan_object(raw, &mut fields).is_ok() && !fields.has_others && !fields.trigger.is_present();
    match fields.price.number() {
        Some(price) if is_read && !value.is_duplicate() => Some(price),
        Some(_) | None => {
            builder.unsupported.add_listed(field.reported);
            None
        }
    }
}

fn add_stop(field: &IntentField<'_, '_>, builder: &mut IntentBuilder<'_>) {
    if let Some(price) = attached(field, builder) {
        builder.stop_loss.add(price, field.reported);
    }
}

/// Adds a target. 0 and an empty text mean that there is none.
fn add_target(field: &IntentField<'_, '_>, builder: &mut IntentBuilder<'_>) {
    let is_empty = field.value.text() == Ok(Some("".into()));
    match attached(field, builder) {
        Some(price) if !is_empty && price != 0.0 => {
            builder.take_profit.add(price, field.reported);
        }
        Some(_) | None => {}
    }
}

/// Adds a share of the position. An entry must not have one that would reduce its quantity.
fn add_share(field: &IntentField<'_, '_>, builder: &mut IntentBuilder<'_>) {
    let (name, value) = (field.reported, field.value);
    let number = value.number().unwrap_or(f64::NAN);
    if field.term == Term::Fraction {
        builder.shares.fraction.add(number, name);
    } else {
        builder.shares.percent.add(number, name);
    }
    let is_bare = matches!(name, "fraction" | "percent" | "percentage");
    if !is_bare && !is_neutral(value) {
        builder.entry_unsupported = Some(name);
    }
}

fn add_unsupported(field: &IntentField<'_, '_>, class: Class, builder: &mut IntentBuilder<'_>) {
    if !is_decisive(class, field) {
        return;
    }
    match class {
        // A name that is known to state an amount contradicts the quantity.
        Class::Amount if matches!(field.term, Term::Listed(_)) => builder.unknown_unit = true,
        Class::Amount => builder.unknown_amount = true,
        Class::Unit => builder.unknown_unit = true,
        Class::Effect | Class::Other => {}
    }
    if matches!(field.term, Term::Suspected(_)) {
        builder.unsupported.add_suspected(field.name);
    } else {
        builder.unsupported.add_listed(field.reported);
    }
}

/// Returns true if the value of a field that is not read could change the order.
fn is_decisive(class: Class, field: &IntentField<'_, '_>) -> bool {
    let value = field.value;
    let is_object = || value.raw().is_some_and(|raw| raw.starts_with('{'));
    match (class, field.term) {
        (Class::Effect, Term::Listed(_)) => flag(value) == Ok(Some(true)) || is_object(),
        (Class::Effect, _) => is_true(value) || is_object(),
        (Class::Unit, _) if value.number() == Some(1.0) && field.reported == "contract_size" => {
            false
        }
        (_, _) => !is_neutral(value) && !is_other_text(value),
    }
}

/// Returns true for values that state nothing: null, false, 0, an empty text, list or object.
fn is_neutral(value: &RawField<'_>) -> bool {
    let text = value.text().ok().flatten();
    let text = text.as_deref().or(value.raw()).unwrap_or_default().trim();
    let is_empty = text.is_empty()
        || ["false", "null", "none", "no"]
            .iter()
            .any(|word| text.eq_ignore_ascii_case(word));
    is_empty
        || text.parse() == Ok(0.0)
        || text
            .strip_prefix(['{', '['])
            .and_then(|rest| rest.strip_suffix(['}', ']']))
            .is_some_and(|inner| inner.trim().is_empty())
}

/// Returns true for a text that is neither a number nor a Boolean, such as a name.
fn is_other_text(value: &RawField<'_>) -> bool {
    value
        .text()
        .ok()
        .flatten()
        .is_some_and(|text| text.trim().parse::<f64>().is_err() && flag(value).is_err())
}

/// Returns true for the Boolean true, also as text.
fn is_true(value: &RawField<'_>) -> bool {
    let text = value.text().ok().flatten();
    let text = text.as_deref().or(value.raw()).unwrap_or_default();
    text.eq_ignore_ascii_case("true")
}

/// Reads a Boolean that is not text; any other value states nothing.
fn boolean(value: &RawField<'_>) -> Result<Option<bool>, Unreadable> {
    match value.raw() {
        _ if value.is_duplicate() => Err(Unreadable),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) | None => Ok(None),
    }
}

/// Reads a flag: true, false, 1, 0, YES or NO, in any case. An empty text states nothing.
fn flag(value: &RawField<'_>) -> Result<Option<bool>, Unreadable> {
    if value.is_duplicate() {
        return Err(Unreadable);
    }
    value.flag().or_else(|Unreadable| {
        let text = value.text()?.unwrap_or_default();
        let is = |words: [&str; 2]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
        if text.is_empty() {
            Ok(None)
        } else if is(["yes", "y"]) {
            Ok(Some(true))
        } else if is(["no", "n"]) {
            Ok(Some(false))
        } else {
            Err(Unreadable)
        }
    })
}

const fn bad_flag(field: &'static str) -> IntentError {
    IntentError::BadValue {
        field,
        expected: "true or false",
    }
}
