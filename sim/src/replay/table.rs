//! Answers to the rows of Arrow tables.

use std::{collections::HashMap, ops::Range, sync::Arc};

use arrow_array::{
    Array as _, ArrayRef, RecordBatch, TimestampMicrosecondArray, cast::AsArray as _,
    types::TimestampMillisecondType,
};
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef};
use portcullis::{
    policy::{Policy, PolicyUnavailable},
    record::{RECORD_BYTES_MAX, Scratch},
    types::Timestamp,
};
use thiserror::Error;

use super::{
    answer_rows::{ANSWERS, AnswerColumns},
    chunk_output::{AnswerBuffer, ChunkOutput},
    explain::ExplainedRecord,
    replayer::{Replayer, Workspace},
    timeline::Timeline,
};
use crate::tape::{
    Chunk,
    table::{Columns, FIELDS, OBJECTS, RECORD, REST, Rows, flat, timestamps},
};

/// An error of a table. The message names the column and the necessary change.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct TableError(String);

/// The columns of answers, and their types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerFormat {
    columns: Vec<&'static str>,
    plain_text: bool,
    micros: bool,
}

impl Default for AnswerFormat {
    /// Returns all columns except `detail`, which costs the most time.
    fn default() -> Self {
        let names = AnswerColumns::NAMES.iter().copied();
        Self {
            columns: names.filter(|name| *name != "detail").collect(),
            plain_text: false,
            micros: false,
        }
    }
}

impl AnswerFormat {
    /// Selects the columns. Their order in the answers is always that of the format.
    ///
    /// # Errors
    /// Returns an error if a name is not a column of answers, and lists the columns.
    pub fn with_columns<'n>(
        mut self,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Result<Self, TableError> {
        self.columns.clear();
        for name in names {
            let known = AnswerColumns::NAMES.iter().find(|known| **known == name);
            self.columns.push(known.ok_or_else(|| {
                TableError(format!(
                    "answers have no column `{name}`; the columns are `{}`",
                    AnswerColumns::NAMES.join("`, `")
                ))
            })?);
        }
        Ok(self)
    }

    /// Writes codes, hashes and sources as plain texts instead of dictionaries, for programs that cannot read
    /// dictionaries, such as Spark in `mapInArrow`.
    #[must_use]
    pub fn with_plain_text(mut self) -> Self {
        self.plain_text = true;
        self
    }

    /// Writes times in microseconds instead of milliseconds, for programs that cannot read milliseconds, such as Spark.
    #[must_use]
    pub fn with_micros(mut self) -> Self {
        self.micros = true;
        self
    }

    fn builders(&self) -> AnswerColumns {
        AnswerColumns::select(|name| self.columns.contains(&name))
    }

    /// Converts the columns to the types of the format.
    fn convert(&self, column: ArrayRef) -> Result<ArrayRef, TableError> {
        if self.plain_text {
            let plain = flat(&column).map_err(|error| TableError(error.to_string()))?;
            return Ok(self.times(plain));
        }
        Ok(self.times(column))
    }

    fn times(&self, column: ArrayRef) -> ArrayRef {
        match column.as_primitive_opt::<TimestampMillisecondType>() {
            Some(millis) if self.micros => {
                let micros =
                    millis.unary::<_, arrow_array::types::TimestampMicrosecondType>(|at| {
                        at.saturating_mul(1_000)
                    });
                Arc::new(TimestampMicrosecondArray::with_timezone(micros, "UTC"))
            }
            Some(_) | None => column,
        }
    }

    /// Returns the schema of the answers.
    ///
    /// # Errors
    /// Returns an error if a type cannot be converted, which does not happen.
    fn schema(&self) -> Result<SchemaRef, TableError> {
        let names = AnswerColumns::NAMES.iter();
        let names = names.filter(|name| self.columns.contains(name));
        let fields = names.zip(self.builders().take()).map(|(name, column)| {
            let of = self.convert(column)?.data_type().clone();
            let is_nullable = !["n", "id", "decision"].contains(name);
            Ok(Field::new(*name, of, is_nullable))
        });
        let fields: Vec<Field> = fields.collect::<Result<_, TableError>>()?;
        let format = ("portcullis.schema".to_owned(), ANSWERS.to_owned());
        let metadata = HashMap::from([format]);
        Ok(Arc::new(Schema::new_with_metadata(fields, metadata)))
    }
}

