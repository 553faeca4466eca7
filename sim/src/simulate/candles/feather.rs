//! Reading of Feather files (Arrow IPC files) in bounded memory.
//!
//! A file is not trusted: the place of each block must be inside the file, and the decompressed size of a block is
//! checked before the block is decompressed.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    sync::Arc,
};

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::{
    Block, RecordBatch as Header, convert::fb_to_schema, reader::FileDecoder, root_as_footer,
    root_as_message,
};
use arrow_schema::{ArrowError, Schema, SchemaRef};

use crate::{quiet::without_panic, tape::parquet::BATCH_BYTES_MAX};

/// The maximum size of a footer, in bytes.
const FOOTER_BYTES_MAX: u64 = 16 * 1024 * 1024;

const DAMAGED: &str =
    "it is damaged; copy the file again, or write it again (pandas: `to_feather`)";

/// The magic bytes at the end of a file, after the size of the footer in 4 bytes.
const MAGIC: &[u8; 6] = b"ARROW1";
const TAIL_BYTES: u64 = 10;

/// A Feather file whose footer was read.
pub(super) struct Feather {
    file: File,
    bytes: u64,
    footer: Vec<u8>,
    pub(super) schema: SchemaRef,
}

impl Feather {
    /// Reads the footer of a file.
    ///
    /// # Errors
    /// Returns a message if the file is not a Feather file, or if its footer is damaged or exceeds a bound.
    pub(super) fn open(mut file: File) -> Result<Self, String> {
        let message = |error: io::Error| error.to_string();
        let bytes = file.seek(SeekFrom::End(0)).map_err(message)?;
        let cut =
            || "it is cut off, or a program is still writing it; copy the file again".to_owned();
        let end = bytes.checked_sub(TAIL_BYTES).ok_or_else(cut)?;
        let tail = read_at(&mut file, end, TAIL_BYTES).map_err(message)?;
        let (size, magic) = tail.split_first_chunk::<4>().ok_or_else(cut)?;
        if magic != MAGIC {
            return Err(cut());
        }
        let size = u64::from(u32::from_le_bytes(*size));
        let begin = end.checked_sub(size).ok_or_else(cut)?;
        if size > FOOTER_BYTES_MAX {
            return Err(format!(
                "its footer has {size} bytes, more than the maximum of {FOOTER_BYTES_MAX}"
            ));
        }
        let footer = read_at(&mut file, begin, size).map_err(message)?;
        let schema = guarded(|| schema(&footer))?;
        Ok(Self {
            file,
            bytes,
            footer,
            schema: Arc::new(schema),
        })
    }

    /// Reads the columns at some places of the schema, in this order, batch by batch.
    ///
    /// # Errors
    /// Returns the error of `on_batch`, or a message if the file is damaged or exceeds a bound.
    pub(super) fn read<E>(
        mut self,
        places: &[usize],
        mut on_batch: impl FnMut(&RecordBatch) -> Result<(), E>,
        to_error: impl Fn(String) -> E,
    ) -> Result<(), E> {
        let footer = std::mem::take(&mut self.footer);
        let footer = root_as_footer(&footer).map_err(|_| to_error(DAMAGED.to_owned()))?;
        let decoder = FileDecoder::new(Arc::clone(&self.schema), footer.version());
        let mut decoder = decoder.with_projection(places.to_vec());
        for block in footer.dictionaries().iter().flatten() {
            let buffer = self.block(block).map_err(&to_error)?;
            let read = guarded(|| text(decoder.read_dictionary(block, &buffer)));
            read.map_err(&to_error)?;
        }
        for block in footer.recordBatches().iter().flatten() {
            let buffer = self.block(block).map_err(&to_error)?;
            let batch = guarded(|| text(decoder.read_record_batch(block, &buffer)));
            if let Some(batch) = batch.map_err(&to_error)? {
                on_batch(&batch)?;
            }
        }
        Ok(())
    }

    /// Reads a block, and checks the size of its decompressed values.
    fn block(&mut self, block: &Block) -> Result<Buffer, String> {
        let damaged = || DAMAGED.to_owned();
        let of = |size: i64| u64::try_from(size).map_err(|_| damaged());
        let (begin, body) = (of(block.offset())?, of(block.bodyLength())?);
        let header = of(i64::from(block.metaDataLength()))?;
        let size = header.checked_add(body).ok_or_else(damaged)?;
        let end = begin.checked_add(size).ok_or_else(damaged)?;
        if end > self.bytes {
            return Err(damaged());
        }
        check_size(size)?;
        let bytes = read_at(&mut self.file, begin, size).map_err(|error| error.to_string())?;
        let needed = guarded(|| decompressed(&bytes, header).ok_or_else(damaged))?;
        check_size(needed)?;
        Ok(Buffer::from_vec(bytes))
    }
}

