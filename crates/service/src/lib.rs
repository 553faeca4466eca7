//! The Portcullis services on a Redis server: bridge, harvester, recorder and decision log.

/// The exit owner that the command and the services use if the operator does not name one.
pub const DEFAULT_EXIT_OWNER: &str = "exitbrain_v3_5";

pub mod bridge;
pub mod decision_log;
pub mod harvester;
pub mod keys;
pub mod metrics;
mod opening;
pub mod profile;
pub mod recorder;
pub mod runtime;
pub mod stream;
