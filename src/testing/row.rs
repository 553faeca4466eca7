//! What a decider answers.

use std::fmt;

use thiserror::Error;

use super::strategies::write::{json, list, object, quote};
use crate::{
    answer::{Answer, AnswerSide, Verdict},
    domain::Shown,
    wire::{Fields, Slot, SyntaxError, scan_object},
};

/// A value of a row: how it is read, and how it is written.
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
    const EXPECTED: &'static str = "a text";

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

    // From its own text: a parser of JSON may be a bit off.
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
    const EXPECTED: &'static str = "epoch milliseconds";

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
    const EXPECTED: &'static str = "a list of texts";

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

/// Defines the row, its reader and its writer at one place, so that no column is left out of one of them.
macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident: $type:ty,)*) => {
        /// An answer as anybody can write it: the columns of [`Answer`], without those that tell which record it
        /// answers. It proves nothing: it is another type than a `Trade`.
        ///
        /// ```
        /// use portcullis::{answer::Verdict, testing::Row};
        ///
        /// let row = Row::from_json(r#"{"id": "7", "decision": "SKIP", "reason": "POLICY_STALE"}"#)?;
        /// assert_eq!(row, Row::skip("POLICY_STALE"));
        ///
        /// let mut row = Row::new(Verdict::Trade);
        /// row.leverage = Some(8.0);
        /// row.leverage_source = Some("policy:leverage_by_symbol.BTCUSDT".to_owned());
        /// assert_eq!(Row::from_json(&row.to_string())?, row);
        /// # Ok::<(), portcullis::testing::RowFault>(())
        /// ```
        #[derive(Debug, Clone, PartialEq)]
        pub struct Row {
            /// The verdict.
            pub decision: Verdict,
            $($(#[$doc])* pub $name: $type,)*
        }

        #[derive(Default)]
        struct RowFields<'a> {
            decision: Slot<'a>,
            $($name: Slot<'a>,)*
        }

        impl<'a> Fields<'a> for RowFields<'a> {
            fn slot(&mut self, key: &[u8]) -> Option<&mut Slot<'a>> {
                match key {
                    b"decision" => Some(&mut self.decision),
                    $(name if name == stringify!($name).as_bytes() => Some(&mut self.$name),)*
                    _ => None,
                }
            }
        }

        impl Row {
            /// A verdict, and nothing else.
            #[must_use]
            pub fn new(decision: Verdict) -> Self {
                Self { decision, $($name: Column::absent(),)* }
            }

            fn read(fields: &RowFields<'_>) -> Result<Self, RowFault> {
                Ok(Self {
                    decision: verdict(&fields.decision)?,
                    $($name: read_column(stringify!($name), &fields.$name)?,)*
                })
            }

            /// Its columns as JSON, but for numbers that are none, which are texts.
            pub(super) fn columns(&self) -> Vec<(&'static str, String)> {
                let mut columns = vec![("decision", quote(self.decision.as_str()))];
                $(columns.extend(self.$name.write().map(|value| (stringify!($name), value)));)*
                columns
            }

            /// Its numbers, by column; instants are none.
            pub(super) fn numbers(&self) -> Vec<(&'static str, f64)> {
                let mut numbers = Vec::new();
                $(numbers.extend(self.$name.number().map(|x| (stringify!($name), x)));)*
                numbers
            }
        }
    };
}

