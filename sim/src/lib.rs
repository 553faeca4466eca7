//! The Portcullis simulator, command line and services: replay of recorded intents, comparison of policies, simulation
//! at recorded prices, and the bridge, harvester and recorder on Redis.

pub mod bridge;
pub mod cmd;
pub mod diff;
pub mod generate;
pub mod harvester;
pub mod rank;
pub mod record;
pub mod replay;
pub mod report;
pub mod sample;
pub mod service;
pub mod simulate;
pub mod stream;
pub mod tape;
