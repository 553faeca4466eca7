//! Tests of candle files: formats, times, ends and gaps of candles.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod ends;
mod formats;
mod python;
mod refused;
mod times;

use std::{fs, path::Path};

use portcullis::types::{Symbol, Timestamp};
use portcullis_sim::simulate::candles::{self, Candle, CandleFile, ReadOptions, Series};

/// Reads a file with options.
fn read_path(path: &Path, options: &ReadOptions) -> Result<Series, String> {
    let file = CandleFile {
        symbol: Some(Symbol::new("BTCUSDT").unwrap()),
        path: path.to_owned(),
    };
    let series = candles::read(&[file], options);
    series.map(|mut series| series.remove(0)).map_err(|error| {
        let folder = path.parent().unwrap().display().to_string();
        error.to_string().replace(&format!("{folder}/"), "")
    })
}

/// Reads the content of a file with this name.
fn read_as(name: &str, content: &[u8], options: &ReadOptions) -> Result<Series, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    read_path(&path, options)
}

fn read(content: &[u8]) -> Result<Series, String> {
    read_as("candles", content, &ReadOptions::default())
}

/// Returns candles as `start end open high low close`.
fn lines(candles: &[Candle]) -> Vec<String> {
    let line = |candle: &Candle| {
        let prices = [candle.open, candle.high, candle.low, candle.close];
        let prices = prices.map(|price| price.to_f64().to_string()).join(" ");
        format!("{} {} {prices}", candle.start, candle.end)
    };
    candles.iter().map(line).collect()
}

/// Returns the starts and ends of candles as `start end`, without the seconds.
fn spans(series: &Series) -> Vec<String> {
    let minute = |at: Timestamp| at.to_string().get(..16).unwrap().to_owned();
    let span = |candle: &Candle| format!("{} {}", minute(candle.start), minute(candle.end));
    series.candles.iter().map(span).collect()
}
