//! Tests of files that are not candles: each message states the content and the next step.

use std::{fmt::Write as _, fs, os::unix::fs::FileExt as _, process::Command};

use arrow_ipc::writer::FileWriter;
use arrow_schema::Schema;
use portcullis_sim::simulate::candles::{self, CandleFile, ReadOptions};

use super::{
    formats::{gzip, zipped},
    read, read_as, read_path,
};

const READ: &str = "candles are read from CSV or JSON (plain, or in gzip, zstd or zip), Parquet and Feather (Arrow IPC)";

#[test]
fn foreign_content_is_named() {
    let check = |content: &[u8], found: &str| {
        let expected = format!("`candles` contains {found}; {READ}");
        assert_eq!(read(content).unwrap_err(), expected);
    };
    let page = "an HTML page (the download may have failed)";
    check(b"<!DOCTYPE html>\n<html><body>404</body></html>", page);
    check(b"\n<HTML>", page);
    check(
        b"<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code></Error>",
        "an XML document (the download may have failed)",
    );
    check(
        b"version https://git-lfs.github.com/spec/v1\noid sha256:1",
        "a pointer of Git LFS (run `git lfs pull`)",
    );
    check(b"SQLite format 3\0\x10\0", "SQLite data");
    check(b"\x89HDF\r\n\x1a\n", "HDF5 data");
    check(b"%PDF-1.7", "PDF data");
    check(b"\xd0\xcf\x11\xe0\xa1\xb1", "Excel (.xls) data");
    check(b"\x80\x04\x95\0\0", "Python pickle data");
    check(b"\xfd7zXZ\0", "xz data");
    check(b"BZh91AY", "bzip2 data");
    check(b"7z\xbc\xaf\x27\x1c", "7z data");
    check(b"ORC", "ORC data");
    check(b"Obj\x01", "Avro data");
    check(b"FEA1", "Feather version 1 data");
    check(b"\xff\xfet\0i\0m\0e\0", "UTF-16 data");
    check(b"t\0i\0m\0e\0", "binary data");
    check(b"checksumDUCK\0\x40", "a DuckDB database");
    check(b"PK\x05\x06", "empty zip data");
    check(
        &zipped(&[("[Content_Types].xml", b""), ("xl/workbook.xml", b"")]),
        "an Excel workbook (save it as CSV)",
    );
    check(
        &zipped(&[("a.csv", b"1"), ("b.csv", b"2")]),
        "2 files in a zip archive (it must contain one file)",
    );
    check(
        &zipped(&[("a.parquet", b"PAR1")]),
        "Parquet data inside of a compressed file",
    );
    check(&zipped(&[("a.html", b"<html>")]), page);
    let twice = zstd::encode_all(&*zstd::encode_all(&b"x"[..], 1).unwrap(), 1).unwrap();
    check(&twice, "zstd data inside of a compressed file");
}

