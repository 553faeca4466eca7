//! Reading of Parquet rows as chunks of a tape.

use std::{io, ops::Range, sync::Arc};

use arrow_array::{Array, ArrayRef, RecordBatch, cast::AsArray as _};
use arrow_data::ByteView;

use super::batches::{Batches, Input};
use crate::tape::{
    Progress,
    read_at::ReadAt,
    table::{Columns, Rows, bytes},
};

/// The maximum size of a batch whose rows are in one chunk, in bytes. The size is that of the buffers with the texts, or
/// the sum of the lengths of all texts, whichever is larger. A larger batch is divided, because many chunks are in memory
/// at a time.
const CHUNK_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The number of bytes of text after which no further row is added to a part of a batch.
const PART_BYTES: usize = 256 * 1024;

/// A reader that returns the rows of a file in batches.
pub(in crate::tape) struct RowBatches {
    batches: Batches,
    columns: Arc<Columns>,
    /// A batch that is divided, and the index of the next row.
    divided: Option<(RecordBatch, usize)>,
    line_bytes_max: usize,
    rows: u64,
    bytes: u64,
    progress: Arc<Progress>,
}

/// Rows of a file.
pub(in crate::tape) enum RowBatch {
    Rows(Rows),
    /// A row that is longer than a record may be.
    TooLong,
}

impl RowBatches {
    /// Opens a file, or some of its row groups. With `carries`, rows also include fields that no decision depends on. A
    /// row whose line would have more than `line_bytes_max` bytes is too long.
    ///
    /// # Errors
    /// Returns a message if the file is not Parquet, or if its columns cannot be read as records.
    pub(in crate::tape) fn open(
        file: Arc<dyn ReadAt>,
        groups: Option<Range<usize>>,
        carries: bool,
        line_bytes_max: usize,
        progress: Arc<Progress>,
    ) -> Result<Self, String> {
        let bytes = file.bytes().unwrap_or_default();
        let input = Input::open(file)?;
        let columns = Columns::of(input.schema(), carries)?;
        columns.check_nulls(|column| input.null_count(&column.name))?;
        let rows = input.rows();
        Ok(Self {
            batches: input.batches(&columns.roots())?.of_groups(groups),
            columns: Arc::new(columns),
            divided: None,
            line_bytes_max,
            rows,
            bytes,
            progress,
        })
    }

    /// Returns the next rows; `None` at the end of the file.
    pub(in crate::tape) fn next_rows(&mut self) -> io::Result<Option<RowBatch>> {
        let (batch, begin) = match self.divided.take() {
            Some(divided) => divided,
            None => match self.batches.next().transpose()? {
                None => return Ok(None),
                Some(batch) => {
                    self.report(batch.num_rows());
                    // A repeated text is in memory once, but it is in the line of each row.
                    if shared_bytes(&batch).max(all_text_bytes(&batch)) <= CHUNK_BYTES_MAX {
                        return self.rows(&batch).map(Some);
                    }
                    (batch, 0)
                }
            },
        };
        let mut end = begin;
        let mut bytes = 0;
        while end < batch.num_rows() && bytes < PART_BYTES {
            let of_row = text_bytes(&batch, end);
            if of_row > self.line_bytes_max {
                break;
            }
            bytes += of_row;
            end += 1;
        }
        let part = if end == begin {
            end += 1;
            RowBatch::TooLong
        } else {
            let part = batch.slice(begin, end - begin);
            let columns = part.columns().iter().map(compact).collect();
            let part = RecordBatch::try_new(part.schema(), columns);
            self.rows(&part.map_err(io::Error::other)?)?
        };
        self.divided = (end < batch.num_rows()).then_some((batch, end));
        Ok(Some(part))
    }

    fn rows(&self, batch: &RecordBatch) -> io::Result<RowBatch> {
        let rows = Rows::new(Arc::clone(&self.columns), batch, self.line_bytes_max);
        rows.map(RowBatch::Rows)
            .map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why))
    }

    /// Adds to the progress the bytes of the file that correspond to this number of rows.
    fn report(&self, rows: usize) {
        let rows = u64::try_from(rows).unwrap_or_default();
        let share = u128::from(self.bytes) * u128::from(rows) / u128::from(self.rows.max(1));
        self.progress.add(u64::try_from(share).unwrap_or_default());
    }
}

/// Returns the memory of the texts of a batch, which can include texts of other batches.
fn shared_bytes(batch: &RecordBatch) -> usize {
    let buffers =
        |column: &ArrayRef| match (column.as_string_view_opt(), column.as_binary_view_opt()) {
            (Some(texts), _) => texts.data_buffers().iter().map(|it| it.len()).sum(),
            (None, Some(texts)) => texts.data_buffers().iter().map(|it| it.len()).sum(),
            (None, None) => 0,
        };
    batch.columns().iter().map(buffers).sum()
}

/// Returns the number of bytes of all texts.
fn all_text_bytes(batch: &RecordBatch) -> usize {
    let length = |view: &u128| usize::try_from(ByteView::from(*view).length).unwrap_or_default();
    let of_column = |column: &ArrayRef| -> usize {
        if column.null_count() == column.len() {
            return 0;
        }
        let views = match (column.as_string_view_opt(), column.as_binary_view_opt()) {
            (Some(texts), _) => texts.views(),
            (None, Some(texts)) => texts.views(),
            (None, None) => return 0,
        };
        views.iter().map(length).sum()
    };
    batch.columns().iter().map(of_column).sum()
}

/// Returns the number of bytes of all texts in a row.
fn text_bytes(batch: &RecordBatch, row: usize) -> usize {
    let columns = batch.columns().iter();
    let of_row = columns.filter(|column| !column.is_null(row));
    of_row.map(|column| bytes(column, row).len()).sum()
}

/// Copies the texts of a column, so that the rest of its pages is not kept in memory.
fn compact(column: &ArrayRef) -> ArrayRef {
    match (column.as_string_view_opt(), column.as_binary_view_opt()) {
        (Some(texts), _) => Arc::new(texts.gc()),
        (None, Some(texts)) => Arc::new(texts.gc()),
        (None, None) => Arc::clone(column),
    }
}
