//! The engine with planted bugs, most of them in the question or in the answer.

use std::{
    collections::HashMap,
    hash::{BuildHasher, DefaultHasher, Hasher as _},
};

use portcullis::{answer::Verdict, policy::Policy, types::Timestamp};
use portcullis_testing::{Decider, Portcullis, Question, Row, Unanswered};
use serde_json::{Map, Value};

pub(super) type Members = Map<String, Value>;

/// A planted bug without state.
#[derive(Clone, Copy)]
pub(crate) struct Bug(pub(crate) fn(&Question) -> Result<Row, Unanswered>);

impl Decider for Bug {
    fn decide(&mut self, question: &Question) -> Result<Row, Unanswered> {
        (self.0)(question)
    }
}

pub(super) fn ask(question: &Question) -> Result<Row, Unanswered> {
    Portcullis.decide(question)
}

/// Returns the members of a record, if it is one flat object. Of duplicate keys, the last one counts.
pub(super) fn members(question: &Question) -> Option<Members> {
    serde_json::from_str(&question.record).ok()
}

/// Asks the same question with another record.
fn ask_about(question: &Question, members: Members) -> Result<Row, Unanswered> {
    ask(&Question {
        record: Value::from(members).to_string(),
        ..question.clone()
    })
}

/// Asks the same question with a changed record.
pub(super) fn ask_changed(
    question: &Question,
    change: impl FnOnce(&mut Members),
) -> Result<Row, Unanswered> {
    let Some(mut members) = members(question) else {
        return ask(question);
    };
    change(&mut members);
    ask_about(question, members)
}

/// Asks the same question without a field of the record.
pub(super) fn ask_without(question: &Question, field: &str) -> Result<Row, Unanswered> {
    ask_changed(question, |members| drop(members.remove(field)))
}

