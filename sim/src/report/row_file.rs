//! A file of rows that a run writes: Parquet, column by column.

use std::{
    fmt::{Display, Write as _},
    io::{self, Write},
    sync::Arc,
};

use arrow_array::{ArrayRef, RecordBatch, builder::StringBuilder};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::{
    arrow::ArrowWriter,
    basic::Compression,
    errors::ParquetError,
    file::properties::{EnabledStatistics, WriterProperties},
    schema::types::ColumnPath,
};

/// So many stand in one row group, which the writer keeps until it is full.
const GROUP_ROWS: usize = 131_072;

/// The zone of every instant.
pub(crate) const ZONE: &str = "+00:00";

/// Values of a column, with its name.
pub(crate) type NamedColumn = (&'static str, ArrayRef);

/// An open file of rows.
pub(crate) struct RowFile<'w> {
    schema: SchemaRef,
    to: ArrowWriter<&'w mut (dyn Write + Send)>,
}

impl<'w> RowFile<'w> {
    /// Writes the head. The columns say what will come, and nothing of them is written.
    pub(crate) fn new(to: &'w mut (dyn Write + Send), columns: &[NamedColumn]) -> io::Result<Self> {
        let fields = columns
            .iter()
            .map(|(name, values)| Field::new(*name, values.data_type().clone(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let to = ArrowWriter::try_new(to, Arc::clone(&schema), Some(properties(&schema)));
        Ok(Self {
            schema,
            to: to.map_err(written)?,
        })
    }

    pub(crate) fn write(&mut self, columns: Vec<NamedColumn>) -> io::Result<()> {
        let columns = columns.into_iter().map(|(_, values)| values);
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns.collect());
        let batch = batch.map_err(io::Error::other)?;
        self.to.write(&batch).map_err(written)
    }

    /// Writes what is left, and the end.
    pub(crate) fn finish(self) -> io::Result<()> {
        self.to.close().map(|_| ()).map_err(written)
    }
}

/// A value as its text.
pub(crate) fn append_shown(column: &mut StringBuilder, value: Option<impl Display>) {
    match value {
        None => column.append_null(),
        Some(value) => {
            // Text goes into memory, which takes everything.
            let _ = write!(column, "{value}");
            column.append_value("");
        }
    }
}

/// Numbers and ids differ from row to row: looking for each among those before finds nothing.
fn properties(schema: &Schema) -> WriterProperties {
    let differ = |field: &Field| {
        matches!(
            field.data_type(),
            DataType::Float64 | DataType::Int64 | DataType::Timestamp(TimeUnit::Millisecond, _)
        ) || field.name() == "id"
    };
    let differing = schema.fields().iter().filter(|field| differ(field));
    differing
        .fold(WriterProperties::builder(), |properties, field| {
            let path = ColumnPath::from(vec![field.name().clone()]);
            properties.set_column_dictionary_enabled(path, false)
        })
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .build()
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
