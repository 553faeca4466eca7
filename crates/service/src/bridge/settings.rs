//! Settings of the bridge.

use std::time::Duration;

use portcullis_store::RedisServer;

use crate::{profile::Profile, runtime::Trust};

/// Settings of the bridge, apart from the engine.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The Redis server with the streams and the policy.
    pub redis: RedisServer,
    /// The stream of intents.
    pub intents: String,
    /// The stream of exits, which is read before the intents.
    pub exits: String,
    /// The stream to which plans are written.
    pub plans: String,
    /// The stream to which skip records are written.
    pub skips: String,
    /// Trusted keys and sequence file that decide which policies are accepted.
    pub trust: Trust,
    /// Prefix of the keys that the bridge writes.
    pub keys: String,
    /// The SHA-256 of the guardrails file in lower-case hexadecimal digits, which each record states; `None` if there are no
    /// guardrails.
    pub guardrails_sha256: Option<String>,
    /// The consumer group, the same for all instances that share the load.
    pub group: String,
    /// This instance's name in the group.
    pub consumer: String,
    /// True if the consumer name was generated for this run.
    pub consumer_is_temporary: bool,
    /// Maximum number of intents in one read. If the intents are large, fewer are read.
    pub batch: usize,
    /// Time for which an intent may be pending with a consumer before another one claims it.
    pub claim_after: Duration,
    /// Time for which an answered intent is remembered.
    pub remember: Duration,
    /// Approximate length to which the plan stream is trimmed; `None` for no trimming. Plans that a consumer group has
    /// not acknowledged are kept. If the stream has no group, all exits are kept.
    pub plans_max: Option<u64>,
    /// Approximate length to which the skip stream is trimmed; `None` for no trimming.
    pub skips_max: Option<u64>,
    /// The names, keys and values of other services on the server; `None` for this project's own.
    pub profile: Option<&'static Profile>,
    /// With a profile: the maximum age of a mark price from which a quantity is computed.
    pub mark_age_max: Duration,
}
