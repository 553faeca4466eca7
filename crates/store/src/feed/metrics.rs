//! The metrics and log lines of a feed.

use metrics::{counter, describe_counter, describe_gauge, gauge};
use tracing::{info, warn};

use super::PolicySnapshot;
use crate::{
    Eviction, PolicySetError, PolicyStore, StoreError,
    metrics::{
        ARMS, CONNECTED, HALTED, HALTS_KEPT, LAST_GOOD_READ, LOADED, LOADED_AT, MAY_EVICT, REFUSED,
        SETS_REFUSED, VALID_UNTIL, WITHDRAWN,
    },
};
use portcullis::{
    decide::SkipCode,
    guardrails::Halt,
    policy::PolicyUnavailable,
    types::{Shown, Symbol, Timestamp},
};

/// The reasons for which a policy is rejected.
const REASONS: [&str; 7] = [
    "POLICY_MISSING_FIELD",
    "POLICY_PARSE_ERROR",
    "POLICY_INVALID",
    "POLICY_HASH_MISMATCH",
    "POLICY_SIGNATURE_INVALID",
    "POLICY_ROLLED_BACK",
    "POLICY_STORE_UNAVAILABLE",
];

/// Registers every metric. Must be called before the first event, because an alert cannot fire on a
/// missing metric.
pub(super) fn describe() {
    describe_gauge!(
        CONNECTED,
        "1 if the last read of the policy store succeeded, else 0"
    );
    describe_gauge!(LAST_GOOD_READ, "time of the last successful read");
    describe_gauge!(LOADED_AT, "load time of the policy; 0 without a policy");
    describe_gauge!(VALID_UNTIL, "expiry of the policy; 0 without a policy");
    describe_counter!(LOADED, "policies loaded");
    describe_counter!(WITHDRAWN, "policies removed from the store");
    describe_counter!(REFUSED, "policies rejected, by reason");
    describe_counter!(SETS_REFUSED, "policy sets rejected");
    describe_gauge!(ARMS, "arms of the policy set; 0 without a policy set");
    describe_gauge!(
        HALTED,
        "1 if the store halts entries in some or all symbols, else 0"
    );
    describe_gauge!(
        HALTS_KEPT,
        "1 if a halt disappeared without a resume and stays in effect, else 0"
    );
    describe_gauge!(
        MAY_EVICT,
        "1 if the server may evict keys or this is unknown, else 0"
    );
    for name in [
        CONNECTED,
        LAST_GOOD_READ,
        LOADED_AT,
        VALID_UNTIL,
        ARMS,
        HALTED,
        HALTS_KEPT,
        MAY_EVICT,
    ] {
        gauge!(name).set(0.0);
    }
    // Counters start at 0. If a counter first appeared with the value 1, `rate` would not count the
    // increase.
    for reason in REASONS {
        counter!(REFUSED, "reason" => reason).absolute(0);
    }
    counter!(LOADED).absolute(0);
    counter!(SETS_REFUSED).absolute(0);
    counter!(WITHDRAWN).absolute(0);
}

pub(super) fn read(now: Timestamp) {
    gauge!(CONNECTED).set(1.0);
    gauge!(LAST_GOOD_READ).set(seconds(now));
}

pub(super) fn disconnected(error: &StoreError) {
    gauge!(CONNECTED).set(0.0);
    match error {
        // The text of the error asks the operator to try again, but the feed does this itself.
        StoreError::Unavailable { store, why } => warn!("STORE_AWAY: {store}: {why}; retrying"),
        StoreError::ReadOnly { .. }
        | StoreError::Foreign { .. }
        | StoreError::Contended { .. }
        | StoreError::OutcomeUnknown { .. }
        | StoreError::Address(_) => warn!("STORE_AWAY: {error}"),
    }
}

pub(super) fn reconnected(store: &impl PolicyStore) {
    info!("STORE_BACK: {}", store.name());
}

