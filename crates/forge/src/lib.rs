//! Derives a policy from features of the market, the templates of an operator, and the previous policy.
//!
//! [`forge`] is a pure function: it has no clock, file, socket or randomness, and equal inputs give the same bytes. Its
//! result is a draft that the engine has validated, the state for the next run, and the derivation of each field. A
//! model can only give [`Targets`], which pass through the same clamps as the targets of the templates.
//!
//! - Tightening is immediate. Loosening is bounded per run, and against the policy of 24 hours ago.
//! - A symbol with a missing feature, a volatility below its floor, a constant price, or a computed leverage below its
//!   minimum leaves the universe. No number is raised to a minimum, and no earlier leverage is kept.
//! - A draft never violates the guardrails.

mod clamp;
mod derivation;
mod draft;
mod error;
mod explain;
mod features;
mod forge;
mod input;
mod json;
mod parameter;
mod previous;
mod regime;
mod settings;
mod state;
mod step;
mod targets;
mod templates;
mod theta;
mod universe;

pub use clamp::Clamp;
pub use derivation::{Derivation, Field, Left, LeftReason, Movement, Source, Value};
pub use error::ForgeError;
pub use features::{CandleRule, Candles, Features, SymbolFeatures};
pub use forge::{Forged, forge};
pub use input::{Loosening, Run};
pub use json::DocumentError;
pub use parameter::{Limit, Parameter, Tighter};
pub use state::{Pending, RegimeState, State};
pub use targets::Targets;
pub use templates::{Templates, TemplatesError};
