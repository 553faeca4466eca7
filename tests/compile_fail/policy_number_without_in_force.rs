//! A number of a policy is reached only where its validity was checked against an instant.

use portcullis::{domain::Symbol, policy::Policy};

fn stale_leverage(policy: &Policy, symbol: &Symbol) {
    let _leverage = policy.listing(symbol);
}

fn stale_limits(policy: &Policy) {
    let _limits = policy.limits();
}

fn stale_theta(policy: &Policy) {
    let _theta = policy.theta();
}

fn main() {}
