//! What the bridge is told.

use std::time::Duration;

use crate::service::{Server, Trust};

/// What the bridge is told, beside the engine.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The server.
    pub redis: Server,
    /// The stream of intents.
    pub intents: String,
    /// The stream of exits, which is read first.
    pub exits: String,
    /// Where plans go.
    pub plans: String,
    /// Where skip records go.
    pub skips: String,
    /// Which policies are taken.
    pub trust: Trust,
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
