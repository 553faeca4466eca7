//! Handling of SIGINT and SIGTERM.

use std::{path::PathBuf, process, sync::mpsc, thread};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
};

use crate::{
    input::file::shown_path,
    output::{progress::RunProgress, temporary::Temporary},
    print::warn,
};

/// The exit status that shells use for a program ended by Ctrl-C.
const STATUS: i32 = 130;

/// The state of a run that a signal may interrupt.
pub(super) struct Run {
    /// The output files, with their temporary files.
    pub(super) files: Vec<(PathBuf, Temporary)>,
    pub(super) progress: RunProgress,
}

/// Installs a signal handler that removes the temporary files and exits. If the thread of the
/// handler cannot be started, signals keep their default action.
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
        let mut temporaries: Vec<_> = self.files.iter().map(|(_, file)| file.lock()).collect();
        self.progress.finish();
        let files = self.files.iter().zip(&mut temporaries);
        let unchanged: Vec<String> = files
            .filter_map(|((path, _), temporary)| {
                temporary.take()?;
                Some(format!("`{}` is unchanged", shown_path(path)))
            })
            .collect();
        let records = self.progress.records();
        match &*unchanged {
            [] => warn(format_args!("interrupted after {records} records")),
            files => warn(format_args!(
                "interrupted after {records} records; {}",
                files.join(", ")
            )),
        }
        process::exit(STATUS)
    }
}
