//! Reports of results, as text, as JSON and as HTML pages.

mod backfill;
mod diff;
mod fixed_policy;
pub mod html;
mod next_step;
mod policy_set;
mod rank;
mod replay;
mod run_settings;
mod simulation;
mod symbol_hint;

pub use backfill::BackfillReport;
pub use diff::{DiffInputs, DiffReport, changes_text, with_time};
pub use rank::RankingReport;
pub use replay::ReplayReport;
pub use run_settings::RunSettings;
pub use simulation::SimulationReport;
