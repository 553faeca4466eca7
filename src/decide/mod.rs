//! The decision engine, which returns one decision for one intent, one policy and one timestamp.
//!
//! **Architecture invariant:** this module does not use a clock, a store or JSON.

mod batch;
mod batch_bounds;
mod block;
mod decision;
mod decision_columns;
mod engine;
mod entry_columns;
mod evidence;
mod gate;
mod gates;
mod intent_columns;
mod leverage_from;
mod service_denial;
mod skip_code;
mod skip_reason;
mod tables;
mod trace;

pub use batch::DecideAt;
pub use decision::{Decision, Skip, Trade};
pub use decision_columns::{BatchRow, DecisionColumns, Outcome};
pub use engine::Engine;
pub use entry_columns::{Cells, EntryColumns, EntryTimes};
pub use gate::Gate;
pub use intent_columns::{EntryRow, IntentColumns};
pub use leverage_from::LeverageFrom;
pub use service_denial::ServiceDenial;
pub use skip_code::SkipCode;
pub(crate) use skip_reason::LEGACY;
pub use skip_reason::{LimitedNumber, SkipReason};
pub use trace::{GateCheck, Trace};
