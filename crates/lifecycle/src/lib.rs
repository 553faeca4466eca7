//! The life of a policy after it was written or derived: the publish gate, which judges a draft by recorded history, and
//! the [`updater`].
//!
//! [`judge`](gate::judge) compares a draft with the active policy and with the policy of 24 hours ago. A draft that is
//! nowhere looser than the active policy is a tightening and passes. Any other draft is tried on the recorded intents of the last days, and
//! passes only within the bounds of the [`GateRules`](gate::GateRules). [`publish`] judges a draft and publishes it, or
//! its tightening part, or records the refusal in the audit log. [`verify`] repeats a judgement that was stored with a
//! publication.

mod baselines;
pub mod gate;
mod publish;
pub mod updater;
mod verify;

pub use baselines::Baselines;
pub use publish::{GatedPublication, GatedPublishError, Outcome, publish};
pub use verify::{Difference, Inputs, VerifyError, verify};
