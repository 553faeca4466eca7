//! The files of a divided replay, and the places at which it is divided.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, BufRead as _, BufReader},
    path::{Path, PathBuf},
    sync::Arc,
    time::UNIX_EPOCH,
};

use serde::{Deserialize, Serialize};

use super::PartsError;
use crate::tape::{
    Object, SliceRange, Stored, TapeSlice, TapeSource,
    format::{Format, sniff},
    parquet::Input as Parquet,
    read_at::{RangeReader, ReadAt},
};

/// The number of the first line of a slice, if it is unknown how many lines precede the slice in its file. Any number
/// above 1 gives the same records.
pub(super) const UNKNOWN_LINE: u64 = 2;

/// A file or an object, as it was when the plan was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The path or the URL as it was given.
    pub path: String,
    /// The size in bytes.
    pub bytes: u64,
    /// The time of the last change of a file, in epoch milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified_ms: Option<u64>,
    /// The entity tag (ETag) of an object, or the time of its last change if its server sends no entity tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The unit in which the file can be divided.
    unit: Unit,
}

/// The unit in which a file can be divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Unit {
    /// A line of plain text. The place is the position of its first byte.
    Line,
    /// A row group of a Parquet file. The place is its index.
    RowGroup,
    /// The whole file, because it is compressed, or because its server does not support ranges.
    File,
}

/// A place between two units. The end of a file is the same place as the beginning of the next file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The index of the file. At the end of the last file, it is the number of files.
    pub input: usize,
    /// The place in the file, in its unit.
    pub at: u64,
}

impl Place {
    /// Creates the place at the beginning of a file.
    #[must_use]
    pub const fn beginning(input: usize) -> Self {
        Self { input, at: 0 }
    }
}

impl Unit {
    const fn of(format: Format) -> Self {
        match format {
            Format::Plain => Self::Line,
            Format::Parquet => Self::RowGroup,
            // The reader of the tape refuses formats that are not supported.
            Format::Gzip | Format::Zstd | Format::Zip | Format::Arrow | Format::Foreign(_) => {
                Self::File
            }
        }
    }
}

impl Input {
    /// Reads the size, the time or the version, and the format of a tape.
    ///
    /// # Errors
    /// Returns an error if the tape is neither a regular file nor an object, or cannot be read.
    pub(super) fn of(tape: &TapeSource) -> Result<Self, PartsError> {
        match tape.stored() {
            Some(Stored::File(path)) => Self::of_file(&path),
            Some(Stored::Object(object)) => Self::of_object(object),
            None => Err(PartsError::Input(tape.to_string(), not_divisible())),
        }
    }

    fn of_file(path: &Path) -> Result<Self, PartsError> {
        let read = |error| PartsError::Input(path.display().to_string(), error);
        let text = path.to_str();
        let text = text.ok_or_else(|| read(io::Error::other("its path is not UTF-8")))?;
        let metadata = fs::metadata(path).map_err(read)?;
        if !metadata.is_file() {
            return Err(read(not_divisible()));
        }
        let modified = metadata.modified().map_err(read)?;
        let modified = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
        let (_, format) = File::open(path)
            .and_then(|mut file| sniff(&mut file))
            .map_err(read)?;
        Ok(Self {
            path: text.to_owned(),
            bytes: metadata.len(),
            modified_ms: Some(u64::try_from(modified.as_millis()).unwrap_or(u64::MAX)),
            version: None,
            unit: Unit::of(format),
        })
    }

    fn of_object(object: Object) -> Result<Self, PartsError> {
        let fault = |why: &str| PartsError::Input(object.to_string(), io::Error::other(why));
        if object.has_query() {
            return Err(fault(
                "a plan would contain the query of the URL, which can be a signature; use a URL without a query",
            ));
        }
        if object.version.is_none() {
            return Err(fault(
                "the server sends neither `ETag` nor `Last-Modified`, so a change would not be noticed; download the file",
            ));
        }
        let read = |error| PartsError::Input(object.to_string(), error);
        let unit = match object.open_at().map_err(read)? {
            None => Unit::File,
            Some(content) => {
                let mut content = RangeReader::new(&*content, 0..object.bytes);
                Unit::of(sniff(&mut content).map_err(read)?.1)
            }
        };
        Ok(Self {
            path: object.url,
            bytes: object.bytes,
            modified_ms: None,
            version: object.version,
            unit,
        })
    }

    /// Returns an error if the tape has changed since the plan was made.
    pub(super) fn check(&self) -> Result<(), PartsError> {
        let tape = match Object::at(OsStr::new(&self.path))? {
            Some(object) => TapeSource::Object(object),
            None => self.stored().into_source(),
        };
        match Self::of(&tape)? == *self {
            true => Ok(()),
            false => Err(PartsError::InputChanged(self.name())),
        }
    }

    /// Returns the name of the tape for reports.
    #[must_use]
    pub fn name(&self) -> String {
        self.stored().to_string()
    }

