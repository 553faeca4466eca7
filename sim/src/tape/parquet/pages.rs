//! Reading of the pages of a column chunk within bounds.
//!
//! The reader of the `parquet` crate trusts the sizes in page headers, and one of its decompressors has no bound at
//! all. Here, the header of a page is checked before anything is allocated, and a page never decompresses to more than
//! its header states.

use std::{
    cell::RefCell,
    io::{self, BufReader, Read as _},
    sync::Arc,
};

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use parquet::{
    basic::{CompressionCodec, Encoding, Type},
    column::page::{Page, PageMetadata, PageReader},
    errors::{ParquetError, Result},
};
use zstd::bulk::Decompressor;

use super::thrift::{Thrift, kind};
use crate::tape::read_at::{RangeReader, ReadAt};

/// The maximum size of a page header, in bytes. Some programs write the least and the greatest value of a page into it.
const HEADER_BYTES_MAX: u64 = 1024 * 1024;

/// The maximum size of a page, in bytes, both compressed and decompressed.
pub(super) const PAGE_BYTES_MAX: usize = 256 * 1024 * 1024;

/// The place of a column chunk in its file, and the properties that decide how it is read.
#[derive(Debug, Clone)]
pub(super) struct Chunk {
    pub(super) file: Arc<dyn ReadAt>,
    pub(super) begin: u64,
    pub(super) end: u64,
    pub(super) codec: CompressionCodec,
    pub(super) physical: Type,
    pub(super) is_nullable: bool,
}

/// The checked header of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) compressed: usize,
    pub(super) decompressed: usize,
    pub(super) content: Content,
}

/// The kind of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Dictionary {
        values: u32,
        encoding: Encoding,
    },
    /// Version 1: the levels are compressed together with the values.
    Data {
        values: u32,
        encoding: Encoding,
        definition: Encoding,
        repetition: Encoding,
    },
    /// Version 2: the levels are not compressed.
    DataV2 {
        values: u32,
        nulls: u32,
        rows: u32,
        encoding: Encoding,
        definition_bytes: u32,
        repetition_bytes: u32,
        is_compressed: bool,
    },
    /// A page without values.
    Index,
}

/// An iterator over the page headers of a column chunk.
pub(super) struct Headers {
    chunk: Chunk,
    offset: u64,
}

impl Headers {
    pub(super) fn new(chunk: Chunk) -> Self {
        Self {
            offset: chunk.begin,
            chunk,
        }
    }

    /// Returns the next header and the position of its data, and moves to the next page.
    pub(super) fn next_header(&mut self) -> Result<Option<(Header, u64)>> {
        let rest = self.chunk.end.saturating_sub(self.offset);
        if rest == 0 {
            return Ok(None);
        }
        let end = self.offset + rest.min(HEADER_BYTES_MAX);
        let from = RangeReader::new(&*self.chunk.file, self.offset..end);
        let from = BufReader::with_capacity(256, from);
        let mut thrift = Thrift::new(from);
        let header = read_header(&mut thrift).map_err(|error| {
            if error.kind() == io::ErrorKind::UnexpectedEof {
                wrong("a page header is cut off or too long".into())
            } else {
                wrong(format!("a page header is not valid: {error}"))
            }
        })?;
        check(&header, self.chunk.physical)?;
        let data = self.offset.saturating_add(thrift.consumed());
        let next = data.saturating_add(u64::try_from(header.compressed).unwrap_or(u64::MAX));
        if next > self.chunk.end {
            return Err(wrong("a page is longer than its column".to_owned()));
        }
        self.offset = next;
        Ok(Some((header, data)))
    }
}

fn wrong(why: String) -> ParquetError {
    ParquetError::General(why)
}

