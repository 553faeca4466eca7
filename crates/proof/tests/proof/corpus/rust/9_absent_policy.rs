//! Functions that continue without a policy.

use crate::client::Client;
use crate::policy::{Feed, Policy, current_policy, get_policy, load_policy};
use crate::signal::Signal;

pub async fn logged_only(client: &Client, signal: &Signal) -> anyhow::Result<()> {
    let policy = load_policy(&signal.symbol);
    if policy.is_none() {
        tracing::warn!("no policy for {}", signal.symbol);
    }
    client.place_order(&signal.symbol, signal.quantity).await // ! 9 guard falls on
}

pub async fn mapped(client: &Client, signal: &Signal) -> anyhow::Result<()> {
    let quantity = get_policy(&signal.symbol).map_or(signal.quantity, |p| p.quantity);
    client.submit_order(&signal.symbol, quantity).await // ! 9 map_or
}

pub async fn optional(client: &Client, signal: &Signal, policy: Option<&Policy>) -> anyhow::Result<()> {
    let quantity = match policy {
        Some(policy) => policy.quantity,
        None => signal.quantity,
    };
    client.create_order(&signal.symbol, quantity).await // ! 9 optional parameter
}

pub async fn made_up(client: &Client, signal: &Signal) -> anyhow::Result<()> {
    let policy = match current_policy() {
        Some(policy) => policy,
        None => Policy::conservative(),
    };
    client.open_position(&signal.symbol, policy.quantity).await // ! 9 made-up policy
}

pub async fn in_loop(client: &Client, feed: &Feed, signals: &[Signal]) {
    for signal in signals {
        let ruling = feed.ruling(&signal.symbol);
        if let Some(ruling) = ruling {
            tracing::info!("ruling {}", ruling.id);
        }
        client.emit_intent(&signal.symbol).await; // ! 9 loop
    }
}

pub async fn guard_after(client: &Client, signal: &Signal) -> anyhow::Result<()> {
    let policy = load_policy(&signal.symbol);
    client.send_order(&signal.symbol, signal.quantity).await?; // ! 9 guard after
    if policy.is_none() {
        return Ok(());
    }
    Ok(())
}

pub async fn both_branches(client: &Client, signal: &Signal) -> anyhow::Result<()> {
    if let Some(policy) = load_policy(&signal.symbol) {
        client.new_order(&signal.symbol, policy.quantity).await // = policy guard
    } else {
        client.new_order(&signal.symbol, signal.quantity).await // ! 9 else branch
    }
}
