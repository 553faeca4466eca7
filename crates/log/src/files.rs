//! The files in the directory of a log.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use portcullis::types::Shown;
use portcullis_store::file_access::open_as;
use zstd::stream::read::Decoder;

use crate::error::LogError;

/// The name of the lock file, which marks a directory as that of a log.
pub(crate) const LOCK: &str = "decisions.lock";

/// The ending of a file that is not complete yet.
const NEW: &str = ".new";

/// The binary logarithm of the largest window of zstd that is read: 32 MiB.
const WINDOW_LOG_MAX: u32 = 25;

/// The forms in which one file of the log exists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Forms {
    pub(crate) is_plain: bool,
    pub(crate) is_sealed: bool,
}

/// The names in the directory of a log.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// The files of the log by their numbers.
    pub(crate) files: BTreeMap<u64, Forms>,
    /// The names of files that an interrupted rotation left.
    pub(crate) unfinished: Vec<String>,
    /// The names that do not belong to a log.
    pub(crate) foreign: Vec<String>,
    pub(crate) has_lock: bool,
}

impl Listing {
    /// Lists a directory.
    pub(crate) fn of(directory: &Path) -> Result<Self, LogError> {
        let failed = |error: io::Error| LogError::io(directory, &error);
        let mut listing = Self::default();
        for entry in fs::read_dir(directory).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            listing.add(&name.to_string_lossy());
        }
        listing.foreign.sort();
        Ok(listing)
    }

    fn add(&mut self, name: &str) {
        let number = |name: &str, end: &str| {
            let digits = name.strip_suffix(end)?.strip_prefix("decisions-")?;
            let number = digits.parse().ok().filter(|number| *number > 0)?;
            (plain_name(number).strip_suffix(".log") == name.strip_suffix(end)).then_some(number)
        };
        if name == LOCK {
            self.has_lock = true;
        } else if let Some(number) = number(name, ".log") {
            self.files.entry(number).or_default().is_plain = true;
        } else if let Some(number) = number(name, ".log.zst") {
            self.files.entry(number).or_default().is_sealed = true;
        } else if name
            .strip_suffix(NEW)
            .is_some_and(|name| number(name, ".log.zst").is_some())
        {
            self.unfinished.push(name.to_owned());
        } else {
            self.foreign.push(Shown(name).to_string());
        }
    }

    /// Returns true if the directory contains a log, which may be empty.
    pub(crate) fn is_log(&self) -> bool {
        self.has_lock || !self.files.is_empty()
    }
}

/// Returns the name of a file to which rows are appended.
pub(crate) fn plain_name(number: u64) -> String {
    format!("decisions-{number:08}.log")
}

/// Returns the name of a sealed file.
pub(crate) fn sealed_name(number: u64) -> String {
    format!("{}.zst", plain_name(number))
}

/// Returns the path at which a sealed file is written before it is renamed.
pub(crate) fn new_path(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{}{NEW}", sealed_name(number)))
}

/// Opens a regular file for reading, without following a symbolic link. A pipe is not opened, because that would block.
pub(crate) fn open_file(path: &Path) -> io::Result<File> {
    let kind = fs::symlink_metadata(path)?.file_type();
    if !kind.is_file() && !kind.is_symlink() {
        return Err(io::Error::other("it is not a regular file"));
    }
    open_as(OpenOptions::new().read(true), path)
}

/// Opens a file for reading its lines.
pub(crate) fn open_plain(path: &Path) -> io::Result<BufReader<File>> {
    open_file(path).map(BufReader::new)
}

/// Opens a sealed file for reading its lines.
pub(crate) fn open_sealed(path: &Path) -> io::Result<impl BufRead + use<>> {
    let mut decoder = Decoder::new(open_file(path)?)?;
    decoder.window_log_max(WINDOW_LOG_MAX)?;
    Ok(BufReader::new(decoder))
}

/// Returns true if two readers have the same content.
pub(crate) fn is_same(mut one: impl BufRead, mut other: impl BufRead) -> io::Result<bool> {
    loop {
        let (left, right) = (one.fill_buf()?, other.fill_buf()?);
        let length = left.len().min(right.len());
        if length == 0 {
            return Ok(left.is_empty() && right.is_empty());
        }
        if left.get(..length) != right.get(..length) {
            return Ok(false);
        }
        one.consume(length);
        other.consume(length);
    }
}
