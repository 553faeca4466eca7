//! Column chunks without values, which need not be decoded row by row.
//!
//! A tape can have many columns, of which most records have few. Whether a column chunk has values is read from its
//! pages, because the statistics in the footer can be wrong.

use parquet::{
    basic::Encoding,
    column::page::{Page, PageReader as _},
    errors::Result,
};

use super::pages::{Chunk, Pages};

/// The maximum size of a column chunk that is searched for values, in bytes. A chunk of nulls is small, because it
/// contains only the lengths of runs.
const CHUNK_BYTES_MAX: u64 = 4_096;

/// Returns true if a column chunk certainly has no values. Its column must not be nested.
///
/// # Errors
/// Returns an error if a page is damaged.
pub(super) fn has_only_nulls(chunk: &Chunk) -> Result<bool> {
    if !chunk.is_nullable || chunk.end.saturating_sub(chunk.begin) > CHUNK_BYTES_MAX {
        return Ok(false);
    }
    let mut pages = Pages::new(chunk.clone());
    while let Some(page) = pages.get_next_page()? {
        let levels = match &page {
            Page::DataPage {
                buf,
                num_values,
                def_level_encoding: Encoding::RLE,
                ..
            } => {
                let size = buf.first_chunk().map(|size| u32::from_le_bytes(*size));
                let size = size.and_then(|size| usize::try_from(size).ok());
                let levels = size.and_then(|size| buf.get(4..)?.get(..size));
                levels.map(|levels| (levels, *num_values))
            }
            Page::DataPageV2 {
                buf,
                num_values,
                def_levels_byte_len,
                ..
            } => {
                let size = usize::try_from(*def_levels_byte_len).ok();
                let levels = size.and_then(|size| buf.get(..size));
                levels.map(|levels| (levels, *num_values))
            }
            Page::DataPage { .. } => None,
            Page::DictionaryPage { .. } => continue,
        };
        if !levels.is_some_and(|(levels, values)| are_all_zero(levels, values)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Returns true if levels of one bit are all zero. They are runs of a level and groups of eight levels, as the encoding
/// `RLE` of Parquet defines.
fn are_all_zero(mut levels: &[u8], values: u32) -> bool {
    let mut left = u64::from(values);
    while left > 0 {
        let Some(header) = unsigned(&mut levels) else {
            return false;
        };
        let count = header >> 1;
        let (covered, bytes) = match header & 1 {
            0 => (count, 1),
            _ => (count.saturating_mul(8), count),
        };
        let run = usize::try_from(bytes).ok();
        let Some((run, rest)) = run.and_then(|bytes| levels.split_at_checked(bytes)) else {
            return false;
        };
        if covered == 0 || run.iter().any(|byte| *byte != 0) {
            return false;
        }
        (levels, left) = (rest, left.saturating_sub(covered));
    }
    true
}

/// Reads a number in groups of seven bits.
fn unsigned(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if *byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::{fs::File, io::Write as _, sync::Arc};

    use arrow_array::{Array as _, ArrayRef, Float64Array, RecordBatch, StringArray};
    use parquet::{
        arrow::ArrowWriter,
        basic::Compression,
        file::properties::{EnabledStatistics, WriterProperties, WriterVersion},
    };
    use proptest::{collection::vec, option, prelude::*};

    use super::*;
    use crate::tape::{
        parquet::batches::Input,
        table::{bytes, write_number},
    };

    #[test]
    fn levels_are_zero_only_if_all_bits_are() {
        for (levels, values, expected) in [
            (&[14, 0][..], 7, true),
            (&[14, 1], 7, false),
            // A run that ends too early, and one without its level.
            (&[12, 0], 7, false),
            (&[14], 7, false),
            (&[12, 0, 2, 0], 7, true),
            (&[12, 0, 2, 1], 7, false),
            // Two groups of eight levels.
            (&[5, 0, 0], 16, true),
            (&[5, 0, 0x80], 16, false),
            (&[5, 0], 16, false),
            // A run of no levels.
            (&[0, 0, 0, 0], 7, false),
            (&[0x80, 0x01, 0], 64, true),
            (&[], 0, true),
            (&[0xff; 12], 7, false),
        ] {
            assert_eq!(are_all_zero(levels, values), expected, "{levels:?}");
        }
    }

    /// Columns of texts and numbers, which are null with different probabilities.
    fn columns() -> impl Strategy<Value = (Vec<Vec<Option<u8>>>, usize)> {
        (1..60_usize, 1..30_usize).prop_flat_map(|(rows, group)| {
            let some = |share| vec(option::weighted(share, 0..3_u8), rows);
            let column = prop_oneof![Just(vec![None; rows]), some(0.02), some(0.5), some(0.98)];
            (vec(column, 1..6), Just(group))
        })
    }

    proptest! {
        #[test]
        fn rows_are_read_whether_or_not_columns_have_values(
            (columns, group_rows) in columns(),
            (is_v2, has_dictionary, is_compressed) in any::<(bool, bool, bool)>(),
        ) {
            let columns = columns.iter().zip(0..).map(|(values, index)| {
                let column: ArrayRef = match index % 2 {
                    0 => Arc::new(values.iter().map(|it| it.map(|it| it.to_string())).collect::<StringArray>()),
                    _ => Arc::new(values.iter().map(|it| it.map(f64::from)).collect::<Float64Array>()),
                };
                (format!("c{index}"), column, true)
            });
            let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
            let properties = WriterProperties::builder()
                .set_writer_version(if is_v2 { WriterVersion::PARQUET_2_0 } else { WriterVersion::PARQUET_1_0 })
                .set_encoding(Encoding::PLAIN)
                .set_dictionary_enabled(has_dictionary)
                .set_statistics_enabled(EnabledStatistics::None)
                .set_compression(if is_compressed { Compression::SNAPPY } else { Compression::UNCOMPRESSED })
                .set_data_page_row_count_limit(7)
                .set_write_batch_size(3)
                .set_max_row_group_row_count(Some(group_rows))
                .build();
            let mut file = tempfile::NamedTempFile::new().unwrap();
            let mut to = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
            to.write(&batch).unwrap();
            file.write_all(&to.into_inner().unwrap()).unwrap();
            let input = Input::open(Arc::new(File::open(file.path()).unwrap())).unwrap();
            let all: Vec<usize> = (0..batch.num_columns()).collect();
            let mut from = 0;
            for read in input.batches(&all).unwrap() {
                let read = read.unwrap();
                let expected = batch.slice(from, read.num_rows());
                for (found, expected) in read.columns().iter().zip(expected.columns()) {
                    let text = |column: &ArrayRef, row| {
                        let mut number = Vec::new();
                        write_number(column, row, &mut number);
                        (!column.is_null(row)).then(|| [bytes(column, row), &number].concat())
                    };
                    for row in 0..read.num_rows() {
                        prop_assert_eq!(text(found, row), text(expected, row));
                    }
                }
                from += read.num_rows();
            }
            prop_assert_eq!(from, batch.num_rows());
        }
    }
}
