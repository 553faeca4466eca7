//! Tests with files that state other sizes than they have, or that repeat a value many times.
//!
//! The files are written byte by byte, because no library writes such files. The memory is measured on the reading
//! thread.

use std::{fs, io::Write as _, path::PathBuf};

use allocation_counter::measure;
use flate2::{Compression, write::GzEncoder};

use crate::tape::{TapeReader, TapeSource};

/// The allowed memory for reading a hostile file, in bytes. The files below need gigabytes if their stated sizes are
/// used.
const BYTES_MAX: u64 = 600 * 1024 * 1024;

/// A writer of the Thrift compact protocol.
#[derive(Default)]
struct Out(Vec<u8>);

impl Out {
    fn unsigned(mut self, mut number: u64) -> Self {
        while number >= 0x80 {
            self.0.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
            number >>= 7;
        }
        self.0.push(u8::try_from(number).unwrap());
        self
    }

    fn signed(self, number: i64) -> Self {
        self.unsigned(((number << 1) ^ (number >> 63)).cast_unsigned())
    }

    /// Writes the beginning of a field: its distance from the previous field, and its type.
    fn field(mut self, delta: u8, kind: u8) -> Self {
        self.0.push(delta << 4 | kind);
        self
    }

    fn i32(self, delta: u8, number: i64) -> Self {
        self.field(delta, 5).signed(number)
    }

    fn i64(self, delta: u8, number: i64) -> Self {
        self.field(delta, 6).signed(number)
    }

    fn text(self, delta: u8, text: &str) -> Self {
        self.field(delta, 8).bytes(text)
    }

    fn bytes(self, text: &str) -> Self {
        let mut out = self.unsigned(u64::try_from(text.len()).unwrap());
        out.0.extend(text.as_bytes());
        out
    }

    fn structs(self, delta: u8, items: &[Vec<u8>]) -> Self {
        let mut out = self.field(delta, 9);
        out.0.push(0xfc);
        let mut out = out.unsigned(u64::try_from(items.len()).unwrap());
        out.0.extend(items.concat());
        out
    }

    fn end(mut self) -> Vec<u8> {
        self.0.push(0);
        self.0
    }
}

/// A page: its kind, its stated sizes, its stated number of values, its encoding, and its bytes.
struct Page {
    kind: i64,
    decompressed: i64,
    compressed: Option<i64>,
    values: i64,
    encoding: i64,
    bytes: Vec<u8>,
}

const DATA: i64 = 0;
const DICTIONARY: i64 = 2;
const PLAIN: i64 = 0;
const RLE_DICTIONARY: i64 = 8;

impl Page {
    fn new(kind: i64, values: i64, encoding: i64, bytes: Vec<u8>) -> Self {
        Self {
            kind,
            decompressed: i64::try_from(bytes.len()).unwrap(),
            compressed: None,
            values,
            encoding,
            bytes,
        }
    }

    /// A page of texts.
    fn plain(texts: &[&str]) -> Self {
        let values = i64::try_from(texts.len()).unwrap();
        Self::new(DATA, values, PLAIN, plain(texts))
    }

    /// A dictionary of texts.
    fn dictionary(texts: &[&str]) -> Self {
        Self {
            kind: DICTIONARY,
            ..Self::plain(texts)
        }
    }

    /// A page that repeats the first value of the dictionary: bit width 0 or 1, and one run.
    fn repeated(values: i64) -> Self {
        let run = Out(vec![1]).unsigned(u64::try_from(values).unwrap() << 1).0;
        Self::new(DATA, values, RLE_DICTIONARY, [run, vec![0]].concat())
    }

    fn compressed(self, codec: i64) -> Self {
        let bytes = match codec {
            1 => snap::raw::Encoder::new().compress_vec(&self.bytes).unwrap(),
            2 => {
                let mut to = GzEncoder::new(Vec::new(), Compression::fast());
                to.write_all(&self.bytes).unwrap();
                to.finish().unwrap()
            }
            6 => zstd::encode_all(&*self.bytes, 1).unwrap(),
            7 => lz4_flex::block::compress(&self.bytes),
            _ => self.bytes,
        };
        Self { bytes, ..self }
    }

