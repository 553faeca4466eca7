//! Compression of outputs.

use std::{
    io::{self, Write},
    path::Path,
};

use flate2::{Compression, write::GzEncoder};

/// The level of zstd. Answers get about as small as at level 3, in a third of the time.
const ZSTD_LEVEL: i32 = 1;

/// The number of bytes that the thread of zstd compresses at a time. It limits the memory.
const ZSTD_JOB_BYTES: u32 = 1024 * 1024;

/// A writer that compresses if the extension of the file is `.gz` or `.zst`, in upper or lower case. If it is dropped
/// before [`Encoding::finish`], the compressed data is incomplete.
pub(super) enum Encoding<W: Write> {
    Plain(W),
    Gzip(GzEncoder<W>),
    /// Zstd compresses on its own thread.
    Zstd(zstd::Encoder<'static, W>),
}

impl<W: Write> Encoding<W> {
    pub(super) fn of(path: &Path, to: W) -> io::Result<Self> {
        if has_extension(path, "gz") {
            return Ok(Self::Gzip(GzEncoder::new(to, Compression::default())));
        }
        if has_extension(path, "zst") {
            let mut encoder = zstd::Encoder::new(to, ZSTD_LEVEL)?;
            encoder.multithread(1)?;
            encoder.set_parameter(zstd::zstd_safe::CParameter::JobSize(ZSTD_JOB_BYTES))?;
            return Ok(Self::Zstd(encoder));
        }
        Ok(Self::Plain(to))
    }

    /// Writes the end of the compressed data.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(to) => to.flush(),
            Self::Gzip(to) => {
                to.try_finish()?;
                to.get_mut().flush()
            }
            Self::Zstd(to) => {
                to.do_finish()?;
                to.get_mut().flush()
            }
        }
    }

    pub(super) const fn is_compressed(&self) -> bool {
        matches!(self, Self::Gzip(_) | Self::Zstd(_))
    }
}

impl<W: Write> Write for Encoding<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(to) => to.write(bytes),
            Self::Gzip(to) => to.write(bytes),
            Self::Zstd(to) => to.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(to) => to.flush(),
            Self::Gzip(to) => to.flush(),
            Self::Zstd(to) => to.flush(),
        }
    }
}

/// Returns true if a path has this extension, in upper or lower case.
pub(super) fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension()
        .is_some_and(|found| found.eq_ignore_ascii_case(extension))
}
