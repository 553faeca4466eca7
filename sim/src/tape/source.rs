//! Sources of tapes, and their resolution from command-line arguments.

use std::{
    ffi::OsStr,
    fmt,
    fs::{self, File},
    io::{self, Read, Seek as _, SeekFrom},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use glob::Pattern;
use portcullis::types::{Shown, without_credentials};

use super::{TapeError, object::Object, pattern::PATTERN_OPTIONS, read_at::ReadAt};

/// A tape that another crate opens, such as a stream on a Redis server. `Display` is used to name
/// it in messages.
pub trait OpenTape: fmt::Debug + fmt::Display + Send + Sync {
    /// Opens the tape and returns its bytes.
    ///
    /// # Errors
    /// Returns an error if the tape cannot be opened.
    fn open(&self) -> io::Result<Box<dyn Read + Send>>;
}

/// The source of a tape.
#[derive(Debug, Clone)]
pub enum TapeSource {
    /// Standard input.
    Stdin,
    /// A file, a pipe or a device.
    File(PathBuf),
    /// An object in S3 or a file on a web server.
    Object(Object),
    /// A part of a file or of an object.
    Slice(TapeSlice),
    /// A tape that another crate opens.
    Custom(Arc<dyn OpenTape>),
    /// Named bytes in memory, used for the built-in sample.
    Memory {
        /// The name, for messages.
        name: &'static str,
        /// The content, as a file would contain it.
        bytes: Arc<[u8]>,
    },
}

impl TapeSource {
    /// Returns the path if the source is a file.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path)
            | Self::Slice(TapeSlice {
                of: Stored::File(path),
                ..
            }) => Some(path),
            Self::Stdin
            | Self::Object(_)
            | Self::Slice(_)
            | Self::Custom(_)
            | Self::Memory { .. } => None,
        }
    }

    /// Returns the file or the object, of which the source may be a part.
    pub(crate) fn stored(&self) -> Option<Stored> {
        match self {
            Self::File(path) => Some(Stored::File(path.clone())),
            Self::Object(object) => Some(Stored::Object(object.clone())),
            Self::Slice(slice) => Some(slice.of.clone()),
            Self::Stdin | Self::Custom(_) | Self::Memory { .. } => None,
        }
    }

    /// Returns the number of the first line.
    pub(super) const fn first_line(&self) -> u64 {
        match self {
            Self::Slice(slice) => slice.first_line,
            Self::Stdin
            | Self::File(_)
            | Self::Object(_)
            | Self::Custom(_)
            | Self::Memory { .. } => 1,
        }
    }
}

/// A file or an object.
#[derive(Debug, Clone)]
pub(crate) enum Stored {
    File(PathBuf),
    Object(Object),
}

impl Stored {
    /// Returns the whole file or object as a tape.
    pub(crate) fn into_source(self) -> TapeSource {
        match self {
            Self::File(path) => TapeSource::File(path),
            Self::Object(object) => TapeSource::Object(object),
        }
    }

    /// Opens a range for reading in sequence.
    pub(super) fn read(&self, range: Range<u64>) -> io::Result<Box<dyn Read + Send>> {
        match self {
            Self::File(path) => {
                let mut file = File::open(path)?;
                file.seek(SeekFrom::Start(range.start))?;
                let bytes = range.end.saturating_sub(range.start);
                Ok(Box::new(file.take(bytes)))
            }
            Self::Object(object) => object.read(range),
        }
    }

    /// Opens a regular file or an object for reading at any position; `None` if this is not possible, because it is a
    /// pipe or a device, or because the server does not support ranges.
    pub(crate) fn open_at(&self) -> io::Result<Option<Arc<dyn ReadAt>>> {
        match self {
            Self::File(path) if !path.is_file() => Ok(None),
            Self::File(path) => Ok(Some(Arc::new(File::open(path)?))),
            Self::Object(object) => object.open_at(),
        }
    }
}

