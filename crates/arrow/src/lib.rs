//! Decisions about intents and positions in Arrow tables, with the answers as tables.
//!
//! A table has one row per record and one column per field, as
//! [docs/formats.md](https://github.com/portcullis/portcullis/blob/main/docs/formats.md#parquet-columns) describes.
//! There is one answer for each row, in the order of the rows. Columns that are not fields of a record are ignored.
//!
//! - [`decide`] answers intents, and [`harvest`] evaluates positions, under one policy.
//! - [`Answers`] answers all batches of a reader, whose rows can also be policy changes.
//!
//! ```
//! use std::sync::Arc;
//!
//! use arrow_array::{Array, ArrayRef, Float64Array, RecordBatch, StringArray, cast::AsArray};
//! use portcullis::{Engine, ExitOwnership, Guardrails, Policy, Timestamp};
//! use portcullis_arrow::{AnswerFormat, At, decide};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let now = Timestamp::parse_iso("2026-01-05T00:00:00Z")?.0;
//! let expiry = Timestamp::parse_iso("2026-01-06T00:00:00Z")?.0;
//! let policy = Policy::from_json(&portcullis_sim::sample::policy_json(expiry))?;
//! let intents = RecordBatch::try_from_iter([
//!     ("symbol", Arc::new(StringArray::from(vec!["BTCUSDT", "NOTLISTED"])) as ArrayRef),
//!     ("side", Arc::new(StringArray::from(vec!["BUY", "BUY"]))),
//!     ("position_size_usd", Arc::new(Float64Array::from(vec![250.0, 250.0]))),
//! ])?;
//!
//! let engine = Engine::new(Guardrails::none(), ExitOwnership::new("exit-service")?);
//! let answers = decide(&engine, Ok(policy), &intents, At::Time(now), AnswerFormat::default())?;
//! let reasons = answers.column_by_name("reason").unwrap().as_any_dictionary().normalized_keys();
//! assert_eq!(answers.num_rows(), 2);
//! assert_eq!(reasons.len(), 2);
//! # Ok(())
//! # }
//! ```

use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, Schema, SchemaRef};
use portcullis::{
    decide::Engine,
    policy::{Policy, PolicyUnavailable},
    types::Timestamp,
};
pub use portcullis_sim::replay::{AnswerFormat, TableError};
use portcullis_sim::replay::{Replayer, Scope, TableReplay};

/// The time at which a row is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At<'a> {
    /// The event time of the row. An entry without a time is skipped.
    Recorded,
    /// The same time for all rows.
    Time(Timestamp),
    /// The time in the column with this name, which must contain timestamps with a time zone. A batch in which such a
    /// time is null, or not between 2000-01-01 and 2100-01-01, is an error. The column can be any column of the table;
    /// if its name is that of a field, it is read as this field too.
    Column(&'a str),
}

impl At<'_> {
    /// Prepares the replay of a table at this time.
    fn replay(
        self,
        engine: &Engine,
        scope: Scope,
        policy: Result<Policy, PolicyUnavailable>,
        table: &Schema,
        format: AnswerFormat,
    ) -> Result<TableReplay, TableError> {
        let replayer = Replayer {
            now: match self {
                Self::Recorded | Self::Column(_) => None,
                Self::Time(now) => Some(now),
            },
            scope,
            ..Replayer::new(engine.clone())
        };
        let replay = TableReplay::new(replayer, policy, table, format)?;
        match self {
            Self::Recorded | Self::Time(_) => Ok(replay),
            Self::Column(name) => replay.with_time_column(name),
        }
    }
}

/// Decides the intents of a batch under a policy. A row that is not an intent is answered as unreadable.
///
/// # Errors
/// Returns an error if a column has a type that a record cannot have, if two columns of a field have the same name, if
/// no column is a field of a record, if a column has nulls that pandas may have written for NaN, or if a time of
/// [`At::Column`] is not usable.
pub fn decide(
    engine: &Engine,
    policy: Result<Policy, PolicyUnavailable>,
    intents: &RecordBatch,
    at: At<'_>,
    format: AnswerFormat,
) -> Result<RecordBatch, TableError> {
    let mut replay = at.replay(engine, Scope::Intents, policy, &intents.schema(), format)?;
    replay.answers(intents)
}

/// Evaluates the positions of a batch under a policy. A row that is not a position is answered as unreadable.
///
/// # Errors
/// Returns an error if a column has a type that a record cannot have, if two columns of a field have the same name, if
/// no column is a field of a record, if a column has nulls that pandas may have written for NaN, or if a time of
/// [`At::Column`] is not usable.
pub fn harvest(
    engine: &Engine,
    policy: Result<Policy, PolicyUnavailable>,
    positions: &RecordBatch,
    at: At<'_>,
    format: AnswerFormat,
) -> Result<RecordBatch, TableError> {
    let mut replay = at.replay(
        engine,
        Scope::Positions,
        policy,
        &positions.schema(),
        format,
    )?;
    replay.answers(positions)
}

/// A reader that answers the batches of another reader: one batch of answers for each batch, with one answer for each
/// row in the order of the rows. A policy change in a row applies to the rows after it, from the event time of the
/// change.
#[derive(Debug)]
pub struct Answers<R> {
    records: R,
    replay: TableReplay,
}

impl<R: RecordBatchReader> Answers<R> {
    /// Answers all kinds of records. `policy` is active before the first row.
    ///
    /// # Errors
    /// Returns an error if a column has a type that a record cannot have, if two columns of a field have the same
    /// name, or if no column is a field of a record. The iterator returns an error for a batch with other columns, or
    /// with a column that has nulls that pandas may have written for NaN.
    pub fn new(
        engine: &Engine,
        policy: Result<Policy, PolicyUnavailable>,
        records: R,
        at: At<'_>,
        format: AnswerFormat,
    ) -> Result<Self, TableError> {
        let replay = at.replay(engine, Scope::Tape, policy, &records.schema(), format)?;
        Ok(Self { records, replay })
    }
}

impl<R: RecordBatchReader> Iterator for Answers<R> {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = match self.records.next()? {
            Ok(batch) => batch,
            Err(error) => return Some(Err(error)),
        };
        let answers = self.replay.answers(&batch);
        Some(answers.map_err(|error| ArrowError::ExternalError(Box::new(error))))
    }
}

impl<R: RecordBatchReader> RecordBatchReader for Answers<R> {
    fn schema(&self) -> SchemaRef {
        self.replay.schema()
    }
}
