//! Opening of a source: format detection and decompression.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Cursor, Read},
    ops::RangeInclusive,
    sync::Arc,
};

use flate2::bufread::GzDecoder;
use zstd::stream::read::Decoder as ZstdDecoder;

use super::{
    Progress, TapeError, TapeSource, error::WINDOW_LOG_MAX, parquet::Rows, progress::Counted,
};

/// Size of the read buffer for compressed data, in bytes.
const COMPRESSED_BYTES: usize = 128 * 1024;

/// The message of the zstd decompressor for a window that is too large.
pub(super) const WINDOW_TOO_LARGE: &str = "Frame requires too much memory for decoding";

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
        Format::Gzip => {
            let buffered = BufReader::with_capacity(COMPRESSED_BYTES, whole);
            (
                Box::new(Members(Some(GzDecoder::new(buffered)))),
                Storage::Compressed,
            )
        }
        Format::Zstd => {
            let buffered = BufReader::with_capacity(COMPRESSED_BYTES, whole);
            let mut decoder = ZstdDecoder::with_buffer(buffered).map_err(not_read)?;
            decoder.window_log_max(WINDOW_LOG_MAX).map_err(not_read)?;
            (Box::new(decoder), Storage::Compressed)
        }
        Format::Parquet => {
            let rows = rows(source, carries, line_bytes_max, progress)?;
            (Box::new(rows), Storage::Parquet)
        }
        Format::Foreign(found) => {
            return Err(TapeError::Unsupported {
                tape: source.to_string(),
                found,
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

/// The members of a gzip file, decompressed one after the other; `None` after the last member.
struct Members<R>(Option<GzDecoder<R>>);

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(mut member) = self.0.take() {
            let count = member.read(buffer);
            if buffer.is_empty() || !matches!(count, Ok(0)) {
                self.0 = Some(member);
                return count;
            }
            let mut rest = member.into_inner();
            self.0 = match rest.fill_buf() {
                Ok([]) => None,
                Ok([0x1f, ..]) => Some(GzDecoder::new(rest)),
                Ok(_) => {
                    let error = "there are extra bytes after the end of the compressed data";
                    return Err(io::Error::new(io::ErrorKind::InvalidData, error));
                }
                Err(error) => return Err(error),
            };
        }
        Ok(0)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Plain,
    Gzip,
    Zstd,
    Parquet,
    /// A known format that is not supported.
    Foreign(&'static str),
}

/// A file signature: the range of the first byte, the bytes after it, and the format.
type Signature = (RangeInclusive<u8>, &'static [u8], Format);

const SIGNATURES: [Signature; 8] = [
    (0x1f..=0x1f, b"\x8b", Format::Gzip),
    (0x28..=0x28, b"\xb5\x2f\xfd", Format::Zstd),
    // This is a skippable zstd frame, which some compressors write first.
    (0x50..=0x5f, b"\x2a\x4d\x18", Format::Zstd),
    (0xfd..=0xfd, b"7zXZ\0", Format::Foreign("xz")),
    (b'B'..=b'B', b"Zh", Format::Foreign("bzip2")),
    (0x04..=0x04, b"\x22\x4d\x18", Format::Foreign("lz4")),
    (b'P'..=b'P', b"K\x03\x04", Format::Foreign("zip")),
    (b'P'..=b'P', b"AR1", Format::Parquet),
];

/// Reads the first bytes and returns them with their format. Reads only as many bytes as needed,
/// because more bytes may not have arrived in a pipe yet.
fn sniff(raw: &mut impl Read) -> io::Result<(Vec<u8>, Format)> {
    let mut head = Vec::new();
    loop {
        let mut could_be_more = false;
        for (first, rest, format) in &SIGNATURES {
            let Some((byte, after)) = head.split_first() else {
                could_be_more = true;
                break;
            };
            if !first.contains(byte) {
                continue;
            }
            if after == *rest {
                return Ok((head, *format));
            }
            could_be_more |= rest.starts_with(after);
        }
        let mut byte = [0];
        if !could_be_more || read_some(raw, &mut byte)? == 0 {
            return Ok((head, Format::Plain));
        }
        head.extend(byte);
    }
}

/// Reads once and retries if a signal interrupts the read.
pub(super) fn read_some(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match from.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_detected_by_first_bytes() {
        let check = |bytes: &[u8], head: &[u8], format: Format| {
            let mut raw = bytes;
            assert_eq!(sniff(&mut raw).unwrap(), (head.to_vec(), format));
            assert_eq!([head, raw].concat(), bytes);
        };
        check(b"", b"", Format::Plain);
        check(b"{}\n", b"{", Format::Plain);
        check(b"\x1f\x8b\x08", b"\x1f\x8b", Format::Gzip);
        check(b"\x1f", b"\x1f", Format::Plain);
        check(b"\x28\xb5\x2f\xfd\x00", b"\x28\xb5\x2f\xfd", Format::Zstd);
        check(b"\x28\xb5\n", b"\x28\xb5\n", Format::Plain);
        check(b"\x5a\x2a\x4d\x18", b"\x5a\x2a\x4d\x18", Format::Zstd);
        check(b"PAR1", b"PAR1", Format::Parquet);
        check(b"PAY", b"PAY", Format::Plain);
        check(b"\xfd7zXZ\0\0", b"\xfd7zXZ\0", Format::Foreign("xz"));
    }
}
