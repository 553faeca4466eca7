//! One row of recorded answers. A row does not prove that an engine made the decision, because any
//! program can write a file.

use std::{fmt, str::FromStr};

use portcullis::{
    answer::{AnswerSide, RecordKind, Verdict},
    decide::SkipCode,
    types::{PolicyHash, PositionSide, Shown, Side, Symbol, Timestamp},
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Effect, flip::effect_columns};

/// A row of recorded answers, reduced to the record that it answers and the effect of the answer.
/// Other columns are ignored.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Recorded {
    /// The line number in the file. For an answer that is not from a file, the number of the record.
    pub line: u64,
    /// The number of the record.
    pub n: u64,
    /// The id of the record, or its number if it has no id.
    pub id: String,
    /// The event kind of the record; `None` if it was not recognized.
    pub event: Option<RecordKind>,
    /// The timestamp of the record.
    pub ts: Option<Timestamp>,
    /// The symbol of the record, if readable.
    pub symbol: Option<Symbol>,
    /// The hash of the policy that the record activated.
    pub policy: Option<PolicyHash>,
    /// The effect of the answer.
    pub effect: Effect,
}

/// The reason why a line is not a valid row.
#[derive(Debug, PartialEq, Eq)]
pub struct RowError {
    column: Option<usize>,
    why: String,
}

impl RowError {
    fn new(why: impl Into<String>) -> Self {
        Self {
            column: None,
            why: why.into(),
        }
    }
}

/// Formats the error as the text that follows a line number.
impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.why)
    }
}

impl From<serde_json::Error> for RowError {
    fn from(error: serde_json::Error) -> Self {
        let text = error.to_string();
        let why = match text.rsplit_once(" at line ") {
            _ if error.is_eof() => "the row is incomplete; record these answers again",
            Some((why, _)) => why,
            None => &text,
        };
        Self {
            column: Some(error.column()),
            why: why.to_owned(),
        }
    }
}

