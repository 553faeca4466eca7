//! The Portcullis services on a Redis server: bridge, harvester and recorder.

/// The exit owner if the operator names none: the default of the command and the services.
pub const DEFAULT_EXIT_OWNER: &str = "exitbrain_v3_5";

pub mod bridge;
pub mod harvester;
pub mod keys;
pub mod metrics;
pub mod recorder;
pub mod runtime;
pub mod stream;
