#![doc = include_str!("../README.md")]

pub mod answer;
pub mod decide;
pub mod exit;
pub mod explain;
pub mod guardrails;
pub mod harvest;
pub mod intent;
pub mod json;
pub mod policy;
pub mod provenance;
pub mod record;
pub mod types;

pub use answer::Answer;
pub use decide::{Decision, Engine, Gate, Skip, SkipCode, SkipReason, Trade};
pub use exit::{ExitOwnership, ExitPermit};
pub use guardrails::{Guardrails, Halt};
pub use intent::{Intent, IntentBuilder};
pub use policy::{InvalidPolicyError, Policy, PolicyState, PolicyUnavailable};
pub use types::{
    Leverage, Margin, Notional, PolicyHash, PositionSide, Price, Quantity, Side, SignedDuration,
    Symbol, Timestamp,
};