columns! {
    /// Why nothing is done, if nothing is: a code.
    reason: Option<String>,
    /// The evidence, in words.
    detail: Option<String>,
    /// The symbol.
    symbol: Option<String>,
    /// BUY or SELL, LONG or SHORT.
    side: Option<String>,
    /// The leverage of a trade.
    leverage: Option<f64>,
    /// The field that held it: `policy:leverage_by_symbol.BTCUSDT` or `intent:leverage`.
    leverage_source: Option<String>,
    /// The leverage that the intent asked for.
    leverage_requested: Option<f64>,
    /// The size of a trade.
    size_usd: Option<f64>,
    /// `notional` or `margin`.
    size_basis: Option<String>,
    /// The field that held it, or those whose product it is: `intent:quantity*price`.
    size_source: Option<String>,
    /// What the position is worth.
    notional_usd: Option<f64>,
    /// The expiry of the policy, in epoch milliseconds.
    not_after: Option<i64>,
    /// Units of the symbol.
    quantity: Option<f64>,
    /// The rule that let an exit pass: `owner` or `delegate`.
    exit_rule: Option<String>,
    /// What to do with a position.
    harvest_action: Option<String>,
    /// Where its stop is pulled.
    stop_proposed: Option<f64>,
    /// The field that held the stop distance of R.
    stop_source: Option<String>,
    /// R.
    r_net: Option<f64>,
    /// The risk of one unit.
    risk_unit: Option<f64>,
    /// The costs of one unit.
    cost: Option<f64>,
    /// K.
    kill_score: Option<f64>,
    /// A component of K before its weight.
    k_regime_flip: Option<f64>,
    /// A component of K before its weight.
    k_sigma_spike: Option<f64>,
    /// A component of K before its weight.
    k_ts_drop: Option<f64>,
    /// A component of K before its weight.
    k_age_penalty: Option<f64>,
    /// What led to the action, and what was silent.
    harvest_reasons: Vec<String>,
    /// The policy that ruled.
    policy_version: Option<String>,
    /// Its hash.
    policy_hash: Option<String>,
}

/// Why a text is no row.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RowFault {
    /// It is not one JSON object.
    #[error("an answer is one JSON object: {0}")]
    NotAnObject(#[from] SyntaxError),
    /// A column stands there twice.
    #[error("`{0}` stands twice")]
    Twice(&'static str),
    /// A column holds something else.
    #[error("`{name}`: `{}` is not {expected}", Shown(.value))]
    BadValue {
        /// The column.
        name: &'static str,
        /// What stood there.
        value: String,
        /// What would have been a value.
        expected: &'static str,
    },
    /// There is no verdict.
    #[error("`decision` is absent")]
    NoDecision,
}

impl Row {
    /// A skip, with the code of its reason.
    #[must_use]
    pub fn skip(reason: &str) -> Self {
        Self {
            reason: Some(reason.to_owned()),
            ..Self::new(Verdict::Skip)
        }
    }

    /// The number of a column.
    pub(super) fn number(&self, column: &str) -> Option<f64> {
        let (_, x) = self
            .numbers()
            .into_iter()
            .find(|(name, _)| *name == column)?;
        Some(x)
    }

    /// Reads a line as `portcullis decide`, `harvest` and `replay` write them. `null` is absent; other columns are
    /// passed over; numbers are read to the bit.
    ///
    /// # Errors
    /// A text that is not one JSON object with a verdict; a column that stands twice, or holds what it cannot hold.
    pub fn from_json(text: &str) -> Result<Self, RowFault> {
        let mut fields = RowFields::default();
        scan_object(text, &mut fields)?;
        Self::read(&fields)
    }
}

fn verdict(slot: &Slot<'_>) -> Result<Verdict, RowFault> {
    let name: Option<String> = read_column("decision", slot)?;
    let name = name.ok_or(RowFault::NoDecision)?;
    let known = Verdict::ALL.into_iter().find(|it| it.as_str() == name);
    known.ok_or(RowFault::BadValue {
        name: "decision",
        value: name,
        expected: "a verdict",
    })
}

fn read_column<C: Column>(name: &'static str, slot: &Slot<'_>) -> Result<C, RowFault> {
    if slot.twice() {
        return Err(RowFault::Twice(name));
    }
    let Some(raw) = slot.raw() else {
        return Ok(C::absent());
    };
    C::read(raw).ok_or_else(|| RowFault::BadValue {
        name,
        value: raw.to_owned(),
        expected: C::EXPECTED,
    })
}

/// One line of JSON. A number that is not finite, which JSON has no word for, is a text.
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
