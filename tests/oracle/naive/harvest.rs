//! The harvest of a position: R, the ladder, the profit lock and the kill score.

use super::decide::{in_force, seconds, skip, valid_policy};
use super::fields::{self, Fields, Given, When, given, positive};
use super::json::{self, Field, Json};
use super::policy::Policy;
use super::sizes::{self, Sizes};
use super::{Answer, Flaw, World, put, symbol, time};

const STAGES: [&str; 4] = ["NONE", "PARTIAL_25", "PARTIAL_50", "PARTIAL_75"];
const NO_INPUT: &str = "HARVEST_INVALID_INPUT";

/// Answers one position snapshot.
pub(crate) fn harvest(world: &World<'_>, line: &str, now: Option<i64>) -> Answer {
    let mut answer = Answer::new();
    match propose(world, line, now, &mut answer) {
        Ok(()) => answer,
        Err(reason) => skip(answer, reason),
    }
}

fn propose(
    world: &World<'_>,
    line: &str,
    now: Option<i64>,
    answer: &mut Answer,
) -> Result<(), &'static str> {
    let value = json::read_by_grammar(line).ok_or("INTENT_UNREADABLE")?;
    let position = json::pairs(&value).ok_or("INTENT_UNREADABLE")?;
    let symbol = fields::text(position, "symbol")
        .and_then(symbol)
        .ok_or(NO_INPUT)?;
    put(answer, "symbol", symbol);
    let side = fields::text(position, "side").map(str::to_ascii_uppercase);
    let direction = match side.as_deref() {
        Some("LONG") => Some(1.0),
        Some("SHORT") => Some(-1.0),
        Some(_) | None => None,
    };
    if direction.is_some() {
        put(answer, "side", side.as_deref().unwrap());
    }
    let (decided_at, made_at) = fields::times(position);
    let event_time = if decided_at == When::Absent {
        made_at
    } else {
        decided_at
    };
    let taken_at = made_at.timestamp();
    let now = now.or(event_time.timestamp()).ok_or(NO_INPUT)?;
    if side.as_deref() == Some("FLAT") || fields::quantity(position) == Given::Number(0.0) {
        return Err("HARVEST_NO_POSITION");
    }
    let policy = valid_policy(world, answer)?;
    in_force(world, &policy, now, policy.grace.unwrap_or(0))?;

    let is_fresh = within(&policy, "max_position_age_sec", now, taken_at);
    let r = if is_fresh {
        r_net(world, &policy, position, direction)
    } else {
        Err(NO_INPUT)
    };
    let kill = if is_fresh {
        kill_score(&policy, position, now)
    } else {
        None
    };
    let kill = kill.filter(|_| world.flaw != Some(Flaw::KillNeedsPrice) || r.is_ok());
    if let (Err(reason), None) = (&r, &kill) {
        return Err(reason);
    }
    let mut reasons: Vec<&str> = Vec::new();
    let mut action = "NONE";
    let sizes = Sizes::read(position);
    let harvested = match &sizes {
        Some(sizes) if sizes.has_peak() => Some(sizes.reached()),
        Some(_) => harvested(position),
        None => None,
    };
    if harvested.is_none() {
        reasons.push("ladder_unavailable");
    }
    let mut close = None;
    let stop_now = stop_now(position);
    if stop_now == Given::Unreadable {
        reasons.push("profit_lock_unavailable");
    }
    match &r {
        Ok(r) => {
            put(answer, "r_net", r.net);
            put(answer, "risk_unit", r.risk_unit);
            put(answer, "cost", r.cost);
            put(answer, "stop_source", r.stop_source);
            let mut stage = harvested.map_or(0, |harvested| ladder(&policy, harvested, r.net));
            if let (Some(sizes), Some(harvested)) = (&sizes, harvested)
                && stage > 0
            {
                close = sizes.close((stage, harvested), current_price(position), world.flaw);
                if close.is_none() {
                    reasons.push("below_lot");
                    stage = 0;
                }
            }
            action = STAGES.get(stage).copied().unwrap();
            reasons.extend(
                [
                    "",
                    "harvest_partial_25",
                    "harvest_partial_50",
                    "harvest_partial_75",
                ]
                .get(stage)
                .filter(|_| stage > 0),
            );
            let direction = direction.unwrap();
            if let Some(stop) = lock(world, &policy, position, stop_now, direction, r.net) {
                put(answer, "stop_proposed", stop);
                reasons.push("profit_lock");
            }
        }
        Err(_) => reasons.push("r_unavailable"),
    }
    match kill {
        Some((score, components)) => {
            put(answer, "kill_score", score);
            let names = [
                "k_regime_flip",
                "k_sigma_spike",
                "k_ts_drop",
                "k_age_penalty",
            ];
            for ((name, component), reason) in names.into_iter().zip(components).zip([
                "regime_flip",
                "sigma_spike",
                "ts_drop",
                "age_penalty",
            ]) {
                put(answer, name, component);
                if component > 0.0 {
                    reasons.push(reason);
                }
            }
            if score >= theta(&policy, "kill_threshold") {
                action = "FULL_CLOSE_PROPOSED";
                close = Some(sizes::whole(position));
                reasons.push("kill_score_triggered");
            }
        }
        None => reasons.push("kill_score_unavailable"),
    }
    put(answer, "decision", "HARVEST");
    put(answer, "harvest_action", action);
    if let Some((quantity, fraction)) = close {
        put(answer, "close_fraction", fraction);
        if let Some(quantity) = quantity {
            put(answer, "close_quantity", quantity);
        }
    }
    reasons.sort_unstable();
    put(answer, "harvest_reasons", reasons.join(","));
    Ok(())
}

