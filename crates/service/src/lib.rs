//! The Portcullis services on a Redis server: bridge, harvester and recorder.

pub mod bridge;
pub mod harvester;
pub mod keys;
pub mod metrics;
pub mod recorder;
pub mod runtime;
pub mod stream;
