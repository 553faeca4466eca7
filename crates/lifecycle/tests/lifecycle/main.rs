//! Tests of the publish gate, with policies in a store in memory and a short recorded history.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod gate;
mod rollout;
mod rules;
mod support;
mod updater;
mod verify;