/// Returns a number that is written as a number or as a string.
pub(super) fn number(members: &Members, field: &str) -> Option<f64> {
    match members.get(field)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

pub(super) fn requested_number(question: &Question, field: &str) -> Option<f64> {
    number(&members(question)?, field)
}

pub(super) fn symbol(question: &Question) -> Option<String> {
    Some(members(question)?.get("symbol")?.as_str()?.to_uppercase())
}

/// Returns a field of the policy document or of the guardrails, by a JSON pointer.
fn field(text: &str, pointer: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(text).ok()?;
    value.pointer(pointer).cloned()
}

pub(super) fn policy_field(question: &Question, pointer: &str) -> Option<Value> {
    field(question.policy.as_ref().ok()?, pointer)
}

pub(super) fn guardrail(question: &Question, pointer: &str) -> Option<Value> {
    field(&question.guardrails, pointer)
}

/// Returns true if a list in the guardrails contains the symbol of the intent.
pub(super) fn lists(question: &Question, pointer: &str) -> bool {
    let symbol = symbol(question).map(Value::from);
    let list = guardrail(question, pointer);
    let list = list.as_ref().and_then(Value::as_array);
    list.zip(symbol)
        .is_some_and(|(list, symbol)| list.contains(&symbol))
}

pub(super) fn is(row: &Row, reason: &str) -> bool {
    row.reason.as_deref() == Some(reason)
}

pub(super) fn trade(leverage: (f64, &str), size: (f64, &str)) -> Row {
    let mut row = Row::new(Verdict::Trade);
    row.leverage = Some(leverage.0);
    row.leverage_source = Some(leverage.1.to_owned());
    row.size_usd = Some(size.0);
    row.size_basis = Some("notional".to_owned());
    row.size_source = Some(size.1.to_owned());
    row.notional_usd = Some(size.0);
    row
}

/// Asks the same question without `max_plan_age_sec`.
pub(super) fn ask_unbounded(question: &Question) -> Result<Row, Unanswered> {
    let mut question = question.clone();
    if guardrail(&question, "/max_plan_age_sec").is_some()
        && let Ok(mut guardrails) = serde_json::from_str::<Members>(&question.guardrails)
    {
        guardrails.remove("max_plan_age_sec");
        question.guardrails = Value::from(guardrails).to_string();
    }
    ask(&question)
}

/// Trades despite a skip reason.
pub(super) fn forgive(question: &Question, reason: &str) -> Result<Row, Unanswered> {
    let row = ask(question)?;
    if is(&row, reason) {
        return Ok(trade((1.0, "intent:leverage"), (1.0, "intent:size")));
    }
    Ok(row)
}

/// Denies exits for a reason that must only deny entries.
pub(super) fn deny_exits(question: &Question, denied: bool) -> Result<Row, Unanswered> {
    let row = ask(question)?;
    let is_denied = denied && row.decision == Verdict::Exit;
    Ok(if is_denied { Row::skip("BLOCKED") } else { row })
}

/// Asks at another time if the policy has expired.
pub(super) fn ask_stale(
    question: &Question,
    time: impl FnOnce(&Policy, Timestamp) -> Timestamp,
) -> Result<Row, Unanswered> {
    let mut question = question.clone();
    if let Ok(policy) = question.read_policy() {
        question.now = time(&policy, question.now);
    }
    ask(&question)
}

/// The engine with fallbacks: a leverage of 10 as in `leverage.get(symbol).unwrap_or(10.0)`, and a
/// size of 200 USD.
pub(crate) const TENFOLD_FALLBACK: Bug = Bug(|question| {
    let row = ask(question)?;
    if is(&row, "POLICY_MISSING") || is(&row, "POLICY_MISSING_LEVERAGE") {
        return Ok(trade((10.0, "policy:default"), (200.0, "intent:size")));
    }
    Ok(row)
});

/// The engine that uses the last policy even after its expiry.
pub(crate) const LAST_POLICY: Bug =
    Bug(|question| ask_stale(question, |policy, now| now.min(policy.valid_until())));

/// The engine that reduces a size to the limits instead of rejecting it.
pub(crate) const SIZE_REDUCED: Bug = Bug(|question| {
    let row = ask(question)?;
    let Some(mut smaller) = members(question).filter(|_| is(&row, "POLICY_LIMIT_EXCEEDED")) else {
        return Ok(row);
    };
    let mut size = number(&smaller, "position_size_usd").unwrap_or_default();
    while size > 1e-3 {
        size /= 10.0;
        smaller.insert("position_size_usd".to_owned(), size.into());
        let reduced = ask_about(question, smaller.clone())?;
        if reduced.decision == Verdict::Trade {
            return Ok(reduced);
        }
    }
    Ok(row)
});

/// The engine that assumes that any two floats can be compared.
pub(crate) const COMPARES_FLOATS: Bug = Bug(|question| {
    if let Some(leverage) = requested_number(question, "leverage") {
        leverage.partial_cmp(&1.0).unwrap();
    }
    ask(question)
});

/// The engine with `if asked <= 0 { reject } else if asked < given { asked } else { given }`. For a
/// NaN, both comparisons are false, so the NaN gets the leverage of the policy.
pub(crate) const NAN_IS_NOT_BELOW: Bug = Bug(|question| {
    let row = ask(question)?;
    let leverage = requested_number(question, "leverage").unwrap_or_default();
    if !is(&row, "POLICY_MISSING_LEVERAGE") || leverage <= 0.0 || leverage.is_infinite() {
        return Ok(row);
    }
    ask_without(question, "leverage")
});

/// The engine that copies only some of the fields, without `reduce_only`.
pub(crate) const FLAG_LOST: Bug = Bug(|question| {
    let has_flag = |members: &Members| {
        ["reduce_only", "reduceOnly"]
            .iter()
            .any(|flag| members.contains_key(*flag))
    };
    if !members(question).is_some_and(|members| has_flag(&members)) {
        return ask(question);
    }
    ask_changed(question, |members| {
        members.retain(|field, _| field != "reduce_only" && field != "reduceOnly");
    })
});

/// The engine that accepts an entry from the exit owner, so that an exit whose flag was lost opens
/// a position.
pub(crate) const OWNER_OPENS: Bug = Bug(|question| {
    let row = ask(question)?;
    let source = members(question).and_then(|members| members.get("source").cloned());
    if !is(&row, "INTENT_AMBIGUOUS") || source.is_none_or(|it| it != *question.exit_owner) {
        return Ok(row);
    }
    ask_without(question, "source")
});

/// The engine that never trades, and therefore violates no demand of a law.
pub(crate) const NEVER_TRADES: Bug = Bug(|question| {
    let row = ask(question)?;
    Ok(match row.decision {
        Verdict::Trade => Row::skip("NOT_TODAY"),
        Verdict::Exit | Verdict::Skip | Verdict::Harvest | Verdict::Policy => row,
    })
});

/// The engine that uses the first of two sizes in the iteration order of a map. Each map has
/// another order, as with `RandomState`, but the orders are the same on every run of this test.
#[derive(Default)]
pub(crate) struct Unordered {
    maps: Salt,
}

#[derive(Default, Clone, Copy)]
struct Salt(u64);

impl BuildHasher for Salt {
    type Hasher = DefaultHasher;

    fn build_hasher(&self) -> DefaultHasher {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.0);
        hasher
    }
}

impl Decider for Unordered {
    fn decide(&mut self, question: &Question) -> Result<Row, Unanswered> {
        const SIZES: [&str; 3] = ["quantity", "size", "position_size_usd"];
        self.maps.0 += 1;
        let Some(members) = members(question) else {
            return ask(question);
        };
        let mut fields = HashMap::with_hasher(self.maps);
        fields.extend(members.clone());
        let mut sizes = fields.keys().filter(|key| SIZES.contains(&key.as_str()));
        let first = sizes.next().cloned();
        if sizes.next().is_none() {
            return ask(question);
        }
        let others = |key: &String| !SIZES.contains(&key.as_str()) || Some(key) == first.as_ref();
        ask_about(
            question,
            members.into_iter().filter(|(key, _)| others(key)).collect(),
        )
    }
}

/// The engine that returns another answer for every hundredth question.
pub(crate) struct Counting(pub(crate) u64);

impl Decider for Counting {
    fn decide(&mut self, question: &Question) -> Result<Row, Unanswered> {
        self.0 += 1;
        if self.0.is_multiple_of(100) {
            return Ok(Row::skip("POLICY_STORE_UNAVAILABLE"));
        }
        ask(question)
    }
}

/// The engine that adds the size of the last trade to other answers.
#[derive(Default)]
pub(crate) struct Remembering(Option<f64>);

impl Decider for Remembering {
    fn decide(&mut self, question: &Question) -> Result<Row, Unanswered> {
        let mut row = ask(question)?;
        self.0 = row.size_usd.or(self.0);
        row.size_usd = self.0;
        Ok(row)
    }
}