#[test]
fn empty_and_damaged_files_are_refused() {
    let empty = "`candles` is empty; export or download the candles again";
    for content in ["", "\n\n", "\u{feff}", " \t "] {
        assert_eq!(read(content.as_bytes()).unwrap_err(), empty, "{content:?}");
    }
    assert_eq!(read(&zipped(&[("a.csv", b"")])).unwrap_err(), empty);
    assert_eq!(
        read(&zstd::encode_all(&b""[..], 1).unwrap()).unwrap_err(),
        empty
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("folder");
    fs::create_dir(&path).unwrap();
    assert_eq!(
        read_path(&path, &ReadOptions::default()).unwrap_err(),
        "`folder` is a directory; give one candle file per symbol"
    );
    let missing = read_path(&folder.path().join("no.csv"), &ReadOptions::default());
    assert!(
        missing
            .unwrap_err()
            .starts_with("cannot read candles from `no.csv`: No such file")
    );
    let mut csv = "timestamp,open,high,low,close\n".to_owned();
    for n in 0..10_000 {
        writeln!(csv, "{},1,1,1,1", 1_767_571_200 + n * 60).unwrap();
    }
    let cut = |whole: Vec<u8>| read(&whole[..whole.len() / 2]).unwrap_err();
    let incomplete = "`candles` cannot be decompressed: the compressed data is incomplete; copy or download the file again";
    assert_eq!(
        cut(zstd::encode_all(csv.as_bytes(), 1).unwrap()),
        incomplete
    );
    assert_eq!(cut(gzip(csv.as_bytes())), incomplete);
    let damaged = cut(zipped(&[("a.csv", csv.as_bytes())]));
    assert!(
        damaged.starts_with("`candles` cannot be decompressed: ")
            && damaged.ends_with("; copy or download the file again"),
        "{damaged}"
    );
}

#[test]
fn wrong_columns_are_named() {
    let refused = |content: &str| read(content.as_bytes()).unwrap_err();
    let required =
        "the required columns are a time (timestamp, date, open_time, …), open, high, low, close";
    assert_eq!(
        refused(
            "Price,Close,High,Low,Open,Volume\nTicker,BTC-USD,BTC-USD,BTC-USD,BTC-USD,BTC-USD\n"
        ),
        format!(
            "`candles` has no column `timestamp`; {required}; the file has `Price`, `Close`, `High`, `Low`, `Open`, `Volume`"
        )
    );
    assert_eq!(
        refused("https://www.CryptoDataDownload.com\nunix,open,high,low,close\n"),
        format!(
            "`candles` has no column `timestamp`; {required}; the file has `https://www.CryptoDataDownload.com`"
        )
    );
    assert_eq!(
        refused(r#"{"code":-1121,"msg":"Invalid symbol."}"#),
        format!("`candles` has no column `timestamp`; {required}; the file has `code`, `msg`")
    );
    assert_eq!(
        refused("date,open,high,low,close,OPEN\n"),
        "`candles` has two columns `open`; remove or rename one of them"
    );
    let wide: Vec<String> = (0..20).map(|n| format!("c{n}")).collect();
    assert!(refused(&wide.join(",")).ends_with("`c10`, `c11` and 8 more"));
    let none = read_as("candles.json", b"[]", &ReadOptions::default());
    assert!(
        none.unwrap_err()
            .starts_with("`candles.json` has 0 candles")
    );
}

#[test]
fn a_first_line_is_a_header_unless_it_is_a_candle() {
    let found = |first: &str, columns: &str| {
        let expected = format!(
            "`candles` has no column `timestamp`; the required columns are a time (timestamp, date, open_time, …), open, high, low, close; the file has {columns}"
        );
        let content = format!("{first}\n2026-01-06,1,1,1,1\n");
        assert_eq!(read(content.as_bytes()).unwrap_err(), expected);
    };
    found("x,1,1,1,1", "`x`, `1`, `1`, `1`, `1`");
    found("2026-01-05,1,x,1,1", "`2026-01-05`, `1`, `x`, `1`, `1`");
    let none = feather_without_columns();
    assert!(
        read(&none)
            .unwrap_err()
            .ends_with("; the file has no columns")
    );
}

fn feather_without_columns() -> Vec<u8> {
    let mut writer = FileWriter::try_new(Vec::new(), &Schema::empty()).unwrap();
    writer.finish().unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn a_table_in_a_pipe_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    let made = Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    let writer = path.clone();
    let content = feather_without_columns();
    let writer = std::thread::spawn(move || fs::write(writer, content));
    assert_eq!(
        read_path(&path, &ReadOptions::default()).unwrap_err(),
        "`pipe` contains Feather (Arrow IPC), which can be read only from a regular file; save it to a file and give that file"
    );
    writer.join().unwrap().unwrap();
}

const FOOTER_BYTES_MAX: u32 = 16 * 1024 * 1024;

#[test]
fn a_footer_of_feather_that_is_too_large_is_not_read() {
    let refused = |size: u32| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("candles");
        let file = fs::File::create(&path).unwrap();
        file.write_all_at(b"ARROW1\0\0", 0).unwrap();
        let end = 8 + u64::from(size);
        file.write_all_at(&size.to_le_bytes(), end).unwrap();
        file.write_all_at(b"ARROW1", end + 4).unwrap();
        read_path(&path, &ReadOptions::default()).unwrap_err()
    };
    let damaged = "cannot read candles from `candles` as Feather: ";
    assert_eq!(
        refused(FOOTER_BYTES_MAX + 1),
        format!(
            "{damaged}its footer has {} bytes, more than the maximum of {FOOTER_BYTES_MAX}",
            FOOTER_BYTES_MAX + 1
        )
    );
    assert!(!refused(FOOTER_BYTES_MAX).contains("its footer has"));
}

#[test]
fn two_files_of_one_symbol_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let read = |names: [&str; 2]| {
        let files = names.map(|name| {
            let path = folder.path().join(name);
            fs::write(
                &path,
                "time,open,high,low,close\n2026-01-05,1,1,1,1\n2026-01-06,1,1,1,1\n",
            )
            .unwrap();
            CandleFile { symbol: None, path }
        });
        let read = candles::read(&files, &ReadOptions::default());
        read.map(|series| {
            series
                .into_iter()
                .map(|it| it.symbol.to_string())
                .collect::<Vec<_>>()
        })
    };
    assert_eq!(
        read(["ETHUSDT_1d.csv", "BTCUSDT-1d.csv"]).unwrap(),
        ["BTCUSDT", "ETHUSDT"]
    );
    let error = read(["ETHUSDT.csv", "ETHUSDT_1d.csv"])
        .unwrap_err()
        .to_string();
    assert!(
        error.ends_with(
            "ETHUSDT_1d.csv` is a second candle file for ETHUSDT; give one file per symbol"
        ),
        "{error}"
    );
}

