//! Tests of formats: the same candles in each of them.

use std::{io::Write as _, sync::Arc};

use arrow_array::{
    ArrayRef, Date32Array, Decimal128Array, DictionaryArray, Float64Array, Int64Array, RecordBatch,
    StringArray, StringViewArray, TimestampNanosecondArray, types::Int8Type,
};
use arrow_ipc::{
    CompressionType, MetadataVersion, root_as_footer,
    writer::{FileWriter, IpcWriteOptions},
};
use flate2::{Compression, write::GzEncoder};
use parquet::arrow::ArrowWriter;
use portcullis_sim::simulate::candles::{DecidedBy, TimeLabel};
use zip::{ZipWriter, write::SimpleFileOptions};

use super::{lines, read};

const CSV: &str = "\
timestamp,open,high,low,close,volume
2026-01-05T00:00:00Z,100,101,99,100.5,1
2026-01-05T00:01:00Z,100.5,101.5,99.5,101.25,2
2026-01-05T00:02:00Z,101.25,102.25,100.25,100.75,3
";

const EXPECTED: [&str; 3] = [
    "2026-01-05T00:00:00Z 2026-01-05T00:01:00Z 100 101 99 100.5",
    "2026-01-05T00:01:00Z 2026-01-05T00:02:00Z 100.5 101.5 99.5 101.25",
    "2026-01-05T00:02:00Z 2026-01-05T00:03:00Z 101.25 102.25 100.25 100.75",
];

/// Checks that a content has the expected candles, and returns the name of its format.
#[track_caller]
fn check(content: &[u8]) -> String {
    let series = read(content).unwrap();
    assert_eq!(lines(&series.candles), EXPECTED);
    series.source.format
}

pub(super) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// Returns a zip archive with these files.
pub(super) fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        archive
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[test]
fn csv_is_read_with_any_separator_case_order_and_line_ending() {
    assert_eq!(check(CSV.as_bytes()), "CSV");
    for separator in [";", "\t"] {
        check(CSV.replace(',', separator).as_bytes());
    }
    check(CSV.replace('\n', "\r\n").as_bytes());
    check(format!("\u{feff}{CSV}").as_bytes());
    check(CSV.to_uppercase().as_bytes());
    check(
        CSV.replace("timestamp,open", "\" Date \",\"Open\"")
            .as_bytes(),
    );
    check(CSV.replace(",volume", ",\"volume; in BTC\"").as_bytes());
    let reordered = CSV.lines().map(|line| {
        let mut fields: Vec<&str> = line.split(',').collect();
        fields.reverse();
        fields.join(",") + "\n"
    });
    check(reordered.collect::<String>().as_bytes());
    let numbered = CSV.lines().zip(0..).map(|(line, n)| match n {
        0 => format!(",{line}\n"),
        n => format!("{},{line}\n", n - 1),
    });
    check(numbered.collect::<String>().as_bytes());
    let exponents = CSV.replace(",100,", ",1e2,").replace(",99,", ",9.90E+01,");
    check(exponents.as_bytes());
}

#[test]
fn the_separator_is_found_outside_of_quotes() {
    check(CSV.replace("volume", "\"a;b;c;d;e;f;g;h\"").as_bytes());
    // The separators of later lines do not count.
    let semicolons = ";;;;;;;;;;;;;;;;;;;;";
    let notes = CSV.lines().zip(["note", semicolons, "", semicolons]);
    let notes = notes.map(|(line, note)| format!("{line},{note}\n"));
    check(notes.collect::<String>().as_bytes());
    // A line break in quotes does not end the header.
    let first = CSV.lines().zip(["\"number\nof the row\"", "1", "2", "3"]);
    let first = first.map(|(line, field)| format!("{field};{}\n", line.replace(',', ";")));
    check(first.collect::<String>().as_bytes());
}

#[test]
fn a_file_of_any_length_is_read_in_lines_of_up_to_a_mebibyte() {
    let long = "x".repeat(1 << 19);
    let rows = CSV.lines().map(|line| format!("{line},{long}\n"));
    check(rows.collect::<String>().as_bytes());
}

