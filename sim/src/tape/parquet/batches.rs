//! Reading of Parquet rows in batches of bounded size.
//!
//! The sizes and counts that a file states are not trusted. A few bytes can state any number of values, and a
//! dictionary can repeat a long text in every row. So text is read as views of its page, so that a repeated text is not
//! copied. The number of rows in a batch is chosen so that all pages of the batch fit into [`BATCH_BYTES_MAX`].

use std::{io, ops::Range, sync::Arc};

use arrow_array::{Array as _, ArrayRef, RecordBatch, new_null_array};
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef};
use parquet::{
    arrow::{
        ProjectionMask,
        arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReader, RowGroups},
        parquet_to_arrow_field_levels,
    },
    basic::{ConvertedType, Encoding, Repetition, Type as Physical},
    column::page::{PageIterator, PageReader},
    errors::{ParquetError, Result},
    file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData},
    schema::types::{SchemaDescriptor, Type},
};

use super::{
    footer,
    nulls::has_only_nulls,
    pages::{Chunk, Content, Header, Headers, Pages},
};
use crate::{
    quiet::without_panic,
    tape::{
        read_at::ReadAt,
        table::{Columns, RECORD, REST},
    },
};

/// The maximum number of rows in a batch, a power of two.
const BATCH_ROWS_MAX: u64 = 2048;

/// The number of batch sizes that are considered: 1, 2, 4, … rows, up to [`BATCH_ROWS_MAX`].
const SIZES: usize = 12;

/// The maximum memory for a batch of rows, in bytes: the pages that contain it, and their dictionaries.
pub(crate) const BATCH_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// The memory for one value that is not text, and for the view of a text, in bytes.
const VALUE_BYTES: u64 = 48;

/// A Parquet file whose footer was read.
pub(crate) struct Input {
    file: Arc<dyn ReadAt>,
    metadata: ArrowReaderMetadata,
}

impl Input {
    /// Reads the footer of a file.
    ///
    /// # Errors
    /// Returns a message if the file is not Parquet, or if its footer is damaged or exceeds a bound.
    pub(crate) fn open(file: Arc<dyn ReadAt>) -> std::result::Result<Self, String> {
        let metadata = footer::read(&*file)?;
        Ok(Self { file, metadata })
    }

    /// Returns the Arrow schema of the file.
    pub(crate) fn schema(&self) -> &SchemaRef {
        self.metadata.schema()
    }

    /// Returns the number of row groups.
    pub(crate) fn groups(&self) -> usize {
        self.metadata.metadata().num_row_groups()
    }

    /// Returns the number of rows that the footer states.
    pub(crate) fn rows(&self) -> u64 {
        let rows = self.metadata.metadata().file_metadata().num_rows();
        u64::try_from(rows).unwrap_or_default()
    }

    /// Returns the number of rows of some row groups, if the footer states that columns with these names have no values
    /// in them. The footer is not trusted to be right.
    fn rows_without(&self, names: &[&str], groups: &Range<usize>) -> Option<u64> {
        let all = self.metadata.metadata().row_groups();
        let selected = all.get(groups.start..groups.end.min(all.len()))?;
        let mut rows = 0;
        for group in selected {
            let of_group = u64::try_from(group.num_rows()).ok()?;
            let mut columns = group.columns().iter().filter(|column| {
                let root = column.column_path().parts().first();
                root.is_some_and(|root| names.contains(&root.as_str()))
            });
            let nulls = |column: &ColumnChunkMetaData| column.statistics()?.null_count_opt();
            if !columns.all(|column| nulls(column) == Some(of_group)) {
                return None;
            }
            rows += of_group;
        }
        Some(rows)
    }

    /// Returns the number of rows of some row groups, if the footer states that no row can have an event type, so that
    /// all rows are intents. An event type can be in the column `event_type`, `record` or `rest`.
    ///
    /// # Errors
    /// Returns an error if the file does not have the columns of a tape.
    pub(crate) fn rows_of_intents(
        &self,
        groups: &Range<usize>,
    ) -> std::result::Result<Option<u64>, String> {
        Columns::of(self.schema(), false)?;
        Ok(self.rows_without(&["event_type", RECORD, REST], groups))
    }

    /// Returns the number of nulls in a column, if the footer states it for all row groups.
    pub(super) fn null_count(&self, name: &str) -> Option<usize> {
        let groups = self.metadata.metadata().row_groups().iter();
        let nulls = groups.map(|group| {
            let mut columns = group.columns().iter();
            let column = columns.find(|it| {
                it.column_path()
                    .parts()
                    .first()
                    .is_some_and(|root| root == name)
            })?;
            column.statistics()?.null_count_opt()
        });
        usize::try_from(nulls.sum::<Option<u64>>()?).ok()
    }

