//! Fields of an envelope next to a payload, whose meaning for the intent is unclear.

use super::super::{
    IntentBuilder, IntentError,
    names::{Class, Term},
    record_fields::{IntentField, RecordFields},
    vocabulary::Word,
};
use super::{
    Level,
    order::OrderType,
    read_nested,
    values::{boolean, is_decisive, is_true},
};

/// Adds a fault for each field of the envelope that states something about the order of the payload's intent.
pub(in crate::intent) fn add_beside_payload(
    envelope: &RecordFields<'_>,
    builder: &mut IntentBuilder<'_>,
) {
    add_level_beside_payload(envelope, builder, Level::Outer);
}

fn add_level_beside_payload(
    fields: &RecordFields<'_>,
    builder: &mut IntentBuilder<'_>,
    level: Level,
) {
    fields.each(|field| {
        let is_opened = field.term == Term::Nested && level == Level::Outer;
        let inner = |fields: &RecordFields<'_>| {
            add_level_beside_payload(fields, builder, Level::Inner);
        };
        if !is_opened || read_nested(&field, inner).is_err() {
            add_field_beside_payload(&field, builder);
        }
    });
}

fn add_field_beside_payload(field: &IntentField<'_, '_>, builder: &mut IntentBuilder<'_>) {
    let part = part_of(field);
    let (term, value) = (field.term, field.value);
    let field = match field.reported {
        "" => "a field that could change the order",
        reported => reported,
    };
    let fault = IntentError::BesidePayload { field };
    if part.is_some() && value.is_duplicate() {
        let duplicate = IntentError::DuplicateKey { field };
        if term == Term::Symbol {
            builder.faults.add(duplicate);
        } else {
            builder.entry_faults.add(duplicate);
        }
    }
    match part {
        None => {}
        Some(OrderPart::Position) => builder.faults.add(fault),
        Some(OrderPart::Amount) => {
            builder.unknown_unit = true;
            builder.entry_faults.add(fault);
        }
        Some(OrderPart::Entry) => builder.entry_faults.add(fault),
    }
}

/// The part of an order that a field states.
#[derive(Clone, Copy)]
enum OrderPart {
    /// The position that an order opens or closes, or the trigger of the order.
    Position,
    /// The amount that an order opens or closes.
    Amount,
    /// A number that only entries have.
    Entry,
}

/// Returns the part of an order that a field states; `None` if it states none.
fn part_of(field: &IntentField<'_, '_>) -> Option<OrderPart> {
    let value = field.value;
    let is_object = || value.raw().is_some_and(|raw| raw.starts_with('{'));
    let closes = || {
        let word = value.text().ok().flatten().map(|text| Word::read(&text));
        matches!(word, Some(Word::Order(statement)) if statement.effect.is_some())
    };
    match field.term {
        // Names of one letter count only with the values that they have in orders.
        Term::IsBuy | Term::ReduceOnly if field.name.len() == 1 => {
            (boolean(value) != Ok(None)).then_some(OrderPart::Position)
        }
        Term::Close => is_true(value).then_some(OrderPart::Position),
        Term::TriggerObject | Term::Nested => is_object().then_some(OrderPart::Position),
        Term::Kind if field.reported != "intent_type" => closes().then_some(OrderPart::Position),
        Term::OrderType => {
            (OrderType::read(value).is_triggered || closes()).then_some(OrderPart::Position)
        }
        Term::Symbol
        | Term::Action
        | Term::Side
        | Term::Direction
        | Term::IsBuy
        | Term::IsShort
        | Term::Kind
        | Term::ReduceOnly
        | Term::ClosePosition
        | Term::CloseOnTrigger
        | Term::PositionEffect
        | Term::TradeSide
        | Term::PositionSide
        | Term::PositionIndex
        | Term::Trigger => Some(OrderPart::Position),
        Term::Quantity | Term::Fraction | Term::Percent | Term::QuantityCurrency => {
            Some(OrderPart::Amount)
        }
        Term::Listed(class) | Term::Suspected(class) => {
            is_decisive(class, field).then_some(match class {
                Class::Effect => OrderPart::Position,
                Class::Amount | Class::Unit => OrderPart::Amount,
                Class::Other => OrderPart::Entry,
            })
        }
        Term::Leverage
        | Term::Price
        | Term::EntryPrice
        | Term::Margin
        | Term::Size
        | Term::Notional
        | Term::StopLoss
        | Term::TakeProfit
        | Term::MarginMode => Some(OrderPart::Entry),
    }
}
