//! From a source to the bytes that were recorded.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Cursor, Read},
    ops::RangeInclusive,
    sync::Arc,
};

use flate2::bufread::GzDecoder;
use zstd::stream::read::Decoder as ZstdDecoder;

use super::{Progress, TapeError, TapeSource, parquet::Rows, progress::Counted};
use crate::stream::StreamReader;

/// How much compressed data is read at once.
const COMPRESSED_BYTES: usize = 128 * 1024;

/// How far back zstd data may refer, as a power of two: so much memory its decompressor may take.
pub(super) const WINDOW_LOG_MAX: u32 = 25;

/// What the decompressor says of data that refer further back.
pub(super) const WINDOW_TOO_LARGE: &str = "Frame requires too much memory for decoding";

/// A tape's bytes, decompressed.
pub(super) struct Opened {
    pub(super) bytes: Box<dyn Read + Send>,
    pub(super) is_compressed: bool,
}

/// Opens a source; with `carries`, rows give what nobody decides by too. Gzip (any number of members), zstd (any number of frames) and Parquet are known by their first
/// bytes, never by a name.
pub(super) fn open(
    source: &TapeSource,
    carries: bool,
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
        TapeSource::Stream(stream) => {
            let reader = StreamReader::open(stream).map_err(|error| TapeError::Open {
                tape: source.to_string(),
                error,
            })?;
            Box::new(reader)
        }
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
    let (bytes, is_compressed): (Box<dyn Read + Send>, _) = match format {
        Format::Plain => (Box::new(whole), false),
        Format::Gzip => {
            let buffered = BufReader::with_capacity(COMPRESSED_BYTES, whole);
            (Box::new(Members(Some(GzDecoder::new(buffered)))), true)
        }
        Format::Zstd => {
            let buffered = BufReader::with_capacity(COMPRESSED_BYTES, whole);
            let mut decoder = ZstdDecoder::with_buffer(buffered).map_err(not_read)?;
            decoder.window_log_max(WINDOW_LOG_MAX).map_err(not_read)?;
            (Box::new(decoder), true)
        }
        Format::Parquet => (Box::new(rows(source, carries, progress)?), true),
        Format::Foreign(found) => {
            return Err(TapeError::Unsupported {
                tape: source.to_string(),
                found,
            });
        }
    };
    Ok(Opened {
        bytes,
        is_compressed,
    })
}

/// The rows of a Parquet file, whose index stands at its end.
fn rows(source: &TapeSource, carries: bool, progress: &Arc<Progress>) -> Result<Rows, TapeError> {
    let not_open = |error| TapeError::Open {
        tape: source.to_string(),
        error,
    };
    let path = source.path().filter(|path| path.is_file());
    let path = path.ok_or_else(|| TapeError::NoSeeking {
        tape: source.to_string(),
    })?;
    let file = File::open(path).map_err(not_open)?;
    Rows::open(file, carries, Arc::clone(progress)).map_err(|why| TapeError::Parquet {
        tape: source.to_string(),
        why,
    })
}

/// The members of a gzip file, one after the other; `None` behind the last.
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
                    let error = "there are bytes behind the end of the compressed data";
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
    /// Known, and no tape.
    Foreign(&'static str),
}

/// First byte, the bytes after it, what they mean.
type Signature = (RangeInclusive<u8>, &'static [u8], Format);

const SIGNATURES: [Signature; 8] = [
    (0x1f..=0x1f, b"\x8b", Format::Gzip),
    (0x28..=0x28, b"\xb5\x2f\xfd", Format::Zstd),
    // A frame to be skipped, which some compressors write first.
    (0x50..=0x5f, b"\x2a\x4d\x18", Format::Zstd),
    (0xfd..=0xfd, b"7zXZ\0", Format::Foreign("xz")),
    (b'B'..=b'B', b"Zh", Format::Foreign("bzip2")),
    (0x04..=0x04, b"\x22\x4d\x18", Format::Foreign("lz4")),
    (b'P'..=b'P', b"K\x03\x04", Format::Foreign("zip")),
    (b'P'..=b'P', b"AR1", Format::Parquet),
];

/// The first bytes, and what they mean. Reads no further than needed to know: a pipe may have no more to
/// give for now.
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

/// A read that a signal does not stop.
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
    fn formats_are_known_by_their_first_bytes() {
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