    /// Returns the rows of some columns, which are given by their indexes and must not be nested. The columns of a
    /// batch are in this order. Text and bytes are Arrow view arrays.
    ///
    /// # Errors
    /// Returns a message if a column is nested or has no type in Arrow.
    pub(crate) fn batches(self, columns: &[usize]) -> std::result::Result<Batches, String> {
        let message = |error: ParquetError| error.to_string();
        let descriptor = self.metadata.parquet_schema();
        let schema = self.metadata.schema();
        let mut leaves = Vec::new();
        let (mut types, mut hints) = (Vec::new(), Vec::new());
        for root in columns {
            let leaf = (0..descriptor.num_columns())
                .find(|leaf| descriptor.get_column_root_idx(*leaf) == *root);
            let parts = leaf.zip(descriptor.root_schema().get_fields().get(*root));
            let Some((leaf, of)) = parts.filter(|(leaf, of)| {
                of.is_primitive() && descriptor.column(*leaf).max_rep_level() == 0
            }) else {
                return Err(format!("column {root} is nested"));
            };
            let (of, hint) = flat(of, schema.field(*root)).map_err(message)?;
            leaves.push(leaf);
            types.push(of);
            hints.push(Arc::new(hint));
        }
        let root = Type::group_type_builder("schema")
            .with_fields(types)
            .build();
        let read = SchemaDescriptor::new(Arc::new(root.map_err(message)?));
        let hints = Fields::from(hints);
        // Columns that cannot be read are found now.
        parquet_to_arrow_field_levels(&read, ProjectionMask::all(), Some(&hints))
            .map_err(message)?;
        Ok(Batches {
            file: self.file,
            metadata: Arc::clone(self.metadata.metadata()),
            leaves,
            read,
            hints,
            groups: 0..usize::MAX,
            current: None,
            row: 0,
        })
    }
}

/// Returns the type of a column and its type in Arrow, with text and bytes as views. Text that is not marked as UTF-8
/// is read as bytes.
fn flat(of: &Arc<Type>, arrow: &Field) -> Result<(Arc<Type>, Field)> {
    // A dictionary is read as its values.
    let values;
    let arrow = if let DataType::Dictionary(_, of_values) = arrow.data_type() {
        values = arrow.clone().with_data_type((**of_values).clone());
        &values
    } else {
        arrow
    };
    if of.get_physical_type() != Physical::BYTE_ARRAY || arrow.data_type().is_numeric() {
        return Ok((Arc::clone(of), arrow.clone()));
    }
    let info = of.get_basic_info();
    let view = |view: DataType| Field::new(arrow.name(), view, arrow.is_nullable());
    if info.converted_type() == ConvertedType::UTF8 {
        return Ok((Arc::clone(of), view(DataType::Utf8View)));
    }
    let repetition = match info.has_repetition() {
        true => info.repetition(),
        false => Repetition::REQUIRED,
    };
    let bytes = Type::primitive_type_builder(of.name(), Physical::BYTE_ARRAY);
    let bytes = bytes.with_repetition(repetition).build()?;
    Ok((Arc::new(bytes), view(DataType::BinaryView)))
}

/// The rows of a file in batches.
pub(crate) struct Batches {
    file: Arc<dyn ReadAt>,
    metadata: Arc<ParquetMetaData>,
    /// The indexes of the columns that are read.
    leaves: Vec<usize>,
    /// The types of these columns in the file, and in Arrow.
    read: SchemaDescriptor,
    hints: Fields,
    /// The indexes of the row groups that are left.
    groups: Range<usize>,
    current: Option<Group>,
    /// The number of rows that were returned.
    row: u64,
}

/// A row group that is being read.
struct Group {
    batches: ParquetRecordBatchReader,
    rows_left: u64,
    /// For each column without values, nulls for the largest batch. These columns are not in `batches`.
    nulls: Vec<Option<ArrayRef>>,
    /// The types of all columns, if they are known.
    schema: Option<SchemaRef>,
}

impl Group {
    /// Returns the next batch with all columns.
    fn next(&mut self) -> Result<Option<RecordBatch>> {
        let Some(batch) = self.batches.next().transpose()? else {
            return Ok(None);
        };
        let mut read = batch.columns().iter();
        let columns = self.nulls.iter().map(|nulls| match nulls {
            Some(nulls) => Some(nulls.slice(0, batch.num_rows().min(nulls.len()))),
            None => read.next().cloned(),
        });
        let columns: Option<Vec<ArrayRef>> = columns.collect();
        let columns = columns.ok_or_else(missing_column)?;
        let schema = self.schema.get_or_insert_with(|| schema_of(&columns));
        Ok(Some(RecordBatch::try_new(Arc::clone(schema), columns)?))
    }
}

impl Batches {
    /// Selects the row groups to read; `None` for all.
    pub(super) fn of_groups(self, groups: Option<Range<usize>>) -> Self {
        let groups = groups.unwrap_or(self.groups);
        Self { groups, ..self }
    }

    fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if self.current.is_none() {
                let Some(group) = self.open_next()? else {
                    return Ok(None);
                };
                self.current = Some(group);
            }
            let Some(group) = &mut self.current else {
                return Ok(None);
            };
            match group.next()? {
                Some(batch) if batch.num_rows() > 0 => {
                    let rows = u64::try_from(batch.num_rows()).unwrap_or(u64::MAX);
                    let Some(left) = group.rows_left.checked_sub(rows) else {
                        return Err(other_rows());
                    };
                    group.rows_left = left;
                    self.row = self.row.saturating_add(rows);
                    return Ok(Some(batch));
                }
                Some(_) | None if group.rows_left > 0 => return Err(other_rows()),
                Some(_) | None => self.current = None,
            }
        }
    }

    fn open_next(&mut self) -> Result<Option<Group>> {
        let Some((index, group)) = self
            .groups
            .next()
            .and_then(|index| Some((index, self.metadata.row_groups().get(index)?)))
        else {
            return Ok(None);
        };
        let rows = u64::try_from(group.num_rows()).unwrap_or_default();
        let chunks = self
            .leaves
            .iter()
            .map(|leaf| chunk(&self.file, group, *leaf));
        let chunks = chunks.collect::<Result<Vec<_>>>()?;
        let size = batch_rows(&chunks, rows)?;
        let mut nulls = chunks
            .iter()
            .map(has_only_nulls)
            .collect::<Result<Vec<_>>>()?;
        // Without any column, the number of rows would not be checked.
        if let Some(first) = nulls.first_mut() {
            *first = false;
        }
        let with_values: Vec<usize> = (0..)
            .zip(&nulls)
            .filter(|(_, is_null)| !**is_null)
            .map(|(leaf, _)| leaf)
            .collect();
        let open = OpenGroup {
            metadata: Arc::clone(&self.metadata),
            index,
            chunks,
        };
        let size = usize::try_from(size).unwrap_or(1);
        let mask = ProjectionMask::leaves(&self.read, with_values);
        let levels = parquet_to_arrow_field_levels(&self.read, mask, Some(&self.hints))?;
        let batches =
            ParquetRecordBatchReader::try_new_with_row_groups(&levels, &open, size, None)?;
        let nulls = nulls.into_iter().zip(&self.hints);
        let nulls =
            nulls.map(|(is_null, field)| is_null.then(|| new_null_array(field.data_type(), size)));
        Ok(Some(Group {
            batches,
            rows_left: rows,
            nulls: nulls.collect(),
            schema: None,
        }))
    }
}

