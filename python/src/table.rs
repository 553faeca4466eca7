//! Answers to Arrow tables.

use std::sync::{Mutex, PoisonError};

use arrow_array::{
    RecordBatch, RecordBatchIterator, RecordBatchReader, ffi_stream::FFI_ArrowArrayStream,
};
use arrow_schema::{ArrowError, SchemaRef, ffi::FFI_ArrowSchema};
use portcullis::Timestamp;
use portcullis_sim::replay::{AnswerFormat, Replayer, Scope, TableError, TableReplay};
use pyo3::{
    prelude::*,
    types::{PyCapsule, PyString},
};
use pyo3_arrow::PyRecordBatchReader;

use crate::{
    engine::Engine,
    error::{Fault, guarded},
    policy::timeline_of,
    time::{from_datetime, is_datetime},
};

/// The number of rows that are answered together: few enough for the cache, and for a quick reaction to Ctrl-C.
const SLICE_ROWS: usize = 64 * 1024;

/// Creates the error for a table. The message of the engine begins with the name of the column, if there is one.
fn table_fault(error: &dyn std::fmt::Display) -> Fault {
    let text = error.to_string();
    let rest = text.strip_prefix("column `");
    let column = rest.and_then(|rest| rest.split_once('`'));
    let column = column.map(|(name, _)| name.to_owned());
    let fault = Fault::new(text);
    match column {
        Some(name) => fault.with_field(name),
        None => fault,
    }
}

/// The time at which rows are answered.
enum At {
    Recorded,
    Time(Timestamp),
    Column(String),
}

impl At {
    fn of(argument: &Bound<'_, PyAny>) -> PyResult<Self> {
        if let Ok(name) = argument.cast::<PyString>() {
            return Ok(match name.to_str()? {
                "recorded" => Self::Recorded,
                column => Self::Column(column.to_owned()),
            });
        }
        if is_datetime(argument)? {
            return Ok(Self::Time(from_datetime(argument, "at")?));
        }
        Err(Fault::new(format_args!(
            "`at` is {}; pass an aware datetime, \"recorded\" for the event time of each row, or the name of a column of \
             timestamps with a time zone",
            argument.repr()?
        ))
        .with_field("at")
        .into())
    }
}

/// A table that is being answered.
struct TableAnswers {
    records: Box<dyn RecordBatchReader + Send>,
    replay: TableReplay,
    /// The rows of the current batch that are not answered yet.
    rest: Option<RecordBatch>,
}

impl TableAnswers {
    /// `kind` is `intents`, `positions` or `records`.
    fn new(
        engine: &Engine,
        policy: &Bound<'_, PyAny>,
        records: PyRecordBatchReader,
        at: &Bound<'_, PyAny>,
        (kind, assume_in_force): (&str, bool),
        columns: Option<Vec<String>>,
    ) -> PyResult<Self> {
        let at = At::of(at)?;
        let replayer = Replayer {
            now: match at {
                At::Time(now) => Some(now),
                At::Recorded | At::Column(_) => None,
            },
            scope: match kind {
                "intents" => Scope::Intents,
                "positions" => Scope::Positions,
                _ => Scope::Tape,
            },
            assume_in_force,
            ..Replayer::new(engine.inner.clone())
        };
        let format = match columns {
            None => Ok(AnswerFormat::default()),
            Some(names) => AnswerFormat::default().with_columns(names.iter().map(String::as_str)),
        };
        let format = format.map_err(|error| table_fault(&error).with_field("columns"))?;
        let timeline = timeline_of(policy)?;
        let records = records.into_reader()?;
        let replay = TableReplay::under(replayer, timeline, &records.schema(), format);
        let replay = match at {
            At::Column(name) => replay.and_then(|replay| replay.with_time_column(&name)),
            At::Recorded | At::Time(_) => replay,
        };
        Ok(Self {
            records,
            replay: replay.map_err(|error| table_fault(&error))?,
            rest: None,
        })
    }

    /// Returns the next rows of the table.
    fn next_rows(&mut self) -> Option<Result<RecordBatch, ArrowError>> {
        let batch = match self.rest.take() {
            Some(rest) => rest,
            None => match self.records.next()? {
                Ok(batch) => batch,
                Err(error) => return Some(Err(error)),
            },
        };
        if batch.num_rows() <= SLICE_ROWS {
            return Some(Ok(batch));
        }
        self.rest = Some(batch.slice(SLICE_ROWS, batch.num_rows() - SLICE_ROWS));
        Some(Ok(batch.slice(0, SLICE_ROWS)))
    }
}

impl Iterator for TableAnswers {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let answers = self.next_rows()?.and_then(|rows| {
            let answers = self.replay.answers(&rows);
            answers.map_err(|error| ArrowError::ExternalError(Box::new(error)))
        });
        Some(answers)
    }
}

