//! Guardrails documents: JSON objects with the operator's limits.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::{CandleTime, Guardrails, Halt};
use crate::{
    intent::is_listed_field,
    json::{Fields, RawField, SyntaxError, Unreadable, scan_object},
    types::{Fraction, Leverage, Margin, Notional, Shown, SignedDuration, Symbol},
};

/// The error for an invalid guardrails document, with all faults of the document.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("invalid guardrails: {}", list(.0))]
pub struct GuardrailsError(Vec<GuardrailsFieldError>);

/// A fault of a guardrails document.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GuardrailsFieldError {
    /// The document is not a JSON object.
    #[error("not a JSON object: {0}")]
    NotAnObject(#[from] SyntaxError),
    /// A key is unknown. This is an error, because otherwise a misspelled limit would be ignored.
    #[error("`{}` is not a known guardrail; check the spelling", Shown(.0))]
    UnknownKey(String),
    /// A key is a duplicate.
    #[error("the key `{0}` occurs more than once")]
    Duplicate(&'static str),
    /// A value is invalid.
    #[error("`{field}` is `{}`, but must be {expected}", Shown(.value))]
    BadValue {
        /// The key with the invalid value.
        field: &'static str,
        /// The invalid value, as it was written.
        value: String,
        /// A description of the values that are accepted.
        expected: &'static str,
    },
}

impl GuardrailsError {
    /// Returns all faults of the document.
    #[must_use]
    pub fn errors(&self) -> &[GuardrailsFieldError] {
        &self.0
    }
}

fn list(faults: &[GuardrailsFieldError]) -> String {
    let texts: Vec<String> = faults.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

impl Guardrails {
    /// Parses a JSON object with any of `max_leverage`, `max_position_usd` (margin), `max_notional_usd`,
    /// `max_validity_sec`, `max_intent_age_sec`, `max_intent_skew_sec`, `max_plan_age_sec`, `max_price_deviation`,
    /// `max_stop_distance`, `ignore_fields` (names of fields of an intent), `timestamp_is` (an object with one member
    /// per source: `{"is": "bar_open", "interval_sec": 900}` or `{"is": "bar_close"}`), `permitted_symbols`, `market`,
    /// `venue`, `require_policy_hash`, `require_metadata_ok` and `halt` (`"nothing"`, `"everything"`, or a list of symbols).
    ///
    /// # Errors
    /// Returns all faults if the text is not a JSON object or has unknown keys, duplicate keys or invalid values. A
    /// symbol with `*` is invalid, because patterns are not supported and `"*"` would match no symbol.
    pub fn from_json(text: &str) -> Result<Self, GuardrailsError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut fields = GuardrailFields::default();
        scan_object(text, &mut fields)
            .map_err(|error| GuardrailsError(vec![GuardrailsFieldError::NotAnObject(error)]))?;
        fields.read()
    }
}

/// The keys of a guardrails document.
#[derive(Default)]
struct GuardrailFields<'a> {
    max_leverage: RawField<'a>,
    max_position_usd: RawField<'a>,
    max_notional_usd: RawField<'a>,
    max_validity_sec: RawField<'a>,
    max_intent_age_sec: RawField<'a>,
    max_intent_skew_sec: RawField<'a>,
    max_plan_age_sec: RawField<'a>,
    max_price_deviation: RawField<'a>,
    max_stop_distance: RawField<'a>,
    ignore_fields: RawField<'a>,
    timestamp_is: RawField<'a>,
    permitted_symbols: RawField<'a>,
    market: RawField<'a>,
    venue: RawField<'a>,
    require_policy_hash: RawField<'a>,
    require_metadata_ok: RawField<'a>,
    halt: RawField<'a>,
    unknown: Vec<String>,
}

impl<'a> Fields<'a> for GuardrailFields<'a> {
    fn field(&mut self, key: &[u8]) -> Option<&mut RawField<'a>> {
        Some(match key {
            b"max_leverage" => &mut self.max_leverage,
            b"max_position_usd" => &mut self.max_position_usd,
            b"max_notional_usd" => &mut self.max_notional_usd,
            b"max_validity_sec" => &mut self.max_validity_sec,
            b"max_intent_age_sec" => &mut self.max_intent_age_sec,
            b"max_intent_skew_sec" => &mut self.max_intent_skew_sec,
            b"max_plan_age_sec" => &mut self.max_plan_age_sec,
            b"max_price_deviation" => &mut self.max_price_deviation,
            b"max_stop_distance" => &mut self.max_stop_distance,
            b"ignore_fields" => &mut self.ignore_fields,
            b"timestamp_is" => &mut self.timestamp_is,
            b"permitted_symbols" => &mut self.permitted_symbols,
            b"market" => &mut self.market,
            b"venue" => &mut self.venue,
            b"require_policy_hash" => &mut self.require_policy_hash,
            b"require_metadata_ok" => &mut self.require_metadata_ok,
            b"halt" => &mut self.halt,
            unknown => {
                self.unknown
                    .push(String::from_utf8_lossy(unknown).into_owned());
                return None;
            }
        })
    }
}

