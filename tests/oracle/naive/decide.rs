//! The ten gates in order.

use super::exits::Amount;
use super::fields::{Given, positive};
use super::intent::{self, Emitter, Intent};
use super::policy::{self, Policy};
use super::size::Statement;
use super::{Answer, Flaw, Halt, World, put};

const EXCEEDED: &str = "POLICY_LIMIT_EXCEEDED";

/// Answers one intent.
pub(crate) fn decide(world: &World<'_>, line: &str, now: Option<i64>) -> Answer {
    let mut answer = Answer::new();
    if let Some(event) = intent::other_event_type(line) {
        put(&mut answer, "event", event);
        return answer;
    }
    match gates(world, line, now, &mut answer) {
        Ok(()) => answer,
        Err(reason) => skip(answer, reason),
    }
}

/// Turns an answer into a skip. Columns that were computed before the gate failed are removed.
pub(crate) fn skip(mut answer: Answer, reason: &str) -> Answer {
    answer.retain(|name, _| {
        matches!(
            name.as_str(),
            "symbol" | "side" | "policy_version" | "policy_hash"
        )
    });
    put(&mut answer, "decision", "SKIP");
    put(&mut answer, "reason", reason);
    put(&mut answer, "detail", "");
    answer
}

fn gates(
    world: &World<'_>,
    line: &str,
    now: Option<i64>,
    answer: &mut Answer,
) -> Result<(), &'static str> {
    let intent = intent::read(world, line, now.is_some())?;
    put(answer, "symbol", intent.symbol.as_str());
    if let Some(side) = intent.direction.side {
        put(answer, "side", side);
    }
    let is_exit = intent.direction.is_exit;
    if is_exit && world.flaw == Some(Flaw::HaltStopsExits) {
        halted(world, &intent)?;
    }
    let is_named = |name: &String| intent.source == Emitter::Named(name.clone());
    let owner = is_named(&world.exit_owner.to_owned());
    let delegate = world.delegates.iter().any(is_named);
    if is_exit {
        if !owner && !delegate {
            return Err("DENY_NOT_EXIT_OWNER");
        }
        put(
            answer,
            "exit_rule",
            if owner { "owner" } else { "delegate" },
        );
        exit(&intent, answer);
        return Ok(());
    }
    if owner || delegate || intent.source == Emitter::Unreadable {
        return Err("INTENT_AMBIGUOUS");
    }
    let now = now.or(intent.event_time).unwrap();
    halted(world, &intent)?;
    let policy = valid_policy(world, answer)?;
    permitted(world, &policy, now)?;
    in_force(world, &policy, now, 0)?;
    fresh(world, &policy, &intent, now)?;
    let permitted = world
        .guardrails
        .symbols
        .as_ref()
        .is_none_or(|symbols| symbols.contains(&intent.symbol));
    if !policy.universe.contains(&intent.symbol) || !permitted {
        return Err("POLICY_UNIVERSE_FILTER");
    }
    let leverage = leverage(world, &policy, &intent, answer)?;
    sized(world, &policy, &intent, leverage, answer)?;
    put(answer, "decision", "TRADE");
    let expiry = policy.valid_until;
    let last = match world.guardrails.max_plan_age_sec {
        None => expiry,
        Some(age) => expiry.min(i128::from(now) + micros(age)),
    };
    put(
        answer,
        "not_after",
        i64::try_from(last.div_euclid(1_000)).unwrap(),
    );
    Ok(())
}

/// Returns a number of seconds in microseconds.
fn micros(seconds: f64) -> i128 {
    format!("{:.0}", seconds * 1e6).parse().unwrap()
}

/// Fills the columns of an exit.
fn exit(intent: &Intent, answer: &mut Answer) {
    put(answer, "decision", "EXIT");
    if let Some(leg) = intent.direction.leg {
        put(answer, "position_leg", leg);
    }
    if let Some(trigger) = intent.trigger {
        put(answer, "trigger_price", trigger);
    }
    match intent.amount {
        Amount::Units(units) => put(answer, "quantity", units),
        Amount::Fraction(fraction) => put(answer, "quantity_fraction", fraction),
        Amount::Absent | Amount::Unknown => {}
    }
    if intent.is_noted {
        put(answer, "detail", "");
    }
}

