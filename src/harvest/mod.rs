//! Harvest decisions for open positions: whether to take a part of the profit, move the stop, or
//! close the position.
//!
//! A proposal is computed from two numbers, R and K. If an input is missing or invalid, only the parts that need this
//! input (R, K, the ladder or the profit lock) are unavailable, and the answer states the reason.
//!
//! - **R** is the profit of one unit after costs, in units of the risk taken at entry: `(side ·
//!   (current − entry) − cost) / risk_unit`, where `risk_unit = entry · stop` and `cost = entry ·
//!   cost_bps / 10 000`. R determines the *ladder* (the stage to take) and the *profit lock* (the
//!   break-even stop).
//! - **K** is the kill score in \[0.5, 1\]: `1 / (1 + e^(−z))`, where z is the weighted sum of four components (regime
//!   flip, volatility spike, loss of trend strength, age). If K is at or above the policy's threshold, a full close is
//!   proposed instead of the ladder's stage. K never blocks a close.
//!
//! All thresholds are in θ, the harvest parameters of the policy. They can be read only after a check that θ is in
//! force. There is no default θ.
//!
//! [`harvest`] evaluates one position, and [`harvest_batch`] evaluates many. Their results are
//! bit-identical.
//!
//! **Known limit:** K does not depend on the side of the position. A market that turns in favour of
//! a short position has the same score as a market that turns against it.
//!
//! **Architecture invariant:** this module is pure arithmetic. It does not use a clock, a store,
//! the platform's `exp` or fused operations.

mod batch;
mod block;
mod code;
mod columns;
mod decision;
mod evidence;
mod exp;
mod kernel;
mod kill_score;
mod ladder;
mod lots;
mod position;
mod profit_lock;
mod r_net;
mod reasons;
mod returns;
mod snapshot;

pub use batch::{HarvestBatch, HarvestOutcome, HarvestRow, harvest_batch};
pub use columns::HarvestColumns;
pub use decision::{Harvest, HarvestDecision, HarvestSkip};
pub use evidence::{HarvestField, InputError, Observed, RError};
pub use kernel::harvest;
pub use kill_score::KillScore;
pub use ladder::{HarvestAction, Stage};
pub use position::{Harvested, Market, Position, ReportedSide, SizeRules};
pub use r_net::RPart;
pub use reasons::{HarvestReason, HarvestReasons};
pub use snapshot::{Snapshot, SnapshotError};
