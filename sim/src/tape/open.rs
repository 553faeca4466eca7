//! Opening of a source of a tape.

use std::{
    fs::File,
    io::{self, Cursor, Read},
    ops::Range,
    sync::Arc,
};

use super::{
    Progress, TapeError, TapeSource,
    format::{Format, gunzip, sniff, unzstd},
    parquet::RowBatches,
    progress::Counted,
    source::{SliceRange, TapeSlice},
};

/// The content of a tape.
pub(super) enum Opened {
    /// Lines, decompressed.
    Lines(Box<dyn Read + Send>, Storage),
    /// The rows of a Parquet file.
    Rows(Box<RowBatches>),
}

/// The form in which lines are stored. An error while reading means damaged data only if they are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Storage {
    Plain,
    Compressed,
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
    let not_open = |error| not_open(source, error);
    let raw: Box<dyn Read + Send> = match source {
        TapeSource::Stdin => Box::new(io::stdin()),
        TapeSource::File(path) => Box::new(File::open(path).map_err(not_open)?),
        TapeSource::Object(object) => object.read(0..object.bytes).map_err(not_open)?,
        TapeSource::Slice(slice) => {
            return open_slice(source, slice, carries, line_bytes_max, progress);
        }
        TapeSource::Custom(custom) => custom.open().map_err(not_open)?,
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
    Ok(match format {
        Format::Plain => Opened::Lines(Box::new(whole), Storage::Plain),
        Format::Gzip => Opened::Lines(gunzip(whole), Storage::Compressed),
        Format::Zstd => Opened::Lines(unzstd(whole).map_err(not_read)?, Storage::Compressed),
        Format::Parquet => rows(source, None, carries, line_bytes_max, progress)?,
        Format::Zip | Format::Arrow | Format::Foreign(_) => {
            return Err(TapeError::Unsupported {
                tape: source.to_string(),
                found: format.name(),
            });
        }
    })
}

/// Opens a part of a tape. Its format is known, because a line in the middle of a file may begin like another format.
fn open_slice(
    source: &TapeSource,
    slice: &TapeSlice,
    carries: bool,
    line_bytes_max: usize,
    progress: &Arc<Progress>,
) -> Result<Opened, TapeError> {
    Ok(match &slice.range {
        SliceRange::Bytes(range) => {
            let bytes = slice.of.read(range.clone());
            let bytes = bytes.map_err(|error| not_open(source, error))?;
            let bytes = Counted::new(bytes, Arc::clone(progress));
            Opened::Lines(Box::new(bytes), Storage::Plain)
        }
        SliceRange::RowGroups(groups) => {
            let groups = Some(groups.clone());
            rows(source, groups, carries, line_bytes_max, progress)?
        }
    })
}

fn not_open(source: &TapeSource, error: io::Error) -> TapeError {
    TapeError::Open {
        tape: source.to_string(),
        error,
    }
}

/// Opens the rows of a Parquet file, or of some of its row groups. The index is at the end of the file, so the source
/// must be readable at any position.
fn rows(
    source: &TapeSource,
    groups: Option<Range<usize>>,
    carries: bool,
    line_bytes_max: usize,
    progress: &Arc<Progress>,
) -> Result<Opened, TapeError> {
    let no_seeking = || TapeError::NoSeeking {
        tape: source.to_string(),
    };
    let file = source.stored().ok_or_else(no_seeking)?.open_at();
    let file = file
        .map_err(|error| not_open(source, error))?
        .ok_or_else(no_seeking)?;
    let rows = RowBatches::open(file, groups, carries, line_bytes_max, Arc::clone(progress));
    let rows = rows.map_err(|why| TapeError::Parquet {
        tape: source.to_string(),
        why,
    })?;
    Ok(Opened::Rows(Box::new(rows)))
}
