//! The decision engine: one intent, one policy and one timestamp in, one decision out.
//!
//! **Architecture invariant:** this module has no clock, no store and no JSON.

mod batch;
mod columns;
mod decision;
mod engine;
mod gate;
mod gates;
mod service_denial;
mod skip_code;
mod skip_reason;
mod trace;

pub use columns::{BatchRow, DecisionColumns, EntryRow, IntentColumns, Outcome};
pub use decision::{Decision, LeverageFrom, Skip, Trade};
pub use engine::Engine;
pub use gate::Gate;
pub use service_denial::ServiceDenial;
pub use skip_code::SkipCode;
pub use skip_reason::{LimitedNumber, SkipReason};
pub use trace::{GateCheck, Trace};
