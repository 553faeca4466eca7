//! The policy store in Redis, and what services on the same server share with it: addresses, connections and keys.

mod connection;
pub mod keys;
mod server;
mod step;
mod store;

pub use server::{RedisServer, is_refusal, is_wrong_type};
pub use store::RedisStore;