fn current_price(position: &Fields) -> f64 {
    positive(given(position, "current_price")).unwrap()
}

fn theta(policy: &Policy, name: &str) -> f64 {
    *policy.theta.get(name).unwrap()
}

/// Returns true if an input with the timestamp `taken_at` is within an age limit. An unknown age exceeds every limit.
fn within(policy: &Policy, bound: &str, now: i64, taken_at: Option<i64>) -> bool {
    let age = taken_at.map_or(f64::NAN, |taken_at| {
        seconds(i128::from(now) - i128::from(taken_at))
    });
    policy.limits.get(bound).is_none_or(|bound| age <= *bound)
}

struct R {
    net: f64,
    risk_unit: f64,
    cost: f64,
    stop_source: &'static str,
}

fn r_net(
    world: &World<'_>,
    policy: &Policy,
    position: &Fields,
    direction: Option<f64>,
) -> Result<R, &'static str> {
    let direction = direction.ok_or(NO_INPUT)?;
    let entry = positive(given(position, "entry_price")).ok_or(NO_INPUT)?;
    let current = positive(given(position, "current_price")).ok_or(NO_INPUT)?;
    let fallback = policy.theta.get("fallback_stop_pct");
    let (stop, stop_source) = match (given(position, "stop_dist_pct"), fallback) {
        (Given::Absent, Some(fallback)) => (*fallback, "policy:harvest_params.fallback_stop_pct"),
        (Given::Absent, None) if world.flaw == Some(Flaw::DefaultStop) => {
            (0.01, "position:stop_dist_pct")
        }
        (Given::Absent, None) => return Err("HARVEST_MISSING_STOP"),
        (stop, _) => (positive(stop).ok_or(NO_INPUT)?, "position:stop_dist_pct"),
    };
    let risk_unit = entry * stop;
    let cost = entry * theta(policy, "cost_bps") / 10_000.0;
    let net = (direction * (current - entry) - cost) / risk_unit;
    if !(net.is_finite() && risk_unit.is_finite() && cost.is_finite()) {
        return Err(NO_INPUT);
    }
    Ok(R {
        net,
        risk_unit,
        cost,
        stop_source,
    })
}

/// Returns the highest stage that was already harvested; `None` if it is unreadable.
fn harvested(position: &Fields) -> Option<usize> {
    match json::field(position, "harvested") {
        Field::Absent => Some(0),
        Field::One(Json::Text(stage)) => STAGES
            .iter()
            .position(|name| *name == stage.to_ascii_uppercase()),
        Field::One(_) | Field::Duplicate => None,
    }
}