#[test]
fn invalid_rows_are_refused_with_their_place() {
    let refused = |content: &str, expected: &str| {
        assert_eq!(
            read(content.as_bytes()).unwrap_err(),
            format!("`candles`, {expected}")
        );
    };
    let head = "time,open,high,low,close";
    refused(
        &format!("{head}\r\n2026-01-05,1,1,1,1\r\n2026-01-06,1,x,1,1\r\n"),
        "line 3: `high` is `x`: not a decimal number",
    );
    refused(
        "time;open;high;low;close\n2026-01-05;1,5;2;1;1\n",
        "line 2: `open` is `1,5`: not a decimal number; write numbers with a decimal point and without separators",
    );
    refused(
        &format!("{head}\n05.01.2026,1,1,1,1\n"),
        "line 2: `time` is `05.01.2026`: expected ISO-8601, such as 2026-01-05T00:00:00Z or 2026-01-05, or a number of seconds, milliseconds, microseconds or nanoseconds since 1970",
    );
    refused(
        "[[1767571200000,1,1,1,1],[1767571260000,1,1,null,1]]",
        "row 2: `low` is ``: not a decimal number",
    );
    refused(
        "[[1767571200000,1,1,1,1],[1767571260000,1]]",
        "row 2: `high` is ``: not a decimal number",
    );
    let long = format!("[[1767571200000,1,1,1,1],[{}1]]", "1,".repeat(1 << 20));
    refused(&long, "row 2: the line is longer than 1048576 bytes");
    let long = format!("{head}\n2026-01-05,1,1,1,1\n{}", "1,".repeat(1 << 20));
    refused(&long, "line 3: the line is longer than 1048576 bytes");
    let json = |content: &str| read(content.as_bytes()).unwrap_err();
    assert_eq!(
        json("[1767571200000,1,1,1,1]"),
        "cannot read candles from `candles` as JSON: invalid type: integer `1767571200000`, expected a candle as an array [time, open, high, low, close] or as an object at line 1 column 15"
    );
    let object = r#"{"time": 1767571200000, "open": 1, "high": 1, "low": 1, "close": 1}"#;
    assert_eq!(
        json(&format!("{object}\n[1]")),
        "cannot read candles from `candles` as JSON: invalid type: sequence, expected an array of candles, or one candle per line at line 2 column 1"
    );
    assert!(
        json("[[1767571200000,1,1,1,1],")
            .starts_with("cannot read candles from `candles` as JSON: EOF while parsing")
    );
}
