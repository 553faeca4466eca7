//! Verification of a log.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufReader},
    path::Path,
};

use portcullis_store::TrustedKeys;

use crate::{
    checkpoint::Checkpoint,
    error::{LogError, shown},
    fault::{Fault, Leftover},
    files::{Forms, Listing, is_same, open_plain, open_sealed, plain_name, sealed_name},
    scan::{Place, Scanner},
};

/// The number of attempts to read the files of a log while another process seals or removes them.
const ATTEMPTS_MAX: u32 = 100;

/// The result of a verification.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verification {
    /// The faults in the order of the files, at most 1000. The stored checkpoint is compared last.
    pub faults: Vec<Fault>,
    /// The number of all faults.
    pub fault_count: u64,
    /// The incomplete writes that were found, which are not faults. They include the last line of a log that another process
    /// is writing.
    pub leftovers: Vec<Leftover>,
    /// The names in the directory that do not belong to a log.
    pub foreign: Vec<String>,
    /// The number of the first file that exists; 0 if there is none.
    pub first_file: u64,
    /// The number of files.
    pub files: u64,
    /// The number of rows before the first file, which retention removed. No fault, but they are not verified.
    pub removed_rows: u64,
    /// The number of the last row; 0 if there is none.
    pub rows: u64,
    /// The last checkpoint.
    pub checkpoint: Option<Checkpoint>,
    /// True if the signatures of the checkpoints were checked.
    pub has_checked_signatures: bool,
    /// True if the log was compared with a stored checkpoint.
    pub has_compared_stored: bool,
}

impl Verification {
    /// Returns true if there is no fault.
    #[must_use]
    pub const fn is_verified(&self) -> bool {
        self.fault_count == 0
    }

    /// Returns the number of rows after the last checkpoint. A change of them may be undetected.
    #[must_use]
    pub fn unsigned_rows(&self) -> u64 {
        let signed = self.checkpoint.as_ref().map_or(0, Checkpoint::row);
        self.rows.saturating_sub(signed)
    }
}

/// Checks a log: the chain of the rows, the checkpoints and their signatures, and that the log contains the stored
/// checkpoint, which is the last one that was stored in another place.
///
/// Without keys, signatures are not checked, and somebody who can write the files could replace the whole log. Without a
/// stored checkpoint, a log that was truncated to an earlier checkpoint is not detected. A log can be verified while
/// another process writes it; then read the stored checkpoint before the call.
///
/// # Errors
/// Returns an error if the directory or a file in it cannot be read, or if the directory contains no log.
pub fn verify(
    directory: &Path,
    keys: &TrustedKeys,
    stored: Option<&Checkpoint>,
) -> Result<Verification, LogError> {
    let mut attempts = 1;
    loop {
        match verify_once(directory, keys, stored) {
            // Another process sealed or removed the file after the directory was listed.
            Err(Unread::Vanished(_)) if attempts < ATTEMPTS_MAX => attempts += 1,
            Err(Unread::Vanished(error) | Unread::Failed(error)) => return Err(error),
            Ok(verification) => return Ok(verification),
        }
    }
}

/// The reason why a log could not be read.
enum Unread {
    /// A file that the directory lists does not exist.
    Vanished(LogError),
    Failed(LogError),
}

impl Unread {
    fn of(path: &Path, error: &io::Error) -> Self {
        let failed = LogError::io(path, error);
        if error.kind() == io::ErrorKind::NotFound {
            Self::Vanished(failed)
        } else {
            Self::Failed(failed)
        }
    }
}