/// Checks gate 3: no halt covers the symbol.
fn halted(world: &World<'_>, intent: &Intent) -> Result<(), &'static str> {
    let halted = match &world.guardrails.halt {
        Halt::Nothing => false,
        Halt::Symbols(symbols) => symbols.contains(&intent.symbol),
        Halt::Everything => true,
    };
    if halted {
        Err("TRADING_HALTED")
    } else {
        Ok(())
    }
}

/// Checks the first part of gate 4: the policy is present and valid.
pub(crate) fn valid_policy(world: &World<'_>, answer: &mut Answer) -> Result<Policy, &'static str> {
    let text = world.policy.ok_or("POLICY_MISSING")?;
    let policy = policy::read(text, world.flaw)?;
    put(answer, "policy_version", policy.version.as_str());
    put(answer, "policy_hash", policy.hash.as_str());
    Ok(policy)
}

/// Checks the second part of gate 4: the guardrails permit the policy.
fn permitted(world: &World<'_>, policy: &Policy, now: i64) -> Result<(), &'static str> {
    let guardrails = world.guardrails;
    let length = policy.valid_until - policy.valid_from.unwrap_or(i128::from(now));
    let too_long = guardrails
        .max_validity_sec
        .is_some_and(|longest| seconds(length) > longest);
    let elsewhere = guardrails.market.is_some() && guardrails.market != policy.market;
    let at_another = guardrails.venue.is_some() && guardrails.venue != policy.venue;
    let unhashed = guardrails.require_hash && !policy.hash_is_stored;
    let is_doubted = guardrails.require_metadata && !policy.metadata_is_ok;
    if too_long || elsewhere || at_another || unhashed || is_doubted {
        return Err("POLICY_CONSTRAINT_VIOLATION");
    }
    Ok(())
}

/// Checks gate 5 with a grace period of `grace` microseconds after the expiry.
pub(crate) fn in_force(
    world: &World<'_>,
    policy: &Policy,
    now: i64,
    grace: i128,
) -> Result<(), &'static str> {
    let now = i128::from(now);
    if policy.valid_from.is_some_and(|from| now < from) {
        return Err("POLICY_NOT_YET_VALID");
    }
    let late = if world.flaw == Some(Flaw::ExpiryIsExclusive) {
        1
    } else {
        0
    };
    if now + late > policy.valid_until + grace {
        return Err("POLICY_STALE");
    }
    Ok(())
}

/// Checks gate 6: the intent is neither too old nor too far ahead of the clock.
fn fresh(
    world: &World<'_>,
    policy: &Policy,
    intent: &Intent,
    now: i64,
) -> Result<(), &'static str> {
    // The age of an intent without a time of sending is unknown.
    let since = |sent: Option<i64>| {
        sent.map_or(f64::NAN, |sent| seconds(i128::from(now) - i128::from(sent)))
    };
    let (first, last) = (
        intent.sent.map(|(first, _)| first),
        intent.sent.map(|(_, last)| last),
    );
    let age = since(if world.flaw == Some(Flaw::AgeFromLatest) {
        last
    } else {
        first
    });
    let lead = -since(last);
    let of_policy = policy.limits.get("max_intent_age_sec").copied();
    for bound in [of_policy, world.guardrails.max_intent_age_sec]
        .into_iter()
        .flatten()
    {
        let is_young = age <= bound;
        if !is_young {
            return Err("INTENT_STALE");
        }
    }
    let skew = world.guardrails.max_future_skew_sec;
    if skew.is_none_or(|bound| lead <= bound) {
        Ok(())
    } else {
        Err("CLOCK_UNTRUSTED")
    }
}

/// Checks gate 8 and returns the leverage of the trade with its source.
fn leverage(
    world: &World<'_>,
    policy: &Policy,
    intent: &Intent,
    answer: &mut Answer,
) -> Result<f64, &'static str> {
    const MISSING: &str = "POLICY_MISSING_LEVERAGE";
    let given = match policy.leverage.get(&intent.symbol) {
        Some(given) => *given,
        None if world.flaw == Some(Flaw::TenfoldLeverage) => 10.0,
        None => return Err(MISSING),
    };
    let requested = match intent.leverage {
        Given::Absent => None,
        Given::Unreadable | Given::Number(_) => Some(positive(intent.leverage).ok_or(MISSING)?),
    };
    if let Some(requested) = requested {
        put(answer, "leverage_requested", requested);
    }
    let (leverage, source) = match requested {
        Some(requested)
            if requested < given || world.flaw == Some(Flaw::RequestedLeverageUncapped) =>
        {
            (requested, "intent:leverage".to_owned())
        }
        Some(_) | None => (
            given,
            format!("policy:leverage_by_symbol.{}", intent.symbol),
        ),
    };
    put(answer, "leverage", leverage);
    put(answer, "leverage_source", source);
    Ok(leverage)
}

