//! The values of flags, and values that state nothing.

use super::super::{
    names::{Class, Term},
    record_fields::IntentField,
};
use crate::json::{RawField, Unreadable};

/// Returns true if the value of a field that is not read could change the order.
pub(super) fn is_decisive(class: Class, field: &IntentField<'_, '_>) -> bool {
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
pub(super) fn is_neutral(value: &RawField<'_>) -> bool {
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
pub(super) fn is_other_text(value: &RawField<'_>) -> bool {
    value
        .text()
        .ok()
        .flatten()
        .is_some_and(|text| text.trim().parse::<f64>().is_err() && flag(value).is_err())
}

/// Returns true for the Boolean true, also as text.
pub(super) fn is_true(value: &RawField<'_>) -> bool {
    let text = value.text().ok().flatten();
    let text = text.as_deref().or(value.raw()).unwrap_or_default();
    text.eq_ignore_ascii_case("true")
}

/// Reads a Boolean that is not text; any other value states nothing.
pub(super) fn boolean(value: &RawField<'_>) -> Result<Option<bool>, Unreadable> {
    match value.raw() {
        _ if value.is_duplicate() => Err(Unreadable),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) | None => Ok(None),
    }
}

/// Reads a flag: true, false, 1, 0, YES or NO, in upper or lower case. An empty text states nothing.
pub(super) fn flag(value: &RawField<'_>) -> Result<Option<bool>, Unreadable> {
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
