//! Output of answers as Parquet, with one row per answer and one column per field of
//! [`portcullis::answer::Answer`]. An absent field is null.

use std::{
    io::{self, Write},
    sync::Arc,
};

use arrow_array::{
    ArrayRef,
    builder::{ArrayBuilder as _, StringBuilder},
};
use portcullis::{
    answer::{Answer, AnswerSide, RecordKind, Verdict},
    decide::SkipCode,
    exit::ExitRule,
    harvest::HarvestAction,
    provenance::Source,
    types::{PolicyHash, PositionSide},
};

use crate::rows::{columns::columns, file::RowFile};

macro_rules! define {
    ($($group:ident {
        $($(#[$doc:meta])* $name:ident as $kind:ident: $type:ty,)*
    })*) => {
        columns! {
            /// Answers as columns, buffered until they are written.
            pub(crate) struct AnswerColumns of Answer<'_> {
                $($($name as $kind: $type,)*)*
            }
        }

        impl AnswerColumns {
            /// Appends nulls to each column that has fewer rows.
            pub(super) fn pad(&mut self, rows: usize) {
                $($(if let Some(to) = &mut self.$name {
                    to.append_nulls(rows.saturating_sub(to.len()));
                })*)*
            }

            /// Returns the number of rows.
            pub(super) fn len(&self) -> usize {
                let rows = [$($(self.$name.as_ref().map_or(0, |to| to.len()),)*)*];
                rows.into_iter().max().unwrap_or_default()
            }
        }
    };
}

portcullis::answer_columns!(define);

/// The name of the column that only the answers under a policy set have.
const ARM_REASON: &str = "arm_reason";

/// The answers under a policy set as columns. `arm_reason` is the last one.
#[derive(Debug, Default)]
pub(crate) struct ArmColumns {
    pub(super) answers: AnswerColumns,
    /// The codes of the arm reasons.
    pub(super) arm_reasons: StringBuilder,
}

impl ArmColumns {
    fn take(&mut self) -> Vec<ArrayRef> {
        let mut columns = self.answers.take();
        columns.push(Arc::new(self.arm_reasons.finish()));
        columns
    }
}

/// The name and the version of the columns.
pub(super) const ANSWERS: &str = "answers/1";

/// A Parquet writer for answers.
pub struct AnswerRows<'w> {
    file: RowFile<'w>,
    settings: Option<String>,
    has_arm_reasons: bool,
}

impl<'w> AnswerRows<'w> {
    /// Creates the writer.
    ///
    /// # Errors
    /// Returns an error if writing fails.
    pub fn new(to: &'w mut (dyn Write + Send)) -> io::Result<Self> {
        let names = AnswerColumns::NAMES.iter().map(ToString::to_string);
        let columns = AnswerColumns::default().take();
        Ok(Self {
            file: RowFile::new(to, ANSWERS, names, columns)?,
            settings: None,
            has_arm_reasons: false,
        })
    }

    /// Creates the writer for the answers under a policy set, with the column `arm_reason`.
    ///
    /// # Errors
    /// Returns an error if writing fails.
    pub fn with_arm_reasons(to: &'w mut (dyn Write + Send)) -> io::Result<Self> {
        let names = AnswerColumns::NAMES.iter().chain(&[ARM_REASON]);
        let columns = ArmColumns::default().take();
        Ok(Self {
            file: RowFile::new(to, ANSWERS, names.map(ToString::to_string), columns)?,
            settings: None,
            has_arm_reasons: true,
        })
    }

    /// Writes the identity of the run into the footer when the run is complete: this hash of its settings
    /// (`portcullis.settings`, see [`Settings::hash`](super::parts::Settings::hash)) and the digest of its answers
    /// (`portcullis.digest`). The answers must be those of a whole run, and not of a part.
    #[must_use]
    pub fn with_settings(mut self, hash: String) -> Self {
        self.settings = Some(hash);
        self
    }

    /// Returns true if the rows have the column `arm_reason`.
    pub(super) const fn has_arm_reasons(&self) -> bool {
        self.has_arm_reasons
    }

    /// Writes the rows of `columns`, which have the column `arm_reason`, and empties them.
    pub(super) fn write_with_arm_reasons(&mut self, columns: &mut ArmColumns) -> io::Result<()> {
        self.file.write(columns.take())
    }

    /// Writes the rows of `columns` and empties them.
    pub(super) fn write(&mut self, columns: &mut AnswerColumns) -> io::Result<()> {
        self.file.write(columns.take())
    }

    /// Writes the buffered rows and the footer. `digest` is that of a complete run.
    pub(super) fn finish(mut self, digest: Option<blake3::Hash>) -> io::Result<()> {
        if let (Some(settings), Some(digest)) = (self.settings, digest) {
            self.file.describe("portcullis.settings", settings);
            self.file.describe("portcullis.digest", digest.to_string());
        }
        self.file.finish()
    }
}
