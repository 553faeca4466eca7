//! What the services on a Redis server have in common.

mod clock;
mod error;
mod link;
mod log;
mod metrics;
mod policies;
mod reply;
mod server;
mod stop;
mod threads;

pub(crate) use self::{
    clock::{now, skew},
    link::{Health, Link},
    log::{line, log_as, say},
    policies::{follow, wait_until_asked},
    reply::{bytes, list, read_entries, text},
    threads::run_until_one_ends,
};
pub use self::{
    error::ServiceError, log::LogFormat, metrics::serve_metrics, policies::Trust, server::Server,
    stop::Stop,
};