/// Returns the names of the columns of a table that are read, or that a table cannot have. All other columns are ignored.
pub fn record_columns() -> impl Iterator<Item = &'static str> {
    let fields = FIELDS.iter().map(|(name, _)| *name);
    fields.chain([RECORD, REST]).chain(OBJECTS)
}

/// The column of a table that contains the times of the decisions.
#[derive(Debug)]
struct TimeColumn {
    index: usize,
    name: String,
}

impl TimeColumn {
    fn find(table: &Fields, name: &str) -> Result<Self, TableError> {
        let mut columns = table.iter().enumerate();
        let mut columns = columns.by_ref().filter(|(_, field)| field.name() == name);
        let Some((index, field)) = columns.next() else {
            return Err(TableError(format!(
                "the table has no column `{name}`, in which the times of the decisions are expected"
            )));
        };
        if columns.next().is_some() {
            return Err(TableError(format!(
                "two columns have the name `{name}`; remove one"
            )));
        }
        let found = field.data_type();
        if !matches!(found, DataType::Timestamp(_, Some(_))) {
            return Err(TableError(format!(
                "column `{name}` has type {found}; the times of decisions must be timestamps with a time zone, such as UTC"
            )));
        }
        Ok(Self {
            index,
            name: name.to_owned(),
        })
    }

    /// Returns the times of a batch. `before` is the number of rows before it.
    fn times(&self, batch: &RecordBatch, before: u64) -> Result<Vec<Timestamp>, TableError> {
        let values = batch.columns().get(self.index).map(|column| {
            let times = timestamps(column, 0..column.len());
            (column, times)
        });
        let Some((column, times)) = values else {
            return Err(TableError(format!("a batch has no column `{}`", self.name)));
        };
        let times = times.into_iter().zip(before + 1..).enumerate();
        let times = times.map(|(row, (time, n))| {
            let is_plausible = |at: &Timestamp| PLAUSIBLE_MS.contains(&at.as_millis());
            time.filter(is_plausible).ok_or_else(|| {
                let name = &self.name;
                TableError(match (column.is_null(row), time) {
                    (true, _) => format!(
                        "column `{name}` is null in row {n}; state the time of the decision, or remove the row"
                    ),
                    (false, Some(at)) => format!(
                        "column `{name}` is {at} in row {n}, which is not between 2000-01-01 and 2100-01-01; check the unit of the column"
                    ),
                    (false, None) => format!(
                        "column `{name}` is out of range in row {n}; check the unit of the column"
                    ),
                })
            })
        });
        times.collect()
    }
}

/// The range of the times of decisions in a table, in epoch milliseconds: 2000-01-01 to 2100-01-01.
const PLAUSIBLE_MS: Range<i64> = 946_684_800_000..4_102_444_800_000;

/// A replay of the rows of a table, batch by batch.
#[derive(Debug)]
pub struct TableReplay {
    replayer: Replayer,
    table: Fields,
    columns: Arc<Columns>,
    /// The column with the times of the decisions, if they are in the table.
    times: Option<TimeColumn>,
    timeline: Timeline,
    workspace: Workspace,
    output: ChunkOutput,
    format: AnswerFormat,
    schema: SchemaRef,
    rows: u64,
}

impl TableReplay {
    /// Prepares the replay of a table. `policy` is active before the first record.
    ///
    /// # Errors
    /// Returns an error if a column of the table has a type that a record cannot have, if two columns of a field have
    /// the same name, or if no column is a field of a record.
    pub fn new(
        replayer: Replayer,
        policy: Result<Policy, PolicyUnavailable>,
        table: &Schema,
        format: AnswerFormat,
    ) -> Result<Self, TableError> {
        Self::under(replayer, Timeline::new(policy), table, format)
    }

