//! Writer for Parquet output.

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

/// The number of rows per row group. The writer buffers a row group until it is full.
const GROUP_ROWS: usize = 131_072;

/// The time zone of all timestamp columns.
pub(crate) const ZONE: &str = "+00:00";

/// A column name with its values.
pub(crate) type NamedColumn = (&'static str, ArrayRef);

/// An open Parquet file.
pub(crate) struct RowFile<'w> {
    schema: SchemaRef,
    to: ArrowWriter<&'w mut (dyn Write + Send)>,
}

impl<'w> RowFile<'w> {
    /// Creates the writer. `columns` define the schema; their values are not written.
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

    /// Writes the buffered rows and the footer.
    pub(crate) fn finish(self) -> io::Result<()> {
        self.to.close().map(|_| ()).map_err(written)
    }
}

/// Appends a value as text, or null if it is absent.
pub(crate) fn append_shown(column: &mut StringBuilder, value: Option<impl Display>) {
    match value {
        None => column.append_null(),
        Some(value) => {
            // The builder writes to memory and cannot fail.
            let _ = write!(column, "{value}");
            column.append_value("");
        }
    }
}

/// Disables the dictionary for numbers and ids: they differ from row to row, so it would only cost time.
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

/// Returns the underlying I/O error if there is one.
fn written(error: ParquetError) -> io::Error {
    let ParquetError::External(error) = error else {
        return io::Error::other(error);
    };
    match error.downcast::<io::Error>() {
        Ok(error) => *error,
        Err(error) => io::Error::other(error),
    }
}
