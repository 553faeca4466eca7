//! The rows of a batch.

use std::sync::{Arc, OnceLock};

use arrow_array::{
    Array, ArrayRef, RecordBatch, RunArray, UInt64Array,
    cast::AsArray as _,
    types::{Int16Type, Int32Type, Int64Type, RunEndIndexType},
};
use arrow_schema::{ArrowError, DataType};
use arrow_select::take::take;
use portcullis::types::Timestamp;

use super::{
    columns::{Column, Columns, RECORD, REST},
    json::Values,
    values::{bytes, has_zone},
};

/// The rows of a batch, each of which is a record.
#[derive(Debug)]
pub(crate) struct Rows {
    columns: Arc<Columns>,
    /// The columns that are read. Runs and most dictionaries are replaced by their values; dictionaries of texts that
    /// repeat are kept.
    arrays: Vec<ArrayRef>,
    count: usize,
    line_bytes_max: usize,
    /// The times at which the rows are decided, if they are not those of the records or of the run.
    times: Option<Vec<Timestamp>>,
    /// The columns without dictionaries, for rows that are written as lines.
    flat: OnceLock<Option<Vec<ArrayRef>>>,
    /// The rows that were written as lines.
    lines: OnceLock<Box<[OnceLock<RowText>]>>,
}

/// A row as a line of JSON, which may not be UTF-8; `None` if it is too long.
pub(crate) type RowText = Option<Vec<u8>>;

impl Rows {
    /// Creates the rows of a batch that has the columns in the order of [`Columns::roots`]. A line of more than
    /// `line_bytes_max` bytes is too long.
    ///
    /// # Errors
    /// Returns a message if a column has nulls that may have been NaN, or a value that its dictionary does not have.
    pub(crate) fn new(
        columns: Arc<Columns>,
        batch: &RecordBatch,
        line_bytes_max: usize,
    ) -> Result<Self, String> {
        let arrays = batch.columns().iter();
        let arrays = arrays
            .map(|values| match is_repeating_text(values) {
                true => Ok(Arc::clone(values)),
                false => flat(values),
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| error.to_string())?;
        columns.check_nulls(|column| Some(arrays.get(column.index)?.logical_null_count()))?;
        Ok(Self {
            columns,
            arrays,
            count: batch.num_rows(),
            line_bytes_max,
            times: None,
            flat: OnceLock::new(),
            lines: OnceLock::new(),
        })
    }

    /// Sets the times at which the rows are decided, one for each row.
    pub(crate) fn with_times(mut self, times: Vec<Timestamp>) -> Self {
        self.times = Some(times);
        self
    }

    /// Returns the times at which the rows are decided, if they are not those of the records or of the run.
    pub(crate) fn times(&self) -> Option<&[Timestamp]> {
        self.times.as_deref()
    }

    /// Returns the number of rows.
    pub(crate) const fn len(&self) -> usize {
        self.count
    }

    /// Returns the maximum length of a line, in bytes.
    pub(crate) const fn line_bytes_max(&self) -> usize {
        self.line_bytes_max
    }

    /// Returns a row as a line.
    pub(crate) fn line(&self, row: usize) -> Option<&[u8]> {
        let new = || (0..self.count).map(|_| OnceLock::new()).collect();
        let line = self.lines.get_or_init(new).get(row)?;
        let flat = || {
            let arrays = self.arrays.iter().map(flat);
            arrays.collect::<Result<_, _>>().ok()
        };
        let values = Values {
            columns: &self.columns,
            arrays: self.flat.get_or_init(flat).as_ref()?,
        };
        let line = line.get_or_init(|| values.line(row, self.line_bytes_max));
        line.as_deref()
    }

    /// Returns the columns with their values.
    pub(crate) fn columns(&self) -> impl Iterator<Item = (&Column, &ArrayRef)> {
        let columns = self.columns.0.iter();
        columns.filter_map(|column| Some((column, self.arrays.get(column.index)?)))
    }

    /// Returns the number of values of `ts` that are timestamps without a time zone.
    pub(crate) fn ts_without_zone(&self) -> u64 {
        let mut columns = self.columns();
        let ts =
            columns.find(|(column, values)| column.name == "ts" && !has_zone(values.data_type()));
        let count = ts.map_or(0, |(_, values)| self.count - values.null_count());
        u64::try_from(count).unwrap_or(u64::MAX)
    }

    /// Returns true if any text that can contain the kind of a record (an event type) passes the test. A record that is
    /// known to be an intent is not tested.
    pub(crate) fn any_kind(&self, test: impl Fn(&[u8]) -> bool) -> bool {
        let of_kind = |column: &Column| ["event_type", RECORD, REST].contains(&&*column.name);
        let mut texts = self.columns().filter(|(column, _)| of_kind(column));
        texts.any(|(_, values)| {
            let passes = |text: &[u8]| text != b"trade.intent" && test(text);
            let dictionary = values.as_any_dictionary_opt();
            let values = dictionary.map_or(values, |dictionary| dictionary.values());
            match values.as_string_view_opt() {
                _ if values.logical_null_count() == values.len() => false,
                Some(texts) => texts.iter().flatten().any(|text| passes(text.as_bytes())),
                None => {
                    (0..values.len()).any(|row| !values.is_null(row) && passes(bytes(values, row)))
                }
            }
        })
    }
}

/// Returns true for a dictionary of texts that has at most one text per row. A larger dictionary would cost more to read
/// than its rows.
fn is_repeating_text(values: &ArrayRef) -> bool {
    let dictionary = values.as_any_dictionary_opt();
    dictionary.is_some_and(|dictionary| {
        let of = dictionary.values();
        let is_text = matches!(
            of.data_type(),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
        );
        is_text && of.len() <= values.len()
    })
}

/// Replaces a dictionary or runs by their values.
pub(crate) fn flat(values: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "all other types are already flat"
    )]
    match values.data_type() {
        DataType::Dictionary(_, _) => {
            let dictionary = values.as_any_dictionary();
            flat(&take(dictionary.values(), dictionary.keys(), None)?)
        }
        DataType::RunEndEncoded(ends, _) => match ends.data_type() {
            DataType::Int16 => flat_runs(values.as_run::<Int16Type>()),
            DataType::Int32 => flat_runs(values.as_run::<Int32Type>()),
            _ => flat_runs(values.as_run::<Int64Type>()),
        },
        _ => Ok(Arc::clone(values)),
    }
}

fn flat_runs<R: RunEndIndexType>(runs: &RunArray<R>) -> Result<ArrayRef, ArrowError> {
    let rows: Vec<u64> = (0..).take(runs.len()).collect();
    let indices = runs.get_physical_indices(&rows)?;
    let indices = indices.into_iter().map(|index| u64::try_from(index).ok());
    let indices = UInt64Array::from_iter(indices);
    flat(&take(runs.values(), &indices, None)?)
}