impl fmt::Display for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.write_str(&shown(path)),
            Self::Object(object) => object.fmt(f),
        }
    }
}

/// Consecutive whole lines of plain text, or consecutive row groups of Parquet.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TapeSlice {
    pub(crate) of: Stored,
    /// The number of the first line in the file, counted from 1.
    pub(crate) first_line: u64,
    pub(crate) range: SliceRange,
}

/// The range of a slice.
#[derive(Debug, Clone)]
pub(crate) enum SliceRange {
    /// The lines in these bytes. Both ends are at the beginning of a line or at the end of the file.
    Bytes(Range<u64>),
    /// The rows of these row groups.
    RowGroups(Range<usize>),
}

impl TapeSlice {
    /// Returns the number of bytes, if the slice states it.
    pub(super) const fn bytes(&self) -> Option<u64> {
        match &self.range {
            SliceRange::Bytes(range) => Some(range.end.saturating_sub(range.start)),
            SliceRange::RowGroups(_) => None,
        }
    }
}

impl fmt::Display for TapeSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("standard input"),
            Self::File(path) => f.write_str(&shown(path)),
            Self::Object(object) => object.fmt(f),
            Self::Slice(slice) => slice.of.fmt(f),
            Self::Custom(source) => source.fmt(f),
            Self::Memory { name, .. } => f.write_str(name),
        }
    }
}

/// Resolves command-line arguments into tapes, in order. `-` is standard input. A URL that begins with `s3://`,
/// `http://` or `https://` is an object. A path that exists is used as is, even if it contains pattern characters. Any
/// other argument is a glob pattern and expands to the matching files, sorted by name; so does a URL in S3 if no object
/// has its key.
///
/// A pattern does not match directories. It matches hidden files only if it contains the dot.
///
/// # Errors
/// Returns an error if an argument does not exist, matches no file, is a directory, cannot be opened, or is a second
/// `-`.
pub fn resolve<A: AsRef<OsStr>>(
    arguments: impl IntoIterator<Item = A>,
) -> Result<Vec<TapeSource>, TapeError> {
    let mut sources = Vec::new();
    for argument in arguments {
        let argument = argument.as_ref();
        if argument == "-" {
            if sources.iter().any(|it| matches!(it, TapeSource::Stdin)) {
                return Err(TapeError::DuplicateStdin);
            }
            sources.push(TapeSource::Stdin);
            continue;
        }
        if let Some(url) = Object::url_of(argument) {
            sources.extend(Object::resolve(url)?.into_iter().map(TapeSource::Object));
            continue;
        }
        let path = Path::new(argument);
        match fs::metadata(path) {
            Ok(_) => sources.push(checked(path.to_owned())?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                for path in expand(argument)? {
                    sources.push(checked(path)?);
                }
            }
            Err(error) => return Err(not_open(path, error)),
        }
    }
    Ok(sources)
}

