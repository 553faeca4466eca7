//! Fields of a record, read one at a time.

use super::json::{self, Field, Json};
use super::time;

/// The fields in the order of the text.
pub(crate) type Fields = [(String, Json)];

/// A number in a record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Given {
    Absent,
    Unreadable,
    Number(f64),
}

/// A timestamp in a record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum When {
    Absent,
    Unreadable,
    At(i64),
}

impl When {
    pub(crate) fn timestamp(self) -> Option<i64> {
        match self {
            Self::At(micros) => Some(micros),
            Self::Absent | Self::Unreadable => None,
        }
    }
}

/// Returns the time of an earlier decision and the timestamp of the record; if the timestamp is
/// absent, the time of the decision is used instead. Both are unreadable if one of the fields is a
/// duplicate or `decided_at` is unreadable.
pub(crate) fn times(fields: &Fields) -> (When, When) {
    let names = ["decided_at", "id", "ts", "timestamp"];
    if names
        .iter()
        .any(|name| matches!(json::field(fields, name), Field::Duplicate))
    {
        return (When::Unreadable, When::Unreadable);
    }
    let are_readable = names
        .iter()
        .all(|name| when(fields, &[name]) != When::Unreadable);
    if !are_readable {
        return (When::Unreadable, When::Unreadable);
    }
    let decided_at = when(fields, &["decided_at"]);
    if decided_at == When::Unreadable {
        return (When::Unreadable, When::Unreadable);
    }
    match when(fields, &["id", "ts", "timestamp"]) {
        When::Absent => (decided_at, decided_at),
        made_at @ (When::At(_) | When::Unreadable) => (decided_at, made_at),
    }
}

/// Returns the first of these timestamps that is present.
fn when(fields: &Fields, names: &[&str]) -> When {
    for name in names {
        let timestamp = match (*name, json::field(fields, name)) {
            (_, Field::Absent) => continue,
            (_, Field::Duplicate) => None,
            ("id", Field::One(Json::Text(id))) => match time::stream_id_millis(id) {
                Some(millis) => match time::from_millis(millis) {
                    Some(at) if time::is_plausible(at) => Some(at),
                    Some(_) | None => continue,
                },
                None => continue,
            },
            ("id", Field::One(_)) => continue,
            ("timestamp", Field::One(Json::Number(text))) => time::from_seconds(text),
            ("timestamp", Field::One(Json::Text(text))) => {
                time::from_iso(text).or_else(|| time::from_seconds(text))
            }
            (_, Field::One(Json::Number(text) | Json::Text(text))) => time::from_millis(text),
            (_, Field::One(_)) => None,
        };
        return timestamp
            .filter(|micros| time::is_plausible(*micros))
            .map_or(When::Unreadable, When::At);
    }
    When::Absent
}

/// Returns the quantity that an intent requests, or that a position has.
pub(crate) fn quantity(fields: &Fields) -> Given {
    given(
        fields,
        first(fields, &["quantity", "qty"]).unwrap_or("quantity"),
    )
}

/// Returns the first of these names that is present.
pub(crate) fn first(fields: &Fields, names: &[&'static str]) -> Option<&'static str> {
    names
        .iter()
        .copied()
        .find(|name| !matches!(json::field(fields, name), Field::Absent))
}

/// Returns a field if it is a string.
pub(crate) fn text<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    match json::field(fields, name) {
        Field::One(Json::Text(text)) => Some(text),
        Field::One(_) | Field::Absent | Field::Duplicate => None,
    }
}

/// Returns a number, or a string that is a number; it may be NaN or infinite.
pub(crate) fn given(fields: &Fields, name: &str) -> Given {
    match json::field(fields, name) {
        Field::Absent => Given::Absent,
        Field::One(Json::Number(text) | Json::Text(text)) => {
            text.parse().map_or(Given::Unreadable, Given::Number)
        }
        Field::One(_) | Field::Duplicate => Given::Unreadable,
    }
}

/// Returns a number if it is finite and greater than 0.
pub(crate) fn positive(given: Given) -> Option<f64> {
    match given {
        Given::Number(number) if number.is_finite() && number > 0.0 => Some(number),
        Given::Number(_) | Given::Absent | Given::Unreadable => None,
    }
}
