//! What the services on a Redis server have in common.

mod clock;
mod error;
mod keys;
mod link;
mod log;
mod policy_source;
mod reply;
mod server;
mod stop;
mod threads;

pub(crate) use self::{
    clock::{now_in_millis, skew},
    keys::kept_policy_key,
    link::{Health, Link, connect, words},
    log::{line, say},
    policy_source::{PolicyKeys, PolicySource, RedisPolicySource, Ruling},
    reply::{bytes, last_id, list, read_entries, text},
    threads::run_until_one_ends,
};
pub use self::{error::ServiceError, server::Server, stop::Stop};