/// Returns the files that a pattern matches, sorted by name.
fn expand(argument: &OsStr) -> Result<Vec<PathBuf>, TapeError> {
    let missing = || TapeError::Missing {
        argument: shown(Path::new(argument)),
    };
    let pattern = argument.to_str().ok_or_else(missing)?;
    if Pattern::escape(pattern) == pattern {
        return Err(missing());
    }
    let found =
        glob::glob_with(pattern, PATTERN_OPTIONS).map_err(|error| TapeError::BadPattern {
            pattern: shown(Path::new(pattern)),
            message: error.msg.to_owned(),
        })?;
    let mut paths = Vec::new();
    for path in found {
        let path = path.map_err(|error| {
            let folder = error.path().to_owned();
            not_open(&folder, error.into())
        })?;
        if !path.is_dir() {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(TapeError::NoMatch {
            pattern: shown(Path::new(pattern)),
        });
    }
    paths.sort();
    Ok(paths)
}

/// Checks a path before the run starts, so that an unreadable tape is reported before the first record.
fn checked(path: PathBuf) -> Result<TapeSource, TapeError> {
    let metadata = fs::metadata(&path).map_err(|error| not_open(&path, error))?;
    if metadata.is_dir() {
        let path = shown(&path);
        return Err(TapeError::Directory {
            path: path.trim_end_matches(std::path::is_separator).to_owned(),
        });
    }
    // A pipe is not opened here: when it is closed again, the process that writes to it would get a broken pipe.
    if metadata.is_file() {
        File::open(&path).map_err(|error| not_open(&path, error))?;
    }
    Ok(TapeSource::File(path))
}

/// Returns a path for messages, without control characters. An argument that is not a file may be a URL with a
/// password, which is removed.
fn shown(path: &Path) -> String {
    Shown(without_credentials(&path.to_string_lossy())).whole()
}

fn not_open(path: &Path, error: io::Error) -> TapeError {
    TapeError::Open {
        tape: shown(path),
        error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: &[String], expected: &Result<Vec<&str>, String>, root: &Path) {
        let actual = resolve(arguments)
            .map(|sources| sources.iter().map(ToString::to_string).collect::<Vec<_>>())
            .map_err(|error| error.to_string());
        let expected = expected.as_ref().map(|names| {
            names
                .iter()
                .map(|name| match *name {
                    "standard input" => name.to_string(),
                    name => root.join(name).display().to_string(),
                })
                .collect::<Vec<_>>()
        });
        assert_eq!(actual.as_ref(), expected.as_ref().map_err(|e| *e));
    }

    fn folder(names: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for name in names {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        root
    }

    #[test]
    fn patterns_expand_in_name_order_and_existing_paths_are_kept() {
        let root = folder(&[
            "b.jsonl",
            "a.jsonl",
            "c.txt",
            ".d.jsonl",
            "x[1].jsonl",
            "old.jsonl/e",
        ]);
        let at = |name: &str| root.path().join(name).display().to_string();
        let check = |arguments: &[String], expected| check(arguments, &expected, root.path());

        check(
            &[at("*.jsonl")],
            Ok(vec!["a.jsonl", "b.jsonl", "x[1].jsonl"]),
        );
        check(
            &[at("x[1].jsonl"), "-".to_owned(), at("[ab].jsonl")],
            Ok(vec!["x[1].jsonl", "standard input", "a.jsonl", "b.jsonl"]),
        );
        check(&[at("**/e")], Ok(vec!["old.jsonl/e"]));
        check(
            &[at("a.jsonl"), at("a.jsonl")],
            Ok(vec!["a.jsonl", "a.jsonl"]),
        );
        check(&[], Ok(vec![]));
    }

    #[test]
    fn errors_name_the_argument() {
        let root = folder(&["a.jsonl", "sub/b"]);
        let at = |name: &str| root.path().join(name).display().to_string();
        let check = |argument: &str, message: String| {
            check(&[argument.to_owned()], &Err(message), root.path());
        };

        let path = at("no.jsonl");
        check(
            &path,
            format!(
                "no tape at `{path}`: give a file, a quoted pattern such as `tapes/*.jsonl`, or `-` for standard input"
            ),
        );
        let path = at("*.gz");
        check(
            &path,
            format!("no file matches `{path}`: check the folder and the file extension"),
        );
        let path = at("s*");
        check(
            &path,
            format!("no file matches `{path}`: check the folder and the file extension"),
        );
        let path = at("sub");
        let message = format!(
            "`{path}` is a directory: give its files, for example with the quoted pattern `{path}/*.jsonl`"
        );
        check(&path, message.clone());
        check(&format!("{path}/"), message);
        let path = at("a**");
        check(
            &path,
            format!(
                "no tape at `{path}`, and it is not a valid pattern: recursive wildcards must form a single path component"
            ),
        );
        assert_eq!(
            resolve(["-", "-"]).unwrap_err().to_string(),
            "standard input (`-`) is given twice, but it can be read only once"
        );
    }
}
