//! Tests of the tape reader, including a comparison with a naive reader.

use std::{
    fs::File,
    io::Write,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

use flate2::{Compression, write::GzEncoder};
use memchr::memmem::{Finder, find};
use proptest::prelude::*;

use super::*;
use crate::tape::{Line, LineContent};

/// An owned copy of [`LineContent`].
#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    Text(String),
    NotUtf8(u64),
    TooLong,
}

type Record = (usize, u64, Content);

/// Returns all records and the error that ended the reading, if any.
fn read(reader: TapeReader) -> (Vec<Record>, Option<String>) {
    let mut records = Vec::new();
    for chunk in reader {
        let chunk = match chunk {
            Ok(chunk) => chunk,
            Err(error) => return (records, Some(error.to_string())),
        };
        records.extend(records_of(&chunk));
    }
    (records, None)
}

fn records_of(chunk: &Chunk) -> impl Iterator<Item = Record> {
    let count = u64::try_from(chunk.lines().count()).unwrap();
    assert_eq!(chunk.record_count(), count);
    check_lines_with(chunk, ["{", "b"]);
    chunk.lines().map(|line| {
        let content = match line.content {
            LineContent::Text(text) => Content::Text(text.to_owned()),
            LineContent::NotUtf8 { column, .. } => Content::NotUtf8(column),
            LineContent::TooLong => Content::TooLong,
        };
        (chunk.tape(), line.number, content)
    })
}

/// Checks that the lines with one of two texts are found.
fn check_lines_with(chunk: &Chunk, texts: [&str; 2]) {
    let found = chunk.lines_with(&texts.map(Finder::new));
    let lines: Vec<_> = chunk.lines().collect();
    let contains = |bytes: &[u8]| {
        texts
            .iter()
            .any(|text| find(bytes, text.as_bytes()).is_some())
    };
    let expected = lines
        .iter()
        .zip(0..)
        .filter(|(line, place)| match line.content {
            LineContent::Text(text) => contains(text.as_bytes()),
            LineContent::NotUtf8 { bytes, .. } => contains(bytes),
            // The content of the line is not known here.
            LineContent::TooLong => found.before.contains(place),
        });
    let (expected, places): (Vec<_>, Vec<u64>) = expected.unzip();
    assert_eq!(
        (found.before, found.records),
        (places, u64::try_from(lines.len()).unwrap())
    );
    let found: Vec<_> = found.chunk.lines().collect();
    let contents = |lines: &[Line<'_>]| {
        lines
            .iter()
            .map(|line| format!("{:?}", line.content))
            .collect::<Vec<_>>()
    };
    let expected: Vec<Line<'_>> = expected.into_iter().copied().collect();
    assert_eq!(contents(&found), contents(&expected));
    assert_eq!(
        found.first().map(|line| line.number),
        expected.first().map(|line| line.number)
    );
}

fn memory(bytes: &[u8]) -> TapeSource {
    TapeSource::Memory {
        name: "test",
        bytes: bytes.into(),
    }
}

fn file(folder: &Path, bytes: &[u8]) -> TapeSource {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let path = folder.join(COUNT.fetch_add(1, Ordering::Relaxed).to_string());
    File::create(&path).unwrap().write_all(bytes).unwrap();
    TapeSource::File(path)
}

fn text(number: u64, text: &str) -> Record {
    (0, number, Content::Text(text.to_owned()))
}