    fn stored(&self) -> Stored {
        match Object::url_of(OsStr::new(&self.path)) {
            Some(url) => Stored::Object(Object {
                url: url.to_owned(),
                bytes: self.bytes,
                version: self.version.clone(),
            }),
            None => Stored::File(PathBuf::from(&self.path)),
        }
    }

    /// Returns the first place at or after a byte. A line belongs to the part that contains its first byte.
    pub(super) fn place_at(&self, input: usize, byte: u64) -> Result<Place, PartsError> {
        let next = Place::beginning(input + 1);
        if byte == 0 {
            return Ok(Place::beginning(input));
        }
        let read = |error| PartsError::Input(self.name(), error);
        let at = match self.unit {
            Unit::File => return Ok(next),
            Unit::Line => {
                let content = self.stored().open_at().and_then(seekable).map_err(read)?;
                line_at(&*content, byte).map_err(read)?
            }
            Unit::RowGroup => {
                let groups = self.groups()?;
                let at = u128::from(groups) * u128::from(byte) / u128::from(self.bytes.max(1));
                let at = u64::try_from(at).unwrap_or(groups);
                return Ok(if at >= groups {
                    next
                } else {
                    Place { input, at }
                });
            }
        };
        Ok(if at >= self.bytes {
            next
        } else {
            Place { input, at }
        })
    }

    /// Returns the number of row groups.
    fn groups(&self) -> Result<u64, PartsError> {
        let read = |error| PartsError::Input(self.name(), error);
        let content = self.stored().open_at().and_then(seekable).map_err(read)?;
        let parquet = Parquet::open(content).map_err(|why| read(io::Error::other(why)))?;
        Ok(u64::try_from(parquet.groups()).unwrap_or(u64::MAX))
    }

    /// Returns the tape between two places of the file; the second is `None` for the end of the file. `first_line` is
    /// the number of the first line.
    fn tape(&self, from: u64, to: Option<u64>, first_line: u64) -> TapeSource {
        let of = self.stored();
        let index = |group: u64| usize::try_from(group).unwrap_or(usize::MAX);
        let range = match (self.unit, to) {
            (Unit::Line | Unit::File, None) if from == 0 => return of.into_source(),
            (Unit::Line, to) => SliceRange::Bytes(from..to.unwrap_or(self.bytes)),
            (Unit::RowGroup | Unit::File, to) => {
                SliceRange::RowGroups(index(from)..to.map_or(usize::MAX, index))
            }
        };
        TapeSource::Slice(TapeSlice {
            of,
            first_line,
            range,
        })
    }
}

/// Returns the tapes between two places. `first_line` is the number of the first line in its file, which is needed only
/// if the first place is not at the beginning of a file.
pub(super) fn tapes(inputs: &[Input], from: Place, to: Place, first_line: u64) -> Vec<TapeSource> {
    let all = inputs.iter().enumerate().skip(from.input);
    let within = all.take_while(|(index, _)| Place::beginning(*index) < to);
    let tapes = within.map(|(index, input)| {
        let begin = if index == from.input { from.at } else { 0 };
        let end = (index == to.input).then_some(to.at);
        input.tape(begin, end, if begin > 0 { first_line } else { 1 })
    });
    tapes.collect()
}

/// Returns the number of rows of a Parquet tape if its footer states that no row can be a policy record or a position:
/// the columns that can contain an event type have no values.
pub(super) fn rows_of_intents(tape: &TapeSource) -> Result<Option<u64>, PartsError> {
    let TapeSource::Slice(TapeSlice {
        of,
        range: SliceRange::RowGroups(groups),
        ..
    }) = tape
    else {
        return Ok(None);
    };
    let read = |error| PartsError::Input(tape.to_string(), error);
    let parquet = Parquet::open(of.open_at().and_then(seekable).map_err(read)?);
    let rows = parquet.and_then(|parquet| parquet.rows_of_intents(groups));
    rows.map_err(|why| read(io::Error::other(why)))
}

fn not_divisible() -> io::Error {
    io::Error::other("it is not a regular file")
}

fn seekable(content: Option<Arc<dyn ReadAt>>) -> io::Result<Arc<dyn ReadAt>> {
    content.ok_or_else(not_divisible)
}

/// Returns the position of the first line that begins at or after a byte above 0.
fn line_at(content: &dyn ReadAt, byte: u64) -> io::Result<u64> {
    let mut at = byte.saturating_sub(1);
    let mut bytes = BufReader::new(RangeReader::new(content, at..u64::MAX));
    loop {
        let buffer = bytes.fill_buf()?;
        let end = memchr::memchr(b'\n', buffer);
        let count = end.map_or(buffer.len(), |end| end + 1);
        at += u64::try_from(count).unwrap_or_default();
        if end.is_some() || count == 0 {
            return Ok(at);
        }
        bytes.consume(count);
    }
}
