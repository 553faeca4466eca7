//! Text for the values that a passed gate compared.

use crate::{
    decide::GateCheck,
    exit::ExitRule,
    guardrails::{Guardrails, Halt},
    intent::{Exit, ExitQuantity, Request},
    policy::Limits,
    types::{Leverage, Margin, Notional, Rounded, Shown},
};

pub(super) fn text(compared: &GateCheck<'_>) -> String {
    match compared {
        GateCheck::Readable(Request::Entry(entry)) => {
            format!("an entry: {} {}", entry.side(), entry.symbol())
        }
        GateCheck::Readable(Request::Exit(exit)) => exit_text(exit),
        GateCheck::ExitOwnership {
            source,
            ownership,
            rule,
        } => ownership_text(*source, ownership.owner(), *rule),
        GateCheck::Halt { symbol, halt } => match halt {
            Halt::Nothing => "no symbol is halted".to_owned(),
            Halt::Symbols(symbols) => match symbols.len() {
                1 => format!("{symbol} is not halted (1 other symbol is halted)"),
                count => format!("{symbol} is not halted ({count} other symbols are halted)"),
            },
            Halt::Everything => "all symbols are halted".to_owned(),
        },
        GateCheck::Policy { policy, guardrails } => format!(
            "version {} hash {}, {}",
            Shown(policy.version()),
            policy.hash().short(),
            if guardrails.is_none() {
                "no guardrails"
            } else {
                "within the guardrails"
            }
        ),
        GateCheck::InForce { assumed: true, .. } => "assumed, not checked".to_owned(),
        GateCheck::InForce { policy, now, .. } => match policy.valid_from() {
            Some(from) => format!("{from} ≤ {now} ≤ {}", policy.valid_until()),
            None => format!("{now} ≤ {}", policy.valid_until()),
        },
        GateCheck::Freshness {
            age,
            age_max,
            lead_max,
        } => {
            let age = age.map_or_else(|| "age unknown".to_owned(), |age| format!("age {age}"));
            let age_max = age_max.map(|bound| format!("at most {} old", bound.value()));
            let lead_max =
                lead_max.map(|bound| format!("at most {} ahead of the clock", bound.value()));
            let limits: Vec<String> = [age_max, lead_max].into_iter().flatten().collect();
            match limits.as_slice() {
                [] => format!("{age}, no limits"),
                limits => format!("{age}, allowed: {}", limits.join(", ")),
            }
        }
        GateCheck::Universe { symbol } => format!("{symbol} is listed"),
        GateCheck::Leverage { requested, applied } => match requested {
            Some(requested) => format!(
                "requested {requested}x, applied {}x from {}",
                applied.value(),
                applied.source()
            ),
            None => format!(
                "none requested, applied {}x from {}",
                applied.value(),
                applied.source()
            ),
        },
        GateCheck::Size(size) => format!(
            "{} USD {} from {}",
            Rounded::new(size.value().usd()),
            size.value().basis(),
            size.source()
        ),
        GateCheck::Limits {
            leverage,
            margin,
            notional,
            limits,
            guardrails,
        } => limits_text(*leverage, *margin, *notional, limits, guardrails),
    }
}

fn exit_text(exit: &Exit) -> String {
    let text = match exit.trigger {
        None => format!("an exit: {}", exit.symbol),
        Some(trigger) => format!(
            "a resting exit: {}, trigger {}",
            exit.symbol,
            trigger.value()
        ),
    };
    match exit.quantity {
        ExitQuantity::Stated(quantity) => format!("{text}, quantity {}", quantity.value()),
        ExitQuantity::Fraction(fraction) => {
            format!("{text}, fraction {} of the position", fraction.value())
        }
        ExitQuantity::NotStated | ExitQuantity::UsdSizeOnly | ExitQuantity::Unreadable => {
            match exit.quantity.fault() {
                Some(fault) => format!("{text}; {fault}"),
                None => text,
            }
        }
    }
}

fn ownership_text(source: Option<&str>, owner: &str, rule: Option<ExitRule>) -> String {
    match (source.map(Shown), rule) {
        (Some(source), Some(ExitRule::Owner)) => format!("`{source}` is the exit owner"),
        (Some(source), Some(ExitRule::Delegate)) => {
            format!("`{source}` is a delegate of the exit owner")
        }
        (Some(source), None) => {
            format!("`{source}` is neither the exit owner `{owner}` nor a delegate")
        }
        (None, _) => {
            "the entry has no `source`, so it is not an entry of the exit owner or a delegate"
                .to_owned()
        }
    }
}

fn limits_text(
    leverage: Leverage,
    margin: Margin,
    notional: Notional,
    limits: &Limits,
    guardrails: &Guardrails,
) -> String {
    let leverage_bounds = [limits.max_leverage(), guardrails.max_leverage()];
    let margin_bounds = [limits.max_position_usd(), guardrails.max_position_usd()];
    let notional_bounds = [limits.max_notional_usd(), guardrails.max_notional_usd()];
    format!(
        "leverage {}; margin {}; notional {}",
        within(
            leverage.get(),
            leverage_bounds.map(|bound| bound.map(Leverage::get))
        ),
        within(
            margin.get(),
            margin_bounds.map(|bound| bound.map(Margin::get))
        ),
        within(
            notional.get(),
            notional_bounds.map(|bound| bound.map(Notional::get))
        ),
    )
}

/// Returns the text of a number and of the limits that the policy and the guardrails set for it.
fn within(number: f64, [policy, operator]: [Option<f64>; 2]) -> String {
    let bounds: Vec<f64> = [policy, operator].into_iter().flatten().collect();
    let number = Rounded::new(number).compared_with(&bounds);
    match (policy, operator) {
        (None, None) => number.to_string(),
        (Some(policy), None) => format!("{number} ≤ {policy} (policy)"),
        (None, Some(operator)) => format!("{number} ≤ {operator} (guardrails)"),
        (Some(policy), Some(operator)) => {
            format!("{number} ≤ {policy} (policy) and {operator} (guardrails)")
        }
    }
}
