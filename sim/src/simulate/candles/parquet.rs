//! Candles from Parquet, with the same columns as CSV.
//!
//! Prices are numbers or text. `timestamp` is a timestamp, text or epoch seconds; `open_time` is a timestamp or whole
//! epoch milliseconds.

use std::{fs::File, path::Path};

use arrow_array::RecordBatch;

use super::{
    candle::{Candle, PRICES, candle, push, time},
    error::{CandleError, CandleFault},
};
use crate::{
    simulate::units::Price,
    tape::parquet::{Input, is_value, plain},
};

/// The first bytes of a file.
pub(super) const MAGIC: &[u8] = b"PAR1";

/// The number of bytes in [`MAGIC`].
pub(super) const MAGIC_BYTES: u64 = 4;

/// Reads all candles, each with its row number, counted from 1.
pub(super) fn read(path: &Path, file: File) -> Result<Vec<(Candle, u64)>, CandleError> {
    let not_read = |why: String| CandleError::Parquet {
        path: path.to_owned(),
        why,
    };
    let input = Input::open(file).map_err(not_read)?;
    let schema = input.schema();
    let has = |name: &str| schema.column_with_name(name).is_some();
    let time = match has("open_time") && !has("timestamp") {
        true => "open_time",
        false => "timestamp",
    };
    let mut places = Vec::new();
    for column in [time].into_iter().chain(PRICES) {
        let (place, field) =
            schema
                .column_with_name(column)
                .ok_or_else(|| CandleError::NoColumn {
                    path: path.to_owned(),
                    column,
                })?;
        if !is_value(field.data_type()) {
            let found = field.data_type();
            return Err(not_read(format!(
                "column `{column}` has type {found}; expected numbers, timestamps or text"
            )));
        }
        places.push(place);
    }
    let batches = input.batches(&places).map_err(not_read)?;
    let mut candles = Vec::new();
    let mut row = 0;
    for batch in batches {
        let batch = batch.map_err(|error| not_read(error.to_string()))?;
        for place in 0..batch.num_rows() {
            row += 1;
            let candle = read_row(&batch, place, time);
            let pushed = candle.and_then(|candle| push(&mut candles, candle, row));
            pushed.map_err(|fault| CandleError::Line {
                path: path.to_owned(),
                line: row,
                fault,
            })?;
        }
    }
    Ok(candles)
}

fn read_row(batch: &RecordBatch, row: usize, time_column: &str) -> Result<Candle, CandleFault> {
    let is_millis = time_column == "open_time";
    let text = |column: &str| {
        let values = batch.column_by_name(column);
        values
            .and_then(|values| plain(values, row, !is_millis))
            .unwrap_or_default()
    };
    let price = |column| {
        Price::parse(&text(column)).map_err(|why| CandleFault::Value {
            column,
            value: text(column),
            why,
        })
    };
    let [open, high, low, close] = PRICES;
    let prices = [price(open)?, price(high)?, price(low)?, price(close)?];
    candle(time(&text(time_column), is_millis)?, prices)
}
