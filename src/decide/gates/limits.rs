//! Gate 10: leverage, margin and notional are finite, and these three, the price deviation and the stop distance are
//! within every limit. A number above its limit is rejected, never reduced.

use crate::{
    decide::{LimitedNumber, SkipReason},
    guardrails::Guardrails,
    intent::{Entry, Size},
    policy::Limits,
    provenance::{Source, Sourced},
    types::{Fraction, Leverage, Margin, Notional},
};

#[inline(always)]
pub(in crate::decide) fn check<'a>(
    limits: &Limits,
    guardrails: &Guardrails,
    leverage: Leverage,
    size: Size,
    entry: &Entry,
) -> Result<(Notional, Margin), SkipReason<'a>> {
    within(
        LimitedNumber::Leverage,
        leverage.get(),
        limits.max_leverage().map(Leverage::get),
        guardrails.max_leverage().map(Leverage::get),
    )?;
    let (notional, margin) = amounts(size, leverage)?;
    // If the intent states several sizes, the limits apply to the largest.
    let largest = entry.largest_size().unwrap_or(size);
    let (largest_notional, largest_margin) = amounts(largest, leverage)?;
    within(
        LimitedNumber::Margin,
        largest_margin.get(),
        limits.max_position_usd().map(Margin::get),
        guardrails.max_position_usd().map(Margin::get),
    )?;
    within(
        LimitedNumber::Notional,
        largest_notional.get(),
        limits.max_notional_usd().map(Notional::get),
        guardrails.max_notional_usd().map(Notional::get),
    )?;
    if let Some(deviation) = entry.price_deviation() {
        let bound = guardrails.max_price_deviation().map(Fraction::get);
        within(LimitedNumber::PriceDeviation, deviation, None, bound)?;
    }
    if let Some(distance) = entry.stop_distance() {
        let bound = guardrails.max_stop_distance().map(Fraction::get);
        within(LimitedNumber::StopDistance, distance, None, bound)?;
    }
    Ok((notional, margin))
}

/// Computes notional and margin in USD: `notional = margin × leverage`.
#[inline(always)]
fn amounts<'a>(size: Size, leverage: Leverage) -> Result<(Notional, Margin), SkipReason<'a>> {
    let beyond = |number, observed| SkipReason::LimitExceeded {
        number,
        observed,
        limit: None,
    };
    match size {
        Size::Notional(notional) => match notional.margin(leverage) {
            Ok(margin) => Ok((notional, margin)),
            Err(_) => Err(beyond(
                LimitedNumber::Margin,
                notional.get() / leverage.get(),
            )),
        },
        Size::Margin(margin) => match margin.notional(leverage) {
            Ok(notional) => Ok((notional, margin)),
            Err(_) => Err(beyond(
                LimitedNumber::Notional,
                margin.get() * leverage.get(),
            )),
        },
    }
}

#[inline(always)]
fn within<'a>(
    number: LimitedNumber,
    observed: f64,
    policy: Option<f64>,
    operator: Option<f64>,
) -> Result<(), SkipReason<'a>> {
    // The comparison is false for a NaN, so a NaN exceeds its limit.
    let keeps = |bound: Option<f64>| bound.is_none_or(|bound| observed <= bound);
    if keeps(policy) && keeps(operator) {
        return Ok(());
    }
    Err(exceeded(number, observed, policy, operator))
}

/// Returns the evidence for a number above a limit. The lower of the bounds of policy and guardrails is reported as the
/// limit.
#[cold]
#[inline(never)]
fn exceeded<'a>(
    number: LimitedNumber,
    observed: f64,
    policy: Option<f64>,
    operator: Option<f64>,
) -> SkipReason<'a> {
    let (policy_path, operator_path) = match number {
        LimitedNumber::Leverage => ("limits.max_leverage", "max_leverage"),
        LimitedNumber::Margin => ("limits.max_position_usd", "max_position_usd"),
        LimitedNumber::Notional => ("limits.max_notional_usd", "max_notional_usd"),
        LimitedNumber::PriceDeviation => ("", "max_price_deviation"),
        LimitedNumber::StopDistance => ("", "max_stop_distance"),
    };
    let limit = match (policy, operator) {
        (Some(policy), operator) if operator.is_none_or(|operator| policy <= operator) => {
            Some(Sourced::new(policy, Source::Policy(policy_path)))
        }
        (_, operator) => {
            operator.map(|operator| Sourced::new(operator, Source::Guardrails(operator_path)))
        }
    };
    SkipReason::LimitExceeded {
        number,
        observed,
        limit,
    }
}
