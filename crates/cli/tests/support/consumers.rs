//! Small consumers that accept what the services of the profile `quantum-trader` accept. They are written from the
//! description of those services in `docs/quantum-trader.md`, and share no code with the services of this project.

use std::collections::BTreeMap;

use super::process::{Fields, since_epoch, text};

/// The longest lifetime of a permit in milliseconds.
const DAY_MS: i64 = 86_400_000;
/// The difference in seconds from which a time is in another unit.
const HOUR: i64 = 3_600;

/// The permit of a plan: its fields, and the rest of its lifetime in milliseconds.
pub(crate) struct Permit {
    pub(crate) fields: Fields,
    pub(crate) lifetime_ms: i64,
}

/// An order that the executor sends.
#[derive(Debug, PartialEq)]
pub(crate) struct SentOrder {
    pub(crate) symbol: String,
    pub(crate) side: String,
    pub(crate) quantity: f64,
    pub(crate) reduces: bool,
}

/// Returns the order that the executor sends for a plan, or the reason why it sends none.
pub(crate) fn execute(plan: &Fields, permit: Option<&Permit>) -> Result<SentOrder, String> {
    let of = |name: &str| text(plan, name).to_owned();
    let require = |holds: bool, what: &str| {
        if holds {
            Ok(())
        } else {
            Err(format!("{what}: {plan:?}"))
        }
    };
    require(!of("plan_id").is_empty(), "no plan id")?;
    require(of("decision") == "EXECUTE", "not to be executed")?;
    require(!of("symbol").is_empty(), "no symbol")?;
    require(
        matches!(&*of("side"), "BUY" | "SELL"),
        "no side of an order",
    )?;
    require(!of("type").is_empty(), "no type")?;
    let quantity = decimal(&of("qty")).filter(|quantity| *quantity > 0.0);
    let quantity = quantity.ok_or_else(|| format!("blocked without a quantity: {plan:?}"))?;
    require(
        matches!(&*of("reduceOnly"), "true" | "false"),
        "unclear whether it reduces",
    )?;
    for author in ["source", "signature"] {
        let is_listed =
            ["intent_bridge", "apply_layer", "exit_management_agent"].contains(&&*of(author));
        require(is_listed, "the author is not in the list")?;
    }
    require(
        is_now_in_seconds(&of("timestamp")),
        "the time is not in epoch seconds",
    )?;
    for name in [
        "leverage",
        "breakeven_price",
        "atr_value",
        "volatility_factor",
        "confidence",
    ] {
        require(
            plan.get(name)
                .is_none_or(|number| decimal(number).is_some()),
            "not a number",
        )?;
    }
    for name in ["stop_loss", "take_profit", "entry_price"] {
        let decimals = |price: &String| {
            price
                .split_once('.')
                .is_some_and(|(_, after)| after.len() >= 8)
        };
        require(
            plan.get(name).is_none_or(decimals),
            "a price without 8 decimals",
        )?;
    }
    let permit = permit.ok_or_else(|| format!("waits for its permit: {plan:?}"))?;
    let granted = |name: &str| text(&permit.fields, name).to_owned();
    require(
        granted("allow") == "true" && granted("safe_qty") == "0",
        "not permitted",
    )?;
    require(!granted("reason").is_empty(), "permitted without a reason")?;
    require(
        is_now_in_seconds(&granted("timestamp")),
        "the time of the permit is not in epoch seconds",
    )?;
    require(
        (1..=DAY_MS).contains(&permit.lifetime_ms),
        "the permit does not end within a day",
    )?;
    Ok(SentOrder {
        symbol: of("symbol"),
        side: of("side"),
        quantity,
        reduces: of("reduceOnly") == "true",
    })
}

/// The governor, which counts the entries against slots.
#[derive(Default)]
pub(crate) struct Governor {
    pub(crate) entries: usize,
    pub(crate) closes: BTreeMap<String, usize>,
}

impl Governor {
    /// Counts a plan. A plan without a known action counts as an entry, which is an error if it reduces a position.
    pub(crate) fn admit(&mut self, plan: &Fields) -> Result<(), String> {
        let (action, reduces) = (text(plan, "action"), text(plan, "reduceOnly") == "true");
        match action {
            "FULL_CLOSE_PROPOSED" | "PARTIAL_25" | "PARTIAL_50" | "PARTIAL_75" if reduces => {
                *self.closes.entry(action.to_owned()).or_default() += 1;
                Ok(())
            }
            "ENTRY_PROPOSED" if !reduces => {
                self.entries += 1;
                Ok(())
            }
            _ => Err(format!("counted in the wrong place: {plan:?}")),
        }
    }
}

/// Returns the action that the apply layer takes for a proposal; `None` if there is no proposal.
pub(crate) fn apply(proposal: &Fields) -> Result<Option<String>, String> {
    let Some(action) = proposal.get("harvest_action") else {
        return Ok(None);
    };
    let require = |holds: bool, what: &str| {
        if holds {
            Ok(())
        } else {
            Err(format!("{what}: {proposal:?}"))
        }
    };
    let actions = [
        "NONE",
        "PARTIAL_25",
        "PARTIAL_50",
        "PARTIAL_75",
        "FULL_CLOSE_PROPOSED",
    ];
    require(actions.contains(&action.as_str()), "unknown action")?;
    require(
        is_now_in_seconds(text(proposal, "last_update_epoch")),
        "no time of the last update",
    )?;
    let utc = text(proposal, "computed_at_utc");
    require(
        utc.len() > 19 && utc.get(10..11) == Some("T") && utc.ends_with('Z'),
        "not an ISO time",
    )?;
    require(
        !text(proposal, "reason_codes").contains(' '),
        "reasons are separated by commas",
    )?;
    for name in [
        "kill_score",
        "k_regime_flip",
        "k_sigma_spike",
        "k_ts_drop",
        "k_age_penalty",
        "new_sl_proposed",
        "R_net",
    ] {
        let is_number = |number: &String| number.parse::<f64>().is_ok_and(f64::is_finite);
        require(proposal.get(name).is_none_or(is_number), "not a number")?;
    }
    if text(proposal, "calibrated") == "1" {
        return Ok(Some(text(proposal, "action").to_owned()));
    }
    Ok(Some(action.clone()))
}

/// Parses a number that is written with digits and at most one point.
fn decimal(text: &str) -> Option<f64> {
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    text.parse().ok().filter(|_| is_plain)
}

fn is_now_in_seconds(text: &str) -> bool {
    let now = i64::try_from(since_epoch().as_secs()).unwrap();
    text.parse::<i64>().is_ok_and(|at| (now - at).abs() < HOUR)
}
