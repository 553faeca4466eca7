//! Decision functions with well-known failures.

use std::{
    collections::HashMap,
    hash::{BuildHasher, DefaultHasher, Hasher as _},
};

use portcullis::answer::Verdict;
use portcullis_testing::{Decider, Portcullis, Question, Row, Unanswered};
use serde_json::{Map, Value};

/// Returns the members of a record, if it is one flat object.
fn members(asked: &Question) -> Option<Map<String, Value>> {
    serde_json::from_str(&asked.record).ok()
}

/// Returns the same question with another record.
fn about(asked: &Question, members: Map<String, Value>) -> Question {
    Question {
        record: Value::from(members).to_string(),
        ..asked.clone()
    }
}

/// Returns a number that is written as a number or as a string.
fn number(members: &Map<String, Value>, field: &str) -> Option<f64> {
    match members.get(field)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn is(row: &Row, reason: &str) -> bool {
    row.reason.as_deref() == Some(reason)
}

/// A fallback of `leverage.get(symbol).unwrap_or(10.0)` and 200 USD.
pub(crate) struct TenfoldFallback;

impl Decider for TenfoldFallback {
    fn decide(&mut self, asked: &Question) -> Result<Row, Unanswered> {
        let row = Portcullis.decide(asked)?;
        if !is(&row, "POLICY_MISSING") && !is(&row, "POLICY_MISSING_LEVERAGE") {
            return Ok(row);
        }
        let mut row = Row::new(Verdict::Trade);
        row.leverage = Some(10.0);
        row.leverage_source = Some("policy:default".to_owned());
        row.size_usd = Some(200.0);
        row.size_basis = Some("notional".to_owned());
        row.size_source = Some("intent:size".to_owned());
        row.notional_usd = Some(200.0);
        Ok(row)
    }
}

/// Uses the last policy after it has expired.
pub(crate) struct LastPolicyWillDo;

impl Decider for LastPolicyWillDo {
    fn decide(&mut self, asked: &Question) -> Result<Row, Unanswered> {
        let mut asked = asked.clone();
        if let Ok(policy) = asked.read_policy() {
            asked.now = asked.now.min(policy.valid_until());
        }
        Portcullis.decide(&asked)
    }
}

/// Reduces a size to the limits instead of rejecting it.
pub(crate) struct LimitsShave;

impl Decider for LimitsShave {
    fn decide(&mut self, asked: &Question) -> Result<Row, Unanswered> {
        let row = Portcullis.decide(asked)?;
        let Some(mut smaller) = members(asked).filter(|_| is(&row, "POLICY_LIMIT_EXCEEDED")) else {
            return Ok(row);
        };
        let mut size = number(&smaller, "position_size_usd").unwrap_or_default();
        while size > 1e-3 {
            size /= 10.0;
            smaller.insert("position_size_usd".to_owned(), size.into());
            let shaved = Portcullis.decide(&about(asked, smaller.clone()))?;
            if shaved.decision == Verdict::Trade {
                return Ok(shaved);
            }
        }
        Ok(row)
    }
}

/// Assumes that any two floats can be compared.
pub(crate) struct Ordering;

impl Decider for Ordering {
    fn decide(&mut self, asked: &Question) -> Result<Row, Unanswered> {
        let leverage = members(asked).and_then(|members| number(&members, "leverage"));
        if let Some(leverage) = leverage {
            leverage.partial_cmp(&1.0).unwrap();
        }
        Portcullis.decide(asked)
    }
}

/// `if asked <= 0 { reject } else if asked < given { asked } else { given }`: for a NaN both comparisons are false, so
/// it gets the leverage of the policy.
pub(crate) struct NanIsNotBelow;

impl Decider for NanIsNotBelow {
    fn decide(&mut self, asked: &Question) -> Result<Row, Unanswered> {
        let row = Portcullis.decide(asked)?;
        let Some(mut members) = members(asked).filter(|_| is(&row, "POLICY_MISSING_LEVERAGE"))
        else {
            return Ok(row);
        };
        let leverage = number(&members, "leverage").unwrap_or_default();
        if leverage <= 0.0 || leverage.is_infinite() {
            return Ok(row);
        }
        members.remove("leverage");
        Portcullis.decide(&about(asked, members))
    }
}

/// Copies the fields that it knows, and does not know `reduce_only`.
pub(crate) struct LostFlag;

impl Decider for LostFlag {
    fn decide(&mut self, asked: &Question) -> Result<Row, Unanswered> {
        let Some(mut members) = members(asked) else {
            return Portcullis.decide(asked);
        };
        let flags = ["reduce_only", "reduceOnly"].map(|flag| members.remove(flag));
        if flags.iter().all(Option::is_none) {
            return Portcullis.decide(asked);
        }
        Portcullis.decide(&about(asked, members))
    }
}

/// Accepts an entry from the exit owner, so that an exit that lost its flag opens a position.
pub(crate) struct OwnerOpens;

impl Decider for OwnerOpens {
    fn decide(&mut self, asked: &Question) -> Result<Row, Unanswered> {
        let row = Portcullis.decide(asked)?;
        let Some(mut members) = members(asked).filter(|_| is(&row, "INTENT_AMBIGUOUS")) else {
            return Ok(row);
        };
        match members.get("source") {
            Some(source) if *source == *asked.exit_owner => {
                members.remove("source");
                Portcullis.decide(&about(asked, members))
            }
            Some(_) | None => Ok(row),
        }
    }
}

/// Uses the first of two sizes in the iteration order of a map. Each map has another order, as with `RandomState`, but
/// the orders are the same on every run of this test.
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
    fn decide(&mut self, asked: &Question) -> Result<Row, Unanswered> {
        const SIZES: [&str; 3] = ["quantity", "size", "position_size_usd"];
        self.maps.0 += 1;
        let Some(members) = members(asked) else {
            return Portcullis.decide(asked);
        };
        let mut fields = HashMap::with_hasher(self.maps);
        fields.extend(members.clone());
        let mut sizes = fields.keys().filter(|key| SIZES.contains(&key.as_str()));
        let first = sizes.next().cloned();
        if sizes.next().is_none() {
            return Portcullis.decide(asked);
        }
        let others = |key: &String| !SIZES.contains(&key.as_str()) || Some(key) == first.as_ref();
        let kept = members.into_iter().filter(|(key, _)| others(key)).collect();
        Portcullis.decide(&about(asked, kept))
    }
}

/// A decider that never trades, and therefore violates no demand of a law.
pub(crate) struct Never;

impl Decider for Never {
    fn decide(&mut self, asked: &Question) -> Result<Row, Unanswered> {
        let row = Portcullis.decide(asked)?;
        match row.decision {
            Verdict::Trade => Ok(Row::skip("NOT_TODAY")),
            Verdict::Exit | Verdict::Skip | Verdict::Harvest | Verdict::Policy => Ok(row),
        }
    }
}
