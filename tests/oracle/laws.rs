//! Tests of the naive engine with the law kit, like a port in another language: it must satisfy the
//! laws, and its flaws must violate them.

use super::naive::{self, Answer, Candle, Flaw, Guardrails, Halt, World};
use portcullis_testing::{Decider, Harvester, Law, Laws, Question, Row, Unanswered};
use serde_json::{Value, json};
use std::thread;

struct Naive(Option<Flaw>);

impl Naive {
    fn ask(
        &self,
        question: &Question,
        answer_line: fn(&World<'_>, &str, Option<i64>) -> Answer,
    ) -> Result<Row, Unanswered> {
        let world = World {
            policy: question.policy.as_deref().ok(),
            guardrails: &guardrails(&question.guardrails)?,
            exit_owner: &question.exit_owner,
            delegates: &question.exit_delegates,
            flaw: self.0,
        };
        let mut answer = answer_line(&world, &question.record, Some(question.now.as_micros()));
        // A record with another type of event has no decision in the naive engine.
        answer.entry("decision".to_owned()).or_insert("SKIP".into());
        if answer.get("decision").is_some_and(|it| it == "SKIP") {
            let unreadable = || "INTENT_UNREADABLE".into();
            answer.entry("reason".to_owned()).or_insert_with(unreadable);
        }
        if let Some(Value::String(reasons)) = answer.get_mut("harvest_reasons") {
            let reasons: Vec<&str> = reasons.split(',').filter(|it| !it.is_empty()).collect();
            let reasons = json!(reasons);
            answer.insert("harvest_reasons".to_owned(), reasons);
        }
        Ok(Row::from_json(&serde_json::to_string(&answer)?)?)
    }
}

/// Parses the guardrails of a question. The guardrails of the law kit are always valid.
fn guardrails(text: &str) -> Result<Guardrails, Unanswered> {
    let all: Value = serde_json::from_str(text)?;
    let number = |name: &str| all.get(name).and_then(Value::as_f64);
    let text = |name: &str| all.get(name).and_then(Value::as_str).map(str::to_owned);
    let symbols = |value: &Value| {
        let symbols = value.as_array()?.iter();
        Some(
            symbols
                .filter_map(|it| naive::symbol(it.as_str()?))
                .collect(),
        )
    };
    let halt = all.get("halt");
    let ignored = all.get("ignore_fields").and_then(Value::as_array);
    let ignored = ignored.into_iter().flatten().filter_map(Value::as_str);
    let timestamps = all.get("timestamp_is").and_then(Value::as_object);
    let candle = |value: &Value| {
        let length = value.get("interval_sec").and_then(Value::as_f64);
        length.map_or(Candle::Close, Candle::Open)
    };
    Ok(Guardrails {
        max_leverage: number("max_leverage"),
        max_position_usd: number("max_position_usd"),
        max_notional_usd: number("max_notional_usd"),
        max_validity_sec: number("max_validity_sec"),
        max_intent_age_sec: number("max_intent_age_sec"),
        max_future_skew_sec: number("max_intent_skew_sec"),
        max_plan_age_sec: number("max_plan_age_sec"),
        symbols: all.get("permitted_symbols").and_then(symbols),
        market: text("market"),
        venue: text("venue"),
        require_hash: all.get("require_policy_hash") == Some(&Value::Bool(true)),
        require_metadata: all.get("require_metadata_ok") == Some(&Value::Bool(true)),
        halt: match (halt.and_then(symbols), halt.and_then(Value::as_str)) {
            (Some(symbols), _) => Halt::Symbols(symbols),
            (None, Some("everything")) => Halt::Everything,
            (None, Some(_) | None) => Halt::Nothing,
        },
        max_price_deviation: number("max_price_deviation"),
        max_stop_distance: number("max_stop_distance"),
        ignored_fields: ignored.map(str::to_owned).collect(),
        timestamps: timestamps
            .into_iter()
            .flatten()
            .map(|(source, value)| (source.clone(), candle(value)))
            .collect(),
    })
}

impl Decider for Naive {
    fn decide(&mut self, question: &Question) -> Result<Row, Unanswered> {
        self.ask(question, naive::decide::decide)
    }
}

impl Harvester for Naive {
    fn harvest(&mut self, question: &Question) -> Result<Row, Unanswered> {
        self.ask(question, naive::harvest::harvest)
    }
}

/// Runs a test on a large stack, because the recursion of the naive engine's JSON reader is as deep
/// as the nesting of the text.
fn with_room(test: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(512 << 20).spawn(test);
    thread.unwrap().join().unwrap();
}

#[test]
fn the_naive_engine_keeps_the_laws_of_a_decision() {
    with_room(|| Laws::new().check(&mut Naive(None)).unwrap());
}

#[test]
fn the_naive_engine_keeps_the_laws_of_a_harvest() {
    with_room(|| Laws::new().check_harvester(&mut Naive(None)).unwrap());
}

#[test]
fn the_flaws_of_the_naive_engine_violate_laws() {
    let laws = Laws::new().with_cases(2_000);
    for (flaw, law) in [
        (Flaw::TenfoldLeverage, Law::UnknownInputsFail),
        (Flaw::RequestedLeverageUncapped, Law::NoNumberWithoutASource),
        (Flaw::OverflowPasses, Law::UnknownInputsFail),
        (Flaw::HashUnchecked, Law::NoPolicyNoTrade),
        (Flaw::DuplicatesAccepted, Law::UnknownInputsFail),
        (Flaw::HaltStopsExits, Law::ExitsAreNeverBlocked),
        (Flaw::LegIgnored, Law::ExitsAreNeverBlocked),
        (Flaw::FractionBecomesEverything, Law::NoNumberWithoutASource),
        (Flaw::SecondsAccepted, Law::UnknownInputsFail),
        (Flaw::UnsupportedIgnored, Law::UnknownInputsFail),
    ] {
        let violation = laws.check_law(law, &mut Naive(Some(flaw))).unwrap_err();
        assert_eq!(violation.law(), law, "{flaw:?}: {violation}");
    }
    for (flaw, law) in [
        (Flaw::DefaultStop, Law::NoNumberWithoutASource),
        (Flaw::KillNeedsPrice, Law::ExitsAreNeverBlocked),
    ] {
        let violation = laws
            .check_harvester_law(law, &mut Naive(Some(flaw)))
            .unwrap_err();
        assert_eq!(violation.law(), law, "{flaw:?}: {violation}");
    }
}
