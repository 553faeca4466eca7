//! The proof: a static analysis that finds hard-coded trading numbers and symbol lists, exits without an ownership
//! check, and entries without a policy.
//!
//! [`prove`] parses each file instead of searching its text, and runs ten checks ([`Check`]) on the
//! syntax tree. The [`Report`] lists the findings, everything that was left out, and every file
//! that could not be read. A finding that must stay is accepted in the [`Settings`], with a reason
//! and an expiry day.
//!
//! As a test in your own crate:
//!
//! ```
//! use std::time::SystemTime;
//! use portcullis::types::Timestamp;
//! use portcullis_proof::{Settings, prove};
//!
//! # let folder = tempfile::tempdir()?;
//! # std::fs::write(folder.path().join("bot.py"), "def leverage(intent):\n    return intent.leverage\n")?;
//! # let src = folder.path();
//! let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
//! let now = Timestamp::from_millis(now.as_millis().try_into()?)?;
//! let settings = Settings::default(); // or `Settings::read("portcullis-proof.toml".as_ref())?`
//! let report = prove([src], &settings, now)?;
//! assert!(report.passed(), "{report}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! *Architecture invariant:* the checks do not depend on a language or on files, the readers do not
//! depend on the checks, and nothing in this crate reads a clock.

mod acceptances;
mod bounded;
mod check;
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a check matches a few node kinds and ignores all others"
)]
mod checks;
mod error;
mod file;
mod finding;
mod language;
mod name_words;
mod read;
mod report;
mod sarif;
mod settings;
mod tree;
mod violation;
mod vocabulary;
mod walk;
mod work;

use std::{
    io,
    num::NonZero,
    panic::resume_unwind,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use portcullis::types::Timestamp;

use self::{file::Outcome, vocabulary::Vocabulary, walk::Source};

pub use self::{
    check::Check,
    error::ProofError,
    finding::{Accepted, Expired, Finding, Unread},
    language::Language,
    report::{Examined, LeftOut, Report, Stale, StaleBecause},
    settings::{Acceptance, Day, Settings, SettingsError},
    walk::Counted,
};

/// Stack size of each worker thread, in bytes. The recursion of the readers is as deep as the
/// nesting of the text.
const STACK: usize = 256 << 20;
const THREADS_MAX: usize = 16;

/// Examines every file at and below these paths. `now` decides which acceptances have expired.
///
/// A given path is examined even if its own name matches a rule that leaves files out; the rules apply to the entries
/// below it. A file that is reachable on several paths is examined once.
///
/// # Errors
/// Returns an error if no path is given, if a path does not exist or contains no file to examine, or if a worker thread
/// cannot be started. A file that cannot be read is not an error: it fails the proof, and the report lists it.
pub fn prove(
    paths: impl IntoIterator<Item = impl AsRef<Path>>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Report, ProofError> {
    let found = walk::walk(paths, settings, now)?;
    let vocabulary = settings.vocabulary().map_err(ProofError::Vocabulary)?;
    let outcomes = examine(&found.sources, &vocabulary)?;
    Ok(Report::new(found, outcomes, settings, now))
}

/// Returns the outcome of each file, in the order of `sources`.
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
