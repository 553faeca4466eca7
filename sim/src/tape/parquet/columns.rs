//! The Parquet columns for the fields of a record, and their types.

use std::ops::Range;

use arrow_schema::{DataType, Field, Schema, TimeUnit};

use super::{batches::Input, values::ValueKind};

/// The kind of values that a column contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text values.
    Text,
    /// Numbers, which can also be given as text.
    Number,
    /// Booleans, which can also be given as text or as 1 and 0.
    Flag,
    /// Whole epoch milliseconds, which can also be given as text or as timestamps.
    Millis,
    /// ISO-8601 text, timestamps, or epoch seconds.
    Time,
}

/// The column for a record that does not fit the other columns.
pub(super) const RECORD: &str = "record";

/// The column for the other fields of a record.
pub(super) const REST: &str = "rest";

/// The prefix of the columns that belong to the market state.
pub(super) const MARKET: &str = "market.";

/// All fields that affect a decision, in column order.
pub(super) const FIELDS: [(&str, Kind); 45] = [
    ("id", Kind::Text),
    ("intent_id", Kind::Text),
    ("event_type", Kind::Text),
    ("decided_at", Kind::Millis),
    ("ts", Kind::Millis),
    ("timestamp", Kind::Time),
    ("policy_hash", Kind::Text),
    ("source", Kind::Text),
    ("symbol", Kind::Text),
    ("action", Kind::Text),
    ("side", Kind::Text),
    ("reduce_only", Kind::Flag),
    ("reduceOnly", Kind::Flag),
    ("intent_type", Kind::Text),
    ("leverage", Kind::Number),
    ("quantity", Kind::Number),
    ("qty", Kind::Number),
    ("price", Kind::Number),
    ("entry_price", Kind::Number),
    ("position_usd", Kind::Number),
    ("size", Kind::Number),
    ("position_size_usd", Kind::Number),
    ("stop_loss", Kind::Number),
    ("take_profit", Kind::Number),
    ("confidence", Kind::Number),
    ("regime", Kind::Text),
    ("position_side", Kind::Text),
    ("model", Kind::Text),
    ("current_price", Kind::Number),
    ("age_sec", Kind::Number),
    ("current_sl", Kind::Number),
    ("stop_dist_pct", Kind::Number),
    ("harvested", Kind::Text),
    ("peak_quantity", Kind::Number),
    ("lot_size", Kind::Number),
    ("min_quantity", Kind::Number),
    ("min_notional_usd", Kind::Number),
    ("market.sigma", Kind::Number),
    ("market.ts", Kind::Number),
    ("market.p_trend", Kind::Number),
    ("market.p_mr", Kind::Number),
    ("market.p_chop", Kind::Number),
    ("market.as_of", Kind::Millis),
    ("policy", Kind::Text),
    ("payload", Kind::Text),
];

/// Fields that affect a decision, but whose values are objects, which a column cannot store.
pub(super) const OBJECTS: [&str; 4] = ["market", "data", "entry", "objection"];

impl Kind {
    /// Returns the Arrow type that is written for this kind.
    pub(super) const fn data_type(self) -> DataType {
        match self {
            Self::Text | Self::Time => DataType::Utf8,
            Self::Number => DataType::Float64,
            Self::Flag => DataType::Boolean,
            Self::Millis => DataType::Int64,
        }
    }

    const fn expected(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "numbers or text",
            Self::Flag => "booleans, whole numbers or text",
            Self::Millis => "whole numbers (epoch milliseconds), timestamps, dates or text",
            Self::Time => "text, timestamps, dates or numbers (epoch seconds)",
        }
    }

    fn accepts(self, found: &DataType) -> bool {
        let whole = found.is_integer();
        match ValueKind::of(found) {
            Some(ValueKind::Text) => true,
            Some(ValueKind::Number) => match self {
                Self::Number | Self::Time => true,
                Self::Flag | Self::Millis => whole,
                Self::Text => false,
            },
            Some(ValueKind::Flag) => self == Self::Flag,
            Some(ValueKind::Timestamp | ValueKind::Date) => {
                matches!(self, Self::Millis | Self::Time)
            }
            None => false,
        }
    }
}

