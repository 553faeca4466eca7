//! Strategies for guardrails.

use proptest::{option::weighted, prelude::*, sample::select, sample::subsequence};

use super::{
    SYMBOLS, number,
    write::{json, list, object, quote},
};

/// Guardrails that can be written as a document.
#[derive(Debug, Clone)]
pub struct GuardrailsDraft {
    /// The numeric limits, by field name.
    pub numbers: Vec<(&'static str, f64)>,
    /// The value of `permitted_symbols`, if set.
    pub permitted: Option<Vec<String>>,
    /// The value of `market`, if set.
    pub market: Option<&'static str>,
    /// The value of `venue`, if set.
    pub venue: Option<&'static str>,
    /// The value of `require_policy_hash`.
    pub requires_hash: bool,
    /// The value of `halt`.
    pub halt: HaltDraft,
}

/// The halt in a set of guardrails.
#[derive(Debug, Clone)]
pub enum HaltDraft {
    /// There is no halt.
    Nothing,
    /// Entries in these symbols are halted.
    Symbols(Vec<String>),
    /// All entries are halted.
    Everything,
}

/// The fields that limit the leverage, margin and notional of a trade.
pub const MONEY: [&str; 3] = ["max_leverage", "max_position_usd", "max_notional_usd"];

impl GuardrailsDraft {
    /// Returns guardrails without limits.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            numbers: Vec::new(),
            permitted: None,
            market: None,
            venue: None,
            requires_hash: false,
            halt: HaltDraft::Nothing,
        }
    }

    /// Returns the limit in a field.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        let (_, number) = self.numbers.iter().find(|(key, _)| *key == name)?;
        Some(*number)
    }

    /// Sets the limit in a field.
    pub fn set(&mut self, name: &'static str, number: f64) {
        self.numbers.retain(|(key, _)| *key != name);
        self.numbers.push((name, number));
    }

    /// Returns the document as JSON.
    #[must_use]
    pub fn text(&self) -> String {
        let mut members: Vec<(&str, String)> = Vec::new();
        for (name, number) in &self.numbers {
            members.push((name, json(*number, false)));
        }
        if let Some(permitted) = &self.permitted {
            members.push(("permitted_symbols", list(permitted)));
        }
        for (name, place) in [("market", self.market), ("venue", self.venue)] {
            members.extend(place.map(|place| (name, quote(place))));
        }
        if self.requires_hash {
            members.push(("require_policy_hash", "true".to_owned()));
        }
        match &self.halt {
            HaltDraft::Nothing => {}
            HaltDraft::Symbols(symbols) => members.push(("halt", list(symbols))),
            HaltDraft::Everything => members.push(("halt", "\"everything\"".to_owned())),
        }
        object(&members, 0)
    }
}

/// Generates some of the symbols, in the order of [`SYMBOLS`].
pub fn some_symbols() -> impl Strategy<Value = Vec<String>> {
    subsequence(SYMBOLS.to_vec(), 1..SYMBOLS.len())
        .prop_map(|symbols| symbols.into_iter().map(str::to_owned).collect())
}

/// Generates no guardrails, or a few of them, so that most entries can still trade.
pub fn any_guardrails() -> BoxedStrategy<GuardrailsDraft> {
    let some = (
        weighted(0.2, number::positive()),
        weighted(0.2, number::positive()),
        weighted(0.2, number::positive()),
        weighted(0.1, select(vec![0.0, 1e-6, 59.999_999, 60.0, 86_400.0])),
        weighted(0.1, select(vec![0.0, 1e-6, 1.0, 60.0])),
        weighted(0.1, select(vec![0.0, 60.0, 3_600.0, 1e6])),
        weighted(0.15, some_symbols()),
        weighted(0.1, select(vec!["usdm", "spot"])),
        any::<u8>(),
        halt(),
    )
        .prop_map(
            |(leverage, margin, notional, age, skew, validity, permitted, market, roll, halt)| {
                let numbers = [
                    ("max_leverage", leverage),
                    ("max_position_usd", margin),
                    ("max_notional_usd", notional),
                    ("max_intent_age_sec", age),
                    ("max_intent_skew_sec", skew),
                    ("max_validity_sec", validity),
                    ("max_plan_age_sec", plan_age(roll)),
                ];
                GuardrailsDraft {
                    numbers: numbers
                        .into_iter()
                        .filter_map(|(name, number)| Some((name, number?)))
                        .collect(),
                    permitted,
                    market,
                    venue: None,
                    requires_hash: roll < 20,
                    halt,
                }
            },
        );
    prop_oneof![1 => Just(GuardrailsDraft::none()), 1 => some].boxed()
}

/// Returns a `max_plan_age_sec` for about a fifth of the values of `roll`, which is a random number.
const fn plan_age(roll: u8) -> Option<f64> {
    match roll {
        20..30 => Some(0.0),
        30..40 => Some(1e-6),
        40..50 => Some(1.0),
        50..60 => Some(60.0),
        60..70 => Some(86_400.0),
        _ => None,
    }
}

fn halt() -> impl Strategy<Value = HaltDraft> {
    prop_oneof![
        8 => Just(HaltDraft::Nothing),
        1 => some_symbols().prop_map(HaltDraft::Symbols),
        1 => Just(HaltDraft::Everything),
    ]
}