/// Checks gates 9 and 10: the size, and the limits.
fn sized(
    world: &World<'_>,
    policy: &Policy,
    intent: &Intent,
    leverage: f64,
    answer: &mut Answer,
) -> Result<(), &'static str> {
    const MISSING: &str = "POLICY_MISSING_SIZE";
    let statements = intent.size.statements.clone().ok_or(MISSING)?;
    let has_margin = statements.iter().any(|it| it.basis == "margin");
    let statements: Vec<Statement> = statements
        .into_iter()
        .map(|it| match positive(intent.leverage) {
            Some(requested) if has_margin && it.basis != "margin" => Statement {
                basis: "margin",
                source: "intent:notional/leverage".to_owned(),
                usd: it.usd / requested,
                quantity: None,
                ..it
            },
            _ => it,
        })
        .collect();
    let statements = &statements;
    let amounts = |statement: &Statement| {
        if statement.basis == "margin" {
            (statement.usd, statement.usd * leverage)
        } else {
            (statement.usd / leverage, statement.usd)
        }
    };
    let mut smallest = statements.first().ok_or(MISSING)?;
    for statement in statements {
        if amounts(statement).1 < amounts(smallest).1 {
            smallest = statement;
        }
    }
    let guardrails = world.guardrails;
    for statement in statements {
        if world.flaw == Some(Flaw::LimitsOnSmallest) && statement != smallest {
            continue;
        }
        let (margin, notional) = amounts(statement);
        let bounds = [
            (leverage, "max_leverage", guardrails.max_leverage),
            (margin, "max_position_usd", guardrails.max_position_usd),
            (notional, "max_notional_usd", guardrails.max_notional_usd),
        ];
        for (number, name, of_operator) in bounds {
            let limits = [policy.limits.get(name).copied(), of_operator];
            let mut limits = limits.into_iter().flatten();
            let within = number > 0.0 && number.is_finite() && limits.all(|limit| number <= limit);
            let overflows = number.is_infinite() && world.flaw == Some(Flaw::OverflowPasses);
            if !within && !overflows {
                return Err(EXCEEDED);
            }
        }
    }
    distances(world, intent)?;
    put(answer, "size_usd", smallest.usd);
    put(answer, "size_basis", smallest.basis);
    put(answer, "size_source", smallest.source.as_str());
    let notional = amounts(smallest).1;
    put(answer, "notional_usd", notional);
    let quantity = match smallest.quantity {
        Some(quantity) => Some(quantity),
        None => positive(intent.conversion).map(|price| notional / price),
    };
    if let Some(quantity) = quantity.filter(|quantity| *quantity > 0.0) {
        put(answer, "quantity", quantity);
    }
    Ok(())
}

/// Checks the part of gate 10 that concerns prices.
fn distances(world: &World<'_>, intent: &Intent) -> Result<(), &'static str> {
    let (price, entry) = (intent.price, positive(intent.entry_price));
    if let (Some(limit), Some(entry)) = (world.guardrails.max_price_deviation, entry)
        && price != Given::Absent
    {
        let far = positive(price).map_or(f64::NAN, |price| (price - entry).abs() / entry);
        let within = far <= limit;
        if !within {
            return Err(EXCEEDED);
        }
    }
    if let (Some(limit), Some(stop)) = (world.guardrails.max_stop_distance, positive(intent.stop)) {
        let from = entry.or(positive(price)).unwrap_or(f64::NAN);
        let within = (stop - from).abs() / from <= limit;
        if !within {
            return Err(EXCEEDED);
        }
    }
    Ok(())
}

/// Returns microseconds as seconds.
pub(crate) fn seconds(micros: i128) -> f64 {
    // The conversion is exact, because the difference of two timestamps is below 2^53 in magnitude.
    let micros: f64 = micros.to_string().parse().unwrap();
    micros / 1e6
}
