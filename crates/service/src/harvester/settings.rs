//! Settings of the harvester, and Redis keys.

use std::time::Duration;

use super::Authority;
use crate::runtime::{Server, Trust};

/// Prefix of the keys of positions. The symbol follows, as for all prefixes here.
pub(super) const POSITIONS: &str = "quantum:state:positions:";
/// Prefix of the keys of market states.
pub(super) const MARKETS: &str = "quantum:marketstate:";
/// Prefix of the keys of risk proposals, which hold stop distances.
pub(super) const RISKS: &str = "quantum:risk:proposal:";
/// Prefix of the keys of proposals.
pub(super) const PROPOSALS: &str = "quantum:harvest:proposal:";
/// Prefix of the keys of remembered stages.
pub(super) const MEMORIES: &str = "quantum:harvester:";
/// The stream of proposals.
pub(super) const STREAM: &str = "quantum:stream:harvest.proposal";
/// Settings of the harvester.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The Redis server.
    pub redis: Server,
    /// Trusted keys and sequence file that decide which policies are accepted.
    pub trust: Trust,
    /// Interval between two scans of the positions.
    pub every: Duration,
    /// The proposing service, and the rule that allows it.
    pub authority: Authority,
}
