//! Output of answers as Parquet, with one row per answer and one column per field of
//! [`portcullis::answer::Answer`]. An absent field is null.

use std::io::{self, Write};

use portcullis::{
    answer::{Answer, AnswerSide, RecordKind, Verdict},
    decide::SkipCode,
    exit::ExitRule,
    harvest::HarvestAction,
    types::PositionSide,
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
    };
}

portcullis::answer_columns!(define);

/// The name and the version of the columns.
pub(super) const ANSWERS: &str = "answers/1";

/// A Parquet writer for answers.
pub struct AnswerRows<'w>(RowFile<'w>);

impl<'w> AnswerRows<'w> {
    /// Creates the writer.
    ///
    /// # Errors
    /// Returns an error if writing fails.
    pub fn new(to: &'w mut (dyn Write + Send)) -> io::Result<Self> {
        let names = AnswerColumns::NAMES.iter().map(ToString::to_string);
        RowFile::new(to, ANSWERS, names, AnswerColumns::default().take()).map(Self)
    }

    /// Writes the rows of `columns` and empties them.
    pub(super) fn write(&mut self, columns: &mut AnswerColumns) -> io::Result<()> {
        self.0.write(columns.take())
    }

    /// Writes the buffered rows and the footer.
    pub(super) fn finish(self) -> io::Result<()> {
        self.0.finish()
    }
}