/// Returns the types of columns, which are found by their places and not by their names.
fn schema_of(columns: &[ArrayRef]) -> SchemaRef {
    let fields = columns.iter();
    let fields = fields.map(|column| Field::new("", column.data_type().clone(), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn missing_column() -> ParquetError {
    ParquetError::General("a column is missing".to_owned())
}

fn other_rows() -> ParquetError {
    ParquetError::General("a column does not have the number of rows of its row group".to_owned())
}

impl Iterator for Batches {
    type Item = io::Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        // The decoders can panic if the values are damaged.
        let why = match without_panic(|| self.next_batch()) {
            Some(Ok(batch)) => return batch.map(Ok),
            Some(Err(error)) => text(&error),
            None => "a page is damaged; copy the file again".to_owned(),
        };
        self.current = None;
        self.groups = 0..0;
        let why = format!("{why} (after row {})", self.row);
        Some(Err(io::Error::new(io::ErrorKind::InvalidData, why)))
    }
}

/// Returns the text of an error without the prefixes of its kind and of the errors that it contains.
fn text(error: &ParquetError) -> String {
    let whole = error.to_string();
    let prefixes = ["External: ", "Parquet argument error: ", "Parquet error: "];
    let text = prefixes.iter().fold(&*whole, |text, prefix| {
        text.strip_prefix(prefix).unwrap_or(text)
    });
    text.to_owned()
}

/// Returns the place of a column chunk.
fn chunk(file: &Arc<dyn ReadAt>, group: &RowGroupMetaData, leaf: usize) -> Result<Chunk> {
    let column = group.columns().get(leaf);
    let column = column.ok_or_else(missing_column)?;
    let begin = column
        .dictionary_page_offset()
        .unwrap_or(column.data_page_offset());
    let size = column.compressed_size();
    let place = u64::try_from(begin).ok().zip(u64::try_from(size).ok());
    let (begin, size) = place.ok_or_else(|| {
        ParquetError::General(format!(
            "a column begins at byte {begin} and has {size} bytes"
        ))
    })?;
    Ok(Chunk {
        file: Arc::clone(file),
        begin,
        end: begin.saturating_add(size),
        codec: column.compression_codec(),
        physical: column.column_descr().physical_type(),
        is_nullable: column.column_descr().max_def_level() > 0,
    })
}

/// Returns the number of rows in each batch of a row group: the largest power of two for which all batches fit into
/// [`BATCH_BYTES_MAX`].
///
/// # Errors
/// Returns an error if not even one row fits, or if a column does not have the stated number of rows.
fn batch_rows(chunks: &[Chunk], rows: u64) -> Result<u64> {
    let mut costs = [0_u64; SIZES];
    for chunk in chunks {
        let mut cost = Cost::default();
        let mut headers = Headers::new(chunk.clone());
        while let Some((header, _)) = headers.next_header()? {
            cost.add(&header);
        }
        if cost.rows != rows {
            return Err(other_rows());
        }
        for (total, (size, windows)) in costs.iter_mut().zip((0..).zip(cost.windows)) {
            *total = total
                .saturating_add(cost.fixed)
                .saturating_add(cost.page_max)
                .saturating_add(windows.max)
                .saturating_add(VALUE_BYTES << size);
        }
    }
    let fitting = (0_u32..)
        .zip(costs)
        .filter(|(_, cost)| *cost <= BATCH_BYTES_MAX)
        .last();
    match fitting {
        Some((size, _)) => Ok((1 << size).min(BATCH_ROWS_MAX)),
        None => Err(ParquetError::General(format!(
            "one row needs up to {} bytes of pages and dictionaries, more than the maximum of {BATCH_BYTES_MAX}; write the file with smaller pages",
            costs.first().copied().unwrap_or_default()
        ))),
    }
}

/// The memory that the pages of a column chunk need.
#[derive(Default)]
struct Cost {
    /// The memory for dictionaries.
    fixed: u64,
    /// The memory for the largest page.
    page_max: u64,
    /// The memory for the pages of one batch, for each batch size.
    windows: [Window; SIZES],
    rows: u64,
}

/// The memory for the pages of the current batch, and for those of the batch that needs most, in bytes.
#[derive(Default, Clone, Copy)]
struct Window {
    number: u64,
    sum: u64,
    max: u64,
}

impl Cost {
    fn add(&mut self, header: &Header) {
        let bytes = header.compressed.saturating_add(header.decompressed);
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let (values, encoding) = match header.content {
            Content::Index => return,
            Content::Dictionary { values, .. } => {
                let values = u64::from(values).saturating_mul(VALUE_BYTES);
                self.fixed = self.fixed.saturating_add(bytes).saturating_add(values);
                return;
            }
            Content::Data {
                values, encoding, ..
            }
            | Content::DataV2 {
                values, encoding, ..
            } => (u64::from(values), encoding),
        };
        let lengths = if encoding == Encoding::DELTA_LENGTH_BYTE_ARRAY {
            values.saturating_mul(4)
        } else {
            0
        };
        let bytes = bytes.saturating_add(lengths);
        self.page_max = self.page_max.max(bytes);
        let first = self.rows;
        self.rows = self.rows.saturating_add(values);
        let last = self.rows.saturating_sub(1).max(first);
        for (size, window) in (0..).zip(&mut self.windows) {
            window.add(first >> size, bytes);
            if last >> size != first >> size {
                window.add(last >> size, bytes);
            }
        }
    }
}

impl Window {
    fn add(&mut self, number: u64, bytes: u64) {
        if number != self.number {
            (self.number, self.sum) = (number, 0);
        }
        self.sum = self.sum.saturating_add(bytes);
        self.max = self.max.max(self.sum);
    }
}

/// One row group, as the decoders read it.
struct OpenGroup {
    metadata: Arc<ParquetMetaData>,
    index: usize,
    chunks: Vec<Chunk>,
}

impl RowGroups for OpenGroup {
    fn num_rows(&self) -> usize {
        let rows = self
            .row_groups()
            .map(RowGroupMetaData::num_rows)
            .sum::<i64>();
        usize::try_from(rows).unwrap_or_default()
    }

    fn column_chunks(&self, column: usize) -> Result<Box<dyn PageIterator>> {
        let chunk = self.chunks.get(column).cloned();
        let chunk = chunk.ok_or_else(missing_column)?;
        Ok(Box::new(OnePart(Some(chunk))))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        Box::new(self.metadata.row_groups().get(self.index).into_iter())
    }

    fn metadata(&self) -> &ParquetMetaData {
        &self.metadata
    }
}

/// The only column chunk of a column in a row group.
struct OnePart(Option<Chunk>);

impl Iterator for OnePart {
    type Item = Result<Box<dyn PageReader>>;

    fn next(&mut self) -> Option<Self::Item> {
        let chunk = self.0.take()?;
        Some(Ok(Box::new(Pages::new(chunk))))
    }
}

impl PageIterator for OnePart {}
