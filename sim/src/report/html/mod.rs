//! HTML reports. A report is one self-contained page that loads nothing from the network.
//!
//! A page has a table of facts, the data that its script counts and filters (`cube`: answers by time, symbol and kind),
//! and sections, each with a chart and a table. Charts are drawn by Chart.js, which is embedded in the page.

mod backfill;
mod cube;
mod diff;
mod flips;
mod page;
mod replay;
mod simulation;

pub use backfill::backfill_page;
pub use diff::diff_page;
pub use page::Page;
pub use replay::replay_page;
pub use simulation::simulation_page;