/// Reads `PageHeader`.
fn read_header<R: io::Read>(thrift: &mut Thrift<R>) -> io::Result<Header> {
    let mut last = 0;
    let (mut page, mut decompressed, mut compressed) = (None, None, None);
    let mut parts = Parts::default();
    while let Some(field) = thrift.field(&mut last)? {
        match (field.id, field.kind) {
            (1, kind::I32) => page = Some(thrift.signed()?),
            (2, kind::I32) => decompressed = usize::try_from(thrift.signed()?).ok(),
            (3, kind::I32) => compressed = usize::try_from(thrift.signed()?).ok(),
            (5 | 7 | 8, kind::STRUCT) => parts = Parts::read(thrift)?,
            _ => thrift.skip(field.kind)?,
        }
    }
    let sizes = decompressed.zip(compressed);
    let (decompressed, compressed) =
        sizes.ok_or_else(|| invalid("a size is missing or negative"))?;
    let content = match page {
        Some(0) => Content::Data {
            values: parts.number(1)?,
            encoding: parts.encoding(2)?,
            definition: parts.encoding(3)?,
            repetition: parts.encoding(4)?,
        },
        Some(1) => Content::Index,
        Some(2) => Content::Dictionary {
            values: parts.number(1)?,
            encoding: parts.encoding(2)?,
        },
        Some(3) => Content::DataV2 {
            values: parts.number(1)?,
            nulls: parts.number(2)?,
            rows: parts.number(3)?,
            encoding: parts.encoding(4)?,
            definition_bytes: parts.number(5)?,
            repetition_bytes: parts.number(6)?,
            is_compressed: parts.is_compressed.unwrap_or(true),
        },
        _ => return Err(invalid("its type is unknown")),
    };
    Ok(Header {
        compressed,
        decompressed,
        content,
    })
}

/// The fields 1 to 6 of `DataPageHeader`, `DictionaryPageHeader` or `DataPageHeaderV2`, and field 7 of the last.
#[derive(Default)]
struct Parts {
    numbers: [Option<i64>; 6],
    is_compressed: Option<bool>,
}

impl Parts {
    fn read<R: io::Read>(thrift: &mut Thrift<R>) -> io::Result<Self> {
        let mut parts = Self::default();
        let mut last = 0;
        while let Some(field) = thrift.field(&mut last)? {
            let index = usize::try_from(field.id)
                .ok()
                .and_then(|id| id.checked_sub(1));
            let slot = index.and_then(|index| parts.numbers.get_mut(index));
            match (slot, field.kind) {
                (Some(slot), kind::I32) => *slot = Some(thrift.signed()?),
                (None, kind::TRUE | kind::FALSE) if field.id == 7 => {
                    parts.is_compressed = Some(field.kind == kind::TRUE);
                }
                _ => thrift.skip(field.kind)?,
            }
        }
        Ok(parts)
    }

    fn field(&self, id: usize) -> Option<i64> {
        self.numbers.get(id.checked_sub(1)?).copied().flatten()
    }

    fn number(&self, id: usize) -> io::Result<u32> {
        let number = self.field(id).and_then(|number| u32::try_from(number).ok());
        number.ok_or_else(|| invalid("a count is missing or negative"))
    }

    fn encoding(&self, id: usize) -> io::Result<Encoding> {
        Ok(match self.field(id) {
            Some(0) => Encoding::PLAIN,
            Some(2) => Encoding::PLAIN_DICTIONARY,
            Some(3) => Encoding::RLE,
            #[expect(deprecated, reason = "old programs write it for levels")]
            Some(4) => Encoding::BIT_PACKED,
            Some(5) => Encoding::DELTA_BINARY_PACKED,
            Some(6) => Encoding::DELTA_LENGTH_BYTE_ARRAY,
            Some(7) => Encoding::DELTA_BYTE_ARRAY,
            Some(8) => Encoding::RLE_DICTIONARY,
            Some(9) => Encoding::BYTE_STREAM_SPLIT,
            _ => return Err(invalid("its encoding is unknown")),
        })
    }
}

