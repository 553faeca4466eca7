//! Code that the services on a Redis server share.

mod clock;
mod connection;
mod error;
mod feed;
mod log;
mod prometheus;
mod reply;
mod stop;
mod threads;

pub use self::{
    clock::{ClockError, system_time},
    error::ServiceError,
    feed::Trust,
    log::{LogFormat, alarm, counted, line, log_as, log_status},
    prometheus::serve_metrics,
    stop::Stop,
};
pub(crate) use self::{
    clock::{now, now_in_millis, server_time, skew},
    connection::{Connections, Reconnecting, connect},
    feed::{follow, wait_for_first_read},
    reply::{bytes, last_id, list, read_entries, text},
    threads::run_until_one_ends,
};
