//! Formats of files, detected by their first bytes, and decompression.

use std::{
    io::{self, BufRead, BufReader, Read},
    ops::RangeInclusive,
};

use flate2::bufread::GzDecoder;
use zstd::stream::read::Decoder as ZstdDecoder;

use super::error::WINDOW_LOG_MAX;

/// Size of the read buffer for compressed data, in bytes.
const COMPRESSED_BYTES: usize = 128 * 1024;

/// The message of the zstd decompressor for a window that is too large.
pub(crate) const WINDOW_TOO_LARGE: &str = "Frame requires too much memory for decoding";

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Text, or an unknown format.
    Plain,
    Gzip,
    Zstd,
    Zip,
    Parquet,
    /// A file in the Arrow IPC format (Feather version 2).
    Arrow,
    /// A known format that is not supported.
    Foreign(&'static str),
}

impl Format {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Plain => "text",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Zip => "zip",
            Self::Parquet => "Parquet",
            Self::Arrow => "Feather (Arrow IPC)",
            Self::Foreign(name) => name,
        }
    }
}

/// Decompresses gzip with any number of members.
pub(crate) fn gunzip<R: Read + Send + 'static>(from: R) -> Box<dyn Read + Send> {
    let buffered = BufReader::with_capacity(COMPRESSED_BYTES, from);
    Box::new(Members(Some(GzDecoder::new(buffered))))
}

/// Decompresses zstd with any number of frames and a bounded window.
pub(crate) fn unzstd<R: Read + Send + 'static>(from: R) -> io::Result<Box<dyn Read + Send>> {
    let buffered = BufReader::with_capacity(COMPRESSED_BYTES, from);
    let mut decoder = ZstdDecoder::with_buffer(buffered)?;
    decoder.window_log_max(WINDOW_LOG_MAX)?;
    Ok(Box::new(decoder))
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

/// A file signature: the range of the first byte, the bytes after it, and the format.
type Signature = (RangeInclusive<u8>, &'static [u8], Format);

const SIGNATURES: [Signature; 24] = [
    (0x1f..=0x1f, b"\x8b", Format::Gzip),
    (0x28..=0x28, b"\xb5\x2f\xfd", Format::Zstd),
    // This is a skippable zstd frame, which some compressors write first.
    (0x50..=0x5f, b"\x2a\x4d\x18", Format::Zstd),
    (b'P'..=b'P', b"K\x03\x04", Format::Zip),
    (b'P'..=b'P', b"AR1", Format::Parquet),
    (b'A'..=b'A', b"RROW1", Format::Arrow),
    (0xfd..=0xfd, b"7zXZ\0", Format::Foreign("xz")),
    (b'B'..=b'B', b"Zh", Format::Foreign("bzip2")),
    (0x04..=0x04, b"\x22\x4d\x18", Format::Foreign("lz4")),
    (b'7'..=b'7', b"z\xbc\xaf", Format::Foreign("7z")),
    (b'R'..=b'R', b"ar!", Format::Foreign("RAR")),
    (b'P'..=b'P', b"K\x05\x06", Format::Foreign("empty zip")),
    (b'S'..=b'S', b"QLite format 3\0", Format::Foreign("SQLite")),
    (
        0xd0..=0xd0,
        b"\xcf\x11\xe0",
        Format::Foreign("Excel (.xls)"),
    ),
    (0x89..=0x89, b"HDF", Format::Foreign("HDF5")),
    (b'%'..=b'%', b"PDF", Format::Foreign("PDF")),
    (b'O'..=b'O', b"RC", Format::Foreign("ORC")),
    (b'O'..=b'O', b"bj\x01", Format::Foreign("Avro")),
    (b'F'..=b'F', b"EA1", Format::Foreign("Feather version 1")),
    (0x80..=0x80, b"\x04\x95", Format::Foreign("Python pickle")),
    (0x80..=0x80, b"\x05\x95", Format::Foreign("Python pickle")),
    (
        0xff..=0xff,
        b"\xff\xff\xff",
        Format::Foreign("Arrow IPC stream"),
    ),
    (0xff..=0xff, b"\xfe", Format::Foreign("UTF-16")),
    (0xfe..=0xfe, b"\xff", Format::Foreign("UTF-16")),
];

/// Reads the first bytes and returns them with their format. Reads only as many bytes as needed,
/// because more bytes may not have arrived in a pipe yet.
pub(crate) fn sniff(raw: &mut impl Read) -> io::Result<(Vec<u8>, Format)> {
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
        check(b"PK\x03\x04\x14", b"PK\x03\x04", Format::Zip);
        check(b"ARROW1\0\0", b"ARROW1", Format::Arrow);
        check(b"Open time,open", b"Op", Format::Plain);
        check(b"\xfd7zXZ\0\0", b"\xfd7zXZ\0", Format::Foreign("xz"));
    }
}