    fn written(&self) -> Vec<u8> {
        let size = i64::try_from(self.bytes.len()).unwrap();
        let header = Out::default()
            .i32(1, self.kind)
            .i32(1, self.decompressed)
            .i32(1, self.compressed.unwrap_or(size));
        let delta = if self.kind == DICTIONARY { 4 } else { 2 };
        let content = Out::default().i32(1, self.values).i32(1, self.encoding);
        let content = match self.kind {
            DICTIONARY => content.end(),
            _ => content.i32(1, 3).i32(1, 3).end(),
        };
        let mut header = header.field(delta, 12);
        header.0.extend(content);
        [header.end(), self.bytes.clone()].concat()
    }
}

fn plain(texts: &[&str]) -> Vec<u8> {
    let texts = texts.iter().map(|text| {
        let size = u32::try_from(text.len()).unwrap();
        [&size.to_le_bytes(), text.as_bytes()].concat()
    });
    texts.collect::<Vec<_>>().concat()
}

/// A file with one required column `record` of texts, in one row group.
fn file(codec: i64, pages: &[Page], rows: i64) -> Vec<u8> {
    let pages_bytes: Vec<u8> = pages.iter().flat_map(Page::written).collect();
    let size = i64::try_from(pages_bytes.len()).unwrap();
    let root = Out::default().text(4, "schema").i32(1, 1).end();
    let leaf = Out::default()
        .i32(1, 6)
        .i32(2, 0)
        .text(1, "record")
        .i32(2, 0)
        .end();
    let has_dictionary = pages.iter().any(|page| page.kind == DICTIONARY);
    let mut column = Out::default().i32(1, 6).field(1, 9);
    column.0.extend([0x15, 0]);
    let mut column = column.field(1, 9);
    column.0.push(0x18);
    let column = column.bytes("record");
    let column = column
        .i32(1, codec)
        .i64(1, rows)
        .i64(1, size)
        .i64(1, size)
        .i64(2, 4);
    let column = match has_dictionary {
        true => column.i64(2, 4).end(),
        false => column.end(),
    };
    let mut chunk = Out::default().i64(2, 4).field(1, 12);
    chunk.0.extend(column);
    let group = Out::default()
        .structs(1, &[chunk.end()])
        .i64(1, size)
        .i64(1, rows)
        .end();
    let footer = Out::default()
        .i32(1, 1)
        .structs(1, &[root, leaf])
        .i64(1, rows)
        .structs(1, &[group])
        .end();
    let length = u32::try_from(footer.len()).unwrap().to_le_bytes();
    [b"PAR1", &*pages_bytes, &footer, &length, b"PAR1"].concat()
}

/// Reads at most `chunks` chunks of a file. Returns the number of records, the first record, and the error. Checks the
/// memory.
#[track_caller]
fn read(bytes: &[u8], chunks: usize) -> (usize, String, Option<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("tape");
    fs::write(&path, bytes).unwrap();
    let mut read = (0, String::new(), None);
    let used = measure(|| {
        for chunk in TapeReader::new(vec![TapeSource::File(path.clone())]).take(chunks) {
            match chunk {
                Ok(chunk) => {
                    if read.0 == 0 {
                        let lines = chunk.lines().filter_map(|line| line.text());
                        let first = lines.take(3).collect::<Vec<_>>().join("\n");
                        read.1 = first.chars().take(30).collect();
                    }
                    read.0 += chunk.lines().count();
                }
                Err(error) => read.2 = Some(error.to_string()),
            }
        }
    });
    assert!(used.bytes_max < BYTES_MAX, "{} bytes", used.bytes_max);
    read
}

