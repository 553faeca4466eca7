//! What a feed counts, and the lines that operators search for.
//!
//! | metric | kind | meaning |
//! |---|---|---|
//! | `portcullis_feed_connected` | gauge | 1 while the store answers, else 0 |
//! | `portcullis_feed_last_good_read_timestamp_seconds` | gauge | when the store answered last |
//! | `portcullis_policy_loaded_timestamp_seconds` | gauge | since when this policy rules; 0 while there is none |
//! | `portcullis_policy_valid_until_timestamp_seconds` | gauge | when it ends; 0 while there is none |
//! | `portcullis_policy_loaded_total` | counter | policies taken |
//! | `portcullis_policy_withdrawn_total` | counter | policies that were gone |
//! | `portcullis_policy_refused_total` | counter, by `reason` | policies not taken |
//! | `portcullis_halted` | gauge | 1 while the store halts entries, in all symbols or in some, else 0 |

use metrics::{counter, describe_counter, describe_gauge, gauge};
use tracing::{info, warn};

use super::Ruling;
use crate::{
    domain::{Instant, Shown, Symbol},
    guardrails::Halt,
    policy::PolicyAbsence,
    store::{PolicyStore, StoreError},
};

const CONNECTED: &str = "portcullis_feed_connected";
const LAST_GOOD_READ: &str = "portcullis_feed_last_good_read_timestamp_seconds";
const LOADED_AT: &str = "portcullis_policy_loaded_timestamp_seconds";
const VALID_UNTIL: &str = "portcullis_policy_valid_until_timestamp_seconds";
const LOADED: &str = "portcullis_policy_loaded_total";
const WITHDRAWN: &str = "portcullis_policy_withdrawn_total";
const REFUSED: &str = "portcullis_policy_refused_total";
const HALTED: &str = "portcullis_halted";

/// For which a policy is refused.
const REASONS: [&str; 6] = [
    "POLICY_MISSING_FIELD",
    "POLICY_PARSE_ERROR",
    "POLICY_INVALID",
    "POLICY_HASH_MISMATCH",
    "POLICY_SIGNATURE_INVALID",
    "POLICY_ROLLED_BACK",
];

/// Before anything has happened: a metric that is not there raises no alarm.
pub(super) fn described() {
    describe_gauge!(CONNECTED, "1 while the policy store answers");
    describe_gauge!(LAST_GOOD_READ, "when the policy store answered last");
    describe_gauge!(
        LOADED_AT,
        "since when the policy rules; 0 while there is none"
    );
    describe_gauge!(VALID_UNTIL, "when the policy ends; 0 while there is none");
    describe_counter!(LOADED, "policies taken");
    describe_counter!(WITHDRAWN, "policies that were gone");
    describe_counter!(REFUSED, "policies not taken, by reason");
    describe_gauge!(HALTED, "1 while the store halts entries");
    for name in [CONNECTED, LAST_GOOD_READ, LOADED_AT, VALID_UNTIL, HALTED] {
        gauge!(name).set(0.0);
    }
    // A counter that appears with its first event has not risen for whoever looks.
    for reason in REASONS {
        counter!(REFUSED, "reason" => reason).absolute(0);
    }
    counter!(LOADED).absolute(0);
    counter!(WITHDRAWN).absolute(0);
}

pub(super) fn looked(now: Instant) {
    gauge!(CONNECTED).set(1.0);
    gauge!(LAST_GOOD_READ).set(seconds(now));
}

pub(super) fn away(error: &StoreError) {
    gauge!(CONNECTED).set(0.0);
    match error {
        // Its own words are for a caller that gave up.
        StoreError::Unavailable { store, why } => warn!("STORE_AWAY: {store}: {why}; trying again"),
        StoreError::ReadOnly { .. }
        | StoreError::Foreign { .. }
        | StoreError::Contended { .. }
        | StoreError::OutcomeUnknown { .. }
        | StoreError::Address(_) => warn!("STORE_AWAY: {error}"),
    }
}

pub(super) fn back(store: &impl PolicyStore) {
    info!("STORE_BACK: {}", store.name());
}

pub(super) fn refused(absence: &PolicyAbsence, another_is_in_force: bool) {
    let reason = absence.code();
    counter!(REFUSED, "reason" => reason).increment(1);
    let rules = if another_is_in_force {
        "the one before stays in force"
    } else {
        "there is none"
    };
    warn!("POLICY_REFUSED: {reason}, {rules}: {absence}");
}

pub(super) fn changed(before: &Ruling, after: &Ruling, now: Instant) {
    if before.number == 0 || before.policy != after.policy {
        policy(before, after, now);
    }
    if before.halt != after.halt {
        halt(&after.halt);
    }
}

fn policy(before: &Ruling, after: &Ruling, now: Instant) {
    let (since, until) = match &after.policy {
        Ok(policy) => {
            counter!(LOADED).increment(1);
            info!(
                "POLICY_LOADED: version={} hash={}",
                Shown(policy.version()),
                policy.hash().short()
            );
            (seconds(now), seconds(policy.valid_until()))
        }
        Err(absence) => {
            match (&before.policy, absence) {
                (Ok(policy), PolicyAbsence::NotFound) => {
                    counter!(WITHDRAWN).increment(1);
                    warn!(
                        "POLICY_WITHDRAWN: version={} hash={}",
                        Shown(policy.version()),
                        policy.hash().short()
                    );
                }
                (Err(_), PolicyAbsence::NotFound) => {
                    warn!("POLICY_MISSING: nothing is traded until one is published");
                }
                // The refusal was told.
                (Ok(_) | Err(_), _) => {}
            }
            (0.0, 0.0)
        }
    };
    gauge!(LOADED_AT).set(since);
    gauge!(VALID_UNTIL).set(until);
}

fn halt(halt: &Halt) {
    let (is_halted, what) = match halt {
        Halt::Nothing => (0.0, "nothing".to_owned()),
        Halt::Everything => (1.0, "all entries".to_owned()),
        Halt::Symbols(symbols) => {
            let names: Vec<&str> = symbols.iter().map(Symbol::as_str).collect();
            (1.0, names.join(" "))
        }
    };
    gauge!(HALTED).set(is_halted);
    info!("HALTED: {what}");
}

#[expect(
    clippy::cast_precision_loss,
    clippy::as_conversions,
    reason = "a gauge is a float, and exact to the microsecond until the year 2255"
)]
fn seconds(at: Instant) -> f64 {
    at.as_micros() as f64 / 1e6
}
