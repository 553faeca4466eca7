//! Tapes that are given on the command line.

use std::path::{Path, PathBuf};

use portcullis_sim::tape::{TapeReader, TapeSource, resolve};

use crate::{failure::Failure, input::kind::FileKind, print::warn};

/// The tapes of a run.
pub(crate) struct Tapes {
    sources: Vec<TapeSource>,
    /// The names of the tapes, for reports.
    pub(crate) names: Vec<String>,
}

impl Tapes {
    /// Resolves paths, URLs and glob patterns. Returns an error for a file that is recognised as another kind of file.
    pub(crate) fn resolve(paths: &[PathBuf]) -> Result<Self, Failure> {
        let sources = resolve(paths).map_err(Failure::error)?;
        for path in sources.iter().filter_map(TapeSource::path) {
            FileKind::check(path, FileKind::Tape)?;
        }
        Ok(Self::new(sources))
    }

    pub(crate) fn new(sources: Vec<TapeSource>) -> Self {
        let names = sources.iter().map(ToString::to_string).collect();
        Self { sources, names }
    }

    pub(crate) fn sources(&self) -> &[TapeSource] {
        &self.sources
    }

    pub(crate) fn reader(&self) -> TapeReader {
        TapeReader::new(self.sources.clone())
    }

    /// Returns the paths of the files, and `-` for standard input.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.sources.iter().filter_map(|source| match source {
            TapeSource::Stdin => Some(Path::new("-")),
            TapeSource::File(_)
            | TapeSource::Object(_)
            | TapeSource::Slice(_)
            | TapeSource::Custom(_)
            | TapeSource::Memory { .. } => source.path(),
        })
    }

    /// Writes a warning if no line could be read as a record.
    pub(crate) fn warn_if_unreadable(&self, records: u64, unreadable: u64) {
        if records > 0 && records == unreadable {
            warn(format_args!(
                "warning: no line of `{}` could be read as a record; is it a tape?",
                self.names.join("`, `")
            ));
        }
    }
}