/// Logs whether the store may delete content. Logs nothing at the first check if it may not.
pub(super) fn eviction(store: &impl PolicyStore, before: Option<&Eviction>, now: &Eviction) {
    let warning = now.warning();
    gauge!(MAY_EVICT).set(if warning.is_some() { 1.0 } else { 0.0 });
    match (warning, before) {
        (Some(warning), _) => warn!("STORE_MAY_EVICT: {}: {warning}", store.name()),
        (None, Some(_)) => info!("STORE_KEEPS_ALL: {}", store.name()),
        (None, None) => {}
    }
}

/// Logs the halts that the store has lost without a resume.
pub(super) fn kept(store: &impl PolicyStore, kept: &Halt) {
    let (is_kept, what) = halted(kept);
    gauge!(HALTS_KEPT).set(is_kept);
    if *kept == Halt::Nothing {
        info!(
            "HALT_RESTORED: every halt in {} is as recorded",
            store.name()
        );
    } else {
        warn!(
            "HALT_KEPT: the halt of {what} disappeared from {} without a resume; the server evicted it, or another \
             program removed it; it stays in effect until `portcullis resume`",
            store.name()
        );
    }
}

pub(super) fn switched(store: &impl PolicyStore, switched: &[String]) {
    if switched.is_empty() {
        info!("SWITCH_OFF: no switch in {} halts entries", store.name());
    } else {
        warn!(
            "SWITCH_ON: all entries are halted by {}: {}; reset the switch to end this halt; `portcullis \
             resume` does not end it",
            store.name(),
            switched.join(", ")
        );
    }
}

pub(super) fn refused(unavailable: &PolicyUnavailable, another_is_in_force: bool) {
    let reason = SkipCode::from(unavailable).code();
    counter!(REFUSED, "reason" => reason).increment(1);
    let consequence = if another_is_in_force {
        "the previous policy stays active"
    } else {
        "no policy is active"
    };
    warn!("POLICY_REFUSED: {reason}, {consequence}: {unavailable}");
}

pub(super) fn changed(before: &PolicySnapshot, after: &PolicySnapshot, now: Timestamp) {
    if before.number == 0 || before.policy != after.policy {
        policy(before, after, now);
    }
    if before.set != after.set {
        set(after);
    }
    if before.halt != after.halt {
        halt(&after.halt);
    }
}

/// Logs a policy set that was rejected. Then no arm decides.
pub(super) fn set_refused(refusal: &PolicySetError) {
    counter!(SETS_REFUSED).increment(1);
    warn!("POLICY_SET_REFUSED: {refusal}; the live policy decides everything");
}

fn set(after: &PolicySnapshot) {
    let arms = after.set().map_or(0, |stored| stored.set().arms().len());
    gauge!(ARMS).set(f64::from(u32::try_from(arms).unwrap_or(u32::MAX)));
    match after.set() {
        None => info!("POLICY_SET_WITHDRAWN: the live policy decides everything"),
        Some(stored) => {
            let (set, applies) = (stored.set(), after.rollout().is_some());
            let why = match (applies, set.is_killed()) {
                (false, _) => "; no arm applies, because the set names another live policy",
                (true, true) => "; no arm decides, because the kill switch is on",
                (true, false) => "",
            };
            info!("POLICY_SET_LOADED: seq={} arms={arms}{why}", set.seq());
        }
    }
}

fn policy(before: &PolicySnapshot, after: &PolicySnapshot, now: Timestamp) {
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
                (Ok(policy), PolicyUnavailable::NotFound) => {
                    counter!(WITHDRAWN).increment(1);
                    warn!(
                        "POLICY_WITHDRAWN: version={} hash={}",
                        Shown(policy.version()),
                        policy.hash().short()
                    );
                }
                (Err(_), PolicyUnavailable::NotFound) => {
                    warn!("POLICY_MISSING: nothing is traded until a policy is published");
                }
                // The function `refused` has already logged the rejection.
                (Ok(_) | Err(_), _) => {}
            }
            (0.0, 0.0)
        }
    };
    gauge!(LOADED_AT).set(since);
    gauge!(VALID_UNTIL).set(until);
}