macro_rules! define {
    ($($(#[$doc:meta])* $name:ident as $kind:ident: $type:ty,)*) => {
        /// The columns that are used, as raw JSON. A duplicate key is an error; null counts as absent.
        #[derive(Deserialize)]
        struct Columns<'a> {
            #[serde(borrow)]
            n: Option<&'a RawValue>,
            #[serde(borrow)]
            event: Option<&'a RawValue>,
            #[serde(borrow)]
            id: Option<&'a RawValue>,
            #[serde(borrow)]
            ts: Option<&'a RawValue>,
            #[serde(borrow)]
            symbol: Option<&'a RawValue>,
            #[serde(borrow)]
            decision: Option<&'a RawValue>,
            #[serde(borrow)]
            policy_hash: Option<&'a RawValue>,
            $(#[serde(borrow)] $name: Option<&'a RawValue>,)*
        }

        impl Columns<'_> {
            fn effect(&self, decision: Verdict) -> Result<Effect, RowError> {
                Ok(Effect {
                    decision,
                    $($name: $kind(stringify!($name), self.$name)?,)*
                })
            }
        }
    };
}

effect_columns!(define);

impl Recorded {
    /// Parses a row from a line.
    ///
    /// # Errors
    /// Returns an error if the line is not a JSON object, a column is missing or malformed, a code is unknown, or a
    /// column does not belong to the verdict.
    pub fn read(line: u64, text: &str) -> Result<Self, RowError> {
        // Serde would also accept an array of the values.
        if !text.trim_start().starts_with('{') {
            return Err(RowError::new("expected a JSON object"));
        }
        let columns: Columns<'_> = serde_json::from_str(text)?;
        let decision = required("decision", name("decision", columns.decision)?)?;
        let policy = read("policy_hash", columns.policy_hash, "a hash", |text| {
            string(text)?.parse().ok()
        })?;
        let mut effect = columns.effect(decision)?;
        if let Some(side) = effect.side
            && !sides(decision).contains(&side)
        {
            return Err(unknown("side", side.as_str()));
        }
        effect.side.take_if(|_| decision == Verdict::Skip);
        let recorded = Self {
            line,
            n: required("n", whole("n", columns.n)?)?,
            id: required("id", read("id", columns.id, "a string", string)?)?,
            event: name("event", columns.event)?,
            ts: read(
                "ts",
                columns.ts,
                "a timestamp in epoch milliseconds",
                |text| Timestamp::from_millis(text.parse().ok()?).ok(),
            )?,
            symbol: read("symbol", columns.symbol, "a symbol", |text| {
                Symbol::new(&string(text)?).ok()
            })?,
            policy: policy.filter(|_| decision == Verdict::Policy),
            effect,
        };
        recorded.check_event()?;
        recorded.check_columns()?;
        Ok(recorded)
    }

    /// Returns true if the record was unreadable.
    pub(super) fn is_unreadable(&self) -> bool {
        self.effect.reason == Some(SkipCode::IntentUnreadable)
    }

    /// Returns the first column that shows that two rows with the same number answer different records, with both
    /// values. A column that one row lacks is not a contradiction. An unreadable record has no fields to compare.
    pub(super) fn contradiction(&self, other: &Self) -> Option<Contradiction> {
        if self.is_unreadable() != other.is_unreadable() {
            return None;
        }
        let (it, that) = (self, other);
        let event = pair("event", it.event, that.event, |event| {
            event.as_str().to_owned()
        });
        event
            .or_else(|| {
                let ids = (Some(&*it.id), Some(&*that.id));
                pair("id", ids.0, ids.1, |id| Shown(id).to_string())
            })
            .or_else(|| pair("ts", it.ts, that.ts, |ts| ts.as_millis().to_string()))
            .or_else(|| pair("symbol", it.symbol, that.symbol, |it| it.to_string()))
            .or_else(|| pair("policy_hash", it.policy, that.policy, |it| it.to_string()))
    }

    fn check_event(&self) -> Result<(), RowError> {
        let decision = self.effect.decision;
        let fits = match (decision, self.event) {
            (Verdict::Skip, _) => true,
            (Verdict::Trade | Verdict::Exit, event) => event == Some(RecordKind::Intent),
            (Verdict::Harvest, event) => event == Some(RecordKind::Position),
            (Verdict::Policy, event) => matches!(
                event,
                Some(RecordKind::PolicyUpdated | RecordKind::PolicyWithdrawn)
            ),
        };
        if fits {
            return Ok(());
        }
        let decision = decision.as_str();
        Err(RowError::new(match self.event {
            Some(event) => format!(
                "an event `{}` cannot have decision {decision}",
                event.as_str()
            ),
            None => format!("`event` is missing, but {decision} requires it"),
        }))
    }

    /// Checks that the row has all columns that its verdict requires and no column of another verdict.
    fn check_columns(&self) -> Result<(), RowError> {
        use Verdict::{Exit, Harvest, Skip, Trade};
        let it = &self.effect;
        let columns: [(&str, bool, &[Verdict], &[Verdict]); 13] = [
            ("reason", it.reason.is_some(), &[Skip], &[]),
            ("side", it.side.is_some(), &[Trade], &[Exit, Harvest]),
            ("leverage", it.leverage.is_some(), &[Trade], &[]),
            ("size_usd", it.size_usd.is_some(), &[Trade], &[]),
            ("notional_usd", it.notional_usd.is_some(), &[Trade], &[]),
            ("quantity", it.quantity.is_some(), &[], &[Trade, Exit]),
            (
                "quantity_fraction",
                it.quantity_fraction.is_some(),
                &[],
                &[Exit],
            ),
            ("position_leg", it.position_leg.is_some(), &[], &[Exit]),
            ("trigger_price", it.trigger_price.is_some(), &[], &[Exit]),
            (
                "harvest_action",
                it.harvest_action.is_some(),
                &[Harvest],
                &[],
            ),
            (
                "close_quantity",
                it.close_quantity.is_some(),
                &[],
                &[Harvest],
            ),
            (
                "close_fraction",
                it.close_fraction.is_some(),
                &[],
                &[Harvest],
            ),
            ("stop_proposed", it.stop_proposed.is_some(), &[], &[Harvest]),
        ];
        let decision = it.decision;
        for (name, is_present, required_by, optional_for) in columns {
            let is_required = required_by.contains(&decision);
            if is_required && !is_present {
                let decision = decision.as_str();
                return Err(RowError::new(format!(
                    "`{name}` is missing, but {decision} requires it"
                )));
            }
            if is_present && !is_required && !optional_for.contains(&decision) {
                let decision = decision.as_str();
                return Err(RowError::new(format!("{decision} must not have `{name}`")));
            }
        }
        Ok(())
    }
}

/// Returns the sides that are valid for a verdict.
const fn sides(decision: Verdict) -> &'static [AnswerSide] {
    const BUY: AnswerSide = AnswerSide::Order(Side::Buy);
    const SELL: AnswerSide = AnswerSide::Order(Side::Sell);
    const LONG: AnswerSide = AnswerSide::Position(PositionSide::Long);
    const SHORT: AnswerSide = AnswerSide::Position(PositionSide::Short);
    match decision {
        Verdict::Trade | Verdict::Exit => &[BUY, SELL],
        Verdict::Harvest => &[LONG, SHORT],
        Verdict::Skip => &[BUY, SELL, LONG, SHORT],
        Verdict::Policy => &[],
    }
}

