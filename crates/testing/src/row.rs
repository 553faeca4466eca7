//! The answer of a decider.

use std::fmt;

use thiserror::Error;

use super::strategies::write::{json, list, object, quote};
use portcullis::{
    answer::{Answer, AnswerSide, Verdict},
    json::{Fields, RawField, SyntaxError, scan_object},
    types::Shown,
};

/// A value of a row that can be read from JSON and written as JSON.
trait Column: Sized {
    const EXPECTED: &'static str;
    fn read(raw: &str) -> Option<Self>;
    fn absent() -> Self;
    fn write(&self) -> Option<String>;
    fn number(&self) -> Option<f64> {
        None
    }
}

impl Column for Option<String> {
    const EXPECTED: &'static str = "a string";

    fn read(raw: &str) -> Option<Self> {
        serde_json::from_str(raw).ok()
    }

    fn absent() -> Self {
        None
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

    fn absent() -> Self {
        None
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

    fn absent() -> Self {
        None
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

    fn absent() -> Self {
        Self::new()
    }

    fn write(&self) -> Option<String> {
        (!self.is_empty()).then(|| list(self))
    }
}

/// Defines the row, its reader and its writer in one place, so that none of them can miss a column.
macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident: $type:ty,)*) => {
        /// An answer as plain data: the columns of [`Answer`], except those that identify the record. Unlike a `Trade`,
        /// it proves nothing, and any code can build one.
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
        pub struct Row {
            /// The verdict.
            pub decision: Verdict,
            $($(#[$doc])* pub $name: $type,)*
        }

        #[derive(Default)]
        struct RowFields<'a> {
            decision: RawField<'a>,
            $($name: RawField<'a>,)*
        }

        impl<'a> Fields<'a> for RowFields<'a> {
            fn slot(&mut self, key: &[u8]) -> Option<&mut RawField<'a>> {
                match key {
                    b"decision" => Some(&mut self.decision),
                    $(name if name == stringify!($name).as_bytes() => Some(&mut self.$name),)*
                    _ => None,
                }
            }
        }

        impl Row {
            /// Returns a row that has a verdict and no other column.
            #[must_use]
            pub fn new(decision: Verdict) -> Self {
                Self { decision, $($name: Column::absent(),)* }
            }

            fn read(fields: &RowFields<'_>) -> Result<Self, RowError> {
                Ok(Self {
                    decision: verdict(&fields.decision)?,
                    $($name: read_column(stringify!($name), &fields.$name)?,)*
                })
            }

            /// Returns all present columns as JSON. A number that is not finite is written as a string.
            pub(super) fn columns(&self) -> Vec<(&'static str, String)> {
                let mut columns = vec![("decision", quote(self.decision.as_str()))];
                $(columns.extend(self.$name.write().map(|value| (stringify!($name), value)));)*
                columns
            }

            /// Returns the present numbers by column, without timestamps.
            pub(super) fn numbers(&self) -> Vec<(&'static str, f64)> {
                let mut numbers = Vec::new();
                $(numbers.extend(self.$name.number().map(|x| (stringify!($name), x)));)*
                numbers
            }
        }
    };
}

