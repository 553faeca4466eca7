//! The updater: a service that derives a policy again and again, with a pause between two runs, and publishes it through
//! the gate.
//!
//! If there are several instances, only the one that holds the lease of the store publishes. An unchanged policy is
//! published again before it expires, but only after a run with recent features: without them, the policy expires. While
//! entries are halted, nothing is loosened. After each publication, the arms of the policy set that have a schedule are
//! raised, promoted or aborted.

mod cycle;
mod metrics;
mod rollout;
mod settings;
mod source;

use portcullis::types::Timestamp;
use portcullis_service::runtime::{Stop, alarm, line};
use portcullis_sim::tape::TapeReader;
use portcullis_store::PolicyStore;

pub use cycle::{Cycle, CycleError, Kind, cycle};
pub use settings::{SettingsError, UpdaterSettings};
pub use source::{FeatureSource, SourceError};

/// Runs at the interval of the settings until `stop` is set. `history` opens the recorded intents, and `clock` returns the
/// current time.
///
/// An error of a run is logged, and the next run tries again.
pub fn run(
    store: &dyn PolicyStore,
    settings: &UpdaterSettings,
    history: &dyn Fn() -> TapeReader,
    clock: &dyn Fn() -> Timestamp,
    stop: &Stop,
) {
    let mut runs = 0;
    while !stop.is_set() {
        let result = cycle(store, settings, history, clock);
        runs += 1;
        report(store, settings, &result, clock());
        stop.sleep(settings.pause(runs));
    }
    release(store, settings);
}

/// Ends the lease of this instance, so that another one can publish at once.
pub fn release(store: &dyn PolicyStore, settings: &UpdaterSettings) {
    if let Err(error) = store.release_lease(&settings.token) {
        alarm(format_args!(
            "LEASE_NOT_RELEASED {error}; another instance can publish when the lease ends"
        ));
    }
}

/// Logs the result of a run, and an alarm if the policy expires before the next one or has expired.
pub fn report(
    store: &dyn PolicyStore,
    settings: &UpdaterSettings,
    result: &Result<Cycle, CycleError>,
    now: Timestamp,
) {
    metrics::counted(result.as_ref().map_or("failed", Cycle::name));
    match result {
        Ok(cycle @ (Cycle::Standby | Cycle::Unchanged | Cycle::Published { .. })) => line(cycle),
        Ok(cycle @ Cycle::Refused(_)) => alarm(cycle),
        Err(error) => alarm(format_args!("UPDATE_FAILED {error}")),
    }
    let Ok(policy) = store.load() else {
        return;
    };
    let left_sec = policy
        .valid_until()
        .since(now)
        .as_micros()
        .div_euclid(1_000_000);
    metrics::expiry(left_sec);
    let next_sec = settings.every.saturating_add(settings.jitter).as_secs();
    if i64::try_from(next_sec).is_ok_and(|next_sec| left_sec < next_sec) {
        let text = match left_sec {
            0.. => format!("POLICY_ABOUT_TO_EXPIRE in {left_sec} s, before the next run"),
            _ => format!("POLICY_EXPIRED {} s ago", left_sec.unsigned_abs()),
        };
        alarm(format_args!(
            "{text}; all entries are skipped without a policy; check the errors above and the source of the features"
        ));
    }
}
