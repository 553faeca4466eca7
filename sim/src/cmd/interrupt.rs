//! Ctrl-C and its like.

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

/// As a shell says it of a program that Ctrl-C ended.
const STATUS: i32 = 130;

/// A run that may be stopped before its end.
pub(super) struct Run {
    /// Where what it writes would go.
    pub(super) outs: Vec<(PathBuf, Temporary)>,
    pub(super) records: Arc<AtomicU64>,
    pub(super) bar: ProgressBar,
}

/// From here on a signal ends the run so that nothing is left behind. Where the system gives no thread for
/// that, it ends it as it ends any other.
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
        // Not given back: from here on nothing takes the file's place.
        let mut slots: Vec<_> = self.outs.iter().map(|(_, slot)| slot.lock()).collect();
        self.bar.finish_and_clear();
        let records = self.records.load(Ordering::Relaxed);
        let names = self.outs.iter().zip(&mut slots);
        let left = names.filter_map(|((name, _), slot)| {
            slot.take()
                .map(|_| format!("`{}` is left as it was", name.display()))
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
