//! The policy store in Redis, and what services on the same server share with it: addresses, connections and keys.

mod connection;
pub mod keys;
mod server;
mod step;
mod store;
mod switches;

pub use server::{RedisServer, is_refusal, is_wrong_type};
pub use store::RedisStore;
pub use switches::Switches;

/// Lua functions that return the tokens of the policy (`policy_token(POLICY)`) and of the halts (`halts_token(HALTS,
/// RECORDED_HALTS, …)`, see [`keys`], with the keys of the [`Switches`]) that a server holds, and its time in
/// microseconds (`clock`). A script that writes the result of a decision starts with these functions, and compares the
/// tokens with the [`ContentToken`](crate::ContentToken) of the decision.
pub const TOKEN_FUNCTIONS: &str = include_str!("token.lua");
