//! Reading of the footer of a Parquet file within bounds.
//!
//! The footer is decoded as a whole, so its size, its nesting and the number of its parts are checked first.

use std::{
    io::{self, Read as _},
    sync::Arc,
};

use parquet::{
    arrow::arrow_reader::ArrowReaderMetadata,
    file::metadata::{ParquetMetaData, ParquetMetaDataReader},
};

use super::thrift::{Thrift, kind};
use crate::tape::read_at::{RangeReader, ReadAt};

/// The maximum size of a footer, in bytes.
const FOOTER_BYTES_MAX: u32 = 16 * 1024 * 1024;

/// The maximum number of columns, where a group counts as one more column.
const COLUMNS_MAX: u64 = 10_000;

/// The maximum number of parts (columns of row groups) in a file.
const PARTS_MAX: u64 = 250_000;

/// The maximum number of row groups.
const GROUPS_MAX: u64 = 32_767;

/// The maximum nesting of columns.
const COLUMN_LEVELS_MAX: usize = 32;

/// The last bytes of a file: the size of the footer in 4 bytes, and the magic bytes.
const TAIL_BYTES: u64 = 8;

/// Reads the footer of a file.
///
/// # Errors
/// Returns a message if the file is not Parquet, or if its footer is damaged or exceeds a bound.
pub(super) fn read(file: &dyn ReadAt) -> Result<ArrowReaderMetadata, String> {
    let bytes = footer(file)?;
    check(&bytes)?;
    let metadata = ParquetMetaDataReader::decode_metadata(&bytes).map_err(|e| e.to_string())?;
    check_rows(&metadata)?;
    ArrowReaderMetadata::try_new(Arc::new(metadata), Default::default()).map_err(|e| e.to_string())
}

/// Returns the bytes of the footer.
fn footer(file: &dyn ReadAt) -> Result<Vec<u8>, String> {
    let failed = |error: io::Error| error.to_string();
    let all = file.bytes().map_err(failed)?;
    let Some(end) = all.checked_sub(TAIL_BYTES) else {
        return Err(format!("it has only {all} bytes"));
    };
    let mut tail = [0; 8];
    let mut from = RangeReader::new(file, end..all);
    from.read_exact(&mut tail).map_err(failed)?;
    let [a, b, c, d, magic @ ..] = tail;
    match &magic {
        b"PAR1" => {}
        b"PARE" => return Err("its footer is encrypted, which is not supported".to_owned()),
        _ => return Err("it does not end with `PAR1`; copy the file again".to_owned()),
    }
    let size = u32::from_le_bytes([a, b, c, d]);
    if size > FOOTER_BYTES_MAX {
        return Err(format!(
            "its footer has {size} bytes, more than the maximum of {FOOTER_BYTES_MAX}"
        ));
    }
    let Some(begin) = end.checked_sub(u64::from(size)) else {
        return Err(format!(
            "its footer should have {size} bytes, but the file has only {all}"
        ));
    };
    let mut bytes = Vec::new();
    let mut footer = RangeReader::new(file, begin..end);
    footer.read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Checks the structure of a footer without allocating anything for its contents.
fn check(bytes: &[u8]) -> Result<(), String> {
    let mut thrift = Thrift::new(bytes);
    scan(&mut thrift).map_err(|error| {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            "its footer is cut off".to_owned()
        } else {
            format!("its footer is not valid: {error}")
        }
    })
}

/// Scans `FileMetaData`.
fn scan(thrift: &mut Thrift<&[u8]>) -> io::Result<()> {
    let mut last = 0;
    let (mut columns, mut groups, mut parts) = (0, 0, 0);
    while let Some(field) = thrift.field(&mut last)? {
        match (field.id, field.kind) {
            (2, kind::LIST) => scan_columns(thrift, &mut columns)?,
            (4, kind::LIST) => {
                let (element, count) = structs(thrift)?;
                add(&mut groups, count, GROUPS_MAX, "row groups")?;
                for _ in 0..count {
                    scan_group(thrift, element, &mut parts)?;
                }
            }
            (2 | 4, _) => return Err(invalid("its columns or row groups are not lists")),
            _ => thrift.skip(field.kind)?,
        }
    }
    Ok(())
}