/// Checks that reading ends with this error, and that its memory is bounded.
#[track_caller]
fn check_error(bytes: &[u8], expected: &str) {
    let (_, _, error) = read(bytes, usize::MAX);
    let error = error.unwrap();
    let (_, why) = error.split_once("` cannot be read as Parquet: ").unwrap();
    assert_eq!(why, expected);
}

#[test]
fn the_written_files_are_read_with_all_codecs() {
    for codec in [0, 1, 2, 6, 7] {
        let page = Page::plain(&["{}", "", "not JSON"]).compressed(codec);
        let (records, first, error) = read(&file(codec, &[page], 3), usize::MAX);
        assert_eq!(error, None, "{codec}");
        assert_eq!(
            (records, &*first),
            (3, "{}\n\"`record` is empty\"\nnot JSO"),
            "{codec}"
        );
    }
    let pages = [Page::dictionary(&["{}", "x"]), Page::repeated(5)];
    assert_eq!(read(&file(0, &pages, 5), usize::MAX).0, 5);
}

/// Without views of the texts, the replay of a similar file of 1,971 bytes allocated 17 GB.
#[test]
fn a_long_value_that_is_repeated_is_not_copied_for_each_row() {
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(8_000_000));
    let pages = [
        Page::dictionary(&[&long]).compressed(6),
        Page::repeated(100_000).compressed(6),
    ];
    let bytes = file(6, &pages, 100_000);
    assert!(bytes.len() < 3_000, "{} bytes", bytes.len());
    let (records, first, error) = read(&bytes, 6);
    assert_eq!((records, error), (6, None));
    assert!(first.starts_with("{\"a\":\"xxx"));
}

#[test]
fn a_record_is_too_long_above_16_mib() {
    let longest = "x".repeat(portcullis::record::RECORD_BYTES_MAX);
    let longer = format!("{longest}x");
    let pages = [Page::plain(&["{}", &longest, &longer, "[]"])];
    let (records, _, error) = read(&file(0, &pages, 4), usize::MAX);
    assert_eq!((records, error), (4, None));
}

#[test]
fn a_page_does_not_decompress_to_more_than_it_states() {
    for codec in [1, 2, 6, 7] {
        let bomb = vec![b'x'; 16 << 20];
        let page = Page::new(DATA, 1, PLAIN, bomb).compressed(codec);
        let page = Page {
            decompressed: 100,
            ..page
        };
        let (_, _, error) = read(&file(codec, &[page], 1), usize::MAX);
        let error = error.unwrap();
        let is_expected = error.contains("a page cannot be decompressed: ")
            || error.contains("a page does not have the size that its header states");
        assert!(is_expected, "{codec}: {error}");
        // The page has less than it states.
        let page = Page {
            decompressed: 1000,
            ..Page::plain(&["{}"]).compressed(codec)
        };
        assert!(
            read(&file(codec, &[page], 1), usize::MAX).2.is_some(),
            "{codec}"
        );
    }
}

