//! The naive engine. It is slow, reads only text, and was written independently of the engine under
//! test.
//!
//! The two engines share no types and no code. Each step reads its fields anew from the text of the
//! line, and each rule is a plain comparison at the place where it applies.

pub(crate) mod decide;
pub(crate) mod direction;
pub(crate) mod exits;
pub(crate) mod fields;
pub(crate) mod harvest;
pub(crate) mod intent;
pub(crate) mod json;
pub(crate) mod policy;
pub(crate) mod record;
pub(crate) mod size;
pub(crate) mod sizes;
pub(crate) mod time;
pub(crate) mod unsupported;

use serde_json::Value;
use std::collections::BTreeMap;

/// An answer by column. An absent column has no entry.
pub(crate) type Answer = BTreeMap<String, Value>;

/// The operator limits.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Guardrails {
    pub max_leverage: Option<f64>,
    pub max_position_usd: Option<f64>,
    pub max_notional_usd: Option<f64>,
    pub max_validity_sec: Option<f64>,
    pub max_intent_age_sec: Option<f64>,
    pub max_future_skew_sec: Option<f64>,
    pub max_plan_age_sec: Option<f64>,
    /// The permitted symbols in normalised form; `None` if all are permitted.
    pub symbols: Option<Vec<String>>,
    pub market: Option<String>,
    pub venue: Option<String>,
    pub require_hash: bool,
    pub require_metadata: bool,
    pub halt: Halt,
    pub max_price_deviation: Option<f64>,
    pub max_stop_distance: Option<f64>,
    pub ignored_fields: Vec<String>,
    /// Sources whose `timestamp` is the time of a candle, with the meaning of the time.
    pub timestamps: Vec<(String, Candle)>,
}

/// The meaning of a `timestamp` that is the time of a candle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Candle {
    /// The beginning of a candle of this length in seconds.
    Open(f64),
    Close,
}

/// The scope of a halt of entries.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Halt {
    Nothing,
    /// Entries in these symbols are halted. The symbols are in normalised form.
    Symbols(Vec<String>),
    Everything,
}

/// Everything that an answer depends on, except the line and the clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct World<'a> {
    /// The text of the policy in either encoding.
    pub policy: Option<&'a str>,
    pub guardrails: &'a Guardrails,
    pub exit_owner: &'a str,
    pub delegates: &'a [String],
    /// A planted mistake, for tests that must detect the mistake.
    pub flaw: Option<Flaw>,
}

/// A mistake that an engine could make.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Flaw {
    /// A symbol without a leverage trades at 10x.
    TenfoldLeverage,
    /// The requested leverage is used even if it exceeds the leverage of the policy.
    RequestedLeverageUncapped,
    /// An infinite number passes a limit.
    OverflowPasses,
    /// A policy is expired at its last microsecond.
    ExpiryIsExclusive,
    /// A stored hash is not checked.
    HashUnchecked,
    /// Duplicate keys are accepted.
    DuplicatesAccepted,
    /// The position side of an intent is ignored.
    LegIgnored,
    /// An exit of a share of a position closes the whole position.
    FractionBecomesEverything,
    /// A `ts` in seconds is accepted.
    SecondsAccepted,
    /// A contradiction between two sizes is accepted, and the smaller size is traded.
    SmallerSizeWins,
    /// Fields that are not supported are ignored.
    UnsupportedIgnored,
    /// The limits apply to the smallest size instead of the largest.
    LimitsOnSmallest,
    /// The age is counted from the latest time.
    AgeFromLatest,
    /// A halt denies exits.
    HaltStopsExits,
    /// A position without a stop has a stop distance of 1 %.
    DefaultStop,
    /// The profit lock may loosen a stop.
    LooseningLock,
    /// The kill score is unavailable if R is unavailable.
    KillNeedsPrice,
    /// A stage closes its share of the current size.
    StageOfCurrentSize,
    /// The part to close is rounded up to whole lots.
    LotsRoundedUp,
}

/// Returns a symbol in normalised form, with ASCII letters in upper case; `None` if the text is not a symbol.
pub(crate) fn symbol(text: &str) -> Option<String> {
    let fits = (1..=32).contains(&text.len());
    let clean = !text
        .chars()
        .any(|letter| letter.is_whitespace() || letter.is_control());
    (fits && clean).then(|| text.to_ascii_uppercase())
}

/// Sets a column. A number that is not finite has no JSON form and is omitted.
fn put(answer: &mut Answer, name: &str, value: impl Into<Value>) {
    let value = value.into();
    if !value.is_null() {
        answer.insert(name.to_owned(), value);
    }
}
