//! Settings of the harvester.

use std::{collections::BTreeMap, time::Duration};

use portcullis::{harvest::SizeRules, types::Symbol};
use portcullis_store::RedisServer;

use super::Authority;
use crate::{profile::Profile, runtime::Trust};

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
    /// The names, keys and values of other services on the server; `None` for this project's own.
    pub profile: Option<&'static Profile>,
    /// Sizes that the market allows, for the symbols for which they are known.
    pub sizes: BTreeMap<Symbol, SizeRules>,
}
