//! The decision engine: one intent, one policy and one timestamp in, one decision out.
//!
//! **Architecture invariant:** this module has no clock, no store and no JSON.

mod batch;
mod columns;
mod decision;
mod denial;
mod engine;
mod gate;
mod gates;
mod objection;
mod reason;
mod trace;

pub use columns::{BatchRow, DecisionColumns, EntryRow, IntentColumns, Outcome};
pub use decision::{Decision, LeverageFrom, Skip, Trade};
pub use denial::{Constraint, Denial, LimitedNumber};
pub(crate) use denial::{absence_reason, write_absence, write_not_in_force};
pub use engine::Engine;
pub use gate::Gate;
pub use objection::Objection;
pub use reason::Reason;
pub use trace::{Compared, Trace};
