//! Checks of L2, no number without a source, for decisions.

use std::time::Duration;

use proptest::prelude::*;

use super::trial::{Ask, Case, FailedDemand, Tested, Trial, demand};
use crate::{
    Row, Violation,
    strategies::{self, Call, POLICY_VERSION, PolicyDraft},
};
use portcullis::{answer::Verdict, policy::Policy};

pub(super) fn of_a_decision(trial: &Trial, ask: &mut Ask<'_>) -> Result<(), Violation> {
    // About half of these calls are trades.
    let calls = prop_oneof![
        4 => strategies::sound_entries(),
        4 => strategies::calls_with_policy(),
        1 => strategies::calls(),
    ];
    trial.run(ask, calls.boxed(), every_number)
}

/// Returns true if two numbers are equal up to the rounding of a product (relative difference of at most 1e-12).
pub(super) fn near(one: f64, other: f64) -> bool {
    one.to_bits() == other.to_bits() || (one - other).abs() <= 1e-12 * one.abs().max(other.abs())
}

pub(super) fn same(one: Option<f64>, other: Option<f64>) -> bool {
    one.map(f64::to_bits) == other.map(f64::to_bits)
}

fn every_number(case: &mut Case<'_, '_>, call: &Call) -> Result<Tested, FailedDemand> {
    let row = case.ask("an intent", call.question())?;
    let requested = call.intent.number("quantity").or(call.intent.number("qty"));
    match row.decision {
        Verdict::Trade => {
            let policy = call.policy.draft();
            let policy = policy.ok_or_else(|| FailedDemand::new("a TRADE must have a policy"))?;
            leverage(call, policy, &row)?;
            size(call, &row)?;
            other_columns(call, policy, &row)?;
            return Ok(Tested::Yes);
        }
        Verdict::Exit => {
            let share = call.intent.number("quantity_fraction");
            let expected = requested.map(|units| units * share.unwrap_or(1.0));
            demand(
                row.quantity.is_none() || same(row.quantity, expected),
                || {
                    "the `quantity` of an EXIT must be the quantity of the intent, or its share"
                        .to_owned()
                },
            )?;
            let fraction = row.quantity_fraction;
            demand(fraction.is_none() || same(fraction, share), || {
                "the `quantity_fraction` of an EXIT must be the share of the intent".to_owned()
            })?;
        }
        Verdict::Skip | Verdict::Harvest | Verdict::Policy => {
            demand(row.quantity.is_none(), || {
                "a SKIP must have no `quantity`".to_owned()
            })?;
        }
    }
    let mut numbers = row.numbers().into_iter();
    match numbers.find(|(column, _)| !["quantity", "quantity_fraction"].contains(column)) {
        Some((column, _)) => Err(FailedDemand::new(format!(
            "an answer that is not a TRADE must have no `{column}`"
        ))),
        None => Ok(Tested::No),
    }
}

/// The source of a margin that was computed from the smallest notional that the intent states.
const NOTIONAL_BY_LEVERAGE: &str = "intent:notional/leverage";

/// Returns the number that a source names: the value of a field, the product of several fields of the intent, or the
/// notional of the intent divided by its leverage.
fn source_value(call: &Call, source: &str) -> Option<f64> {
    if source == NOTIONAL_BY_LEVERAGE {
        return Some(call.intent.notional()? / call.intent.number("leverage")?);
    }
    match source.split_once(':')? {
        ("policy", path) => call.policy.draft()?.number(path),
        ("intent", fields) => fields
            .split('*')
            .map(|field| call.intent.number(field))
            .product(),
        _ => None,
    }
}

/// Checks that a number of a trade equals the value of the field that its source names, and returns the number.
fn sourced(
    call: &Call,
    column: &str,
    number: Option<f64>,
    source: Option<&str>,
) -> Result<f64, FailedDemand> {
    let number =
        number.ok_or_else(|| FailedDemand::new(format!("a TRADE must have a `{column}`")))?;
    let source = source.ok_or_else(|| {
        FailedDemand::new(format!("the `{column}` of a TRADE must name its source"))
    })?;
    let expected = source_value(call, source);
    let is_equal = expected.is_some_and(|expected| {
        if source.contains(['*', '/']) {
            near(expected, number)
        } else {
            expected.to_bits() == number.to_bits()
        }
    });
    demand(is_equal, || match expected {
        Some(expected) => format!("`{column}` must equal its source: `{source}` is {expected:?}"),
        None => {
            format!("`{column}` must equal its source: `{source}` is not a number of the input")
        }
    })?;
    Ok(number)
}

