//! Functions that do not enter without a policy.

use crate::client::Client;
use crate::policy::{Feed, Policy, current_policy, get_policy, load_policy};
use crate::signal::Signal;

pub async fn let_else(client: &Client, signal: &Signal) -> anyhow::Result<()> {
    let Some(policy) = load_policy(&signal.symbol) else {
        return Ok(());
    };
    client.place_order(&signal.symbol, policy.quantity).await // = policy guard
}

pub async fn question(client: &Client, signal: &Signal) -> Option<u64> {
    let policy = get_policy(&signal.symbol)?;
    client.submit_order(&signal.symbol, policy.quantity).await // = policy guard
}

pub async fn ok_or(client: &Client, signal: &Signal) -> anyhow::Result<()> {
    let policy = current_policy().ok_or_else(|| anyhow::anyhow!("no policy"))?;
    client.create_order(&signal.symbol, policy.quantity).await // = policy guard
}

pub async fn matched(client: &Client, signal: &Signal) -> anyhow::Result<()> {
    let policy = match load_policy(&signal.symbol) {
        Some(policy) => policy,
        None => return Ok(()),
    };
    client.open_position(&signal.symbol, policy.quantity).await // = policy guard
}

pub async fn is_none(client: &Client, signal: &Signal, policy: Option<Policy>) -> anyhow::Result<()> {
    if policy.is_none() {
        return Ok(());
    }
    client.send_order(&signal.symbol, signal.quantity).await // = policy guard
}

pub async fn continues(client: &Client, feed: &Feed, signals: &[Signal]) {
    for signal in signals {
        let Some(ruling) = feed.ruling(&signal.symbol) else {
            continue;
        };
        client.emit_intent(&signal.symbol, ruling.quantity).await; // = policy guard
    }
}

pub async fn positive(client: &Client, signal: &Signal) -> anyhow::Result<()> {
    if let Some(policy) = load_policy(&signal.symbol) {
        client.new_order(&signal.symbol, policy.quantity).await?; // = policy guard
    }
    Ok(())
}

pub fn shows(signal: &Signal) {
    let policy = load_policy(&signal.symbol); // = policy read
    println!("policy of {}: {policy:?}", signal.symbol); // = log text
}
