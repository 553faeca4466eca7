//! The answer of a decider.

use std::fmt;

use thiserror::Error;

use super::strategies::write::{json, list, object, quote};
use portcullis::{
    answer::{Answer, Verdict},
    harvest::HarvestAction,
    json::{Fields, RawField, SyntaxError, scan_object},
    types::Shown,
};

/// A value of a row that can be read from JSON and written as JSON.
trait Column: Sized {
    const EXPECTED: &'static str;
    fn read(raw: &str) -> Option<Self>;
    fn absent() -> Result<Self, RowError>;
    fn write(&self) -> Option<String>;
    fn number(&self) -> Option<f64> {
        None
    }
}

impl Column for Verdict {
    const EXPECTED: &'static str = "`TRADE`, `EXIT`, `SKIP`, `HARVEST` or `POLICY`";

    fn read(raw: &str) -> Option<Self> {
        serde_json::from_str::<String>(raw).ok()?.parse().ok()
    }

    fn absent() -> Result<Self, RowError> {
        Err(RowError::NoDecision)
    }

    fn write(&self) -> Option<String> {
        Some(quote(self.as_str()))
    }
}

impl Column for Option<String> {
    const EXPECTED: &'static str = "a string";

    fn read(raw: &str) -> Option<Self> {
        serde_json::from_str(raw).ok()
    }

    fn absent() -> Result<Self, RowError> {
        Ok(None)
    }

    fn write(&self) -> Option<String> {
        self.as_deref().map(quote)
    }
}

impl Column for Option<f64> {
    const EXPECTED: &'static str = "a number";

    // Parsed from the raw text, because a JSON parser may lose the last bits of a float.
    fn read(raw: &str) -> Option<Self> {
        let is_number = raw.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        raw.parse().ok().filter(|_| is_number).map(Some)
    }

    fn absent() -> Result<Self, RowError> {
        Ok(None)
    }

    fn write(&self) -> Option<String> {
        self.map(|x| json(x, false))
    }

    fn number(&self) -> Option<f64> {
        *self
    }
}

impl Column for Option<i64> {
    const EXPECTED: &'static str = "an integer (epoch milliseconds)";

    fn read(raw: &str) -> Option<Self> {
        raw.parse().ok().map(Some)
    }

    fn absent() -> Result<Self, RowError> {
        Ok(None)
    }

    fn write(&self) -> Option<String> {
        self.map(|millis| millis.to_string())
    }
}

impl Column for Vec<String> {
    const EXPECTED: &'static str = "a list of strings";

    fn read(raw: &str) -> Option<Self> {
        serde_json::from_str(raw).ok()
    }

    fn absent() -> Result<Self, RowError> {
        Ok(Self::new())
    }

    fn write(&self) -> Option<String> {
        (!self.is_empty()).then(|| list(self))
    }
}

/// Expands to the type of a column, given its kind.
macro_rules! column {
    (verdict) => { Verdict };
    (number) => { Option<f64> };
    (time) => { Option<i64> };
    (names) => { Vec<String> };
    ($text:ident) => { Option<String> };
}

/// Expands to the value of a column in a row that has only a verdict.
macro_rules! bare {
    (verdict, $decision:ident) => {
        $decision
    };
    ($kind:ident, $decision:ident) => {
        Default::default()
    };
}

/// Converts the value of a column of an answer to plain data.
macro_rules! plain {
    (verdict, $value:expr) => {
        $value
    };
    (number, $value:expr) => {
        $value
    };
    (time, $value:expr) => {
        $value.map(|at| at.as_millis())
    };
    (name, $value:expr) => {
        $value.map(|name| <&str>::from(name).to_owned())
    };
    (names, $value:expr) => {
        $value
            .iter()
            .flat_map(|names| names.iter())
            .map(str::to_owned)
            .collect()
    };
    ($text:ident, $value:expr) => {
        $value.as_ref().map(ToString::to_string)
    };
}