fn leverage(call: &Call, policy: &PolicyDraft, row: &Row) -> Result<(), FailedDemand> {
    let source = row.leverage_source.as_deref();
    let leverage = sourced(call, "leverage", row.leverage, source)?;
    let is_one = |source: &str| {
        source == "intent:leverage" || source.starts_with("policy:leverage_by_symbol.")
    };
    demand(source.is_some_and(is_one), || {
        "`leverage_source` must be `intent:leverage` or `policy:leverage_by_symbol.<symbol>`"
            .to_owned()
    })?;
    let given = policy.leverage(&call.intent.symbol);
    demand(given.is_some_and(|given| leverage <= given), || {
        "`leverage` must not exceed the leverage of the policy for the symbol".to_owned()
    })?;
    let requested = call.intent.number("leverage");
    demand(same(row.leverage_requested, requested), || {
        "`leverage_requested` must be the leverage of the intent".to_owned()
    })
}

fn size(call: &Call, row: &Row) -> Result<(), FailedDemand> {
    let source = row.size_source.as_deref();
    let size = sourced(call, "size_usd", row.size_usd, source)?;
    let margins = [
        "intent:position_usd",
        "intent:stake_amount",
        NOTIONAL_BY_LEVERAGE,
    ];
    let is_margin = source.is_some_and(|source| margins.contains(&source));
    demand(
        source.is_some_and(|source| source.starts_with("intent:")),
        || "`size_source` must be a field of the intent".to_owned(),
    )?;
    let basis = if is_margin { "margin" } else { "notional" };
    demand(row.size_basis.as_deref() == Some(basis), || {
        format!("the `size_basis` of this size must be `{basis}`")
    })?;
    let leverage = row.leverage.filter(|_| is_margin).unwrap_or(1.0);
    let notional = row.notional_usd;
    demand(
        notional.is_some_and(|notional| near(notional, size * leverage)),
        || "`notional_usd` must be the size, or margin × leverage".to_owned(),
    )
}

/// Checks `not_after`: the expiry of the policy, or the time of the decision plus `max_plan_age_sec` if that is earlier.
fn not_after(call: &Call, policy: &PolicyDraft, row: &Row) -> Result<(), FailedDemand> {
    let expiry = policy.expires_at();
    let bound = call.guardrails.number("max_plan_age_sec");
    let end = match (bound, call.now) {
        (None, _) => expiry,
        (Some(age), Some(now)) => expiry.min(micros_after(now, age)),
        // Without a clock, the time of the decision is the time of the intent, which this check does not
        // compute. So only an upper bound of `not_after` is checked.
        (Some(_), None) => {
            let latest = expiry.div_euclid(1_000);
            return demand(row.not_after.is_some_and(|end| end <= latest), || {
                format!("`not_after` must be {latest}, the expiry of the policy, or earlier")
            });
        }
    };
    let until = end.div_euclid(1_000);
    demand(row.not_after == Some(until), || {
        format!(
            "`not_after` must be {until}, the expiry of the policy or, if it is earlier, the end of `max_plan_age_sec`"
        )
    })
}

/// Adds a number of seconds to a time in microseconds.
fn micros_after(micros: i64, seconds: f64) -> i64 {
    let span = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
    let span = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    micros.saturating_add(span)
}

fn other_columns(call: &Call, policy: &PolicyDraft, row: &Row) -> Result<(), FailedDemand> {
    let intent = &call.intent;
    let is_product = row
        .size_source
        .as_deref()
        .is_some_and(|it| it.contains('*'));
    let own = intent.number("quantity").or(intent.number("qty"));
    let own = own.filter(|_| is_product);
    let price = match (intent.number("price"), intent.number("entry_price")) {
        (Some(price), Some(entry)) => Some(price.max(entry)),
        (price, entry) => price.or(entry),
    };
    let computed = price.and_then(|price| Some(row.notional_usd? / price));
    let is_right = |quantity: f64| match own {
        Some(own) => own.to_bits() == quantity.to_bits(),
        None => computed.is_some_and(|computed| near(computed, quantity)),
    };
    demand(row.quantity.is_none_or(is_right), || {
        "`quantity` must be the quantity of the intent, or notional / price".to_owned()
    })?;
    not_after(call, policy, row)?;
    demand(
        row.policy_version.as_deref() == Some(POLICY_VERSION),
        || "the `policy_version` of a TRADE must be the version of its policy".to_owned(),
    )?;
    let hash = Policy::hash_of(&policy.text()).map(|hash| hash.to_string());
    demand(row.policy_hash == hash.ok(), || {
        "the `policy_hash` of a TRADE must be the hash of its policy".to_owned()
    })
}