/// A column name with its values in the two rows.
type Contradiction = (&'static str, String, String);

fn pair<T: PartialEq>(
    name: &'static str,
    one: Option<T>,
    other: Option<T>,
    text: impl Fn(T) -> String,
) -> Option<Contradiction> {
    let (one, other) = one.zip(other)?;
    (one != other).then(|| (name, text(one), text(other)))
}

fn string(text: &str) -> Option<String> {
    serde_json::from_str(text).ok()
}

/// Parses a column with `parse`. `expected` describes the values that `parse` accepts.
fn read<T>(
    name: &str,
    value: Option<&RawValue>,
    expected: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, RowError> {
    let Some(text) = value.map(RawValue::get) else {
        return Ok(None);
    };
    let why = || format!("`{name}` is `{}`, expected {expected}", Shown(text));
    parse(text).map(Some).ok_or_else(|| RowError::new(why()))
}

/// Parses a finite number without loss of precision.
fn number(name: &str, value: Option<&RawValue>) -> Result<Option<f64>, RowError> {
    read(name, value, "a finite number", |text| {
        text.parse().ok().filter(|number: &f64| number.is_finite())
    })
}

fn whole(name: &str, value: Option<&RawValue>) -> Result<Option<u64>, RowError> {
    read(name, value, "a whole number", |text| text.parse().ok())
}

/// Parses a column that has one of a fixed set of texts.
fn name<T: FromStr>(name: &str, value: Option<&RawValue>) -> Result<Option<T>, RowError> {
    let Some(text) = read(name, value, "a string", string)? else {
        return Ok(None);
    };
    text.parse().map(Some).map_err(|_| unknown(name, &text))
}

fn unknown(name: &str, value: &str) -> RowError {
    RowError::new(format!(
        "`{name}` is `{}`, which is not a known value",
        Shown(value)
    ))
}

fn required<T>(name: &str, value: Option<T>) -> Result<T, RowError> {
    value.ok_or_else(|| RowError::new(format!("`{name}` is missing")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_contradict_each_other_if_both_or_neither_is_unreadable() {
        let row = |id: &str, symbol: &str, reason: &str| {
            let text = format!(
                r#"{{"n":1,"id":"{id}","symbol":"{symbol}","decision":"SKIP","reason":"{reason}"}}"#
            );
            Recorded::read(1, &text).unwrap()
        };
        let unread = |id| row(id, "BTCUSDT", "INTENT_UNREADABLE");
        let read = |id, symbol| row(id, symbol, "POLICY_MISSING");
        assert!(unread("1").is_unreadable() && !read("1", "BTCUSDT").is_unreadable());
        assert_eq!(unread("1").contradiction(&read("a", "ETHUSDT")), None);
        assert_eq!(read("a", "ETHUSDT").contradiction(&unread("1")), None);
        assert_eq!(
            read("a", "ETHUSDT").contradiction(&read("a", "ETHUSDT")),
            None
        );
        let of = |one: Recorded, other: Recorded| one.contradiction(&other).map(|it| it.0);
        assert_eq!(of(unread("1"), unread("2")), Some("id"));
        assert_eq!(of(read("a", "ETHUSDT"), read("b", "ETHUSDT")), Some("id"));
        assert_eq!(
            of(read("a", "ETHUSDT"), read("a", "BTCUSDT")),
            Some("symbol")
        );
    }
}