fn is_text(found: &DataType) -> bool {
    ValueKind::of(found) == Some(ValueKind::Text)
}

fn is_bytes(found: &DataType) -> bool {
    matches!(
        found,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView
    )
}

/// Returns the schema of a written tape.
pub(super) fn schema() -> Schema {
    let mut fields: Vec<Field> = FIELDS
        .iter()
        .map(|(name, kind)| Field::new(*name, kind.data_type(), true))
        .collect();
    fields.push(Field::new(REST, DataType::Utf8, true));
    fields.push(Field::new(RECORD, DataType::Binary, true));
    Schema::new(fields)
}

/// The role of a column that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A field of [`FIELDS`], by its index.
    Field(usize),
    Record,
    Rest,
    /// A field that no decision depends on.
    Other,
}

/// Returns the columns to read, as pairs of column index and role.
///
/// # Errors
/// Returns an error if a column of a field that affects a decision has the wrong type, or if there is no such column.
pub(super) fn roles(input: &Input, carries: bool) -> Result<Vec<(usize, Role)>, String> {
    let mut roles = Vec::new();
    let schema = input.schema();
    for (index, field) in schema.fields().iter().enumerate() {
        let (name, found) = (field.name().as_str(), field.data_type());
        let known = FIELDS.iter().position(|(known, _)| *known == name);
        let wrong = |expected: &str| {
            let groups = input.groups();
            format!(
                "column `{name}` has type {found} in all {groups} row groups; it must contain {expected}"
            )
        };
        match known.and_then(|index| FIELDS.get(index).map(|(_, kind)| (index, *kind))) {
            Some((of, kind)) if kind.accepts(found) => roles.push((index, Role::Field(of))),
            Some((_, kind)) => return Err(wrong(kind.expected())),
            None if name == RECORD && (is_text(found) || is_bytes(found)) => {
                roles.push((index, Role::Record));
            }
            None if name == RECORD => return Err(wrong("text or bytes")),
            None if name == "market" => {
                return Err(wrong(
                    "nothing: use columns `market.sigma`, `market.ts` and so on",
                ));
            }
            None if OBJECTS.contains(&name) => {
                return Err(wrong("nothing: put the whole record into column `record`"));
            }
            None if name == REST && is_text(found) => roles.push((index, Role::Rest)),
            None if name == REST => return Err(wrong("text")),
            None if carries && is_plain(found) => roles.push((index, Role::Other)),
            None => {}
        }
    }
    let decides = |(_, role): &(usize, Role)| matches!(role, Role::Field(_) | Role::Record);
    if roles.iter().any(decides) {
        return Ok(roles);
    }
    let names: Vec<&str> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    Err(format!(
        "no column is a field of a record (`symbol`, `side`, `ts`, …); the columns are {}",
        match &*names {
            [] => "none".to_owned(),
            names => format!("`{}`", names.join("`, `")),
        }
    ))
}

impl Input {
    /// Returns the number of rows of some row groups, if the footer states that all are intents because they have no
    /// event type: neither in its column, nor in a whole record or in other fields.
    ///
    /// # Errors
    /// Returns an error if the file does not have the columns of a tape.
    pub(crate) fn rows_of_intents(&self, groups: &Range<usize>) -> Result<Option<u64>, String> {
        roles(self, false)?;
        Ok(self.rows_without(&["event_type", RECORD, REST], groups))
    }
}

/// Returns true if a line of JSON can contain the values without loss. Epoch milliseconds would lose a finer unit.
fn is_plain(found: &DataType) -> bool {
    match ValueKind::of(found) {
        Some(ValueKind::Text | ValueKind::Flag | ValueKind::Number) => true,
        Some(ValueKind::Timestamp) => {
            matches!(found, DataType::Timestamp(TimeUnit::Millisecond, _))
        }
        Some(ValueKind::Date) | None => false,
    }
}