    /// Prepares the replay of a table under the policies of a timeline.
    ///
    /// # Errors
    /// Returns an error under the same conditions as [`Self::new`].
    pub fn under(
        replayer: Replayer,
        timeline: Timeline,
        table: &Schema,
        format: AnswerFormat,
    ) -> Result<Self, TableError> {
        let builders = Box::new(format.builders());
        Ok(Self {
            replayer,
            table: table.fields().clone(),
            columns: Arc::new(Columns::of(table, false).map_err(TableError)?),
            times: None,
            timeline,
            workspace: Workspace::default(),
            output: ChunkOutput::new(AnswerBuffer::Table(builders)),
            schema: format.schema()?,
            format,
            rows: 0,
        })
    }

    /// Decides each row at the time in a column. This time replaces the time of the replayer and that of the record.
    ///
    /// # Errors
    /// Returns an error if the table does not have exactly one column with this name, or if it does not contain
    /// timestamps with a time zone. Without a time zone, it would be unknown which time is meant.
    pub fn with_time_column(mut self, name: &str) -> Result<Self, TableError> {
        self.times = Some(TimeColumn::find(&self.table, name)?);
        Ok(self)
    }

    /// Returns the schema of the answers.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Explains the answer to one row of a batch: an intent or a position. The batch is not answered.
    ///
    /// # Errors
    /// Returns an error under the same conditions as [`Self::answers`], or if the row does not exist or changes the
    /// policy.
    pub fn explain(&self, batch: &RecordBatch, row: usize) -> Result<ExplainedRecord, TableError> {
        let missing = || TableError(format!("the batch has no row {row}"));
        if row >= batch.num_rows() {
            return Err(missing());
        }
        let batch = batch.slice(row, 1);
        let rows = self.read(&batch)?;
        let now = match &self.times {
            Some(column) => column.times(&batch, 0)?.first().copied(),
            None => self.replayer.now,
        };
        let replayer = Replayer {
            engine: self.replayer.engine.clone(),
            now,
            ..self.replayer
        };
        let chunk = Chunk::of_rows(rows, 0, 1);
        let line = chunk.record_of_row(0).ok_or_else(missing)?.line();
        let explained = replayer.explanation(line, &self.timeline, &mut Scratch::default());
        explained.ok_or_else(|| TableError("the row changes the policy".to_owned()))
    }

    /// Reads the rows of a batch.
    fn read(&self, batch: &RecordBatch) -> Result<Rows, TableError> {
        if *batch.schema().fields() != self.table {
            return Err(TableError(
                "a batch has other columns than the table; give all batches the schema of the table"
                    .to_owned(),
            ));
        }
        let read = batch
            .project(&self.columns.roots())
            .map_err(|error| TableError(error.to_string()))?;
        let rows = Rows::new(Arc::clone(&self.columns), &read, RECORD_BYTES_MAX);
        rows.map_err(TableError)
    }

    /// Answers the rows of the next batch: one answer for each row, in their order. A policy change in a row applies to
    /// the rows after it, from the event time of the change.
    ///
    /// # Errors
    /// Returns an error if the batch does not have the columns of the table, if a column has nulls that pandas may have
    /// written for NaN, or if the time of a decision is null or not between 2000-01-01 and 2100-01-01. Then no row of
    /// the batch is answered.
    pub fn answers(&mut self, batch: &RecordBatch) -> Result<RecordBatch, TableError> {
        let mut rows = self.read(batch)?;
        if let Some(column) = &self.times {
            rows = rows.with_times(column.times(batch, self.rows)?);
        }
        let chunk = Chunk::of_rows(rows, 0, self.rows + 1);
        self.output.clear();
        self.rows += self.replayer.chunk(
            &chunk,
            self.rows + 1,
            &mut self.timeline,
            &mut self.workspace,
            &mut self.output,
        );
        let AnswerBuffer::Table(columns) = &mut self.output.answers else {
            return Err(TableError("answers are not columns".to_owned()));
        };
        let columns = columns.take().into_iter();
        let columns = columns.map(|column| self.format.convert(column));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        RecordBatch::try_new(self.schema(), columns).map_err(|error| TableError(error.to_string()))
    }
}