fn halt(halt: &Halt) {
    let (is_halted, what) = halted(halt);
    gauge!(HALTED).set(is_halted);
    info!("HALTED: {what}");
}

/// Returns the value of a gauge (1 if anything is halted, 0 otherwise), and a text that names the halted symbols.
fn halted(halt: &Halt) -> (f64, String) {
    match halt {
        Halt::Nothing => (0.0, "nothing".to_owned()),
        Halt::Everything => (1.0, "all entries".to_owned()),
        Halt::Symbols(symbols) => {
            let names: Vec<&str> = symbols.iter().map(Symbol::as_str).collect();
            (1.0, names.join(" "))
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::as_conversions,
    reason = "gauges are floats; this one is exact to the microsecond until the year 2255"
)]
fn seconds(at: Timestamp) -> f64 {
    at.as_micros() as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use metrics_util::debugging::{DebugValue, DebuggingRecorder};

    use super::*;
    use crate::{ContentToken, MemoryStore};
    use portcullis::policy::Policy;

    /// A log that is collected as text.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Returns the metrics with their values, sorted, and the log lines with their levels.
    fn recorded(events: impl FnOnce()) -> (Vec<String>, Vec<String>) {
        let recorder = DebuggingRecorder::new();
        let log = Log::default();
        let to_log = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || to_log.clone())
            .without_time()
            .with_target(false)
            .with_ansi(false)
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            metrics::with_local_recorder(&recorder, events);
        });
        let seen = recorder.snapshotter().snapshot().into_vec();
        let seen = seen.into_iter().map(|(key, _, description, value)| {
            let labels: Vec<_> = key.key().labels().map(|label| label.value()).collect();
            let value = match value {
                DebugValue::Counter(count) => format!("{count} times"),
                DebugValue::Gauge(value) => value.to_string(),
                DebugValue::Histogram(_) => panic!("unexpected histogram"),
            };
            let about = description.map(|text| format!(" ({text})"));
            let name = [&[key.key().name()], labels.as_slice()].concat().join(" ");
            format!("{name}: {value}{}", about.unwrap_or_default())
        });
        let mut metrics: Vec<_> = seen.collect();
        metrics.sort();
        let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        (
            metrics,
            log.lines().map(|line| line.trim().to_owned()).collect(),
        )
    }

    #[track_caller]
    fn check(events: impl FnOnce(), metrics: &[&str], lines: &[&str]) {
        let (found_metrics, found_lines) = recorded(events);
        assert_eq!(found_metrics, metrics);
        assert_eq!(found_lines, lines);
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_epoch_seconds(text).unwrap()
    }

    fn policy(version: &str) -> Policy {
        let text = format!(
            r#"{{"policy_version": "{version}", "valid_until_epoch": 200.25,
            "universe_symbols": ["BTCUSDT"], "leverage_by_symbol": {{"BTCUSDT": 8}},
            "harvest_params": {{"T1_R": 1, "T2_R": 2, "T3_R": 3, "lock_R": 1, "be_plus_pct": 0, "cost_bps": 10,
                "k_regime_flip": 1, "k_sigma_spike": 1, "k_ts_drop": 1, "k_age_penalty": 1, "kill_threshold": 0.6}},
            "kill_params": {{"trend_min": 0.2, "sigma_ref": 0.01, "sigma_spike_cap": 2, "ts_ref": 0.3,
                "ts_drop_cap": 1, "max_age_sec": 3600}}}}"#
        );
        Policy::from_json(&text).unwrap()
    }

    fn snapshot(
        number: u64,
        policy: Result<Policy, PolicyUnavailable>,
        halt: Halt,
    ) -> PolicySnapshot {
        PolicySnapshot {
            number,
            policy,
            set: None,
            halt,
            token: ContentToken::unread(),
        }
    }

    #[test]
    fn every_metric_exists_before_the_first_event() {
        check(
            describe,
            &[
                "portcullis_feed_connected: 0 (1 if the last read of the policy store succeeded, else 0)",
                "portcullis_feed_last_good_read_timestamp_seconds: 0 (time of the last successful read)",
                "portcullis_halted: 0 (1 if the store halts entries in some or all symbols, else 0)",
                "portcullis_halts_kept: 0 (1 if a halt disappeared without a resume and stays in effect, else 0)",
                "portcullis_policy_loaded_timestamp_seconds: 0 (load time of the policy; 0 without a policy)",
                "portcullis_policy_loaded_total: 0 times (policies loaded)",
                "portcullis_policy_refused_total POLICY_HASH_MISMATCH: 0 times (policies rejected, by reason)",
                "portcullis_policy_refused_total POLICY_INVALID: 0 times (policies rejected, by reason)",
                "portcullis_policy_refused_total POLICY_MISSING_FIELD: 0 times (policies rejected, by reason)",
                "portcullis_policy_refused_total POLICY_PARSE_ERROR: 0 times (policies rejected, by reason)",
                "portcullis_policy_refused_total POLICY_ROLLED_BACK: 0 times (policies rejected, by reason)",
                "portcullis_policy_refused_total POLICY_SIGNATURE_INVALID: 0 times (policies rejected, by reason)",
                "portcullis_policy_refused_total POLICY_STORE_UNAVAILABLE: 0 times (policies rejected, by reason)",
                "portcullis_policy_set_arms: 0 (arms of the policy set; 0 without a policy set)",
                "portcullis_policy_sets_refused_total: 0 times (policy sets rejected)",
                "portcullis_policy_valid_until_timestamp_seconds: 0 (expiry of the policy; 0 without a policy)",
                "portcullis_policy_withdrawn_total: 0 times (policies removed from the store)",
                "portcullis_store_may_evict: 0 (1 if the server may evict keys or this is unknown, else 0)",
            ],
            &[],
        );
    }

    #[test]
    fn the_connection_to_a_store_is_lost_and_restored() {
        check(
            || read(at("100.5")),
            &[
                "portcullis_feed_connected: 1",
                "portcullis_feed_last_good_read_timestamp_seconds: 100.5",
            ],
            &[],
        );
        check(
            || {
                read(at("100"));
                disconnected(&StoreError::Unavailable {
                    store: "s".to_owned(),
                    why: "a reason".to_owned(),
                });
            },
            &[
                "portcullis_feed_connected: 0",
                "portcullis_feed_last_good_read_timestamp_seconds: 100",
            ],
            &["WARN STORE_AWAY: s: a reason; retrying"],
        );
        let error = StoreError::Address("x".to_owned());
        check(
            || disconnected(&error),
            &["portcullis_feed_connected: 0"],
            &[&format!("WARN STORE_AWAY: {error}")],
        );
        let store = MemoryStore::new();
        check(|| reconnected(&store), &[], &["INFO STORE_BACK: memory"]);
    }

    #[test]
    fn a_store_may_evict_keys_and_a_halt_is_kept() {
        let store = MemoryStore::new();
        let possible = Eviction::Possible("`maxmemory-policy` is `allkeys-lru`".to_owned());
        check(
            || eviction(&store, None, &possible),
            &["portcullis_store_may_evict: 1"],
            &[&format!(
                "WARN STORE_MAY_EVICT: memory: {}",
                possible.warning().unwrap()
            )],
        );
        check(
            || eviction(&store, Some(&possible), &Eviction::Never),
            &["portcullis_store_may_evict: 0"],
            &["INFO STORE_KEEPS_ALL: memory"],
        );
        check(
            || eviction(&store, None, &Eviction::Never),
            &["portcullis_store_may_evict: 0"],
            &[],
        );
        check(
            || kept(&store, &Halt::Everything),
            &["portcullis_halts_kept: 1"],
            &[
                "WARN HALT_KEPT: the halt of all entries disappeared from memory without a resume; the server evicted \
                 it, or another program removed it; it stays in effect until `portcullis resume`",
            ],
        );
        check(
            || kept(&store, &Halt::Nothing),
            &["portcullis_halts_kept: 0"],
            &["INFO HALT_RESTORED: every halt in memory is as recorded"],
        );
    }

    #[test]
    fn a_policy_is_rejected() {
        for (another, consequence) in [
            (true, "the previous policy stays active"),
            (false, "no policy is active"),
        ] {
            let absence = PolicyUnavailable::SignatureInvalid;
            check(
                || refused(&absence, another),
                &["portcullis_policy_refused_total POLICY_SIGNATURE_INVALID: 1 times"],
                &[&format!(
                    "WARN POLICY_REFUSED: POLICY_SIGNATURE_INVALID, {consequence}: {absence}"
                )],
            );
        }
    }

    #[test]
    fn a_policy_is_loaded_and_withdrawn() {
        let (one, two) = (policy("1"), policy("2"));
        let (first, second) = (one.hash().short(), two.hash().short());
        let missing = || Err(PolicyUnavailable::NotFound);
        let unsigned = || Err(PolicyUnavailable::SignatureInvalid);
        let now = at("100.5");
        let check = |before, after, metrics: &[&str], lines: &[&str]| {
            let before = snapshot(1, before, Halt::Nothing);
            let after = snapshot(2, after, Halt::Nothing);
            check(|| changed(&before, &after, now), metrics, lines);
        };
        let taken = [
            "portcullis_policy_loaded_timestamp_seconds: 100.5",
            "portcullis_policy_loaded_total: 1 times",
            "portcullis_policy_valid_until_timestamp_seconds: 200.25",
        ];
        let none = [
            "portcullis_policy_loaded_timestamp_seconds: 0",
            "portcullis_policy_valid_until_timestamp_seconds: 0",
        ];
        let [since, until] = none;
        check(
            missing(),
            Ok(one.clone()),
            &taken,
            &[&format!("INFO POLICY_LOADED: version=1 hash={first}")],
        );
        check(
            Ok(one.clone()),
            Ok(two),
            &taken,
            &[&format!("INFO POLICY_LOADED: version=2 hash={second}")],
        );
        check(
            Ok(one.clone()),
            missing(),
            &[since, until, "portcullis_policy_withdrawn_total: 1 times"],
            &[&format!("WARN POLICY_WITHDRAWN: version=1 hash={first}")],
        );
        check(
            unsigned(),
            missing(),
            &none,
            &["WARN POLICY_MISSING: nothing is traded until a policy is published"],
        );
        // The function `refused` has already logged the rejection.
        check(Ok(one.clone()), unsigned(), &none, &[]);
        check(missing(), unsigned(), &none, &[]);
        // The policy has not changed, so nothing is logged.
        check(Ok(one.clone()), Ok(one), &[], &[]);
    }

    #[test]
    fn the_first_answer_of_a_store_is_always_logged() {
        let (before, after) = (
            snapshot(0, Err(PolicyUnavailable::NotFound), Halt::Nothing),
            snapshot(1, Err(PolicyUnavailable::NotFound), Halt::Nothing),
        );
        check(
            || changed(&before, &after, at("100")),
            &[
                "portcullis_policy_loaded_timestamp_seconds: 0",
                "portcullis_policy_valid_until_timestamp_seconds: 0",
            ],
            &["WARN POLICY_MISSING: nothing is traded until a policy is published"],
        );
    }

    #[test]
    fn a_halt_is_set_and_removed() {
        let symbols = ["ETHUSDT", "BTCUSDT"].map(|name| name.parse().unwrap());
        for (before, after, value, line) in [
            (Halt::Nothing, Halt::Everything, 1, "all entries"),
            (
                Halt::Everything,
                Halt::Symbols(symbols.into()),
                1,
                "BTCUSDT ETHUSDT",
            ),
            (Halt::Everything, Halt::Nothing, 0, "nothing"),
        ] {
            let before = snapshot(1, Err(PolicyUnavailable::NotFound), before);
            let after = snapshot(2, Err(PolicyUnavailable::NotFound), after);
            check(
                || changed(&before, &after, at("100")),
                &[&format!("portcullis_halted: {value}")],
                &[&format!("INFO HALTED: {line}")],
            );
        }
    }
}
