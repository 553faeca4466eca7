//! Defaults that replace values that could not be read.

use crate::client::Client;
use crate::policy::{DEFAULT_POLICY, Policy, PolicyError, Theta, load_policy, load_theta};
use crate::row::Row;
use crate::signal::Signal;

pub fn policy_of(symbol: &str) -> Policy {
    load_policy(symbol).unwrap_or_default() // ! 10 unwrap_or_default
}

pub fn policy_or_constant(symbol: &str) -> Policy {
    load_policy(symbol).unwrap_or(DEFAULT_POLICY) // ! 10 unwrap_or
}

pub fn policy_else(symbol: &str) -> Policy {
    let policy = load_policy(symbol).unwrap_or_else(Policy::default); // ! 10 unwrap_or_else
    policy
}

pub fn theta_of(symbol: &str) -> Theta {
    match load_theta(symbol) {
        Ok(theta) => theta,
        Err(_) => Default::default(), // ! 10 Default::default
    }
}

pub fn numbers(row: &Row) -> (f64, f64, f64) {
    let leverage = row.leverage.unwrap_or_default(); // ! 10 unwrap_or_default
    let quantity = row.parse("qty").unwrap_or_else(|_| f64::default()); // ! 10 unwrap_or_else
    let t1_r: f64 = row.t1_r.unwrap_or_default(); // ! 10 unwrap_or_default
    (leverage, quantity, t1_r)
}

pub fn names(row: &Row) -> (String, u32, Vec<String>) {
    let label = row.label.clone().unwrap_or_default(); // = other name
    let retries = row.retries.unwrap_or_default(); // = retries
    let tags: Vec<String> = Default::default(); // = empty list
    (label, retries, tags)
}

pub fn strict(symbol: &str) -> Result<Policy, PolicyError> {
    load_policy(symbol).ok_or(PolicyError::Absent) // = error raised
}

pub fn logged(symbol: &str) -> Option<Policy> {
    match load_policy(symbol) {
        Some(policy) => Some(policy),
        None => {
            tracing::warn!("no policy for {symbol}"); // = log text
            None // = explicit none
        }
    }
}

pub async fn enters(client: &Client, signal: &Signal) -> anyhow::Result<()> {
    let policy = load_policy(&signal.symbol).unwrap_or_default(); // ! 10 unwrap_or_default
    client.place_order(&signal.symbol, policy.quantity).await // ! 9 made-up policy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_policy_is_empty() {
        let policy = load_policy("X").unwrap_or_default(); // = test
        assert!(policy.is_empty());
    }
}