impl GuardrailFields<'_> {
    fn read(self) -> Result<Guardrails, GuardrailsError> {
        let mut faults: Vec<GuardrailsFieldError> = Vec::new();
        for (value, field) in [
            (&self.max_leverage, "max_leverage"),
            (&self.max_position_usd, "max_position_usd"),
            (&self.max_notional_usd, "max_notional_usd"),
            (&self.max_validity_sec, "max_validity_sec"),
            (&self.max_intent_age_sec, "max_intent_age_sec"),
            (&self.max_intent_skew_sec, "max_intent_skew_sec"),
            (&self.max_plan_age_sec, "max_plan_age_sec"),
            (&self.max_price_deviation, "max_price_deviation"),
            (&self.max_stop_distance, "max_stop_distance"),
            (&self.ignore_fields, "ignore_fields"),
            (&self.timestamp_is, "timestamp_is"),
            (&self.permitted_symbols, "permitted_symbols"),
            (&self.market, "market"),
            (&self.venue, "venue"),
            (&self.require_policy_hash, "require_policy_hash"),
            (&self.require_metadata_ok, "require_metadata_ok"),
            (&self.halt, "halt"),
        ] {
            if value.is_duplicate() {
                faults.push(GuardrailsFieldError::Duplicate(field));
            }
        }
        let guardrails = Guardrails {
            max_leverage: amount(
                &self.max_leverage,
                "max_leverage",
                Leverage::new,
                &mut faults,
            ),
            max_position_usd: amount(
                &self.max_position_usd,
                "max_position_usd",
                Margin::new,
                &mut faults,
            ),
            max_notional_usd: amount(
                &self.max_notional_usd,
                "max_notional_usd",
                Notional::new,
                &mut faults,
            ),
            max_validity: duration(&self.max_validity_sec, "max_validity_sec", &mut faults),
            max_intent_age: duration(&self.max_intent_age_sec, "max_intent_age_sec", &mut faults),
            max_intent_skew: duration(
                &self.max_intent_skew_sec,
                "max_intent_skew_sec",
                &mut faults,
            ),
            max_plan_age: duration(&self.max_plan_age_sec, "max_plan_age_sec", &mut faults),
            max_price_deviation: fraction(
                &self.max_price_deviation,
                "max_price_deviation",
                &mut faults,
            ),
            max_stop_distance: fraction(&self.max_stop_distance, "max_stop_distance", &mut faults),
            ignore_fields: ignored(&self.ignore_fields, &mut faults),
            timestamp_is: timestamp_is(&self.timestamp_is).unwrap_or_else(|Unreadable| {
                faults.push(bad(
                    &self.timestamp_is,
                    "timestamp_is",
                    "an object such as `{\"my-source\": {\"is\": \"bar_open\", \"interval_sec\": 900}}`",
                ));
                BTreeMap::new()
            }),
            permitted_symbols: symbols(&self.permitted_symbols).unwrap_or_else(|Unreadable| {
                faults.push(bad(
                    &self.permitted_symbols,
                    "permitted_symbols",
                    "a list of symbols without `*` (to permit all symbols, omit this key)",
                ));
                None
            }),
            market: text(&self.market, "market", &mut faults),
            venue: text(&self.venue, "venue", &mut faults),
            require_policy_hash: flag(
                &self.require_policy_hash,
                "require_policy_hash",
                &mut faults,
            ),
            require_metadata_ok: flag(
                &self.require_metadata_ok,
                "require_metadata_ok",
                &mut faults,
            ),
            halt: halt(&self.halt).unwrap_or_else(|Unreadable| {
                let expected = "`nothing`, `everything` or a list of symbols without `*` (to halt all symbols, use `everything`)";
                faults.push(bad(&self.halt, "halt", expected));
                Halt::Everything
            }),
        };
        faults.extend(
            self.unknown
                .into_iter()
                .map(GuardrailsFieldError::UnknownKey),
        );
        if faults.is_empty() {
            Ok(guardrails)
        } else {
            Err(GuardrailsError(faults))
        }
    }
}

fn bad(value: &RawField<'_>, field: &'static str, expected: &'static str) -> GuardrailsFieldError {
    GuardrailsFieldError::BadValue {
        field,
        value: value.raw().unwrap_or("null").to_owned(),
        expected,
    }
}

fn amount<T, E>(
    value: &RawField<'_>,
    field: &'static str,
    new: fn(f64) -> Result<T, E>,
    faults: &mut Vec<GuardrailsFieldError>,
) -> Option<T> {
    let bound = new(value.number()?).ok();
    if bound.is_none() && !value.is_duplicate() {
        faults.push(bad(value, field, "a finite number greater than 0"));
    }
    bound
}

fn fraction(
    value: &RawField<'_>,
    field: &'static str,
    faults: &mut Vec<GuardrailsFieldError>,
) -> Option<Fraction> {
    let bound = Fraction::new(value.number()?).ok();
    if bound.is_none() && !value.is_duplicate() {
        faults.push(bad(value, field, "a fraction greater than 0 and at most 1"));
    }
    bound
}

