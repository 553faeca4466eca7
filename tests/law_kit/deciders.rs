//! The engine with planted bugs, most of them in the question or in the answer.

use std::{
    collections::HashMap,
    hash::{BuildHasher, DefaultHasher, Hasher as _},
};

use portcullis::{answer::Verdict, policy::Policy, types::Timestamp};
use portcullis_testing::{Decider, Law, Portcullis, Question, Row, Unanswered};
use serde_json::{Map, Value};

type Members = Map<String, Value>;

/// A planted bug without state.
#[derive(Clone, Copy)]
pub(crate) struct Bug(pub(crate) fn(&Question) -> Result<Row, Unanswered>);

impl Decider for Bug {
    fn decide(&mut self, question: &Question) -> Result<Row, Unanswered> {
        (self.0)(question)
    }
}

fn ask(question: &Question) -> Result<Row, Unanswered> {
    Portcullis.decide(question)
}

/// Returns the members of a record, if it is one flat object. Of duplicate keys, the last one counts.
fn members(question: &Question) -> Option<Members> {
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
fn ask_changed(question: &Question, change: impl FnOnce(&mut Members)) -> Result<Row, Unanswered> {
    let Some(mut members) = members(question) else {
        return ask(question);
    };
    change(&mut members);
    ask_about(question, members)
}

/// Returns a number that is written as a number or as a string.
fn number(members: &Members, field: &str) -> Option<f64> {
    match members.get(field)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn requested_number(question: &Question, field: &str) -> Option<f64> {
    number(&members(question)?, field)
}

fn symbol(question: &Question) -> Option<String> {
    Some(members(question)?.get("symbol")?.as_str()?.to_uppercase())
}

/// Returns a field of the policy document or of the guardrails, by a JSON pointer.
fn field(text: &str, pointer: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(text).ok()?;
    value.pointer(pointer).cloned()
}

fn policy_field(question: &Question, pointer: &str) -> Option<Value> {
    field(question.policy.as_ref().ok()?, pointer)
}

fn guardrail(question: &Question, pointer: &str) -> Option<Value> {
    field(&question.guardrails, pointer)
}

/// Returns true if a list in the guardrails contains the symbol of the intent.
fn lists(question: &Question, pointer: &str) -> bool {
    let symbol = symbol(question).map(Value::from);
    let list = guardrail(question, pointer);
    let list = list.as_ref().and_then(Value::as_array);
    list.zip(symbol)
        .is_some_and(|(list, symbol)| list.contains(&symbol))
}

fn is(row: &Row, reason: &str) -> bool {
    row.reason.as_deref() == Some(reason)
}

fn trade(leverage: (f64, &str), size: (f64, &str)) -> Row {
    let mut row = Row::new(Verdict::Trade);
    row.leverage = Some(leverage.0);
    row.leverage_source = Some(leverage.1.to_owned());
    row.size_usd = Some(size.0);
    row.size_basis = Some("notional".to_owned());
    row.size_source = Some(size.1.to_owned());
    row.notional_usd = Some(size.0);
    row
}

/// Trades despite a skip reason.
fn forgive(question: &Question, reason: &str) -> Result<Row, Unanswered> {
    let row = ask(question)?;
    if is(&row, reason) {
        return Ok(trade((1.0, "intent:leverage"), (1.0, "intent:size")));
    }
    Ok(row)
}

/// Denies exits for a reason that must only deny entries.
fn deny_exits(question: &Question, denied: bool) -> Result<Row, Unanswered> {
    let row = ask(question)?;
    let is_denied = denied && row.decision == Verdict::Exit;
    Ok(if is_denied { Row::skip("BLOCKED") } else { row })
}

/// Asks at another time if the policy has expired.
fn ask_stale(
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
    ask_changed(question, |members| drop(members.remove("leverage")))
});

/// The engine that copies only the fields that it knows, without `reduce_only`.
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
    ask_changed(question, |members| drop(members.remove("source")))
});

/// The engine that never trades, and therefore violates no demand of a law.
pub(crate) const NEVER_TRADES: Bug = Bug(|question| {
    let row = ask(question)?;
    Ok(match row.decision {
        Verdict::Trade => Row::skip("NOT_TODAY"),
        Verdict::Exit | Verdict::Skip | Verdict::Harvest | Verdict::Policy => row,
    })
});