#[test]
fn a_column_of_times_of_day_is_only_added_to_a_date() {
    let rows = |of: fn(usize) -> [String; 2]| {
        let rows = CSV.lines().enumerate().map(|(n, line)| {
            let (_, prices) = line.split_once(',').unwrap();
            let [date, time] = match n {
                0 => ["date", "time"].map(str::to_owned),
                n => of(n - 1),
            };
            format!("{date},{time},{prices}\n")
        });
        rows.collect::<String>()
    };
    check(rows(|n| ["2026-01-05".to_owned(), format!("00:0{n}")]).as_bytes());
    check(rows(|n| [format!("2026-01-05 00:0{n}:00"), format!("09:0{n}")]).as_bytes());
    let dates = rows(|n| [format!("2026-01-0{}", n + 5), "09".to_owned()]);
    let dates = read(dates.as_bytes()).unwrap();
    assert_eq!(dates.candles[2].start.to_string(), "2026-01-07T00:00:00Z");
    assert_eq!(dates.interval.to_string(), "1d");
}

#[test]
fn an_invalid_row_of_a_table_is_named() {
    let texts = |prices: Vec<f64>| -> ArrayRef {
        let texts = prices.iter().map(f64::to_string);
        Arc::new(StringArray::from_iter_values(
            texts.map(|text| text.replace("102.25", "x")),
        ))
    };
    let times = Int64Array::from(vec![1_767_571_200, 1_767_571_260, 1_767_571_320]);
    let batch = batch("timestamp", Arc::new(times), texts);
    for content in [parquet(&batch), feather(&batch, None)] {
        assert_eq!(
            read(&content).unwrap_err(),
            "`candles`, row 3: `high` is `x`: not a decimal number"
        );
    }
}

#[test]
fn dates_and_times_are_read_in_two_columns() {
    let terminal = "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>
2026.01.05\t00:00:00\t100\t101\t99\t100.5\t1
2026.01.05\t00:01:00\t100.5\t101.5\t99.5\t101.25\t2
2026.01.05\t00:02:00\t101.25\t102.25\t100.25\t100.75\t3
";
    check(terminal.as_bytes());
    assert_eq!(read(terminal.as_bytes()).unwrap().source.naive, 3);
}

#[test]
fn kline_files_of_binance_are_read_without_a_header() {
    let dump = |unit: &str| {
        let row =
            |begin: &str, prices: &str| format!("{begin}000{unit},{prices},1.5,0,150,9,0.5,50,0\n");
        [
            row(
                "1767571200",
                "100.00000000,101.00000000,99.00000000,100.50000000",
            ),
            row(
                "1767571260",
                "100.50000000,101.50000000,99.50000000,101.25000000",
            ),
            row(
                "1767571320",
                "101.25000000,102.25000000,100.25000000,100.75000000",
            ),
        ]
        .concat()
    };
    // The time of other files without a header is the open of the candle only by convention.
    let short = dump("").replace(",1.5,0,150,9,0.5,50,0", "");
    for (dump, by) in [(dump(""), DecidedBy::Name), (short, DecidedBy::Convention)] {
        let label = read(dump.as_bytes()).unwrap().source.label;
        assert_eq!(label, (TimeLabel::Open, by));
    }
    for unit in ["", "000"] {
        let dump = dump(unit);
        assert_eq!(check(dump.as_bytes()), "CSV");
        let name = "BTCUSDT-1m-2026-01-05.csv";
        assert_eq!(check(&zipped(&[(name, dump.as_bytes())])), "CSV in zip");
        let header = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n";
        check(format!("{header}{dump}").as_bytes());
    }
}

