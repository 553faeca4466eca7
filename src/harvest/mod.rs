//! What to do with an open position: take a part of the profit, lock the rest, or close it.
//!
//! Three parts, each silent where its own inputs fail, and saying so:
//!
//! - **R**, the profit of one unit less costs in units of the risk taken at entry:
//!   `(side · (current − entry) − cost) / risk_unit`, where `risk_unit = entry · stop` and
//!   `cost = entry · cost_bps / 10 000`. From it the *ladder* (which stage to take) and the *profit lock*
//!   (where to pull the stop).
//! - **K**, the kill score in \[0.5, 1\]: `1 / (1 + e^(−z))` over the weighted signs that the market has
//!   turned. At the policy's threshold it proposes to close everything, over whatever the ladder said. It
//!   closes; it never blocks a close.
//! - **The policy**: every threshold is its, reached through the witness that θ is in force. There is no
//!   default θ.
//!
//! [`harvest`] judges one position, [`harvest_batch`] many, with the same bits.
//!
//! **Known limit:** K does not know the position's direction. A market that turns in favour of a short scores
//! as high as one that turns against it.
//!
//! **Architecture invariant:** pure arithmetic. No clock, no store, no platform's `exp`, no fused operation.

mod batch;
mod block;
mod columns;
mod decision;
mod evidence;
mod exp;
mod kernel;
mod kill_score;
mod ladder;
mod position;
mod profit_lock;
mod r_net;
mod reasons;
mod thresholds;
mod wire;

pub use batch::{HarvestBatch, HarvestOutcome, HarvestRow, harvest_batch};
pub use columns::HarvestColumns;
pub use decision::{Harvest, HarvestDecision, HarvestSkip};
pub use evidence::{HarvestField, InputFault, Observed, RUnavailable};
pub use kernel::harvest;
pub use kill_score::KillScore;
pub use ladder::{HarvestAction, Stage};
pub use position::{Harvested, Market, Position, Standing};
pub use r_net::RPart;
pub use reasons::{HarvestReason, HarvestReasons};
pub use thresholds::Thresholds;
pub use wire::{Snapshot, SnapshotFault};