fn invalid(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// Checks that the sizes of a page are within bounds, and that it can contain the values that it states.
fn check(header: &Header, physical: Type) -> Result<()> {
    let size = header.compressed.max(header.decompressed);
    if size > PAGE_BYTES_MAX {
        return Err(wrong(format!(
            "a page has {size} bytes, more than the maximum of {PAGE_BYTES_MAX}; write the file with smaller pages"
        )));
    }
    match header.content {
        Content::Dictionary { values, .. } => {
            // A text has a length of 4 bytes; all other values of a dictionary have at least one byte.
            let bytes_min = if physical == Type::BYTE_ARRAY { 4 } else { 1 };
            if u64::from(values) * bytes_min
                > u64::try_from(header.decompressed).unwrap_or(u64::MAX)
            {
                return Err(wrong(format!(
                    "a dictionary of {} bytes states {values} values",
                    header.decompressed
                )));
            }
        }
        Content::Data { encoding, .. } | Content::DataV2 { encoding, .. } => {
            if encoding == Encoding::DELTA_BYTE_ARRAY {
                return Err(wrong(
                    "a page has the encoding DELTA_BYTE_ARRAY, in which a small page can contain any amount of text; write the file with the encoding PLAIN or with a dictionary".to_owned(),
                ));
            }
        }
        Content::Index => {}
    }
    Ok(())
}

/// The pages of a column chunk.
pub(super) struct Pages {
    headers: Headers,
    /// The header of a page whose data was not read yet.
    peeked: Option<(Header, u64)>,
}

impl Pages {
    pub(super) fn new(chunk: Chunk) -> Self {
        Self {
            headers: Headers::new(chunk),
            peeked: None,
        }
    }

    /// Returns the next header of a page with values.
    fn header(&mut self) -> Result<Option<(Header, u64)>> {
        if let Some(header) = self.peeked.take() {
            return Ok(Some(header));
        }
        loop {
            match self.headers.next_header()? {
                Some((header, _)) if header.content == Content::Index => {}
                header => return Ok(header),
            }
        }
    }

    fn page(&self, header: Header, offset: u64) -> Result<Page> {
        let chunk = &self.headers.chunk;
        let mut compressed = vec![0; header.compressed];
        RangeReader::new(&*chunk.file, offset..chunk.end).read_exact(&mut compressed)?;
        let levels = match header.content {
            Content::DataV2 {
                definition_bytes,
                repetition_bytes,
                ..
            } => usize::try_from(u64::from(definition_bytes) + u64::from(repetition_bytes)),
            Content::Dictionary { .. } | Content::Data { .. } | Content::Index => Ok(0),
        };
        let levels = levels.map_err(|_| wrong("the levels of a page are too long".to_owned()))?;
        let is_compressed = match header.content {
            Content::DataV2 { is_compressed, .. } => is_compressed,
            Content::Dictionary { .. } | Content::Data { .. } | Content::Index => true,
        };
        let codec = match is_compressed {
            true => chunk.codec,
            false => CompressionCodec::UNCOMPRESSED,
        };
        let buf = Bytes::from(decompress(codec, compressed, levels, header.decompressed)?);
        if let Some(encoded) = encoded_values(&header, &buf, levels, chunk) {
            check_lengths(encoded?, &header)?;
        }
        Ok(match header.content {
            Content::Dictionary { values, encoding } => Page::DictionaryPage {
                buf,
                num_values: values,
                encoding,
                is_sorted: false,
            },
            Content::Data {
                values,
                encoding,
                definition,
                repetition,
            } => Page::DataPage {
                buf,
                num_values: values,
                encoding,
                def_level_encoding: definition,
                rep_level_encoding: repetition,
                statistics: None,
            },
            Content::DataV2 {
                values,
                nulls,
                rows,
                encoding,
                definition_bytes,
                repetition_bytes,
                is_compressed,
            } => Page::DataPageV2 {
                buf,
                num_values: values,
                encoding,
                num_nulls: nulls,
                num_rows: rows,
                def_levels_byte_len: definition_bytes,
                rep_levels_byte_len: repetition_bytes,
                is_compressed,
                statistics: None,
            },
            Content::Index => return Err(wrong("an index page has no values".to_owned())),
        })
    }
}

impl Iterator for Pages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        match self.header()? {
            Some((header, offset)) => self.page(header, offset).map(Some),
            None => Ok(None),
        }
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.peeked = self.header()?;
        Ok(self.peeked.map(|(header, _)| {
            let (rows, levels, is_dict) = match header.content {
                Content::Dictionary { .. } | Content::Index => (None, None, true),
                Content::Data { values, .. } => (None, Some(values), false),
                Content::DataV2 { values, rows, .. } => (Some(rows), Some(values), false),
            };
            let count = |count: u32| usize::try_from(count).ok();
            PageMetadata {
                num_rows: rows.and_then(count),
                num_levels: levels.and_then(count),
                is_dict,
            }
        }))
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.header().map(|_| ())
    }
}

/// Decompresses a page to exactly `size` bytes, of which the first `levels` bytes are not compressed.
fn decompress(
    codec: CompressionCodec,
    page: Vec<u8>,
    levels: usize,
    size: usize,
) -> Result<Vec<u8>> {
    let other_size = || wrong("a page does not have the size that its header states".to_owned());
    if codec == CompressionCodec::UNCOMPRESSED {
        return match page.len() == size && levels <= size {
            true => Ok(page),
            false => Err(other_size()),
        };
    }
    let (head, compressed) = page.split_at_checked(levels).ok_or_else(other_size)?;
    let rest = size.checked_sub(levels).ok_or_else(other_size)?;
    let mut all = vec![0; size];
    let Some((begin, to)) = all.split_at_mut_checked(levels) else {
        return Err(other_size());
    };
    begin.copy_from_slice(head);
    // A page without values may be stored without compressed data.
    let count = if rest == 0 {
        0
    } else {
        expand(codec, compressed, to)?
    };
    match count == rest {
        true => Ok(all),
        false => Err(other_size()),
    }
}