#[test]
fn json_of_ccxt_freqtrade_and_binance_is_read() {
    let ccxt = "[[1767571200000,100.0,101.0,99.0,100.5,1.5],
        [1767571260000, 1.005e2, 101.5, 99.5, 101.25, null],
        [1767571320000, 101.25, 102.25, 100.25, 100.75, 3]]";
    assert_eq!(check(ccxt.as_bytes()), "JSON");
    let binance = "[[1767571200000,\"100.0\",\"101.0\",\"99.0\",\"100.5\",\"1\",1767571259999,\"1\",1,\"1\",\"1\",\"0\"],
        [1767571260000,\"100.5\",\"101.5\",\"99.5\",\"101.25\",\"1\",1767571319999,\"1\",1,\"1\",\"1\",\"0\"],
        [1767571320000,\"101.25\",\"102.25\",\"100.25\",\"100.75\",\"1\",1767571379999,\"1\",1,\"1\",\"1\",\"0\"]]";
    check(binance.as_bytes());
    let objects = [
        r#"{"Date": "2026-01-05", "open": 100, "high": 101, "low": 99, "close": 100.5}"#,
        r#"{"Date": "2026-01-05 00:01", "close": 101.25, "open": "100.5", "high": 101.5, "low": 99.5}"#,
        r#"{"Date": "2026-01-05 00:02:00.000", "x": {"y": []}, "open": 101.25, "high": 102.25, "low": 100.25, "close": 100.75}"#,
    ];
    check(format!("\u{feff} [{}]\n", objects.join(",")).as_bytes());
    check(objects.join("\n").as_bytes());
    assert_eq!(check(&gzip(ccxt.as_bytes())), "JSON in gzip");
}

#[test]
fn text_is_read_from_gzip_zstd_and_zip() {
    let content = CSV.as_bytes();
    assert_eq!(check(&gzip(content)), "CSV in gzip");
    let (first, second) = content.split_at(100);
    check(&[gzip(first), gzip(second)].concat());
    let zstd = zstd::encode_all(content, 1).unwrap();
    assert_eq!(check(&zstd), "CSV in zstd");
    let others: [(&str, &[u8]); 3] = [
        ("__MACOSX/._a.csv", b"x"),
        ("folder/", b""),
        ("folder/a.csv", content),
    ];
    assert_eq!(check(&zipped(&others)), "CSV in zip");
}

/// Returns the expected candles as columns, with these times and this form of prices.
fn batch(name: &str, times: ArrayRef, price: impl Fn(Vec<f64>) -> ArrayRef) -> RecordBatch {
    RecordBatch::try_from_iter([
        ("Close", price(vec![100.5, 101.25, 100.75])),
        ("Open", price(vec![100.0, 100.5, 101.25])),
        ("HIGH", price(vec![101.0, 101.5, 102.25])),
        ("low", price(vec![99.0, 99.5, 100.25])),
        (name, times),
    ])
    .unwrap()
}

fn parquet(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

fn feather(batch: &RecordBatch, compression: Option<CompressionType>) -> Vec<u8> {
    let options = IpcWriteOptions::default()
        .try_with_compression(compression)
        .unwrap();
    let mut writer =
        FileWriter::try_new_with_options(Vec::new(), &batch.schema(), options).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn columns_of_any_type_are_read_from_parquet_and_feather() {
    let floats = |prices: Vec<f64>| -> ArrayRef { Arc::new(Float64Array::from(prices)) };
    let texts = |prices: Vec<f64>| -> ArrayRef {
        Arc::new(StringViewArray::from_iter_values(
            prices.iter().map(f64::to_string),
        ))
    };
    let dictionary = |prices: Vec<f64>| -> ArrayRef {
        let texts: Vec<String> = prices.iter().map(f64::to_string).collect();
        let texts: DictionaryArray<Int8Type> = texts.iter().map(String::as_str).collect();
        Arc::new(texts)
    };
    let decimals = |prices: Vec<f64>| -> ArrayRef {
        // The expected prices have at most two decimal places.
        let scaled = prices
            .iter()
            .map(|price| format!("{:.2}", price).replace('.', ""));
        let scaled = scaled.map(|digits| digits.parse::<i128>().unwrap());
        let array = Decimal128Array::from_iter_values(scaled);
        Arc::new(array.with_precision_and_scale(20, 2).unwrap())
    };
    let second = |n: i64| 1_767_571_200 + n * 60;
    let nanos =
        TimestampNanosecondArray::from_iter_values([0, 1, 2].map(|n| second(n) * 1_000_000_000));
    let texts_of_times =
        StringArray::from_iter_values([0, 1, 2].map(|n| format!("2026-01-05 00:0{n}:00+00:00")));
    let batches = [
        batch(
            "__index_level_0__",
            Arc::new(nanos.with_timezone("Asia/Tokyo")),
            floats,
        ),
        batch(
            "Open time",
            Arc::new(Int64Array::from_iter_values(
                [0, 1, 2].map(|n| second(n) * 1_000_000),
            )),
            decimals,
        ),
        batch("DATE", Arc::new(texts_of_times), texts),
        batch(
            "ts_s",
            Arc::new(Float64Array::from(vec![
                1_767_571_200.0,
                1_767_571_260.0,
                1_767_571_320.0,
            ])),
            dictionary,
        ),
    ];
    for batch in &batches {
        assert_eq!(check(&parquet(batch)), "Parquet");
        for compression in [
            None,
            Some(CompressionType::LZ4_FRAME),
            Some(CompressionType::ZSTD),
        ] {
            assert_eq!(check(&feather(batch, compression)), "Feather");
        }
    }
    let days = Date32Array::from(vec![20_458, 20_459, 20_460]);
    let days = read(&parquet(&batch("date", Arc::new(days), floats))).unwrap();
    assert_eq!(days.candles[0].start.to_string(), "2026-01-05T00:00:00Z");
    assert_eq!(days.interval.to_string(), "1d");
}

/// The batch that the tests of Feather files write.
fn numbers() -> RecordBatch {
    let floats = |prices: Vec<f64>| -> ArrayRef { Arc::new(Float64Array::from(prices)) };
    let times = Int64Array::from(vec![1_767_571_200, 1_767_571_260, 1_767_571_320]);
    batch("timestamp", Arc::new(times), floats)
}

#[test]
fn feather_files_of_old_writers_are_read() {
    let options = IpcWriteOptions::try_new(8, true, MetadataVersion::V4).unwrap();
    let batch = numbers();
    let mut writer =
        FileWriter::try_new_with_options(Vec::new(), &batch.schema(), options).unwrap();
    writer.write(&batch).unwrap();
    check(&writer.into_inner().unwrap());
}

#[test]
fn a_block_must_be_inside_of_its_feather_file() {
    let whole = feather(&numbers(), None);
    let (begin, block) = {
        let size = whole.len() - 10;
        let footer = u32::from_le_bytes(whole[size..size + 4].try_into().unwrap());
        let footer = root_as_footer(&whole[size - usize::try_from(footer).unwrap()..size]).unwrap();
        let block = *footer.recordBatches().unwrap().get(0);
        (block.offset() + i64::from(block.metaDataLength()), block.0)
    };
    let place = whole
        .windows(block.len())
        .position(|it| it == block)
        .unwrap();
    let with_end = |end: i64| {
        let mut changed = whole.clone();
        changed[place + 16..place + 24].copy_from_slice(&(end - begin).to_le_bytes());
        read(&changed)
    };
    let bytes = i64::try_from(whole.len()).unwrap();
    assert_eq!(lines(&with_end(bytes).unwrap().candles), EXPECTED);
    assert_eq!(
        with_end(bytes + 1).unwrap_err(),
        "cannot read candles from `candles` as Feather: it is damaged; copy the file again, or write it again (pandas: `to_feather`)"
    );
}

/// A truncated or changed file is an error or gives candles, but never ends the program.
#[test]
fn damaged_feather_files_are_refused() {
    let floats = |prices: Vec<f64>| -> ArrayRef { Arc::new(Float64Array::from(prices)) };
    let times = Int64Array::from(vec![1_767_571_200, 1_767_571_260, 1_767_571_320]);
    let batch = batch("timestamp", Arc::new(times), floats);
    let whole = feather(&batch, Some(CompressionType::LZ4_FRAME));
    for end in (8..whole.len()).step_by(5) {
        let message = read(&whole[..end]).unwrap_err();
        assert!(
            message.contains("as Feather: it is cut off"),
            "{end}: {message}"
        );
    }
    let mut refused = 0;
    for place in (8..whole.len()).step_by(3) {
        for byte in [0, 0xff] {
            let mut changed = whole.clone();
            changed[place] = byte;
            refused += u32::from(read(&changed).is_err());
        }
    }
    assert!(refused > 100, "{refused}");
}