impl RecordBatchReader for TableAnswers {
    fn schema(&self) -> SchemaRef {
        self.replay.schema()
    }
}

/// Answers as an Arrow stream, which can be read once.
///
/// The classes and the export of `pyo3-arrow` are not used, because their methods and casts would make the library larger
/// by half.
#[pyclass(frozen, module = "portcullis_engine._portcullis")]
pub(crate) struct AnswerReader {
    schema: SchemaRef,
    answers: Mutex<Option<Box<dyn RecordBatchReader + Send>>>,
}

impl AnswerReader {
    fn new(answers: Box<dyn RecordBatchReader + Send>) -> Self {
        Self {
            schema: answers.schema(),
            answers: Mutex::new(Some(answers)),
        }
    }
}

#[pymethods]
impl AnswerReader {
    /// Returns the schema as a capsule.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let schema = FFI_ArrowSchema::try_from(self.schema.as_ref());
        let schema = schema.map_err(Fault::new)?;
        PyCapsule::new_with_value(py, schema, c"arrow_schema")
    }

    /// Returns the stream as a capsule. Its types are those of the answers, whatever types are requested.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // The protocol permits a producer to ignore the request.
        drop(requested_schema);
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(answers) = answers.take() else {
            return Err(Fault::new("the answers were already read; ask for them again").into());
        };
        let stream = FFI_ArrowArrayStream::new(answers);
        PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
    }
}

/// Returns the error of Python that a reader raised, or the error of a table.
fn stream_error(error: &ArrowError) -> PyErr {
    if let ArrowError::ExternalError(inner) = error
        && let Some(error) = inner.downcast_ref::<TableError>()
    {
        return table_fault(error).into();
    }
    Fault::new(error).into()
}

/// Answers all rows of a table.
#[pyfunction]

pub(crate) fn answer_table(
    py: Python<'_>,
    engine: &Bound<'_, Engine>,
    policy: &Bound<'_, PyAny>,
    records: PyRecordBatchReader,
    at: &Bound<'_, PyAny>,
    of: (String, bool),
    columns: Option<Vec<String>>,
) -> PyResult<AnswerReader> {
    let of = (of.0.as_str(), of.1);
    let answers = TableAnswers::new(engine.get(), policy, records, at, of, columns)?;
    let schema = answers.schema();
    let batches = guarded(|| {
        py.detach(|| {
            let mut batches = Vec::new();
            for batch in answers {
                batches.push(batch.map_err(|error| stream_error(&error))?);
                Python::attach(|py| py.check_signals())?;
            }
            Ok(batches)
        })
    })?;
    let answers = RecordBatchIterator::new(batches.into_iter().map(Ok), schema);
    Ok(AnswerReader::new(Box::new(answers)))
}

/// Returns a reader that answers the batches of another reader when they are read.
#[pyfunction]

pub(crate) fn open_answers(
    engine: &Bound<'_, Engine>,
    policy: &Bound<'_, PyAny>,
    records: PyRecordBatchReader,
    at: &Bound<'_, PyAny>,
    of: (String, bool),
    columns: Option<Vec<String>>,
) -> PyResult<AnswerReader> {
    let of = (of.0.as_str(), of.1);
    let answers = TableAnswers::new(engine.get(), policy, records, at, of, columns)?;
    Ok(AnswerReader::new(Box::new(answers)))
}

/// Explains the answer to one row of a table, counted from 0.
#[pyfunction]
pub(crate) fn explain_row(
    engine: &Bound<'_, Engine>,
    policy: &Bound<'_, PyAny>,
    records: PyRecordBatchReader,
    row: usize,
    at: &Bound<'_, PyAny>,
    of: (String, bool),
) -> PyResult<String> {
    let of = (of.0.as_str(), of.1);
    let mut answers = TableAnswers::new(engine.get(), policy, records, at, of, None)?;
    guarded(|| {
        let mut before = 0;
        while let Some(batch) = answers.next_rows() {
            let batch = batch.map_err(|error| stream_error(&error))?;
            let index = row - before;
            if index < batch.num_rows() {
                let explained = answers.replay.explain(&batch, index);
                return Ok(explained.map_err(|error| table_fault(&error))?.text);
            }
            before += batch.num_rows();
        }
        let last = "use a row from 0 to the number of rows minus 1";
        let fault = Fault::new(format_args!(
            "the table has {before} rows and no row {row}; {last}"
        ));
        Err(fault.with_field("row").with_value(row.to_string()).into())
    })
}

/// Returns the names of the columns that are read from a table, or that a table cannot have.
#[pyfunction]
pub(crate) fn record_columns() -> Vec<&'static str> {
    portcullis_sim::replay::record_columns().collect()
}
