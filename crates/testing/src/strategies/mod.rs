//! Random inputs: floats of every bit pattern, policies in every state, and intents that are built in code or read from
//! JSON.
//!
//! A draft is an input before it is written as JSON. A law reads the expected values from the draft, not from the
//! engine. The fields of a draft are public, so that a test can spoil an input in a way that no strategy does.
//!
//! ```
//! use portcullis_testing::strategies;
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
pub use intent::{Closing, IntentDraft, IntentForm, Kind, TimeField};
pub use missing::{Missing, missing};
pub use policy::{Flaw, POLICY_VERSION, PolicyDraft, PolicyInput, StatedHash};
pub use position::PositionDraft;
pub use spoiled::{Noise, Spoiled, noise, spoiled};
pub use tightening::{Tightening, tightening};

/// The symbols that the strategies use. All but the last can be in the universe of a policy.
pub const SYMBOLS: [&str; 6] = [
    "BTCUSDT",
    "ETHUSDT",
    "SOLUSDT",
    "1000PEPEUSDT",
    "币安人生USDT",
    "XRPUSDT",
];
/// The symbol that is not in any policy.
pub const UNLISTED_SYMBOL: &str = "XRPUSDT";

/// The name of the exit owner in every case.
pub const OWNER: &str = "exit_service";
/// The name of the exit delegate in every case.
pub const DELEGATE: &str = "emergency";

/// A source that is neither the exit owner nor a delegate.
pub const OTHER_SOURCE: &str = "momentum";
