//! Opening of a source of a tape.

use std::{
    fs::File,
    io::{self, Cursor, Read},
    sync::Arc,
};

use super::{
    Progress, TapeError, TapeSource,
    format::{Format, gunzip, sniff, unzstd},
    parquet::Rows,
    progress::Counted,
};

/// The decompressed bytes of a tape.
pub(super) struct Opened {
    pub(super) bytes: Box<dyn Read + Send>,
    pub(super) storage: Storage,
}

/// The storage of a tape, which determines the meaning of an error of its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Storage {
    Plain,
    Compressed,
    Parquet,
}

/// Opens a source. Gzip (any number of members), zstd (any number of frames) and Parquet are detected by their first
/// bytes, not by the file name. With `carries`, Parquet rows also include columns that no decision depends on.
/// `line_bytes_max` is the maximum length of a line, in bytes.
pub(super) fn open(
    source: &TapeSource,
    carries: bool,
    line_bytes_max: usize,
    progress: &Arc<Progress>,
) -> Result<Opened, TapeError> {
    let raw: Box<dyn Read + Send> = match source {
        TapeSource::Stdin => Box::new(io::stdin()),
        TapeSource::File(path) => {
            let file = File::open(path).map_err(|error| TapeError::Open {
                tape: source.to_string(),
                error,
            })?;
            Box::new(file)
        }
        TapeSource::Custom(custom) => custom.open().map_err(|error| TapeError::Open {
            tape: source.to_string(),
            error,
        })?,
        TapeSource::Memory { bytes, .. } => Box::new(Cursor::new(Arc::clone(bytes))),
    };
    let mut raw = Counted::new(raw, Arc::clone(progress));
    let not_read = |error| TapeError::Read {
        tape: source.to_string(),
        line: 0,
        error,
    };
    let (head, format) = sniff(&mut raw).map_err(not_read)?;
    let whole = Cursor::new(head).chain(raw);
    let (bytes, storage): (Box<dyn Read + Send>, _) = match format {
        Format::Plain => (Box::new(whole), Storage::Plain),
        Format::Gzip => (gunzip(whole), Storage::Compressed),
        Format::Zstd => (unzstd(whole).map_err(not_read)?, Storage::Compressed),
        Format::Parquet => {
            let rows = rows(source, carries, line_bytes_max, progress)?;
            (Box::new(rows), Storage::Parquet)
        }
        Format::Zip | Format::Arrow | Format::Foreign(_) => {
            return Err(TapeError::Unsupported {
                tape: source.to_string(),
                found: format.name(),
            });
        }
    };
    Ok(Opened { bytes, storage })
}

/// Opens the rows of a Parquet file. The index is at the end of the file, so the source must be a regular file.
fn rows(
    source: &TapeSource,
    carries: bool,
    line_bytes_max: usize,
    progress: &Arc<Progress>,
) -> Result<Rows, TapeError> {
    let not_open = |error| TapeError::Open {
        tape: source.to_string(),
        error,
    };
    let path = source.path().filter(|path| path.is_file());
    let path = path.ok_or_else(|| TapeError::NoSeeking {
        tape: source.to_string(),
    })?;
    let file = File::open(path).map_err(not_open)?;
    let rows = Rows::open(file, carries, line_bytes_max, Arc::clone(progress));
    rows.map_err(|why| TapeError::Parquet {
        tape: source.to_string(),
        why,
    })
}