fn check(bytes: &[u8], expected: &[Record]) {
    for chunk_bytes in [1, 2, 7, CHUNK_BYTES] {
        let reader = TapeReader::with_sizes(vec![memory(bytes)], chunk_bytes, RECORD_BYTES_MAX);
        assert_eq!(read(reader), (expected.to_vec(), None));
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

#[test]
fn line_endings_are_recognized() {
    check(b"", &[]);
    check(b"\n", &[]);
    check(b"{}", &[text(1, "{}")]);
    check(b"{}\n", &[text(1, "{}")]);
    check(b"{}\r\n[]\r\n", &[text(1, "{}"), text(2, "[]")]);
    check(b"{}\r\n[]\r", &[text(1, "{}"), text(2, "[]")]);
    check(b"a\rb\n", &[text(1, "a\rb")]);
    check(b"a\n\n \t\r\n\xc2\xa0\nb", &[text(1, "a"), text(5, "b")]);
}

#[test]
fn a_byte_order_mark_is_skipped_only_at_the_start() {
    check(b"\xef\xbb\xbf", &[]);
    check(
        b"\xef\xbb\xbf{}\n\xef\xbb\xbf{}\n",
        &[text(1, "{}"), text(2, "\u{feff}{}")],
    );
    check(b"\xef\xbb\xbf\n{}", &[text(2, "{}")]);
}

#[test]
fn a_line_that_is_not_utf8_does_not_affect_other_lines() {
    check(
        b"{\"a\":1}\n{\"b\":\"\xff\"}\n{\"c\":3}\n\xe2\x82\n",
        &[
            text(1, "{\"a\":1}"),
            (0, 2, Content::NotUtf8(7)),
            text(3, "{\"c\":3}"),
            (0, 4, Content::NotUtf8(1)),
        ],
    );
    // A line feed is never a part of another character, and the byte order mark is not counted as a
    // column.
    check(
        b"\xef\xbb\xbf\xe2\x82\nx",
        &[(0, 1, Content::NotUtf8(1)), text(2, "x")],
    );
}

#[test]
fn the_longest_line_is_16_mib_without_its_line_ending() {
    let longest = "x".repeat(RECORD_BYTES_MAX);
    let longer = "x".repeat(RECORD_BYTES_MAX + 1);
    let longest_by_far = "x".repeat(3 * RECORD_BYTES_MAX);
    let too_long = |number| (0, number, Content::TooLong);
    let check = |bytes: String, expected: &[Record]| {
        let (records, error) = read(TapeReader::new(vec![memory(bytes.as_bytes())]));
        // `assert_eq` would print 16 MiB on failure.
        assert!(records == expected, "{} bytes", bytes.len());
        assert_eq!(error, None);
    };
    check(longest.clone(), &[text(1, &longest)]);
    check(
        format!("\u{feff}{longest}\r\n{{}}\n"),
        &[text(1, &longest), text(2, "{}")],
    );
    check(longer.clone(), &[too_long(1)]);
    check(
        format!("a\n{longer}\r\n{longest}\nb"),
        &[text(1, "a"), too_long(2), text(3, &longest), text(4, "b")],
    );
    check(
        format!("{longest_by_far}\n\na\n{longest_by_far}"),
        &[too_long(1), text(3, "a"), too_long(4)],
    );
}

#[test]
fn memory_is_freed_after_a_long_line() {
    let long = "x".repeat(RECORD_BYTES_MAX);
    let tape = format!("a\n{long}\n{long}{long}\nb\nc");
    let mut reader = TapeReader::new(vec![memory(tape.as_bytes())]);
    let buffers = reader.buffers.clone();
    for chunk in &mut reader {
        let bytes = chunk.unwrap().buffer_bytes();
        assert!(bytes <= RECORD_BYTES_MAX + 8, "{bytes} bytes");
    }
    drop(reader);
    let idle = buffers.idle_bytes();
    assert!(
        !idle.is_empty() && idle.iter().all(|bytes| *bytes == CHUNK_BYTES),
        "{idle:?}"
    );
}

#[test]
fn buffers_are_reused() {
    let tape = "{\"id\":\"0123456789\"}\n".repeat(200_000);
    let mut reader = TapeReader::new(vec![memory(tape.as_bytes())]);
    for chunk in &mut reader {
        drop(chunk.unwrap());
    }
    assert_eq!(reader.buffers.idle_bytes().len(), 2);
}

#[test]
fn compressed_tapes_read_like_plain_tapes() {
    let folder = tempfile::tempdir().unwrap();
    let lines: Vec<String> = (0..30_000).map(|n| format!("{{\"n\":{n}}}")).collect();
    let plain = lines.join("\n");
    let expected: Vec<Record> = (1..).zip(&lines).map(|(n, line)| text(n, line)).collect();
    // The tape is split in the middle of a line.
    let (one, other) = plain.split_at(100_003);
    let skippable = [
        b"\x53\x2a\x4d\x18\x02\0\0\0ab".to_vec(),
        zstd(plain.as_bytes()),
    ];
    for bytes in [
        plain.clone().into_bytes(),
        gzip(plain.as_bytes()),
        [gzip(one.as_bytes()), gzip(b""), gzip(other.as_bytes())].concat(),
        zstd(plain.as_bytes()),
        [zstd(one.as_bytes()), zstd(other.as_bytes())].concat(),
        skippable.concat(),
        gzip(&[b"\xef\xbb\xbf", plain.as_bytes()].concat()),
    ] {
        let size = u64::try_from(bytes.len()).unwrap();
        let reader = TapeReader::new(vec![file(folder.path(), &bytes)]);
        let progress = reader.progress();
        assert_eq!((progress.consumed(), progress.total()), (0, Some(size)));
        assert_eq!(read(reader), (expected.clone(), None));
        assert_eq!(progress.consumed(), size);
    }
}

#[test]
fn a_damaged_archive_yields_the_lines_before_the_damage() {
    let folder = tempfile::tempdir().unwrap();
    // The digits do not repeat, so that the compressed data has several blocks.
    let lines: Vec<String> = (0..60_000_u64)
        .map(|n| format!("{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
        .collect();
    let plain = lines.join("\n");
    let check = |bytes: &[u8], some: bool, message: &str| {
        let source = file(folder.path(), bytes);
        let name = source.to_string();
        let (records, error) = read(TapeReader::new(vec![source]));
        let expected: Vec<Record> = (1..).zip(&lines).map(|(n, line)| text(n, line)).collect();
        assert!(expected.starts_with(&records));
        assert_eq!(!records.is_empty(), some);
        let message = message
            .replace("NAME", &name)
            .replace("LINE", &records.len().to_string());
        assert_eq!(error, Some(message));
    };
    let cut =
        "`NAME` is cut off after line LINE: the compressed data is incomplete; copy the file again";
    for archive in [gzip(plain.as_bytes()), zstd(plain.as_bytes())] {
        check(archive.split_last().unwrap().1, true, cut);
        check(&archive[..archive.len() / 2], true, cut);
        check(&archive[..archive.len() / 2 + 1], true, cut);
        check(&archive[..5], false, cut);
    }
    let members = [gzip(plain.as_bytes()), b"\x1f\x8b\x08".to_vec()].concat();
    // The last line may continue after the damage.
    check(&members, true, cut);
    let garbage = [gzip(plain.as_bytes()), b"garbage beyond".to_vec()].concat();
    check(
        &garbage,
        true,
        "`NAME` is damaged after line LINE: there are extra bytes after the end of the compressed data",
    );
    let mut flipped = zstd(plain.as_bytes());
    flipped[20..60].fill(0xff);
    let (_, error) = read(TapeReader::new(vec![file(folder.path(), &flipped)]));
    assert!(error.unwrap().contains("is damaged after line 0: "));
}

#[test]
fn an_error_ends_the_iteration() {
    let folder = tempfile::tempdir().unwrap();
    let sources = vec![
        memory(b"a"),
        TapeSource::File(folder.path().join("missing")),
        memory(b"b"),
    ];
    let mut reader = TapeReader::new(sources);
    assert_eq!(reader.progress().total(), None);
    assert!(reader.next().unwrap().is_ok());
    let error = reader.next().unwrap().unwrap_err().to_string();
    assert!(error.starts_with("cannot open `"), "{error}");
    assert!(reader.next().is_none());

    let sources = vec![memory(b"PAR1\x15\x04")];
    assert_eq!(
        read(TapeReader::new(sources)).1.unwrap(),
        "`test` contains Parquet, which can be read only from a regular file or a server with range requests; save it to a file \
         and give that file"
    );

    // A directory can be opened but not read.
    let sources = vec![TapeSource::File(folder.path().to_owned())];
    let error = read(TapeReader::new(sources)).1.unwrap();
    assert!(error.starts_with("cannot "), "{error}");
}

#[test]
fn line_numbers_start_at_1_in_each_tape() {
    let sources = vec![memory(b"a\nb"), memory(b""), memory(b"\xef\xbb\xbfc\n")];
    let reader = TapeReader::new(sources);
    let progress = reader.progress();
    let content = |line: &str| Content::Text(line.to_owned());
    assert_eq!(
        read(reader).0,
        [
            (0, 1, content("a")),
            (0, 2, content("b")),
            (2, 1, content("c"))
        ]
    );
    assert_eq!((progress.consumed(), progress.total()), (8, Some(8)));
}

/// A pipe may deliver a part of its data; the reader must not wait for more.
#[test]
fn a_whole_line_is_returned_immediately() {
    struct Slow(vec::IntoIter<&'static [u8]>);
    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Some(mut bytes) = self.0.next() else {
                return Err(io::ErrorKind::WouldBlock.into());
            };
            bytes.read(buffer)
        }
    }
    let from = Slow(vec![&b"a"[..], b"b\nc", b"\nd"].into_iter());
    let mut chunks = Chunks::new(from, 0, 1, Buffers::new(CHUNK_BYTES), RECORD_BYTES_MAX);
    assert_eq!(chunks.next_chunk().unwrap().unwrap().bytes(), b"ab\n");
    assert_eq!(chunks.next_chunk().unwrap().unwrap().bytes(), b"c\n");
    assert!(chunks.next_chunk().is_err());
    assert_eq!(chunks.last_line(), 2);
}

/// Reads the same records naively, by splitting all bytes.
fn naive(bytes: &[u8], line_bytes_max: usize) -> Vec<Record> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    if lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    let mut records = Vec::new();
    for (number, line) in (1..).zip(lines) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let content = match std::str::from_utf8(line) {
            _ if line.len() > line_bytes_max => Content::TooLong,
            Ok(text) if text.trim().is_empty() => continue,
            Ok(text) => Content::Text(text.to_owned()),
            Err(error) => Content::NotUtf8(u64::try_from(error.valid_up_to()).unwrap() + 1),
        };
        records.push((0, number, content));
    }
    records
}

fn any_tape() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => Just(b"\n".to_vec()),
        2 => Just(b"\r".to_vec()),
        1 => Just(b"\xef\xbb\xbf".to_vec()),
        1 => Just(b" ".to_vec()),
        1 => Just("\u{2003}é€😀".as_bytes().to_vec()),
        4 => "[a-z{}]{1,40}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 1..4),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn chunk_ends_do_not_change_records(tape in any_tape(), chunk_bytes in 1_usize..80, line_bytes_max in 0_usize..100) {
        let chunks = Chunks::new(&tape[..], 0, 1, Buffers::new(chunk_bytes), line_bytes_max);
        prop_assert_eq!(read_chunks(chunks), naive(&tape, line_bytes_max));
    }
}

/// Returns all records, and checks that each chunk except the last ends with a line ending.
fn read_chunks(mut chunks: Chunks<&[u8]>) -> Vec<Record> {
    let mut records = Vec::new();
    let mut is_whole = true;
    while let Some(chunk) = chunks.next_chunk().unwrap() {
        assert!(is_whole);
        is_whole = chunk.bytes().is_empty() || chunk.bytes().ends_with(b"\n");
        records.extend(records_of(&chunk));
    }
    records
}
