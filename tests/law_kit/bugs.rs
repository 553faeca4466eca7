//! Planted bugs, each with the law that must detect it.

use portcullis::answer::Verdict;
use portcullis_testing::{Law, Row};
use serde_json::Value;

use super::deciders::{
    Bug, Members, SIZE_REDUCED, TENFOLD_FALLBACK, ask, ask_changed, ask_stale, ask_unbounded,
    ask_without, deny_exits, forgive, guardrail, is, lists, members, number, policy_field,
    requested_number, symbol, trade,
};

/// Other planted bugs: a name, the law that must detect it, and a part of the demand that it does not meet.
pub(crate) const OTHERS: [(&str, Law, &str, Bug); 33] = {
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
            "`max_plan_age_sec` is ignored",
            L2,
            "`not_after` must be",
            Bug(ask_unbounded),
        ),
        (
            "`max_plan_age_sec` extends the expiry",
            L7,
            "must not raise `not_after`",
            Bug(|question| {
                let mut row = ask_unbounded(question)?;
                if guardrail(question, "/max_plan_age_sec").is_some() {
                    row.not_after = row.not_after.map(|end| end.saturating_add(1));
                }
                Ok(row)
            }),
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
            "the code under test must return an answer for every input, without an error or a panic",
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
                    return ask_without(question, "leverage");
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
                    return ask_without(question, "quantity");
                }
                ask(question)
            }),
        ),
        (
            "of duplicate keys, the last one counts",
            L4,
            "with the duplicate key",
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
            "with an unknown age",
            Bug(|question| forgive(question, "INTENT_STALE")),
        ),
        (
            "an unknown lead is accepted",
            L4,
            "with an unknown lead",
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
                    return ask_without(question, "reduceOnly");
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
                    return ask_without(question, "quantity");
                }
                ask(question)
            }),
        ),
        (
            "the limit of the policy is a minimum",
            L7,
            "`limits.max_notional_usd` of at most",
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
            "a halt of [",
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
            "must not turn a SKIP into a TRADE",
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
            "an expiry ",
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
            "the entry must be skipped or keep its",
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
