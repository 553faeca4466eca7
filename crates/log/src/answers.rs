//! The answers in the log by their stream positions, so that no entry is written twice.

use std::{
    collections::BTreeMap,
    io::{self, BufRead},
    path::Path,
};

use crate::{
    digest::Digest,
    error::LogError,
    files::{open_sealed, sealed_name},
    line::{Line, next_line},
    position::StreamPosition,
    row::Row,
};

/// The digests of the answers in the last file.
#[derive(Debug, Default)]
pub(crate) struct Answers(BTreeMap<StreamPosition, Digest>);

impl Answers {
    /// Adds a row.
    pub(crate) fn add(&mut self, row: &Row<'_>) {
        self.0.insert(row.position, digest(row));
    }

    /// Adds all answers of another set.
    pub(crate) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// Returns the digest of the answer at a position, which is not after the last row. `sealed` are the numbers of the
    /// sealed files, newest first. They are read only if the position is before the last file.
    pub(crate) fn find(
        &self,
        position: StreamPosition,
        directory: &Path,
        sealed: impl Iterator<Item = u64>,
    ) -> Result<Option<Digest>, LogError> {
        if self
            .0
            .first_key_value()
            .is_some_and(|(first, _)| *first <= position)
        {
            return Ok(self.0.get(&position).copied());
        }
        for number in sealed {
            let path = directory.join(sealed_name(number));
            let found = open_sealed(&path).and_then(|from| find_in(from, position));
            match found.map_err(|error| LogError::io(&path, &error))? {
                Found::Answer(digest) => return Ok(Some(digest)),
                Found::Absent => return Ok(None),
                Found::Earlier => {}
            }
        }
        Ok(None)
    }
}

/// Returns the digest by which two answers are compared.
pub(crate) fn digest(row: &Row<'_>) -> Digest {
    Digest::of(row.answer.get())
}

/// The result of a search in one file.
enum Found {
    Answer(Digest),
    /// The file has rows before and after the position.
    Absent,
    /// All rows of the file are after the position.
    Earlier,
}

fn find_in(mut from: impl BufRead, position: StreamPosition) -> io::Result<Found> {
    let mut found = Found::Earlier;
    while let Some(raw) = next_line(&mut from)? {
        let Ok(Line::Row(line)) = Line::parse(&raw.bytes) else {
            continue;
        };
        if line.row.position == position {
            return Ok(Found::Answer(digest(&line.row)));
        }
        if line.row.position > position {
            break;
        }
        found = Found::Absent;
    }
    Ok(found)
}
