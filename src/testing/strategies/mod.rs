//! Random inputs: floats over every bit pattern, policies in every state, intents through both doors.
//!
//! A draft is an input before it is written down. What a law looks up in it was never read by the engine. Drafts
//! have public fields, so that a test can put one thing wrong that a strategy does not.
//!
//! ```
//! use portcullis::testing::strategies;
//! use proptest::prelude::*;
//!
//! proptest!(|(call in strategies::sound_entries())| {
//!     prop_assert!(call.policy.read().is_ok());
//!     prop_assert!(call.question().record.contains(&call.intent.symbol));
//! });
//! ```

mod calls;
pub mod guardrails;
mod intent;
pub mod intents;
mod missing;
pub mod number;
pub mod policies;
mod policy;
mod position;
pub mod positions;
mod spoiled;
pub mod text;
mod tightening;
pub(super) mod write;

pub use calls::{
    Call, HarvestCall, age, calls, calls_of_any_floats, calls_with_policy, calls_without_policy,
    exits, harvests, harvests_of_any_floats, harvests_with_policy, harvests_without_policy,
    instant, owners_entries, sound_entries, sound_harvests,
};
pub use guardrails::{GuardrailsDraft, HaltDraft};
pub use intent::{Closing, Door, IntentDraft, Kind, TimeField};
pub use missing::{Missing, missing};
pub use policy::{Flaw, POLICY_VERSION, PolicyDraft, PolicyInput, StatedHash};
pub use position::PositionDraft;
pub use spoiled::{Noise, Spoiled, noise, spoiled};
pub use tightening::{Tightening, tightening};

/// The symbols of the policies here; the last of them is in none.
pub const SYMBOLS: [&str; 6] = [
    "BTCUSDT",
    "ETHUSDT",
    "SOLUSDT",
    "1000PEPEUSDT",
    "币安人生USDT",
    "XRPUSDT",
];
/// The one that is in no policy.
pub const OUTSIDER: &str = "XRPUSDT";

/// Who owns exits.
pub const OWNER: &str = crate::exit::STANDARD_OWNER;
/// Who may close as well.
pub const DELEGATE: &str = "emergency";

/// A service that owns no exits.
pub const STRANGER: &str = "momentum";