#[test]
fn stated_sizes_are_not_trusted() {
    let max = i64::from(i32::MAX);
    let page = || Page::plain(&["{}"]);
    let cases = [
        (
            Page {
                decompressed: max,
                ..page()
            },
            1,
            "a page has 2147483647 bytes, more than the maximum of 268435456; write the file with smaller pages",
        ),
        (
            Page {
                decompressed: -1,
                ..page()
            },
            1,
            "a page header is not valid: a size is missing or negative",
        ),
        (
            Page {
                compressed: Some(1000),
                ..page()
            },
            1,
            "a page is longer than its column",
        ),
        (
            Page {
                decompressed: 7,
                ..page()
            },
            1,
            "a page does not have the size that its header states",
        ),
        (
            Page {
                values: max,
                ..page()
            },
            1,
            "a column does not have the number of rows of its row group",
        ),
        (
            Page { kind: 9, ..page() },
            1,
            "a page header is not valid: its type is unknown",
        ),
        (
            Page {
                encoding: 1,
                ..page()
            },
            1,
            "a page header is not valid: its encoding is unknown",
        ),
        (
            Page {
                encoding: 7,
                ..page()
            },
            1,
            "a page has the encoding DELTA_BYTE_ARRAY, in which a small page can contain any amount of text; write the file with the encoding PLAIN or with a dictionary",
        ),
        (
            page(),
            1 << 40,
            "a column does not have the number of rows of its row group",
        ),
        (
            page(),
            0,
            "a column does not have the number of rows of its row group",
        ),
        (
            Page {
                values: 3,
                ..page()
            },
            3,
            "EOF: eof decoding byte array",
        ),
    ];
    for (page, rows, expected) in cases {
        check_error(
            &file(0, &[page], rows),
            &format!("{expected} (after row 0)"),
        );
    }
    let dictionary = Page {
        values: max,
        ..Page::dictionary(&["{}"])
    };
    check_error(
        &file(0, &[dictionary, Page::repeated(1)], 1),
        "a dictionary of 6 bytes states 2147483647 values (after row 0)",
    );
    // The lengths of DELTA_LENGTH_BYTE_ARRAY: blocks of 128 values in 4 parts, and 2^31 - 1 values.
    let lengths = Out::default()
        .unsigned(128)
        .unsigned(4)
        .unsigned(0x7fff_ffff)
        .signed(0)
        .0;
    check_error(
        &file(0, &[Page::new(DATA, 5, 6, lengths)], 5),
        "a page of 5 values states 2147483647 lengths (after row 0)",
    );
    check_error(
        &file(5, &[page()], 1),
        "it is compressed with the deprecated format LZ4; write it with LZ4_RAW, zstd, snappy or gzip (after row 0)",
    );
    check_error(
        &file(4, &[page()], 1),
        "it is compressed with BROTLI, which is not supported; write it with zstd, snappy, gzip or LZ4_RAW (after row 0)",
    );
}

#[test]
fn a_few_bytes_can_state_any_number_of_rows() {
    let rows = i64::from(i32::MAX);
    let pages = [Page::dictionary(&["{}"]), Page::repeated(rows)];
    let (records, _, error) = read(&file(0, &pages, rows), 20);
    assert_eq!(error, None);
    assert!(records > 10_000, "{records}");
}

#[test]
fn pages_that_one_row_needs_are_bounded_together() {
    let large = vec![b'x'; 140 << 20];
    let pages = [
        Page {
            kind: DICTIONARY,
            ..Page::new(DICTIONARY, 1, PLAIN, large)
        }
        .compressed(6),
        Page::repeated(1).compressed(6),
    ];
    let (_, _, error) = read(&file(6, &pages, 1), usize::MAX);
    let error = error.unwrap();
    assert!(error.contains("eof decoding byte array"), "{error}");
    let pages: Vec<Page> = (0..3)
        .map(|_| Page::new(DICTIONARY, 1, PLAIN, vec![0; 100 << 20]).compressed(6))
        .collect();
    let pages: Vec<Page> = pages
        .into_iter()
        .chain([Page::repeated(1).compressed(6)])
        .collect();
    let (_, _, error) = read(&file(6, &pages, 1), usize::MAX);
    let error = error.unwrap();
    assert!(error.contains("one row needs up to "), "{error}");
}

/// Files that are changed at one byte, or cut off.
#[test]
fn a_damaged_file_ends_in_an_error_or_in_other_records() {
    let pages = [
        Page::dictionary(&["{}", "[]"]).compressed(6),
        Page::repeated(3).compressed(6),
    ];
    let whole = file(6, &pages, 3);
    for place in 0..whole.len() {
        for flip in [0x01, 0x10, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[place] ^= flip;
            let _ = read(&bytes, 10);
        }
        let _ = read(&whole[..place], 10);
    }
}