/// Returns the stage to propose; 0 for none.
fn ladder(policy: &Policy, harvested: usize, r: f64) -> usize {
    let thresholds = ["T1_R", "T2_R", "T3_R"].map(|name| theta(policy, name));
    let reached = thresholds
        .into_iter()
        .filter(|threshold| r >= *threshold)
        .count();
    if reached > harvested { reached } else { 0 }
}

/// Returns the current stop. A stop that is not greater than 0 is unreadable.
fn stop_now(position: &Fields) -> Given {
    match given(position, "current_sl") {
        Given::Absent => Given::Absent,
        stop @ (Given::Number(_) | Given::Unreadable) => {
            positive(stop).map_or(Given::Unreadable, Given::Number)
        }
    }
}

/// Returns the stop that the profit lock proposes; `None` if there is none.
fn lock(
    world: &World<'_>,
    policy: &Policy,
    position: &Fields,
    stop_now: Given,
    direction: f64,
    r: f64,
) -> Option<f64> {
    if r < theta(policy, "lock_R") {
        return None;
    }
    let entry = positive(given(position, "entry_price"))?;
    let current = positive(given(position, "current_price"))?;
    let stop = entry * (1.0 + direction * theta(policy, "be_plus_pct"));
    let above = |a: f64, b: f64| direction * (a - b) > 0.0;
    let tightens = match stop_now {
        Given::Unreadable => return None,
        Given::Absent => true,
        Given::Number(stop_now) => above(stop, stop_now),
    } || world.flaw == Some(Flaw::LooseningLock);
    (tightens && above(current, stop) && stop > 0.0 && stop.is_finite()).then_some(stop)
}

/// Returns the kill score and its four components.
fn kill_score(policy: &Policy, position: &Fields, now: i64) -> Option<(f64, [f64; 4])> {
    let market = match json::field(position, "market") {
        Field::One(Json::Object(market)) => market,
        Field::One(_) | Field::Absent | Field::Duplicate => return None,
    };
    let as_of = match json::field(market, "as_of") {
        Field::One(Json::Number(text) | Json::Text(text)) => time::from_millis(text),
        Field::One(_) | Field::Absent | Field::Duplicate => None,
    };
    if !within(policy, "max_market_age_sec", now, as_of) {
        return None;
    }
    let finite = |fields: &Fields, name: &str| match given(fields, name) {
        Given::Number(number) if number.is_finite() => Some(number),
        Given::Number(_) | Given::Absent | Given::Unreadable => None,
    };
    let share = |name: &str| finite(market, name).filter(|share| (0.0..=1.0).contains(share));
    let age = finite(position, "age_sec").filter(|age| *age >= 0.0)?;
    let sigma = finite(market, "sigma").filter(|sigma| *sigma >= 0.0)?;
    let strength = finite(market, "ts")?;
    let (trend, reversion, chop) = (share("p_trend")?, share("p_mr")?, share("p_chop")?);

    let flips = trend < theta(policy, "trend_min") && reversion + chop > 0.5;
    let flip = if flips { 1.0 } else { 0.0 };
    let spike = clamp(
        sigma / theta(policy, "sigma_ref") - 1.0,
        theta(policy, "sigma_spike_cap"),
    );
    let drop = clamp(
        theta(policy, "ts_ref") - strength,
        theta(policy, "ts_drop_cap"),
    );
    let age = clamp(age / theta(policy, "max_age_sec"), 1.0);
    let z = theta(policy, "k_regime_flip") * flip
        + theta(policy, "k_sigma_spike") * spike
        + theta(policy, "k_ts_drop") * drop
        + theta(policy, "k_age_penalty") * age;
    Some((1.0 / (1.0 + (-z).exp()), [flip, spike, drop, age]))
}

/// Clamps a number to the range from 0 to `cap`. Adding 0.0 turns -0.0 into 0.0.
fn clamp(number: f64, cap: f64) -> f64 {
    number.clamp(0.0, cap) + 0.0
}