/// Scans the list of `SchemaElement`, which is a tree in depth-first order.
fn scan_columns(thrift: &mut Thrift<&[u8]>, columns: &mut u64) -> io::Result<()> {
    let (_, count) = structs(thrift)?;
    add(columns, count, COLUMNS_MAX, "columns")?;
    // For each open group, the number of its children that follow.
    let mut open: Vec<u64> = Vec::new();
    for _ in 0..count {
        if let Some(children) = open.last_mut() {
            *children = children.saturating_sub(1);
        }
        let mut last = 0;
        let mut children = 0;
        while let Some(field) = thrift.field(&mut last)? {
            match (field.id, field.kind) {
                (5, kind::I32) => children = u64::try_from(thrift.signed()?).unwrap_or_default(),
                _ => thrift.skip(field.kind)?,
            }
        }
        match children {
            0 => {
                while open.last() == Some(&0) {
                    open.pop();
                }
            }
            children => open.push(children),
        }
        if open.len() > COLUMN_LEVELS_MAX {
            return Err(invalid(format!(
                "its columns are nested more than {COLUMN_LEVELS_MAX} levels deep"
            )));
        }
    }
    Ok(())
}

/// Scans `RowGroup`.
fn scan_group(thrift: &mut Thrift<&[u8]>, element: u8, parts: &mut u64) -> io::Result<()> {
    if element != kind::STRUCT {
        return Err(invalid("a row group is not a struct"));
    }
    let mut last = 0;
    while let Some(field) = thrift.field(&mut last)? {
        match (field.id, field.kind) {
            (1, kind::LIST) => {
                let (element, count) = structs(thrift)?;
                add(
                    parts,
                    count,
                    PARTS_MAX,
                    "columns in all row groups together",
                )?;
                for _ in 0..count {
                    thrift.skip(element)?;
                }
            }
            _ => thrift.skip(field.kind)?,
        }
    }
    Ok(())
}

/// Reads the beginning of a list of structs.
fn structs(thrift: &mut Thrift<&[u8]>) -> io::Result<(u8, u64)> {
    match thrift.list()? {
        (_, 0) => Ok((kind::STRUCT, 0)),
        (kind::STRUCT, count) => Ok((kind::STRUCT, count)),
        _ => Err(invalid("a list does not contain structs")),
    }
}

fn add(total: &mut u64, count: u64, max: u64, of: &str) -> io::Result<()> {
    *total = total.saturating_add(count);
    match *total > max {
        true => Err(invalid(format!(
            "it has {total} {of}, more than the maximum of {max}"
        ))),
        false => Ok(()),
    }
}

fn invalid(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.into())
}

/// Checks that the counts of rows are consistent.
fn check_rows(metadata: &ParquetMetaData) -> Result<(), String> {
    let mut rows = 0_i64;
    for (group, of) in metadata.row_groups().iter().enumerate() {
        let count = of.num_rows();
        rows = match count >= 0 {
            true => rows.saturating_add(count),
            false => return Err(format!("row group {group} has {count} rows")),
        };
    }
    let stated = metadata.file_metadata().num_rows();
    match rows == stated {
        true => Ok(()),
        false => Err(format!(
            "its footer states {stated} rows, but its row groups have {rows}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a footer whose list of columns is a chain of groups of one child each.
    fn nested(levels: u8) -> Vec<u8> {
        let mut bytes = vec![0x29, 0xfc, levels];
        for _ in 0..levels {
            bytes.extend([0x55, 0x02, 0x00]);
        }
        bytes.push(0x00);
        bytes
    }

    #[test]
    fn columns_are_nested_to_a_bound() {
        assert_eq!(check(&nested(32)), Ok(()));
        assert_eq!(
            check(&nested(33)),
            Err(
                "its footer is not valid: its columns are nested more than 32 levels deep"
                    .to_owned()
            )
        );
    }

    #[test]
    fn counts_are_checked_before_the_parts_are_read() {
        let many = |field: u8| [field, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07];
        assert_eq!(
            check(&many(0x29)),
            Err("its footer is not valid: it has 2147483647 columns, more than the maximum of 10000".to_owned())
        );
        assert_eq!(
            check(&many(0x49)),
            Err("its footer is not valid: it has 2147483647 row groups, more than the maximum of 32767".to_owned())
        );
        let group = [&[0x49, 0x1c][..], &many(0x19)].concat();
        assert_eq!(
            check(&group),
            Err("its footer is not valid: it has 2147483647 columns in all row groups together, more than the maximum of 250000".to_owned())
        );
        assert_eq!(check(&[0x15]), Err("its footer is cut off".to_owned()));
    }
}