/// Other planted bugs: a name, the law that must detect it, and a part of the demand that it does not meet.
pub(crate) const OTHERS: [(&str, Law, &str, Bug); 31] = {
    use Law::{
        Deterministic as L6, ExitsAreNeverBlocked as L5, Monotone as L7,
        NoNumberWithoutASource as L2, NoPolicyNoTrade as L1, Total as L3, UnknownInputsFail as L4,
    };
    const NO_POLICY: &str = "an entry without a policy in force must be a SKIP";
    const SPOILED: &str = "must be a SKIP";
    const BLOCKED: &str = "an exit of the exit owner or a delegate must be an EXIT";
    [
        (
            "a policy is accepted one microsecond after its expiry",
            L1,
            NO_POLICY,
            Bug(|question| {
                ask_stale(question, |policy, now| {
                    let expiry = policy.valid_until();
                    if now.since(expiry).as_micros() == 1 {
                        expiry
                    } else {
                        now
                    }
                })
            }),
        ),
        (
            "a wrong policy hash is ignored",
            L1,
            NO_POLICY,
            Bug(|question| {
                let mut question = question.clone();
                if is(&ask(&question)?, "POLICY_HASH_MISMATCH")
                    && let Ok(text) = &question.policy
                    && let Ok(mut policy) = serde_json::from_str::<Members>(text)
                {
                    policy.remove("policy_hash");
                    question.policy = Ok(Value::from(policy).to_string());
                }
                ask(&question)
            }),
        ),
        (
            "an invalid policy is used as far as it can be read",
            L1,
            NO_POLICY,
            Bug(|question| {
                let row = ask(question)?;
                let leverage = symbol(question).and_then(|symbol| {
                    policy_field(question, &format!("/leverage_by_symbol/{symbol}"))?.as_f64()
                });
                match (
                    is(&row, "POLICY_INVALID"),
                    leverage,
                    requested_number(question, "size"),
                ) {
                    (true, Some(leverage), Some(size)) => Ok(trade(
                        (leverage, "policy:leverage_by_symbol.BTCUSDT"),
                        (size, "intent:size"),
                    )),
                    _ => Ok(row),
                }
            }),
        ),
        (
            "a missing leverage is 10x",
            L2,
            "`leverage` must equal its source",
            TENFOLD_FALLBACK,
        ),
        (
            "a missing size is 200 USD",
            L2,
            "`size_usd` must equal its source",
            Bug(|question| {
                let row = ask(question)?;
                if !is(&row, "POLICY_MISSING_SIZE") {
                    return Ok(row);
                }
                ask_changed(question, |members| {
                    members.retain(|field, _| field != "quantity" && field != "qty");
                    members.insert("position_size_usd".to_owned(), 200.0.into());
                })
            }),
        ),
        (
            "a source names another field",
            L2,
            "`size_usd` must equal its source",
            Bug(|question| {
                let mut row = ask(question)?;
                if row.size_source.as_deref() == Some("intent:size") {
                    row.size_source = Some("intent:position_size_usd".to_owned());
                }
                Ok(row)
            }),
        ),
        (
            "a source is lost",
            L2,
            "`leverage` of a TRADE must name its source",
            Bug(|question| {
                let mut row = ask(question)?;
                row.leverage_source = None;
                Ok(row)
            }),
        ),
        (
            "the requested leverage is used",
            L2,
            "must not exceed the leverage of the policy",
            Bug(|question| {
                let mut row = ask(question)?;
                if row.leverage_requested > row.leverage {
                    row.leverage = row.leverage_requested;
                    row.leverage_source = Some("intent:leverage".to_owned());
                }
                Ok(row)
            }),
        ),
        (
            "a size is rounded",
            L2,
            "`size_usd` must equal its source",
            Bug(|question| {
                let mut row = ask(question)?;
                row.size_usd = row.size_usd.map(f64::next_up);
                Ok(row)
            }),
        ),
        (
            "every character is one byte",
            L3,
            "every question must have an answer",
            Bug(|question| {
                if let Some(symbol) = symbol(question) {
                    let (_base, _quote) = symbol.split_at(symbol.len().saturating_sub(4));
                }
                ask(question)
            }),
        ),
        (
            "an unreadable leverage is absent",
            L4,
            SPOILED,
            Bug(|question| {
                if members(question).is_some_and(|it| {
                    it.contains_key("leverage") && number(&it, "leverage").is_none()
                }) {
                    return ask_changed(question, |members| drop(members.remove("leverage")));
                }
                ask(question)
            }),
        ),
        (
            "a quantity without a price is ignored",
            L4,
            SPOILED,
            Bug(|question| {
                if requested_number(question, "price")
                    .or(requested_number(question, "entry_price"))
                    .is_none()
                {
                    return ask_changed(question, |members| drop(members.remove("quantity")));
                }
                ask(question)
            }),
        ),
        (
            "of duplicate keys, the last one counts",
            L4,
            "spoiled by Duplicate",
            Bug(|question| ask_changed(question, |_| ())),
        ),
        ("a missing leverage is 10x", L4, SPOILED, TENFOLD_FALLBACK),
        (
            "a size that is not usable is accepted",
            L4,
            SPOILED,
            Bug(|question| forgive(question, "POLICY_MISSING_SIZE")),
        ),
        (
            "a size of NaN is within its limits",
            L4,
            SPOILED,
            Bug(|question| forgive(question, "POLICY_LIMIT_EXCEEDED")),
        ),
        (
            "an unknown age is accepted",
            L4,
            "spoiled by AgeUnknown",
            Bug(|question| forgive(question, "INTENT_STALE")),
        ),
        (
            "an unknown lead is accepted",
            L4,
            "spoiled by LeadUnknown",
            Bug(|question| forgive(question, "CLOCK_UNTRUSTED")),
        ),
        (
            "a halt denies exits",
            L5,
            BLOCKED,
            Bug(|question| {
                deny_exits(
                    question,
                    guardrail(question, "/halt") == Some("everything".into()),
                )
            }),
        ),
        (
            "the universe denies exits",
            L5,
            BLOCKED,
            Bug(|question| {
                let universe = policy_field(question, "/universe_symbols");
                let symbol = symbol(question).map(Value::from);
                let is_listed = |list: Value| {
                    symbol.is_some_and(|it| list.as_array().is_some_and(|list| list.contains(&it)))
                };
                deny_exits(question, universe.is_some_and(|list| !is_listed(list)))
            }),
        ),
        (
            "a missing policy denies exits",
            L5,
            BLOCKED,
            Bug(|question| deny_exits(question, question.read_policy().is_err())),
        ),
        (
            "an unreadable time denies exits",
            L5,
            BLOCKED,
            Bug(|question| {
                let time = |members: Members| members.get("ts").is_some_and(|ts| !ts.is_i64());
                deny_exits(question, members(question).is_some_and(time))
            }),
        ),
        (
            "an unreadable size denies exits",
            L5,
            BLOCKED,
            Bug(|question| {
                let size = |members: Members| {
                    members.contains_key("size") && number(&members, "size").is_none()
                };
                deny_exits(question, members(question).is_some_and(size))
            }),
        ),
        (
            "`reduceOnly` is unknown",
            L5,
            BLOCKED,
            Bug(|question| {
                if members(question).is_some_and(|members| members.contains_key("reduceOnly")) {
                    return ask_changed(question, |members| drop(members.remove("reduceOnly")));
                }
                ask(question)
            }),
        ),
        (
            "the first of two sizes counts",
            L6,
            "the order of the keys must not change the answer",
            Bug(|question| {
                let place = |field: &str| question.record.find(&format!("{field}\""));
                if place("position_size_usd").is_some()
                    && place("position_size_usd") < place("quantity")
                {
                    return ask_changed(question, |members| drop(members.remove("quantity")));
                }
                ask(question)
            }),
        ),
        (
            "the limit of the policy is a minimum",
            L7,
            "the tightening Limit(\"limits.max_notional_usd\"",
            Bug(|question| {
                let row = ask(question)?;
                match row.decision {
                    _ if policy_field(question, "/limits/max_notional_usd").is_none() => Ok(row),
                    Verdict::Trade => Ok(Row::skip("POLICY_LIMIT_EXCEEDED")),
                    Verdict::Exit | Verdict::Skip | Verdict::Harvest | Verdict::Policy => {
                        forgive(question, "POLICY_LIMIT_EXCEEDED")
                    }
                }
            }),
        ),
        (
            "the halted symbols are the permitted ones",
            L7,
            "the tightening HaltOf(",
            Bug(|question| {
                if lists(question, "/halt") {
                    return forgive(question, "TRADING_HALTED");
                }
                ask(question)
            }),
        ),
        (
            "a permitted symbol need not be listed",
            L7,
            "the tightening Permitted(",
            Bug(|question| {
                if lists(question, "/permitted_symbols") {
                    return forgive(question, "POLICY_UNIVERSE_FILTER");
                }
                ask(question)
            }),
        ),
        (
            "a policy is accepted only in its last twelve hours",
            L7,
            "the tightening EarlierExpiry(",
            Bug(|question| {
                let row = ask(question)?;
                let left = question
                    .read_policy()
                    .map(|policy| policy.valid_until().since(question.now));
                let is_early = left.is_ok_and(|left| left.as_micros() > 43_200_000_000);
                Ok(if is_early {
                    Row::skip("POLICY_CONSTRAINT_VIOLATION")
                } else {
                    row
                })
            }),
        ),
        (
            "a size is reduced to its limit",
            L7,
            "must reject the entry or leave",
            SIZE_REDUCED,
        ),
        (
            "a lower leverage raises the size",
            L7,
            "a lower leverage must not raise `size_usd`",
            Bug(|question| {
                let mut row = ask(question)?;
                row.size_usd = row
                    .size_usd
                    .zip(row.leverage)
                    .map(|(size, leverage)| size / leverage);
                Ok(row)
            }),
        ),
    ]
};

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
