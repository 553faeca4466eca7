//! What the harvester is told, and where things lie.

use std::time::Duration;

use super::Authority;
use crate::service::{Server, Trust};

/// What the keys of positions begin with; the symbol follows.
pub(super) const POSITIONS: &str = "quantum:state:positions:";
/// What the keys of market states begin with.
pub(super) const MARKETS: &str = "quantum:marketstate:";
/// What the keys begin with that say how far stops are.
pub(super) const RISKS: &str = "quantum:risk:proposal:";
/// What the keys of proposals begin with.
pub(super) const PROPOSALS: &str = "quantum:harvest:proposal:";
/// What the keys begin with under which proposed stages are remembered.
pub(super) const MEMORIES: &str = "quantum:harvester:";
/// The stream of proposals.
pub(super) const STREAM: &str = "quantum:stream:harvest.proposal";
/// What the harvester is told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The server.
    pub redis: Server,
    /// Which policies are taken.
    pub trust: Trust,
    /// How often the positions are looked at.
    pub every: Duration,
    /// Who proposes, and by which right.
    pub authority: Authority,
}
