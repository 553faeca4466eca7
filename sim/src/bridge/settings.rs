//! What the bridge is told.

use std::time::Duration;

use redis::{ConnectionInfo, IntoConnectionInfo as _, ProtocolVersion};

use super::BridgeError;

/// What the bridge is told, beside the engine.
#[derive(Clone)]
pub struct Settings {
    /// The server. Holds a password: never shown.
    pub redis: String,
    /// The stream of intents.
    pub intents: String,
    /// The stream of exits, which is read first.
    pub exits: String,
    /// Where plans go.
    pub plans: String,
    /// Where skip records go.
    pub skips: String,
    /// The hash that holds the policy.
    pub policy: String,
    /// The stream that tells of new policies.
    pub policy_updates: String,
    /// The set of what is halted.
    pub halt: String,
    /// What the keys begin with that the bridge keeps.
    pub keys: String,
    /// The consumer group, the same for all instances that share the load.
    pub group: String,
    /// This instance's name in the group.
    pub consumer: String,
    /// The name was made up for this run, and is of no use after it.
    pub consumer_is_temporary: bool,
    /// How many intents are read at once.
    pub batch: usize,
    /// How long an intent may lie with a consumer before another one takes it.
    pub claim_after: Duration,
    /// How long an answered intent is remembered.
    pub remember: Duration,
    /// The length that the plan stream is trimmed to, roughly.
    pub plans_max: Option<u64>,
    /// The length that the skip stream is trimmed to, roughly.
    pub skips_max: Option<u64>,
}

impl Settings {
    /// The server's address and credentials.
    pub(super) fn connection(&self) -> Result<ConnectionInfo, BridgeError> {
        if self.redis.starts_with("rediss:") || self.redis.starts_with("valkeys:") {
            return Err(BridgeError::Url("TLS is not built in"));
        }
        // The library's words may quote the text, and the text may hold a password.
        let info = self
            .redis
            .as_str()
            .into_connection_info()
            .map_err(|_| BridgeError::Url("it cannot be read"))?;
        // One shape of replies.
        let redis = info
            .redis_settings()
            .clone()
            .set_protocol(ProtocolVersion::RESP2);
        Ok(info.set_redis_settings(redis))
    }

    /// The server's address, without credentials.
    ///
    /// # Errors
    /// The URL cannot be read.
    pub fn address(&self) -> Result<String, BridgeError> {
        Ok(self.connection()?.addr().to_string())
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("redis", &self.address().unwrap_or_default())
            .field("group", &self.group)
            .field("consumer", &self.consumer)
            .finish_non_exhaustive()
    }
}
