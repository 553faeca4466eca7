//! Reading of several tapes in sequence.

use std::{fs, io, io::Read, sync::Arc, vec};

use portcullis::record::RECORD_BYTES_MAX;

use super::{
    Chunk, Progress, TapeError, TapeSource,
    buffers::Buffers,
    chunks::Chunks,
    format::WINDOW_TOO_LARGE,
    object::ServerError,
    open::{Opened, Storage, open},
    parquet::{RowBatch, RowBatches},
};

/// The size of one read, in bytes.
const CHUNK_BYTES: usize = 192 * 1024;

/// An iterator over the chunks of all tapes, in the given order.
///
/// An error is returned after all whole lines before it, and ends the iteration.
pub struct TapeReader {
    sources: vec::IntoIter<TapeSource>,
    opened: usize,
    current: Option<Current>,
    progress: Arc<Progress>,
    buffers: Buffers,
    line_bytes_max: usize,
    carries: bool,
}

/// The tape being read.
struct Current {
    name: String,
    tape: usize,
    content: Reading,
}

enum Reading {
    Lines(Chunks<Box<dyn Read + Send>>, Storage),
    /// The rows of a Parquet file, and the number of the next row.
    Rows(Box<RowBatches>, u64),
}

impl TapeReader {
    /// Creates a reader. No tape is opened yet.
    #[must_use]
    pub fn new(sources: Vec<TapeSource>) -> Self {
        Self::with_sizes(sources, CHUNK_BYTES, RECORD_BYTES_MAX)
    }

    /// Creates a reader with a given read size and a maximum line length, both in bytes. The read
    /// size does not affect the records.
    #[must_use]
    pub fn with_sizes(sources: Vec<TapeSource>, chunk_bytes: usize, line_bytes_max: usize) -> Self {
        let total = sources.iter().map(bytes_of).sum();
        Self {
            sources: sources.into_iter(),
            opened: 0,
            current: None,
            progress: Arc::new(Progress::new(total)),
            buffers: Buffers::new(chunk_bytes),
            line_bytes_max,
            carries: false,
        }
    }

    /// Makes the reader also read the Parquet columns that no decision depends on.
    #[must_use]
    pub fn carrying(mut self) -> Self {
        self.carries = true;
        self
    }

    /// Returns the shared progress, which other threads can read.
    #[must_use]
    pub fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    fn open_next(&mut self) -> Result<Option<Current>, TapeError> {
        let Some(source) = self.sources.next() else {
            return Ok(None);
        };
        let opened = open(&source, self.carries, self.line_bytes_max, &self.progress)?;
        let tape = self.opened;
        self.opened += 1;
        let first_line = source.first_line();
        let content = match opened {
            Opened::Lines(bytes, storage) => {
                let (buffers, line_bytes_max) = (self.buffers.clone(), self.line_bytes_max);
                let chunks = Chunks::new(bytes, tape, first_line, buffers, line_bytes_max);
                Reading::Lines(chunks, storage)
            }
            Opened::Rows(rows) => Reading::Rows(rows, first_line),
        };
        Ok(Some(Current {
            name: source.to_string(),
            tape,
            content,
        }))
    }

    fn next_chunk(&mut self) -> Result<Option<Chunk>, TapeError> {
        loop {
            if self.progress.is_stopped() {
                return Err(TapeError::Stopped);
            }
            if self.current.is_none() {
                self.current = self.open_next()?;
            }
            let Some(current) = &mut self.current else {
                return Ok(None);
            };
            match current.next_chunk() {
                Ok(None) => self.current = None,
                Ok(chunk) => return Ok(chunk),
                Err(error) => return Err(current.error(error)),
            }
        }
    }
}

impl Iterator for TapeReader {
    type Item = Result<Chunk, TapeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.next_chunk();
        if next.is_err() {
            self.current = None;
            self.sources = Vec::new().into_iter();
        }
        next.transpose()
    }
}

impl Current {
    fn next_chunk(&mut self) -> io::Result<Option<Chunk>> {
        match &mut self.content {
            Reading::Lines(chunks, _) => chunks.next_chunk(),
            Reading::Rows(batches, next) => {
                let chunk = match batches.next_rows()? {
                    None => return Ok(None),
                    Some(RowBatch::Rows(rows)) => Chunk::of_rows(rows, self.tape, *next),
                    Some(RowBatch::TooLong) => Chunk::too_long(self.tape, *next),
                };
                *next = next.saturating_add(chunk.line_count());
                Ok(Some(chunk))
            }
        }
    }

    fn error(&self, error: io::Error) -> TapeError {
        let tape = self.name.clone();
        // Errors of the operating system have a number; other errors come from a decompressor or a server.
        let is_read_error = error.raw_os_error().is_some() || ServerError::is(&error);
        let (line, storage) = match &self.content {
            Reading::Lines(chunks, storage) => (chunks.last_line(), *storage),
            Reading::Rows(_, next) if is_read_error => (next.saturating_sub(1), Storage::Plain),
            Reading::Rows(..) => {
                let why = error.to_string();
                return TapeError::Parquet { tape, why };
            }
        };
        if storage == Storage::Plain || is_read_error {
            TapeError::Read { tape, line, error }
        } else if error.kind() == io::ErrorKind::UnexpectedEof {
            TapeError::Truncated { tape, line }
        } else if error.to_string() == WINDOW_TOO_LARGE {
            TapeError::Window { tape, line }
        } else {
            TapeError::Damaged { tape, line, error }
        }
    }
}

fn bytes_of(source: &TapeSource) -> Option<u64> {
    match source {
        TapeSource::Stdin | TapeSource::Custom(_) => None,
        TapeSource::File(path) => {
            let metadata = fs::metadata(path).ok()?;
            metadata.is_file().then_some(metadata.len())
        }
        TapeSource::Object(object) => Some(object.bytes),
        TapeSource::Slice(slice) => slice.bytes(),
        TapeSource::Memory { bytes, .. } => u64::try_from(bytes.len()).ok(),
    }
}

#[cfg(test)]
mod tests;
