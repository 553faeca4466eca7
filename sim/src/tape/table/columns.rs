//! The columns for the fields of a record, and their types.

use arrow_schema::{DataType, Field, Schema, TimeUnit};
use serde::Deserialize;

use super::values::{ValueKind, value_type};

/// The kind of values that a column contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
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
pub(crate) const RECORD: &str = "record";

/// The column for the other fields of a record.
pub(crate) const REST: &str = "rest";

/// The prefix of the columns that belong to the market state.
pub(crate) const MARKET: &str = "market.";

/// All fields that affect a decision, in column order.
pub(crate) const FIELDS: [(&str, Kind); 45] = [
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
pub(crate) const OBJECTS: [&str; 4] = ["market", "data", "entry", "objection"];

impl Kind {
    /// Returns the Arrow type that is written for this kind.
    pub(crate) const fn data_type(self) -> DataType {
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
        let whole = value_type(found).is_integer();
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
            None => *found == DataType::Null,
        }
    }
}

fn is_bytes(found: &DataType) -> bool {
    matches!(
        value_type(found),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView
    )
}

/// Returns the schema of a written tape.
pub(crate) fn schema() -> Schema {
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
pub(crate) enum Role {
    /// A field of [`FIELDS`], by its index.
    Field(usize),
    Record,
    Rest,
    /// A field that no decision depends on.
    Other,
}

/// A column that is read.
#[derive(Debug)]
pub(crate) struct Column {
    /// The index of the column in the table.
    root: usize,
    /// The index of the column among the columns that are read.
    pub(super) index: usize,
    pub(crate) name: String,
    pub(super) role: Role,
    pub(super) is_market: bool,
    /// The bytes before a value in a line of JSON: comma, name, colon.
    pub(super) key: Vec<u8>,
    /// The numpy type of the column and the pandas type to use instead, if pandas wrote the column and its nulls may
    /// have been NaN.
    nan_type: Option<(String, &'static str)>,
}

impl Column {
    /// Returns true if the column affects decisions.
    pub(crate) fn decides(&self) -> bool {
        self.role != Role::Other
    }
}

/// The columns of a table that are read as records, in the order in which a line contains them. All market columns form
/// one JSON object, so they are after the other fields. The columns that no decision depends on are last: an answer can
/// contain the position of a field in the line, and these columns must not change it.
#[derive(Debug)]
pub(crate) struct Columns(pub(super) Vec<Column>);

impl Columns {
    /// Selects the columns to read. With `carries`, fields that no decision depends on are read as well.
    ///
    /// # Errors
    /// Returns a message if a column of a field that affects a decision has the wrong type or occurs more than once, or
    /// if there is no such column.
    pub(crate) fn of(table: &Schema, carries: bool) -> Result<Self, String> {
        let pandas = Pandas::of(table);
        let mut columns: Vec<Column> = Vec::new();
        for (root, field) in table.fields().iter().enumerate() {
            let Some(role) = role(field, carries)? else {
                continue;
            };
            let name = field.name();
            if role != Role::Other && columns.iter().any(|column| column.name == *name) {
                return Err(format!("two columns have the name `{name}`; remove one"));
            }
            let market = name.strip_prefix(MARKET).filter(|_| role != Role::Other);
            let key = serde_json::Value::from(market.unwrap_or(name));
            columns.push(Column {
                root,
                index: columns.len(),
                name: name.clone(),
                role,
                is_market: market.is_some(),
                key: format!(",{key}:").into_bytes(),
                nan_type: pandas.nan_type(name, role),
            });
        }
        let decides = |column: &Column| matches!(column.role, Role::Field(_) | Role::Record);
        if !columns.iter().any(decides) {
            let names: Vec<&str> = table.fields().iter().map(|it| it.name().as_str()).collect();
            return Err(format!(
                "no column is a field of a record (`symbol`, `side`, `ts`, …); the columns are {}",
                match &*names {
                    [] => "none".to_owned(),
                    names => format!("`{}`", names.join("`, `")),
                }
            ));
        }
        columns.sort_by_key(|column| (column.role == Role::Other, column.is_market));
        Ok(Self(columns))
    }

    /// Returns the indexes of the columns in the table, in ascending order.
    pub(crate) fn roots(&self) -> Vec<usize> {
        let mut roots: Vec<usize> = self.0.iter().map(|column| column.root).collect();
        roots.sort_unstable();
        roots
    }

    /// Checks the number of nulls in a column of the table, if it is known.
    ///
    /// # Errors
    /// Returns a message if the column has nulls that may have been NaN.
    pub(crate) fn check_nulls(
        &self,
        nulls: impl Fn(&Column) -> Option<usize>,
    ) -> Result<(), String> {
        for column in &self.0 {
            if let Some((of, cure)) = &column.nan_type
                && nulls(column).is_some_and(|count| count > 0)
            {
                let name = &column.name;
                return Err(format!(
                    "column `{name}` was written by pandas as {of} and has nulls, each of which may have been NaN; \
                     write it with `df[\"{name}\"].astype(\"{cure}\")`, in which a null is an absent value"
                ));
            }
        }
        Ok(())
    }
}

/// Returns the role of a column; `None` if it is not read.
fn role(field: &Field, carries: bool) -> Result<Option<Role>, String> {
    let (name, found) = (field.name().as_str(), field.data_type());
    let known = FIELDS.iter().position(|(known, _)| *known == name);
    let wrong = |expected: &str| {
        Err(format!(
            "column `{name}` has type {found}; it must contain {expected}"
        ))
    };
    let refused = |cure: &str| Err(format!("a table cannot have a column `{name}`; {cure}"));
    let is_text = ValueKind::of(found) == Some(ValueKind::Text);
    let is_null = *found == DataType::Null;
    match known.and_then(|index| FIELDS.get(index).map(|(_, kind)| (index, *kind))) {
        Some((of, kind)) if kind.accepts(found) => Ok(Some(Role::Field(of))),
        Some((_, kind)) => wrong(kind.expected()),
        None if name == RECORD && (is_text || is_null || is_bytes(found)) => Ok(Some(Role::Record)),
        None if name == RECORD => wrong("text or bytes"),
        None if name == "market" => refused("use columns `market.sigma`, `market.ts` and so on"),
        None if OBJECTS.contains(&name) => refused("put the whole record into the column `record`"),
        None if name == REST && (is_text || is_null) => Ok(Some(Role::Rest)),
        None if name == REST => wrong("text"),
        None if carries && is_plain(found) => Ok(Some(Role::Other)),
        None => Ok(None),
    }
}

/// The description of a table that pandas writes into its metadata.
#[derive(Default, Deserialize)]
struct Pandas {
    #[serde(default)]
    columns: Vec<PandasColumn>,
}

#[derive(Deserialize)]
struct PandasColumn {
    name: Option<String>,
    field_name: Option<String>,
    numpy_type: Option<String>,
}

impl Pandas {
    fn of(table: &Schema) -> Self {
        let text = table.metadata().get("pandas");
        text.and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default()
    }

    /// Returns the numpy type of a column and the pandas type to use instead, if pandas writes NaN in this column as
    /// null and decisions depend on the column.
    fn nan_type(&self, name: &str, role: Role) -> Option<(String, &'static str)> {
        let Role::Field(field) = role else {
            return None;
        };
        let mut columns = self.columns.iter();
        let column = columns.find(|column| {
            let names = [&column.field_name, &column.name];
            names.into_iter().flatten().any(|it| it == name)
        })?;
        let of = column.numpy_type.as_deref()?;
        let cure = match FIELDS.get(field)?.1 {
            Kind::Number if of.starts_with("float") => "Float64",
            Kind::Flag if of == "object" => "boolean",
            Kind::Text | Kind::Number | Kind::Flag | Kind::Millis | Kind::Time => return None,
        };
        Some((of.to_owned(), cure))
    }
}

/// Returns true if a line of JSON can contain the values without loss. Timestamps in a finer unit than milliseconds
/// would lose digits.
fn is_plain(found: &DataType) -> bool {
    match ValueKind::of(found) {
        Some(ValueKind::Text | ValueKind::Flag | ValueKind::Number) => true,
        Some(ValueKind::Timestamp) => {
            matches!(found, DataType::Timestamp(TimeUnit::Millisecond, _))
        }
        Some(ValueKind::Date) | None => false,
    }
}