fn check_size(bytes: u64) -> Result<(), String> {
    match bytes <= BATCH_BYTES_MAX {
        true => Ok(()),
        false => Err(format!(
            "a batch needs {bytes} bytes, more than the maximum of {BATCH_BYTES_MAX}; write the file with fewer rows per batch"
        )),
    }
}

fn read_at(file: &mut File, begin: u64, size: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(begin))?;
    let mut bytes = Vec::new();
    file.take(size).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn schema(footer: &[u8]) -> Result<Schema, String> {
    let footer = root_as_footer(footer).map_err(|_| DAMAGED.to_owned())?;
    let schema = footer.schema().ok_or(DAMAGED)?;
    Ok(fb_to_schema(schema))
}

/// Returns the sum of the sizes that the buffers of a block state for their decompressed content; `None` if the header
/// is damaged.
fn decompressed(block: &[u8], header: u64) -> Option<u64> {
    let (header, body) = block.split_at_checked(usize::try_from(header).ok()?)?;
    // The message begins after its size. In newer files, a continuation marker precedes the size.
    let message = match header {
        [0xff, 0xff, 0xff, 0xff, _, _, _, _, message @ ..] => message,
        [_, _, _, _, message @ ..] => message,
        _ => return None,
    };
    let message = root_as_message(message).ok()?;
    let of_batch = message.header_as_record_batch();
    let of_dictionary = || message.header_as_dictionary_batch()?.data();
    let batch: Header<'_> = of_batch.or_else(of_dictionary)?;
    if batch.compression().is_none() {
        return Some(0);
    }
    let mut sum = 0_u64;
    for buffer in batch.buffers()? {
        let begin = usize::try_from(buffer.offset()).ok()?;
        let Some((size, _)) = body.get(begin..).and_then(<[u8]>::split_first_chunk::<8>) else {
            continue;
        };
        // A negative size is that of a buffer that is not compressed.
        let size = u64::try_from(i64::from_le_bytes(*size)).unwrap_or_default();
        sum = sum.saturating_add(if buffer.length() > 0 { size } else { 0 });
    }
    Some(sum)
}

/// Replaces the error of a decoder by [`DAMAGED`], because the text of the error is about internal buffers of the
/// decoder.
fn text<T>(result: Result<T, ArrowError>) -> Result<T, String> {
    result.map_err(|_| DAMAGED.to_owned())
}

/// Calls a decoder, which can panic if the values are damaged.
fn guarded<T>(decode: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    without_panic(decode).unwrap_or_else(|| Err(DAMAGED.to_owned()))
}

#[cfg(test)]
mod tests {
    use arrow_array::{ArrayRef, Float64Array};
    use arrow_ipc::{
        CompressionType,
        writer::{FileWriter, IpcWriteOptions},
    };

    use super::*;

    #[test]
    fn the_size_of_a_batch_is_the_sum_of_its_buffers() {
        // 1,000 numbers of 8 bytes in two columns. The bitmap of nulls has no bytes in `a`, and 125 bytes in `b`.
        let numbers = (0..1000).map(|n| (n % 2 == 0).then_some(1.5));
        let columns: [(_, ArrayRef); 2] = [
            ("a", Arc::new(Float64Array::from(vec![1.5; 1000]))),
            ("b", Arc::new(Float64Array::from_iter(numbers))),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let sum = |compression| {
            let options = IpcWriteOptions::default().try_with_compression(compression);
            let schema = batch.schema();
            let writer = FileWriter::try_new_with_options(Vec::new(), &schema, options.unwrap());
            let mut writer = writer.unwrap();
            writer.write(&batch).unwrap();
            let file = writer.into_inner().unwrap();
            let end = file.len() - 10;
            let size = u32::from_le_bytes(file[end..end + 4].try_into().unwrap());
            let begin = end - usize::try_from(size).unwrap();
            let footer = root_as_footer(&file[begin..end]).unwrap();
            let block = footer.recordBatches().unwrap().get(0);
            let begin = usize::try_from(block.offset()).unwrap();
            let header = u64::try_from(block.metaDataLength()).unwrap();
            let size = header + u64::try_from(block.bodyLength()).unwrap();
            let end = begin + usize::try_from(size).unwrap();
            decompressed(&file[begin..end], header)
        };
        assert_eq!(sum(Some(CompressionType::LZ4_FRAME)), Some(16_125));
        assert_eq!(sum(Some(CompressionType::ZSTD)), Some(16_125));
        assert_eq!(sum(None), Some(0));
    }
}
