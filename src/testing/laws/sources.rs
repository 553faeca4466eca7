//! L2 No number without a source, of a decision.

use proptest::prelude::*;

use super::trial::{Ask, Asking, Breach, Trial, Tried, demand};
use crate::{
    answer::Verdict,
    policy::Policy,
    testing::{
        Row, Violation,
        strategies::{self, Call, POLICY_VERSION, PolicyDraft},
    },
};

pub(super) fn of_a_decision(trial: &Trial, ask: &mut Ask<'_>) -> Result<(), Violation> {
    // Half of them trade.
    let calls = prop_oneof![
        4 => strategies::sound_entries(),
        4 => strategies::calls_with_policy(),
        1 => strategies::calls(),
    ];
    trial.run(ask, calls.boxed(), every_number)
}

/// Whether two numbers are one, but for the last digits of a product.
pub(super) fn near(one: f64, other: f64) -> bool {
    one.to_bits() == other.to_bits() || (one - other).abs() <= 1e-12 * one.abs().max(other.abs())
}

pub(super) fn same(one: Option<f64>, other: Option<f64>) -> bool {
    one.map(f64::to_bits) == other.map(f64::to_bits)
}

fn every_number(asking: &mut Asking<'_, '_>, call: &Call) -> Result<Tried, Breach> {
    let row = asking.ask("an intent", call.question())?;
    let asked = call.intent.number("quantity").or(call.intent.number("qty"));
    match row.decision {
        Verdict::Trade => {
            let policy = call.policy.draft();
            let policy = policy.ok_or_else(|| Breach::new("there is no TRADE without a policy"))?;
            leverage(call, policy, &row)?;
            size(call, &row)?;
            what_else(call, policy, &row)?;
            return Ok(Tried::Yes);
        }
        Verdict::Exit => demand(row.quantity.is_none() || same(row.quantity, asked), || {
            "the quantity of an exit is the intent's".to_owned()
        })?,
        Verdict::Skip | Verdict::Harvest | Verdict::Policy => {
            demand(row.quantity.is_none(), || {
                "a SKIP has no quantity".to_owned()
            })?;
        }
    }
    let mut numbers = row.numbers().into_iter();
    match numbers.find(|(column, _)| *column != "quantity") {
        Some((column, _)) => Err(Breach::new(format!("what is no TRADE has no {column}"))),
        None => Ok(Tried::No),
    }
}

/// What a source comes to: a field, or a product of fields of the intent.
fn held(call: &Call, source: &str) -> Option<f64> {
    match source.split_once(':')? {
        ("policy", path) => call.policy.draft()?.number(path),
        ("intent", fields) => fields
            .split('*')
            .map(|field| call.intent.number(field))
            .product(),
        _ => None,
    }
}

/// A number of a trade, which is what its source holds.
fn sourced(
    call: &Call,
    column: &str,
    number: Option<f64>,
    source: Option<&str>,
) -> Result<f64, Breach> {
    let number = number.ok_or_else(|| Breach::new(format!("a TRADE has a {column}")))?;
    let source =
        source.ok_or_else(|| Breach::new(format!("the {column} of a TRADE names its source")))?;
    let held = held(call, source);
    let is_it = held.is_some_and(|held| {
        if source.contains('*') {
            near(held, number)
        } else {
            held.to_bits() == number.to_bits()
        }
    });
    demand(is_it, || match held {
        Some(held) => format!("{column} is what its source holds: `{source}` holds {held:?}"),
        None => format!("{column} is what its source holds: `{source}` holds no number"),
    })?;
    Ok(number)
}

fn leverage(call: &Call, policy: &PolicyDraft, row: &Row) -> Result<(), Breach> {
    let source = row.leverage_source.as_deref();
    let leverage = sourced(call, "leverage", row.leverage, source)?;
    let is_one = |source: &str| {
        source == "intent:leverage" || source.starts_with("policy:leverage_by_symbol.")
    };
    demand(source.is_some_and(is_one), || {
        "a leverage is the policy's for the symbol, or the intent's".to_owned()
    })?;
    let given = policy.leverage(&call.intent.symbol);
    demand(given.is_some_and(|given| leverage <= given), || {
        "an intent gets no more leverage than the policy gives".to_owned()
    })?;
    let asked = call.intent.number("leverage");
    demand(same(row.leverage_requested, asked), || {
        "leverage_requested is what the intent asked".to_owned()
    })
}

fn size(call: &Call, row: &Row) -> Result<(), Breach> {
    let source = row.size_source.as_deref();
    let size = sourced(call, "size_usd", row.size_usd, source)?;
    let is_margin = source == Some("intent:position_usd");
    demand(
        source.is_some_and(|source| source.starts_with("intent:")),
        || "a size is the intent's".to_owned(),
    )?;
    let basis = if is_margin { "margin" } else { "notional" };
    demand(row.size_basis.as_deref() == Some(basis), || {
        format!("the basis of this size is {basis}")
    })?;
    let leverage = row.leverage.filter(|_| is_margin).unwrap_or(1.0);
    let notional = row.notional_usd;
    demand(
        notional.is_some_and(|notional| near(notional, size * leverage)),
        || "the notional is the size, or margin × leverage".to_owned(),
    )
}

fn what_else(call: &Call, policy: &PolicyDraft, row: &Row) -> Result<(), Breach> {
    let intent = &call.intent;
    let own = intent.number("quantity").or(intent.number("qty"));
    let price = intent.number("price").or(intent.number("entry_price"));
    let worth = price.and_then(|price| Some(row.notional_usd? / price));
    let of_it = |quantity: f64| match own {
        Some(own) => own.to_bits() == quantity.to_bits(),
        None => worth.is_some_and(|worth| near(worth, quantity)),
    };
    demand(row.quantity.is_none_or(of_it), || {
        "the quantity is the intent's, or notional / price".to_owned()
    })?;
    let until = policy.expires_at().div_euclid(1_000);
    demand(row.not_after == Some(until), || {
        format!("not_after is the expiry of the policy, {until}")
    })?;
    demand(
        row.policy_version.as_deref() == Some(POLICY_VERSION),
        || "a TRADE names the version of its policy".to_owned(),
    )?;
    let hash = Policy::hash_of(&policy.text()).map(|hash| hash.to_string());
    demand(row.policy_hash == hash.ok(), || {
        "a TRADE names the hash of its policy".to_owned()
    })
}
