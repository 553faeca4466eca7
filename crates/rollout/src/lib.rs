//! Policy sets: a live policy, canary policies that decide a share of the symbols, and shadow policies that are only
//! compared.
//!
//! All functions are pure: time is an argument, and there is no clock, file, socket or randomness. A [`PolicySet`] is a
//! signed document that names policies by their hashes. A [`Rollout`] combines it with the loaded policies:
//! [`Rollout::decide`] selects the policy of an entry, [`Rollout::ladder`] the policy of a harvest, and
//! [`Rollout::shadows`] evaluates the shadows. [`PolicySet::start`], [`PolicySet::raise`], [`PolicySet::promote`] and
//! [`PolicySet::abort`] return the next set, and a [`Schedule`] decides which of them is due.
//!
//! - Without a live policy in force, no arm decides.
//! - No arm, kill switch or missing policy of a set affects an exit.
//! - A shadow cannot trade, because a [`ShadowAnswer`] contains no [`Trade`](portcullis::Trade).
//! - A position keeps the canary under which it was opened until it is flat.
//!
//! ```
//! use portcullis::Symbol;
//! use portcullis_rollout::{Arm, Bps, PolicySet, Role, Salt};
//!
//! # type Error = Box<dyn std::error::Error>;
//! # let live = "5fb38d75cc8088277c5ca6f9ab1dbbd88ba703ea78cf2754d2db392221d79a86".parse()?;
//! # let canary = "c0ffee00cc8088277c5ca6f9ab1dbbd88ba703ea78cf2754d2db392221d79a86".parse()?;
//! let (until, now) = ("2026-01-12T00:00:00Z".parse()?, "2026-01-05T00:00:00Z".parse()?);
//! let arm = Arm::new(Role::Canary, canary, Bps::new(2500)?, Salt::new("canary-7")?, until)?;
//! let universe = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "DOTUSDT"].map(Symbol::new);
//! let universe = universe.into_iter().collect::<Result<Vec<_>, _>>()?;
//!
//! let started = PolicySet::new(1, live).start(arm, universe, now)?;
//! assert_eq!(started.symbols, [Symbol::new("SOLUSDT")?, Symbol::new("DOTUSDT")?]);
//! assert_eq!(started.set.seq(), 2);
//! # Ok::<(), Error>(())
//! ```

mod arm;
mod bps;
mod bucket;
mod decided;
mod document;
mod fault;
mod json;
mod lifecycle;
mod reason;
mod refusal;
mod rollout;
mod salt;
mod schedule;
mod set;
mod shadow;
mod time;

pub use arm::{Arm, ArmError, Key, Role};
pub use bps::{Bps, BpsError};
pub use bucket::{Bucket, bucket};
pub use decided::Decided;
pub use fault::{DocumentError, Fault};
pub use lifecycle::{Progress, RaiseConditions, Started};
pub use reason::ArmReason;
pub use refusal::Refusal;
pub use rollout::{Ladder, OpenPosition, Question, Rollout, entry_symbol};
pub use salt::{Salt, SaltError};
pub use schedule::{Action, ActionReason, Measured, Schedule, Step};
pub use set::PolicySet;
pub use shadow::{Agreement, ShadowAnswer};
pub use time::TimeError;
