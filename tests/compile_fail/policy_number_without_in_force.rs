//! The numbers of a policy can be read only after its validity was checked at a timestamp.

use portcullis::{types::Symbol, policy::Policy};

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
