//! The progress display of long runs on standard error.

use std::{
    io::{self, IsTerminal as _},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use portcullis_sim::tape::Progress;

/// The number of records read so far, and the progress bar that shows it. The bar is hidden if standard error is not a
/// terminal.
#[derive(Clone)]
pub(crate) struct RunProgress {
    bar: ProgressBar,
    bytes: Arc<Progress>,
    records: Arc<AtomicU64>,
}

impl RunProgress {
    pub(crate) fn new(bytes: Arc<Progress>) -> Self {
        let bar = match bytes.total() {
            _ if !io::stderr().is_terminal() => ProgressBar::hidden(),
            Some(total) => visible(
                ProgressBar::new(total),
                "{bar:30} {percent:>3} %  {msg}  {binary_bytes_per_sec}  {eta} left",
            ),
            None => visible(
                ProgressBar::no_length(),
                "{spinner} {msg}  {binary_bytes_per_sec}",
            ),
        };
        Self {
            bar,
            bytes,
            records: Arc::default(),
        }
    }

    pub(crate) fn set_records(&self, records: u64) {
        self.records.store(records, Ordering::Relaxed);
        if !self.bar.is_hidden() {
            self.bar.set_position(self.bytes.consumed());
            self.bar.set_message(format!("{records} records"));
        }
    }

    pub(crate) fn set_candles(&self, candles: u64) {
        self.bar.set_message(format!("{candles} candles"));
    }

    pub(crate) fn records(&self) -> u64 {
        self.records.load(Ordering::Relaxed)
    }

    /// Removes the bar.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Returns a display without a bar, for a run of unknown length.
pub(crate) fn spinner() -> ProgressBar {
    visible(ProgressBar::no_length(), "{spinner} {msg}")
}

fn visible(bar: ProgressBar, template: &str) -> ProgressBar {
    bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
    bar.set_style(
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    // A short run ends before the first tick, so no bar appears.
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}
