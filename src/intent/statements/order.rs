//! The type of an order, its trigger, stop and target.

use super::super::{
    IntentBuilder,
    record_fields::IntentField,
    vocabulary::{Effect, Word},
};
use crate::json::{Fields, RawField, scan_object};

pub(super) fn add_type(field: &IntentField<'_, '_>, builder: &mut IntentBuilder<'_>) {
    let order_type = OrderType::read(field.value);
    if order_type.is_triggered {
        builder.needs_trigger = Some(field.reported);
        builder.is_trailing |= order_type.is_trailing;
    } else if let Ok(Some(text)) = field.value.text()
        && let Word::Order(statement) = Word::read(&text)
        && statement.effect == Some(Effect::Close)
    {
        builder
            .direction
            .add_word(Word::Order(statement), field.reported);
    }
}

/// The statements of an order's type about its trigger.
pub(super) struct OrderType {
    pub(super) is_triggered: bool,
    is_trailing: bool,
}

impl OrderType {
    pub(super) fn read(value: &RawField<'_>) -> Self {
        let text = value.text().ok().flatten().unwrap_or_default();
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
        Self {
            is_triggered,
            is_trailing,
        }
    }
}

/// Adds the trigger of an order in Hyperliquid's form: `{"trigger": {"triggerPx": …}}`.
pub(super) fn add_trigger_object(field: &IntentField<'_, '_>, builder: &mut IntentBuilder<'_>) {
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

pub(super) fn add_stop(field: &IntentField<'_, '_>, builder: &mut IntentBuilder<'_>) {
    if let Some(price) = attached(field, builder) {
        builder.stop_loss.add(price, field.reported);
    }
}

/// Adds a target. 0 and an empty text mean that there is none.
pub(super) fn add_target(field: &IntentField<'_, '_>, builder: &mut IntentBuilder<'_>) {
    let is_empty = field.value.text() == Ok(Some("".into()));
    match attached(field, builder) {
        Some(price) if !is_empty && price != 0.0 => {
            builder.take_profit.add(price, field.reported);
        }
        Some(_) | None => {}
    }
}
