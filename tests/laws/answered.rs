//! The form of an answer that the laws check. It has every number in the answer, and the source
//! that the answer names for the number.

use std::collections::BTreeMap;

use portcullis::{
    answer::{Answer, Verdict},
    decide::{Decision, Gate, Skip, SkipCode, SkipReason, Trade},
    exit::{ExitPermit, ExitRule},
    harvest::{Harvest, HarvestAction, HarvestReasons},
    intent::ExitQuantity,
    provenance::Source,
    types::SignedDuration,
};
use serde_json::Value;

/// A number, and the source that the answer names for it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Number {
    pub(crate) value: f64,
    pub(crate) source: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Answered {
    pub(crate) verdict: Verdict,
    pub(crate) reason: Option<SkipCode>,
    pub(crate) exit_rule: Option<ExitRule>,
    /// Every number of the row by its column, and the numbers that only the typed answer contains.
    pub(crate) numbers: BTreeMap<String, Number>,
    pub(crate) action: Option<HarvestAction>,
    pub(crate) harvest_reasons: Option<HarvestReasons>,
    pub(crate) gates: Vec<Gate>,
    /// The answer as human-readable text.
    pub(crate) text: String,
    /// The row as JSON.
    pub(crate) bytes: String,
}

impl Answered {
    pub(crate) fn number(&self, column: &str) -> Option<f64> {
        self.numbers.get(column).map(|number| number.value)
    }

    pub(crate) fn bits(&self, column: &str) -> Option<u64> {
        self.number(column).map(f64::to_bits)
    }

    pub(crate) fn source(&self, column: &str) -> Option<&str> {
        self.numbers.get(column)?.source.as_deref()
    }

    /// Sets a number of the answer and its source.
    pub(crate) fn set(&mut self, column: &str, value: f64, source: Option<&str>) {
        let source = source.map(str::to_owned);
        self.numbers
            .insert(column.to_owned(), Number { value, source });
    }

    /// Returns this form of a row, without the numbers that only the typed answer contains.
    pub(crate) fn bare(answer: &Answer<'_>) -> Self {
        let row = serde_json::to_value(answer).unwrap();
        let mut answered = Self {
            verdict: answer.decision,
            reason: answer.reason,
            exit_rule: answer.exit_rule,
            numbers: BTreeMap::new(),
            action: answer.harvest_action,
            harvest_reasons: answer.harvest_reasons,
            gates: Vec::new(),
            text: String::new(),
            bytes: serde_json::to_string(answer).unwrap(),
        };
        for (column, value) in row.as_object().into_iter().flatten() {
            // The record number and timestamps are not trading numbers.
            if let (Value::Number(number), false) =
                (value, ["n", "ts", "not_after"].contains(&column.as_str()))
            {
                let source = row.get(source_column(column)).and_then(Value::as_str);
                answered.set(column, number.as_f64().unwrap(), source);
            }
        }
        answered
    }

    pub(crate) fn decision(decision: &Decision<'_>) -> Self {
        let mut answered = Self::bare(&Answer::decision(decision).to(1, None, None));
        answered.gates = decision.gates_passed().to_vec();
        answered.text = decision.to_string();
        match decision {
            Decision::Trade(trade) => answered.add_trade(trade),
            Decision::Exit(permit) => answered.add_exit(permit),
            Decision::Skip(skip) => answered.add_skip(skip),
        }
        answered
    }

    fn add_trade(&mut self, trade: &Trade<'_>) {
        let (notional, margin) = (trade.notional(), trade.margin());
        self.name("notional_usd", notional.source());
        let margin_source = margin.source().to_string();
        self.set("margin_usd", margin.value().get(), Some(&margin_source));
        if let Some(requested) = trade.leverage_requested() {
            self.name("leverage_requested", requested.source());
        }
        if let Some(quantity) = trade.quantity() {
            self.name("quantity", quantity.source());
        }
    }

    fn add_exit(&mut self, permit: &ExitPermit<'_>) {
        match permit.quantity() {
            ExitQuantity::Stated(quantity) => self.name("quantity", quantity.source()),
            ExitQuantity::Fraction(share) => self.name("quantity_fraction", share.source()),
            ExitQuantity::NotStated | ExitQuantity::UsdSizeOnly | ExitQuantity::Unreadable => {}
        }
    }

    /// Adds the limit in the evidence of a skip, if there is one.
    fn add_skip(&mut self, skip: &Skip<'_>) {
        let seconds =
            |span: SignedDuration| span.as_micros().to_string().parse::<f64>().unwrap() / 1e6;
        let limit = match *skip.evidence() {
            SkipReason::LimitExceeded {
                limit: Some(limit), ..
            } => Some((limit.value(), limit.source())),
            SkipReason::IntentStale { age_max, .. } => {
                Some((seconds(age_max.value()), age_max.source()))
            }
            SkipReason::ClockUntrusted { lead_max, .. } => {
                Some((seconds(lead_max.value()), lead_max.source()))
            }
            _ => None,
        };
        if let Some((limit, source)) = limit {
            self.set("limit", limit, Some(&source.to_string()));
        }
    }

    /// Returns this form of a harvest, with its thresholds.
    pub(crate) fn harvest(answer: &Answer<'_>, harvest: &Harvest<'_>) -> Self {
        let mut answered = Self::bare(answer);
        if let Some(stop) = harvest.stop() {
            answered.name("stop_proposed", stop.source());
        }
        if let Ok(r) = harvest.r() {
            answered.name("risk_unit", r.risk_unit().source());
            answered.name("cost", r.cost().source());
            let source = r.stop().source().to_string();
            answered.set("stop", r.stop().value(), Some(&source));
        }
        for threshold in harvest.theta().iter() {
            let source = threshold.source().to_string();
            answered.set(&source, threshold.value(), Some(&source));
        }
        answered
    }

    /// Sets the source of a number from the typed answer.
    fn name(&mut self, column: &str, source: Source) {
        self.numbers.get_mut(column).unwrap().source = Some(source.to_string());
    }
}

/// Returns the column that names the source of another column.
fn source_column(column: &str) -> &str {
    match column {
        "leverage" => "leverage_source",
        "size_usd" => "size_source",
        other => other,
    }
}
