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
//!
//! ```
//! use portcullis::{Guardrails, types::Timestamp};
//! use portcullis_forge::{Features, Forged, Loosening, Run, State, Templates, forge};
//!
//! # type Error = Box<dyn std::error::Error>;
//! fn first_draft(templates: &str, features: &str, now: Timestamp) -> Result<Forged, Error> {
//!     Ok(forge(&Run {
//!         features: &Features::from_json(features)?,
//!         templates: &Templates::from_toml(templates)?,
//!         targets: None,
//!         state: &State::empty(),
//!         active: None,
//!         day_ago: None,
//!         guardrails: &Guardrails::none(),
//!         loosening: Loosening::Bounded,
//!         now,
//!     })?)
//! }
//!
//! # let page = include_str!("../../../docs/forge.md");
//! # let block = |language| page.split("```").find_map(|it| it.strip_prefix(language)).ok_or("no block");
//! # let now = "2026-01-05T00:05:00Z".parse()?;
//! let forged = first_draft(block("toml\n")?, block("json\n")?, now)?;
//! assert_eq!(forged.draft().version(), "forge-2026-01-05T00:05:00Z");
//! # Ok::<(), Error>(())
//! ```

mod clamp;
mod comparison;
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
pub use comparison::{Comparison, tightening_part};
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
