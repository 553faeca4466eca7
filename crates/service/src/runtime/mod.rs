//! Code that the services on a Redis server share.

mod clock;
mod error;
mod keys;
mod link;
mod log;
mod metrics;
mod policies;
mod reply;
mod server;
mod stop;
mod threads;

pub use self::{
    clock::{ClockError, system_time},
    error::ServiceError,
    log::{LogFormat, log_as, say},
    metrics::serve_metrics,
    policies::Trust,
    server::Server,
    stop::Stop,
};
pub(crate) use self::{
    clock::{now, now_in_millis, skew},
    keys::{CURRENT_POLICY, HALTS, kept_policy_key},
    link::{Health, Link, connect, words},
    log::line,
    policies::{follow, wait_until_asked},
    reply::{bytes, last_id, list, read_entries, text},
    threads::run_until_one_ends,
};
