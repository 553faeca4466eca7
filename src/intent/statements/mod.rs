//! The statements that the fields of a record make about an order.

mod beside_payload;
mod order;
mod values;

use super::{
    IntentBuilder, IntentError,
    names::{Class, Term},
    record_fields::{IntentField, RecordFields},
    vocabulary::{Effect, Word},
};
use crate::{
    json::{RawField, Unreadable, scan_object},
    types::{PositionSide, Side, Symbol},
};
pub(super) use beside_payload::add_beside_payload;
use values::{boolean, flag, is_decisive, is_neutral, is_true};

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
    let is_read = read_nested(field, |fields| add_level(fields, builder, Level::Inner));
    if is_read == Err(Unreadable) {
        builder.unsupported.add_listed(field.reported);
        builder.unknown_amount = true;
    }
}

/// Calls `read` with the fields of an object, which can also be a text that contains the object as JSON. Does nothing
/// if the value is neither an object nor a list.
fn read_nested(
    field: &IntentField<'_, '_>,
    read: impl FnOnce(&RecordFields<'_>),
) -> Result<(), Unreadable> {
    let text = field.value.text().ok().flatten();
    let inner = text.as_deref().or(field.value.raw()).unwrap_or_default();
    if !inner.trim_start().starts_with(['{', '[']) {
        return Ok(());
    }
    let mut fields = RecordFields::default();
    if field.value.is_duplicate() || scan_object(inner, &mut fields).is_err() {
        return Err(Unreadable);
    }
    read(&fields);
    Ok(())
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
                problem: "is not a known number",
                remedy: "send 0, 1 or 2",
            }),
        },
        Term::OrderType => order::add_type(field, builder),
        Term::Trigger => {
            if !is_neutral(value) {
                builder.trigger.add(number(), name);
            }
        }
        Term::TriggerObject => order::add_trigger_object(field, builder),
        Term::Leverage => builder.amounts.leverage.add(number(), name),
        Term::Quantity => builder.amounts.quantity.add(number(), name),
        Term::Price => builder.amounts.price.add_price(number(), name),
        Term::EntryPrice => builder.amounts.entry_price.add(number(), name),
        Term::Margin => builder.amounts.margin.add(number(), name),
        Term::Size => builder.amounts.size.add(number(), name),
        Term::Notional => builder.amounts.notional.add(number(), name),
        Term::StopLoss => order::add_stop(field, builder),
        Term::TakeProfit => order::add_target(field, builder),
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
            // NONE and BOTH are accepted in other fields, but not as a side.
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
        problem: "is a number, which is not supported",
        remedy: "send BUY or SELL; for an exit, also send `reduce_only`",
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

/// Adds a text such as `intent_type`, of which only opening and closing words are read.
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

const fn bad_flag(field: &'static str) -> IntentError {
    IntentError::BadValue {
        field,
        expected: "true or false",
    }
}