thread_local! {
    /// The decompressor of a thread. To create one takes longer than to decompress a small page.
    static ZSTD: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Decompresses into a buffer of the expected size. Returns the number of bytes, which differs from the expected size
/// if the data has another size.
fn expand(codec: CompressionCodec, from: &[u8], to: &mut [u8]) -> Result<usize> {
    let failed =
        |error: &dyn std::fmt::Display| wrong(format!("a page cannot be decompressed: {error}"));
    match codec {
        CompressionCodec::SNAPPY => {
            let mut decoder = snap::raw::Decoder::new();
            decoder.decompress(from, to).map_err(|e| failed(&e))
        }
        CompressionCodec::ZSTD => ZSTD.with_borrow_mut(|kept| {
            let decoder = match kept {
                Some(decoder) => decoder,
                None => kept.insert(Decompressor::new().map_err(|e| failed(&e))?),
            };
            decoder.decompress_to_buffer(from, to).map_err(|e| failed(&e))
        }),
        CompressionCodec::GZIP => {
            let mut decoder = MultiGzDecoder::new(from);
            decoder.read_exact(to).map_err(|e| failed(&e))?;
            let more = decoder.read(&mut [0]).map_err(|e| failed(&e))?;
            Ok(to.len().saturating_add(more))
        }
        CompressionCodec::LZ4_RAW => {
            lz4_flex::block::decompress_into(from, to).map_err(|e| failed(&e))
        }
        CompressionCodec::LZ4 => Err(wrong(
            "it is compressed with the deprecated format LZ4; write it with LZ4_RAW, zstd, snappy or gzip"
                .to_owned(),
        )),
        CompressionCodec::UNCOMPRESSED | CompressionCodec::LZO | CompressionCodec::BROTLI => Err(wrong(format!(
            "it is compressed with {codec:?}, which is not supported; write it with zstd, snappy, gzip or LZ4_RAW"
        ))),
    }
}

/// Returns the encoded values of a page with the encoding DELTA_LENGTH_BYTE_ARRAY, which follow the levels.
fn encoded_values<'b>(
    header: &Header,
    page: &'b [u8],
    levels: usize,
    chunk: &Chunk,
) -> Option<Result<&'b [u8]>> {
    let begin = match header.content {
        Content::Data {
            encoding: Encoding::DELTA_LENGTH_BYTE_ARRAY,
            ..
        } if chunk.is_nullable => {
            let size = page.first_chunk().map(|size| u32::from_le_bytes(*size));
            let size = size.and_then(|size| usize::try_from(size).ok());
            size.and_then(|size| size.checked_add(4))
        }
        Content::Data {
            encoding: Encoding::DELTA_LENGTH_BYTE_ARRAY,
            ..
        } => Some(0),
        Content::DataV2 {
            encoding: Encoding::DELTA_LENGTH_BYTE_ARRAY,
            ..
        } => Some(levels),
        Content::Dictionary { .. }
        | Content::Data { .. }
        | Content::DataV2 { .. }
        | Content::Index => {
            return None;
        }
    };
    let values = begin.and_then(|begin| page.get(begin..));
    Some(values.ok_or_else(|| wrong("the levels of a page are longer than the page".to_owned())))
}

/// Checks the number of lengths that begin a page with the encoding DELTA_LENGTH_BYTE_ARRAY, which the decoder trusts.
fn check_lengths(encoded: &[u8], header: &Header) -> Result<()> {
    let values = match header.content {
        Content::Data { values, .. } | Content::DataV2 { values, .. } => u64::from(values),
        Content::Dictionary { .. } | Content::Index => 0,
    };
    // The size of a block, the number of its parts, and the number of values.
    let mut numbers = encoded.iter();
    let mut count = 0_u64;
    for _ in 0..3 {
        (count, _) = (0..10)
            .try_fold((0_u64, false), |(number, is_done), place| {
                if is_done {
                    return Some((number, true));
                }
                let byte = *numbers.next()?;
                let digit = u64::from(byte & 0x7f)
                    .checked_shl(7 * place)
                    .unwrap_or(u64::MAX);
                Some((number | digit, byte & 0x80 == 0))
            })
            .ok_or_else(|| wrong("a page is cut off".to_owned()))?;
    }
    match count <= values {
        true => Ok(()),
        false => Err(wrong(format!(
            "a page of {values} values states {count} lengths"
        ))),
    }
}
