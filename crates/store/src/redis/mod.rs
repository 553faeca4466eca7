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

/// Lua functions for a script that writes the result of a decision. `policy_token(POLICY, POLICY_SET)` returns the token of the
/// policy and the policy set on the server, `halts_token(HALTS, RECORDED_HALTS, …)` returns the token of the halts, and `clock()` returns
/// the time of the server in microseconds. The arguments are the [`keys`], followed by the keys of the [`Switches`].
/// The script starts with these functions, and compares the tokens with the [`ContentToken`](crate::ContentToken) of
/// the decision.
pub const TOKEN_FUNCTIONS: &str = include_str!("token.lua");
