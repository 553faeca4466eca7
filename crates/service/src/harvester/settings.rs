//! Settings of the harvester.

use std::time::Duration;

use portcullis_store::RedisServer;

use super::Authority;
use crate::runtime::Trust;

/// Settings of the harvester.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The Redis server with the positions, the markets and the policy.
    pub redis: RedisServer,
    /// Trusted keys and sequence file that decide which policies are accepted.
    pub trust: Trust,
    /// Interval between two scans of the positions.
    pub every: Duration,
    /// The right of the service to propose exits, with its name.
    pub authority: Authority,
}
