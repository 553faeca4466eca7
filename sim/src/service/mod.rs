//! What the services on a Redis server have in common.

mod clock;
mod error;
mod link;
mod log;
mod policy_source;
mod reply;
mod server;
mod stop;
mod threads;

pub(crate) use self::{
    clock::{now, skew},
    link::{Health, Link},
    log::{line, say},
    policy_source::{PolicyKeys, PolicySource, RedisPolicySource, Ruling},
    reply::{bytes, list, read_entries, text},
    threads::run_until_one_ends,
};
pub use self::{error::ServiceError, server::Server, stop::Stop};
