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
    /// Where its answers would go.
    pub(super) out: PathBuf,
    pub(super) temporary: Temporary,
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
        let mut temporary = self.temporary.lock();
        self.bar.finish_and_clear();
        let records = self.records.load(Ordering::Relaxed);
        if temporary.take().is_some() {
            warn(format_args!(
                "interrupted after {records} records; `{}` is left as it was",
                self.out.display()
            ));
        } else {
            warn(format_args!("interrupted after {records} records"));
        }
        process::exit(STATUS)
    }
}
