//! The proof: what a machine can show of a source tree, that no trading number is hidden in it.
//!
//! [`prove`] parses a tree, never searches its text, and holds it to ten checks ([`Check`]). What it finds, what it
//! left out and what it could not read is in the [`Report`]; nothing is passed over in silence. A finding that must
//! stay is accepted in the [`Settings`], with a reason and a last day.
//!
//! In a crate of your own, as a test:
//!
//! ```
//! use std::time::SystemTime;
//! use portcullis::{domain::Instant, proof::{Settings, prove}};
//!
//! # let folder = tempfile::tempdir()?;
//! # std::fs::write(folder.path().join("bot.py"), "def asked(intent):\n    return intent.leverage\n")?;
//! # let src = folder.path();
//! let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
//! let now = Instant::from_millis(now.as_millis().try_into()?)?;
//! let settings = Settings::default(); // or `Settings::read("portcullis-proof.toml".as_ref())?`
//! let report = prove([src], &settings, now)?;
//! assert!(report.passed(), "{report}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! *Architecture invariant:* the checks know no language and no file, the readers know no check, and nobody here has
//! a clock.

mod check;
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a check looks for a few shapes among many; all others are none of its business"
)]
mod checks;
mod evidence;
mod file;
mod finding;
mod ledger;
mod read;
mod report;
mod sarif;
mod settings;
mod tree;
mod vocabulary;
mod walk;
mod words;

use std::{
    io,
    num::NonZero,
    panic::resume_unwind,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use thiserror::Error;

use self::{file::Outcome, vocabulary::Vocabulary, walk::Source};
use crate::domain::Instant;

pub use self::{
    check::Check,
    finding::{Accepted, Expired, Finding},
    report::{Counted, Examined, Language, LeftOut, Report, Stale, StaleBecause, Unread},
    settings::{Acceptance, Day, Settings, SettingsError},
};

/// A reader goes down as deep as the text is nested; what is reserved here is used by nobody else.
const STACK: usize = 256 << 20;
const THREADS_MAX: usize = 16;

/// Why nothing can be said of a tree.
#[derive(Debug, Error)]
pub enum ProofError {
    /// There is nothing at a path, or it cannot be looked at.
    #[error("`{}`: {error}", path.display())]
    Path {
        /// As it was given.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A path where there is no file to examine.
    #[error("`{}` holds no file to examine ({left_out} left out, {others} of other kinds)", path.display())]
    NoFile {
        /// As it was given.
        path: PathBuf,
        /// Files and trees that were left out there.
        left_out: usize,
        /// Files that are of no kind that is examined.
        others: u64,
    },
    /// No path at all.
    #[error("no path to examine")]
    NoPath,
    /// The names that the checks go by cannot be read.
    #[error("the names of the checks: {0}")]
    Vocabulary(String),
    /// The system gave no thread to examine with.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
}

/// Examines every file at and below these paths. `now` says which acceptances have expired.
///
/// A path names what is examined even where its own name would have it left out; the rules are for what lies below.
/// A file that is reached twice is examined once.
///
/// # Errors
/// A path that is not there, or at which there is nothing to examine. A file that cannot be read is no error: it fails
/// the proof, and the report names it.
pub fn prove(
    paths: impl IntoIterator<Item = impl AsRef<Path>>,
    settings: &Settings,
    now: Instant,
) -> Result<Report, ProofError> {
    let found = walk::walk(paths, settings, now)?;
    let vocabulary = settings.vocabulary().map_err(ProofError::Vocabulary)?;
    let outcomes = examine(&found.sources, &vocabulary)?;
    Ok(Report::new(found, outcomes, settings, now))
}

/// What each file came to, in their order.
fn examine(sources: &[Source], vocabulary: &Vocabulary) -> Result<Vec<Outcome>, ProofError> {
    let threads = thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(THREADS_MAX)
        .min(sources.len());
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some((number, source)) = take(&next, sources) {
            done.push((number, file::examine(source, vocabulary)));
        }
        done
    };
    let mut outcomes = thread::scope(|scope| {
        let start = |_| {
            thread::Builder::new()
                .stack_size(STACK)
                .spawn_scoped(scope, work)
        };
        let workers = (0..threads).map(start).collect::<io::Result<Vec<_>>>()?;
        let done = workers.into_iter().flat_map(|worker| {
            let joined = worker.join();
            joined.unwrap_or_else(|panic| resume_unwind(panic))
        });
        Ok(done.collect::<Vec<_>>())
    })
    .map_err(ProofError::Thread)?;
    outcomes.sort_unstable_by_key(|(number, _)| *number);
    Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
}

fn take<'a>(next: &AtomicUsize, sources: &'a [Source]) -> Option<(usize, &'a Source)> {
    let number = next.fetch_add(1, Ordering::Relaxed);
    sources.get(number).map(|source| (number, source))
}
