//! Handling of SIGINT and SIGTERM.

use std::{
    path::PathBuf,
    process,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
};

use indicatif::ProgressBar;
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
};

use super::{input::warn, out::Temporary};

/// The exit status that shells use for a program ended by Ctrl-C.
const STATUS: i32 = 130;

/// The state of a run that a signal may interrupt.
pub(super) struct Run {
    /// The output files, with their temporary files.
    pub(super) outs: Vec<(PathBuf, Temporary)>,
    pub(super) records: Arc<AtomicU64>,
    pub(super) bar: ProgressBar,
}

/// Installs a signal handler that removes the temporary files and exits. If its thread cannot be started, signals keep
/// their default action.
pub(super) fn watch(run: Run) {
    let (is_watching, watching) = mpsc::channel::<()>();
    let watch = move || {
        let signals = Signals::new([SIGINT, SIGTERM]);
        drop(is_watching);
        if let Ok(mut signals) = signals
            && signals.forever().next().is_some()
        {
            run.end();
        }
    };
    if thread::Builder::new().spawn(watch).is_ok() {
        let _ = watching.recv();
    }
}

impl Run {
    fn end(&self) {
        // The locks are held until the process exits, so that no output replaces a file after this point.
        let mut slots: Vec<_> = self.outs.iter().map(|(_, slot)| slot.lock()).collect();
        self.bar.finish_and_clear();
        let records = self.records.load(Ordering::Relaxed);
        let names = self.outs.iter().zip(&mut slots);
        let left = names.filter_map(|((name, _), slot)| {
            slot.take()
                .map(|_| format!("`{}` is unchanged", name.display()))
        });
        let left: Vec<String> = left.collect();
        match &*left {
            [] => warn(format_args!("interrupted after {records} records")),
            left => warn(format_args!(
                "interrupted after {records} records; {}",
                left.join(", ")
            )),
        }
        process::exit(STATUS)
    }
}