fn verify_once(
    directory: &Path,
    keys: &TrustedKeys,
    stored: Option<&Checkpoint>,
) -> Result<Verification, Unread> {
    let listing = Listing::of(directory).map_err(Unread::Failed)?;
    if !listing.is_log() {
        let directory = shown(directory);
        return Err(Unread::Failed(LogError::Absent { directory }));
    }
    // The writer may seal and remove the open file meanwhile. An open file stays readable.
    let mut opened = BTreeMap::new();
    for (number, _) in listing.files.iter().filter(|(_, forms)| forms.is_plain) {
        let path = directory.join(plain_name(*number));
        let file = open_plain(&path).map_err(|error| Unread::of(&path, &error))?;
        opened.insert(*number, file);
    }
    let mut verifier = Verifier {
        directory,
        listing: &listing,
        scanner: Scanner::new(keys, stored),
        leftovers: Vec::new(),
    };
    let mut previous = None;
    for (number, forms) in &listing.files {
        verifier.check_gap(previous, *number);
        previous = Some(*number);
        let plain = opened.remove(number);
        if let (Some(plain), false) = (plain, forms.is_sealed) {
            verifier.check_plain(*number, plain)?;
        } else {
            verifier.check_sealed(*number, *forms)?;
        }
    }
    let Verifier {
        mut scanner,
        mut leftovers,
        ..
    } = verifier;
    scanner.end();
    let unfinished = listing.unfinished.iter().cloned();
    leftovers.extend(unfinished.map(|file| Leftover::Unfinished { file }));
    Ok(Verification {
        fault_count: scanner.fault_count,
        leftovers,
        first_file: listing.files.keys().next().copied().unwrap_or(0),
        files: u64::try_from(listing.files.len()).unwrap_or(u64::MAX),
        foreign: listing.foreign.clone(),
        removed_rows: scanner.begin.unwrap_or(0),
        rows: scanner.chain.rows,
        checkpoint: scanner.chain.checkpoint,
        has_checked_signatures: !keys.is_none(),
        has_compared_stored: stored.is_some(),
        faults: scanner.faults,
    })
}

/// The check of the files of a log, in order.
struct Verifier<'a> {
    directory: &'a Path,
    listing: &'a Listing,
    scanner: Scanner<'a>,
    leftovers: Vec<Leftover>,
}

impl Verifier<'_> {
    fn check_gap(&mut self, previous: Option<u64>, number: u64) {
        let Some(previous) = previous else { return };
        let next = previous.saturating_add(1);
        if number > next {
            self.scanner.skip_files(next, number.saturating_sub(1));
        }
    }

    /// Checks a file that exists only in its plain form, which only the last file may do.
    fn check_plain(&mut self, number: u64, from: BufReader<File>) -> Result<(), Unread> {
        let is_last = self.listing.files.keys().next_back() == Some(&number);
        let place = if is_last { Place::Open } else { Place::Sealed };
        let file = plain_name(number);
        let scanned = self.scanner.file((&file, number), place, from, &mut |_| ());
        let scanned = scanned.map_err(|error| Unread::of(&self.directory.join(&file), &error))?;
        let row = self.scanner.chain.rows;
        if !is_last {
            // A file is sealed before the next one is created.
            let fault = Fault::NotSealed { file, row };
            if self.scanner.faults.last() != Some(&fault) {
                self.scanner.fault(fault);
            }
        } else if !scanned.is_begun {
            // The log continues from the previous file, which retention does not remove.
            let previous = number.saturating_sub(1);
            let is_first = self.listing.files.len() == 1;
            if previous > 0 && is_first && self.scanner.faults.is_empty() {
                self.scanner.skip_files(previous, previous);
            }
            self.leftovers.push(Leftover::Begin { file });
        } else if scanned.tail > 0 {
            let bytes = scanned.tail;
            self.leftovers.push(Leftover::Tail { file, row, bytes });
        }
        Ok(())
    }

    /// Checks a sealed file. If its plain form exists as well, it must have the same content.
    fn check_sealed(&mut self, number: u64, forms: Forms) -> Result<(), Unread> {
        if forms.is_plain {
            let file = plain_name(number);
            if is_copy(self.directory, number)? {
                self.leftovers.push(Leftover::Plain { file });
            } else {
                self.scanner.fault(Fault::FormsDiffer { file });
            }
        }
        let file = sealed_name(number);
        let path = self.directory.join(&file);
        let from = open_sealed(&path).map_err(|error| Unread::of(&path, &error))?;
        let scanned = self
            .scanner
            .file((&file, number), Place::Sealed, from, &mut |_| ());
        scanned.map(drop).map_err(|error| Unread::of(&path, &error))
    }
}

/// Returns true if both forms of a file have the same content. A sealed file that cannot be read differs.
fn is_copy(directory: &Path, number: u64) -> Result<bool, Unread> {
    let (plain, sealed) = (
        directory.join(plain_name(number)),
        directory.join(sealed_name(number)),
    );
    let one = open_plain(&plain).map_err(|error| Unread::of(&plain, &error))?;
    let other = open_sealed(&sealed).map_err(|error| Unread::of(&sealed, &error))?;
    Ok(is_same(one, other).unwrap_or(false))
}