macro_rules! define {
    (
        record { $($identifying:tt)* }
        answer { $($(#[$doc:meta])* $name:ident as $kind:ident: $type:ty,)* }
    ) => {
        /// An answer as plain data: the columns of [`Answer`], except those that identify the record. Unlike a `Trade`,
        /// it is not evidence that the engine allowed the trade: any code can build one. Timestamps are epoch milliseconds.
        ///
        /// ```
        /// use portcullis::answer::Verdict;
        /// use portcullis_testing::Row;
        ///
        /// let row = Row::from_json(r#"{"id": "7", "decision": "SKIP", "reason": "POLICY_STALE"}"#)?;
        /// assert_eq!(row, Row::skip("POLICY_STALE"));
        ///
        /// let mut row = Row::new(Verdict::Trade);
        /// row.leverage = Some(8.0);
        /// row.leverage_source = Some("policy:leverage_by_symbol.BTCUSDT".to_owned());
        /// assert_eq!(Row::from_json(&row.to_string())?, row);
        /// # Ok::<(), portcullis_testing::RowError>(())
        /// ```
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        pub struct Row {
            $($(#[$doc])* pub $name: column!($kind),)*
        }

        #[derive(Default)]
        struct RowFields<'a> {
            $($name: RawField<'a>,)*
        }

        impl<'a> Fields<'a> for RowFields<'a> {
            fn field(&mut self, key: &[u8]) -> Option<&mut RawField<'a>> {
                match key {
                    $(name if name == stringify!($name).as_bytes() => Some(&mut self.$name),)*
                    _ => None,
                }
            }
        }

        impl Row {
            /// Returns a row that has a verdict and no other column.
            #[must_use]
            pub fn new(decision: Verdict) -> Self {
                Self { $($name: bare!($kind, decision),)* }
            }

            fn read(fields: &RowFields<'_>) -> Result<Self, RowError> {
                Ok(Self { $($name: read_column(stringify!($name), &fields.$name)?,)* })
            }

            /// Returns all present columns as JSON. A number that is not finite is written as a string.
            pub(super) fn columns(&self) -> Vec<(&'static str, String)> {
                let mut columns = Vec::new();
                $(columns.extend(self.$name.write().map(|value| (stringify!($name), value)));)*
                columns
            }

            /// Returns the numbers that the row contains, by column. Timestamps are not included.
            pub(super) fn numbers(&self) -> Vec<(&'static str, f64)> {
                let mut numbers = Vec::new();
                $(numbers.extend(self.$name.number().map(|x| (stringify!($name), x)));)*
                numbers
            }
        }

        impl From<&Answer<'_>> for Row {
            fn from(answer: &Answer<'_>) -> Self {
                Self { $($name: plain!($kind, answer.$name),)* }
            }
        }
    };
}

portcullis::answer_columns!(define);

/// An error in the text of a row.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RowError {
    /// The text is not one JSON object.
    #[error("an answer must be one JSON object: {0}")]
    NotAnObject(#[from] SyntaxError),
    /// A column occurs more than once.
    #[error("duplicate column `{0}`")]
    Twice(&'static str),
    /// A column has a value of the wrong type or an unknown verdict.
    #[error("`{name}` is `{}`, expected {expected}", Shown(.value))]
    BadValue {
        /// The name of the column.
        name: &'static str,
        /// The value in the text.
        value: String,
        /// A description of the values that the column accepts.
        expected: &'static str,
    },
    /// The column `decision` is absent or null.
    #[error("required column `decision` is missing or null")]
    NoDecision,
}

impl Row {
    /// Returns a skip with the code of its reason.
    #[must_use]
    pub fn skip(reason: &str) -> Self {
        Self {
            reason: Some(reason.to_owned()),
            ..Self::new(Verdict::Skip)
        }
    }

    /// Returns the harvest action, if it is a known one.
    pub(super) fn action(&self) -> Option<HarvestAction> {
        self.harvest_action.as_deref()?.parse().ok()
    }

    /// Returns the number in a column.
    pub(super) fn number(&self, column: &str) -> Option<f64> {
        let (_, x) = self
            .numbers()
            .into_iter()
            .find(|(name, _)| *name == column)?;
        Some(x)
    }

    /// Parses a line as `portcullis decide`, `harvest` and `replay` write it. A `null` is the same as an absent column,
    /// unknown columns are ignored, and numbers are parsed without loss.
    ///
    /// # Errors
    /// Returns an error if the text is not one JSON object, if the verdict is absent, or if a column is a duplicate or
    /// has a value that it does not accept.
    pub fn from_json(text: &str) -> Result<Self, RowError> {
        let mut fields = RowFields::default();
        scan_object(text, &mut fields)?;
        Self::read(&fields)
    }
}

fn read_column<C: Column>(name: &'static str, value: &RawField<'_>) -> Result<C, RowError> {
    if value.is_duplicate() {
        return Err(RowError::Twice(name));
    }
    let Some(raw) = value.raw() else {
        return C::absent();
    };
    C::read(raw).ok_or_else(|| RowError::BadValue {
        name,
        value: raw.to_owned(),
        expected: C::EXPECTED,
    })
}

/// Writes one line of JSON. A number that is not finite has no JSON form and is written as a string.
impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&object(&self.columns(), 0))
    }
}