columns! {
    /// The skip reason, as a code. Only a `SKIP` has one.
    reason: Option<String>,
    /// The evidence, as text for people.
    detail: Option<String>,
    /// The symbol.
    symbol: Option<String>,
    /// `BUY` or `SELL` of an intent, `LONG` or `SHORT` of a position.
    side: Option<String>,
    /// The leverage of a trade.
    leverage: Option<f64>,
    /// The field that holds the leverage: `policy:leverage_by_symbol.BTCUSDT` or `intent:leverage`.
    leverage_source: Option<String>,
    /// The leverage that the intent requested.
    leverage_requested: Option<f64>,
    /// The size of a trade in USD.
    size_usd: Option<f64>,
    /// `notional` or `margin`.
    size_basis: Option<String>,
    /// The field that holds the size, or the product that it was computed from: `intent:quantity*price`.
    size_source: Option<String>,
    /// The notional of a trade in USD.
    notional_usd: Option<f64>,
    /// The time at which the policy expires, in epoch milliseconds.
    not_after: Option<i64>,
    /// The quantity in units of the symbol.
    quantity: Option<f64>,
    /// The reason why an exit is permitted: `owner` or `delegate`.
    exit_rule: Option<String>,
    /// The action that is proposed for a position.
    harvest_action: Option<String>,
    /// The stop price that is proposed for a position.
    stop_proposed: Option<f64>,
    /// The field that holds the stop distance R was computed with.
    stop_source: Option<String>,
    /// The profit in units of risk, after costs (R).
    r_net: Option<f64>,
    /// The risk of one unit, in the price currency.
    risk_unit: Option<f64>,
    /// The costs of one unit, in the price currency.
    cost: Option<f64>,
    /// The kill score (K).
    kill_score: Option<f64>,
    /// The regime flip component of K, before its weight is applied.
    k_regime_flip: Option<f64>,
    /// The volatility spike component of K, before its weight is applied.
    k_sigma_spike: Option<f64>,
    /// The trend strength component of K, before its weight is applied.
    k_ts_drop: Option<f64>,
    /// The age component of K, before its weight is applied.
    k_age_penalty: Option<f64>,
    /// The reasons for the action, and the parts that were unavailable.
    harvest_reasons: Vec<String>,
    /// The version of the policy that was used.
    policy_version: Option<String>,
    /// The hash of the policy that was used.
    policy_hash: Option<String>,
}

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
        /// The column.
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

fn verdict(slot: &RawField<'_>) -> Result<Verdict, RowError> {
    let name: Option<String> = read_column("decision", slot)?;
    let name = name.ok_or(RowError::NoDecision)?;
    let known = Verdict::ALL.into_iter().find(|it| it.as_str() == name);
    known.ok_or(RowError::BadValue {
        name: "decision",
        value: name,
        expected: "`TRADE`, `EXIT`, `SKIP`, `HARVEST` or `POLICY`",
    })
}

fn read_column<C: Column>(name: &'static str, slot: &RawField<'_>) -> Result<C, RowError> {
    if slot.is_duplicate() {
        return Err(RowError::Twice(name));
    }
    let Some(raw) = slot.raw() else {
        return Ok(C::absent());
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

impl From<&Answer<'_>> for Row {
    fn from(answer: &Answer<'_>) -> Self {
        let side = answer.side.map(AnswerSide::as_str);
        let reasons = answer.harvest_reasons.iter();
        Self {
            decision: answer.decision,
            reason: answer.reason.map(|reason| reason.code().to_owned()),
            detail: answer.detail.as_ref().map(ToString::to_string),
            symbol: answer.symbol.map(|symbol| symbol.to_string()),
            side: side.map(str::to_owned),
            leverage: answer.leverage,
            leverage_source: answer.leverage_source.map(|source| source.to_string()),
            leverage_requested: answer.leverage_requested,
            size_usd: answer.size_usd,
            size_basis: answer.size_basis.map(str::to_owned),
            size_source: answer.size_source.map(|source| source.to_string()),
            notional_usd: answer.notional_usd,
            not_after: answer.not_after.map(|at| at.as_millis()),
            quantity: answer.quantity,
            exit_rule: answer.exit_rule.map(|rule| rule.as_str().to_owned()),
            harvest_action: answer.harvest_action.map(|it| it.as_str().to_owned()),
            stop_proposed: answer.stop_proposed,
            stop_source: answer.stop_source.map(|source| source.to_string()),
            r_net: answer.r_net,
            risk_unit: answer.risk_unit,
            cost: answer.cost,
            kill_score: answer.kill_score,
            k_regime_flip: answer.k_regime_flip,
            k_sigma_spike: answer.k_sigma_spike,
            k_ts_drop: answer.k_ts_drop,
            k_age_penalty: answer.k_age_penalty,
            harvest_reasons: reasons
                .flat_map(|it| it.iter())
                .map(str::to_owned)
                .collect(),
            policy_version: answer.policy_version.map(str::to_owned),
            policy_hash: answer.policy_hash.map(|hash| hash.to_string()),
        }
    }
}
