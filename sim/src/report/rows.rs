//! Answers as Parquet: a row an answer, a column a field of [`portcullis::answer::Answer`], null where it is absent.

use std::{
    io::{self, Write},
    sync::Arc,
};

use arrow_json::{ReaderBuilder, reader::Decoder};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use parquet::{
    arrow::ArrowWriter, basic::Compression, errors::ParquetError,
    file::properties::WriterProperties,
};

/// So many rows are put together before they are handed on.
const BATCH_ROWS: usize = 8192;

/// So many stand in one row group, which the writer keeps until it is full.
const GROUP_ROWS: usize = 131_072;

const TEXTS: [&str; 14] = [
    "event",
    "id",
    "symbol",
    "side",
    "decision",
    "reason",
    "detail",
    "leverage_source",
    "size_basis",
    "size_source",
    "exit_rule",
    "harvest_action",
    "stop_source",
    "policy_version",
];

const INSTANTS: [&str; 2] = ["ts", "not_after"];

/// In the order of the answer.
const COLUMNS: [&str; 33] = [
    "n",
    "event",
    "id",
    "ts",
    "symbol",
    "side",
    "decision",
    "reason",
    "detail",
    "leverage",
    "leverage_source",
    "leverage_requested",
    "size_usd",
    "size_basis",
    "size_source",
    "notional_usd",
    "not_after",
    "quantity",
    "exit_rule",
    "harvest_action",
    "stop_proposed",
    "stop_source",
    "r_net",
    "risk_unit",
    "cost",
    "kill_score",
    "k_regime_flip",
    "k_sigma_spike",
    "k_ts_drop",
    "k_age_penalty",
    "harvest_reasons",
    "policy_version",
    "policy_hash",
];

/// Takes answers as lines of JSON, and writes them as rows.
pub struct AnswerRows<W: Write + Send> {
    decoder: Decoder,
    to: Option<ArrowWriter<W>>,
}

fn schema() -> Schema {
    let fields = COLUMNS.into_iter().map(|name| {
        let kind = match name {
            "n" => DataType::Int64,
            "policy_hash" => DataType::Utf8,
            "harvest_reasons" => DataType::List(Arc::new(Field::new("item", DataType::Utf8, true))),
            name if TEXTS.contains(&name) => DataType::Utf8,
            name if INSTANTS.contains(&name) => {
                DataType::Timestamp(TimeUnit::Millisecond, Some("+00:00".into()))
            }
            _ => DataType::Float64,
        };
        Field::new(name, kind, true)
    });
    Schema::new(fields.collect::<Vec<_>>())
}

impl<W: Write + Send> AnswerRows<W> {
    /// Writes the head.
    ///
    /// # Errors
    /// What cannot be written.
    pub fn new(to: W) -> io::Result<Self> {
        let schema = Arc::new(schema());
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .build();
        let decoder = ReaderBuilder::new(Arc::clone(&schema))
            .with_batch_size(BATCH_ROWS)
            .with_strict_mode(true)
            .build_decoder();
        Ok(Self {
            decoder: decoder.map_err(io::Error::other)?,
            to: Some(ArrowWriter::try_new(to, schema, Some(properties)).map_err(written)?),
        })
    }

    /// Writes what is left, and the end.
    ///
    /// # Errors
    /// What cannot be written.
    pub fn finish(&mut self) -> io::Result<()> {
        self.hand_on()?;
        match self.to.take() {
            Some(to) => to.close().map(|_| ()).map_err(written),
            None => Ok(()),
        }
    }

    fn hand_on(&mut self) -> io::Result<()> {
        let batch = self.decoder.flush().map_err(io::Error::other)?;
        match (batch, &mut self.to) {
            (Some(batch), Some(to)) => to.write(&batch).map_err(written),
            (Some(_) | None, _) => Ok(()),
        }
    }
}

impl<W: Write + Send> Write for AnswerRows<W> {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        let mut rest = lines;
        while !rest.is_empty() {
            let taken = self.decoder.decode(rest).map_err(io::Error::other)?;
            rest = rest.get(taken..).unwrap_or_default();
            // It takes no more than a batch.
            if !rest.is_empty() {
                self.hand_on()?;
            }
        }
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What the system says, where it was the system.
fn written(error: ParquetError) -> io::Error {
    let ParquetError::External(error) = error else {
        return io::Error::other(error);
    };
    match error.downcast::<io::Error>() {
        Ok(error) => *error,
        Err(error) => io::Error::other(error),
    }
}
