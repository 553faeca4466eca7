//! A fail-closed decision engine for AI-driven trading.
//!
//! [`Engine::decide`] takes a policy, an intent and a timestamp, and returns a [`Decision`]: a [`Trade`], an exit permit,
//! or a [`Skip`] with its reason and evidence. An intent becomes a trade only under a policy that is present, valid,
//! authentic and in force, and every number in the answer names the field that it came from. There is no default leverage,
//! size or threshold, and no clock: time is an argument.
//!
//! ```
//! use portcullis::{
//!     Decision, Engine, ExitOwnership, Guardrails, IntentBuilder, Policy, PolicyState, Side, Timestamp,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let policy = Policy::from_json(
//!     r#"{
//!     "policy_version": "2026-01-05a", "valid_until_epoch": 1767610800,
//!     "universe_symbols": ["BTCUSDT"], "leverage_by_symbol": {"BTCUSDT": 8},
//!     "harvest_params": {"T1_R": 1.8, "T2_R": 3.5, "T3_R": 5.8, "lock_R": 1.2, "be_plus_pct": 0.003,
//!         "cost_bps": 12, "k_regime_flip": 0.8, "k_sigma_spike": 0.6, "k_ts_drop": 0.4,
//!         "k_age_penalty": 0.2, "kill_threshold": 0.55},
//!     "kill_params": {"trend_min": 0.25, "sigma_ref": 0.012, "sigma_spike_cap": 1.8, "ts_ref": 0.35,
//!         "ts_drop_cap": 0.45, "max_age_sec": 72000}
//! }"#,
//! )?;
//! let engine = Engine::new(Guardrails::none(), ExitOwnership::new("exit-service")?);
//! let intent = IntentBuilder::new("BTCUSDT")
//!     .with_side(Side::Buy)
//!     .with_source("momentum")
//!     .with_leverage(10.0)
//!     .with_notional_usd(250.0)
//!     .build();
//! let now = Timestamp::parse_epoch_seconds("1767607200")?;
//!
//! let decision = engine.decide(PolicyState::present(&policy), &intent, now);
//! assert!(matches!(&decision, Decision::Trade(trade) if trade.leverage().value().get() == 8.0));
//! # Ok(())
//! # }
//! ```
//!
//! - [`decide`] contains the engine, its gates, and the skip codes and reasons; [`policy`], [`intent`], [`guardrails`]
//!   and [`exit`] contain its inputs.
//! - [`harvest`] evaluates open positions: R multiple, ladder, profit lock and kill score.
//! - [`record`] reads the records of a tape or a stream; [`answer`] contains flat rows for logs and files; [`explain`]
//!   turns a decision into text.
//! - Stores, services, replay, the forge, the law kit and the source scanner are crates of their own: `portcullis-store`,
//!   `portcullis-service`, `portcullis-sim`, `portcullis-forge`, `portcullis-testing` and `portcullis-proof`.

/// The examples of README.md, which run as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

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
