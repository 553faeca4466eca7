//! The policy feed of a service.

use std::{
    path::PathBuf,
    time::{Duration, Instant as Tick},
};

use portcullis_store::{
    Feed, PolicyStore as _, RedisServer, RedisStore, SequenceGuard, StoreError, TrustedKeys,
    VerifyingReader, redis::Switches,
};

use super::{ServiceError, Stop, clock::now};

/// Maximum time to wait for the first answer of the store.
const PATIENCE: Duration = Duration::from_secs(5);
/// Interval at which a wait checks whether the service must stop.
const SLICE: Duration = Duration::from_millis(20);

/// Conditions under which a service accepts a policy.
#[derive(Debug, Clone)]
pub struct Trust {
    /// Trusted keys. A policy must be signed with one of them; if there are none, no signature is
    /// required.
    pub keys: TrustedKeys,
    /// File that stores the highest sequence seen, also across restarts; `None` to keep it in
    /// memory only.
    pub sequences: Option<PathBuf>,
    /// True if the server must not evict keys. If its setting permits eviction, the service does not start; if the
    /// setting changes later, the service has no policy.
    pub requires_noeviction: bool,
}

impl Trust {
    fn guard(&self) -> Result<SequenceGuard, StoreError> {
        match &self.sequences {
            None => Ok(SequenceGuard::in_memory()),
            Some(path) => SequenceGuard::in_file(path),
        }
    }
}

/// Starts a feed of the policy and the halts on a server, which also reads the switches of other programs.
pub(crate) fn follow(
    server: &RedisServer,
    trust: &Trust,
    switches: Switches,
) -> Result<Feed, ServiceError> {
    let store = RedisStore::new(server.clone()).with_switches(switches);
    // If the server is unreachable, the feed checks the setting as soon as the server is reachable.
    if trust.requires_noeviction
        && let Ok(eviction) = store.eviction()
        && let Some(why) = eviction.warning()
    {
        return Err(ServiceError::Eviction {
            address: server.to_string(),
            why,
        });
    }
    let mut reader =
        VerifyingReader::new(store, trust.guard()?).with_trusted_keys(trust.keys.clone());
    if trust.requires_noeviction {
        reader = reader.with_required_noeviction();
    }
    Feed::start(reader, now).map_err(ServiceError::ThreadStart)
}

/// Waits until the store has answered once, so that a policy does not count as missing before the
/// first read. The wait ends after 5 seconds, because exits and open positions must not wait
/// longer.
pub(crate) fn wait_for_first_read(feed: &Feed, stop: &Stop) {
    let until = Tick::now() + PATIENCE;
    while !stop.is_set() && Tick::now() < until && !feed.wait_for_change(0, SLICE) {}
}