/// Reads the names of fields to ignore. A field that is known to change an order cannot be ignored.
fn ignored(value: &RawField<'_>, faults: &mut Vec<GuardrailsFieldError>) -> BTreeSet<String> {
    const FIELD: &str = "ignore_fields";
    let Some(raw) = value.raw() else {
        return BTreeSet::new();
    };
    match serde_json::from_str::<BTreeSet<String>>(raw) {
        Ok(names) if names.iter().any(|name| is_listed_field(name)) => {
            faults.push(bad(
                value,
                FIELD,
                "a list without fields that are known to change an order",
            ));
        }
        Ok(names) => return names,
        Err(_) => faults.push(bad(value, FIELD, "a list of names of fields")),
    }
    BTreeSet::new()
}

/// The meaning of `timestamp` in the intents of one source.
#[derive(serde::Deserialize)]
#[serde(tag = "is", rename_all = "snake_case", deny_unknown_fields)]
enum TimestampIs {
    BarOpen { interval_sec: serde_json::Number },
    BarClose {},
}

fn timestamp_is(value: &RawField<'_>) -> Result<BTreeMap<String, CandleTime>, Unreadable> {
    let Some(raw) = value.raw() else {
        return Ok(BTreeMap::new());
    };
    let sources: BTreeMap<String, TimestampIs> =
        serde_json::from_str(raw).map_err(|_| Unreadable)?;
    let meaning = |is: TimestampIs| match is {
        TimestampIs::BarClose {} => Ok(CandleTime::Close),
        TimestampIs::BarOpen { interval_sec } => {
            let interval = SignedDuration::parse_seconds(&interval_sec.to_string());
            let interval = interval.ok().filter(|it| it.as_micros() > 0);
            interval.map(CandleTime::Open).ok_or(Unreadable)
        }
    };
    sources
        .into_iter()
        .map(|(source, is)| Ok((source, meaning(is)?)))
        .collect()
}

fn duration(
    value: &RawField<'_>,
    field: &'static str,
    faults: &mut Vec<GuardrailsFieldError>,
) -> Option<SignedDuration> {
    value.raw()?;
    let text = value.number_text().ok().flatten();
    let bound = text
        .and_then(|text| SignedDuration::parse_seconds(&text).ok())
        .filter(|it| it.as_micros() >= 0);
    if bound.is_none() {
        faults.push(bad(value, field, "a finite number of seconds, 0 or more"));
    }
    bound
}

/// Reads a flag. It is false if it is absent.
fn flag(value: &RawField<'_>, field: &'static str, faults: &mut Vec<GuardrailsFieldError>) -> bool {
    match value.raw() {
        Some("true") => return true,
        Some("false") | None => {}
        Some(_) => faults.push(bad(value, field, "true or false")),
    }
    false
}

fn text(
    value: &RawField<'_>,
    field: &'static str,
    faults: &mut Vec<GuardrailsFieldError>,
) -> Option<String> {
    value.raw()?;
    let text = value.text().ok().flatten().map(|text| text.into_owned());
    if text.is_none() {
        faults.push(bad(value, field, "text"));
    }
    text
}

/// Reads a list of symbols. A `*` is rejected, because patterns are not supported: a halt of `*` would halt nothing.
fn symbols(value: &RawField<'_>) -> Result<Option<BTreeSet<Symbol>>, Unreadable> {
    let Some(raw) = value.raw() else {
        return Ok(None);
    };
    let names: Vec<String> = serde_json::from_str(raw).map_err(|_| Unreadable)?;
    let symbol = |name: &String| Symbol::new(name).ok().filter(|_| !name.contains('*'));
    let symbols: Option<BTreeSet<Symbol>> = names.iter().map(symbol).collect();
    symbols.map(Some).ok_or(Unreadable)
}

fn halt(value: &RawField<'_>) -> Result<Halt, Unreadable> {
    match value.text() {
        Ok(None) => Ok(Halt::Nothing),
        Ok(Some(word)) => match word.as_ref() {
            "nothing" => Ok(Halt::Nothing),
            "everything" => Ok(Halt::Everything),
            _ => Err(Unreadable),
        },
        Err(Unreadable) => Ok(symbols(value)?.map_or(Halt::Nothing, Halt::Symbols)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_not_a_symbol() {
        for list in [r#"["*"]"#, r#"["BTCUSDT", "*"]"#, r#"["BTC*"]"#] {
            let refused = |field: &str| {
                Guardrails::from_json(&format!(r#"{{"{field}": {list}}}"#)).unwrap_err()
            };
            assert_eq!(
                refused("halt").to_string(),
                format!(
                    "invalid guardrails: `halt` is `{list}`, but must be `nothing`, `everything` or a list of symbols \
                     without `*` (to halt all symbols, use `everything`)"
                )
            );
            assert_eq!(
                refused("permitted_symbols").to_string(),
                format!(
                    "invalid guardrails: `permitted_symbols` is `{list}`, but must be a list of symbols without `*` \
                     (to permit all symbols, omit this key)"
                )
            );
        }
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        let text = r#"{"max_leverage": 5}"#;
        let marked = Guardrails::from_json(&format!("\u{feff}{text}")).unwrap();
        assert_eq!(marked, Guardrails::from_json(text).unwrap());
    }
}
