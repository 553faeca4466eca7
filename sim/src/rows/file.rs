//! Writer for Parquet output.

use std::{
    io::{self, Write},
    sync::Arc,
};

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::{
    arrow::{ArrowWriter, arrow_writer::ArrowWriterOptions},
    basic::Compression,
    errors::ParquetError,
    file::{
        metadata::KeyValue,
        properties::{EnabledStatistics, WriterProperties},
    },
    schema::types::ColumnPath,
};

/// The number of rows per row group. The writer buffers a row group until it is full.
pub(crate) const GROUP_ROWS: usize = 131_072;

/// The memory in bytes above which a row group is written before it has [`GROUP_ROWS`] rows.
const GROUP_BYTES: usize = 64 * 1024 * 1024;

/// Ends the current row group if it needs much memory.
pub(crate) fn flush_large_group<W: Write + Send>(
    to: &mut ArrowWriter<W>,
) -> Result<(), ParquetError> {
    match to.memory_size() > GROUP_BYTES {
        true => to.flush(),
        false => Ok(()),
    }
}

/// An open Parquet file.
pub(crate) struct RowFile<'w> {
    schema: SchemaRef,
    to: ArrowWriter<&'w mut (dyn Write + Send)>,
}

impl<'w> RowFile<'w> {
    /// Creates the writer of a format with a name and a version, such as `answers/1`. The names and the types of
    /// `columns` define the schema. The values of `columns` are not written.
    pub(crate) fn new(
        to: &'w mut (dyn Write + Send),
        format: &str,
        names: impl IntoIterator<Item = String>,
        columns: Vec<ArrayRef>,
    ) -> io::Result<Self> {
        let fields = names.into_iter().zip(columns);
        let fields =
            fields.map(|(name, values)| Field::new(name, values.data_type().clone(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        // Without the Arrow schema in the footer, all programs read the texts of a dictionary as plain texts.
        let options = ArrowWriterOptions::new()
            .with_properties(properties(format, &schema))
            .with_skip_arrow_metadata(true);
        let to = ArrowWriter::try_new_with_options(to, Arc::clone(&schema), options);
        Ok(Self {
            schema,
            to: to.map_err(written)?,
        })
    }

    pub(crate) fn write(&mut self, columns: Vec<ArrayRef>) -> io::Result<()> {
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns);
        let batch = batch.map_err(io::Error::other)?;
        self.to.write(&batch).map_err(written)?;
        flush_large_group(&mut self.to).map_err(written)
    }

    /// Adds a description of the rows to the footer.
    pub(crate) fn describe(&mut self, name: &str, value: String) {
        let value = KeyValue::new(name.to_owned(), value);
        self.to.append_key_value_metadata(value);
    }

    /// Writes the buffered rows and the footer.
    pub(crate) fn finish(self) -> io::Result<()> {
        self.to.close().map(|_| ()).map_err(written)
    }
}

/// Names the format and the version of this program in the footer. Disables the dictionary for numbers and ids: their
/// values differ from row to row, so a dictionary would only cost time.
fn properties(format: &str, schema: &Schema) -> WriterProperties {
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
        .set_key_value_metadata(Some(vec![
            KeyValue::new("portcullis.schema".to_owned(), format.to_owned()),
            KeyValue::new(
                "portcullis.version".to_owned(),
                env!("CARGO_PKG_VERSION").to_owned(),
            ),
        ]))
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
