//! Features and candles on a Redis server.

use std::{collections::BTreeMap, time::Duration};

use portcullis::types::{SignedDuration, Symbol, Timestamp};
use portcullis_forge::{Features, Templates};
use portcullis_service::keys::MARKET;
use portcullis_store::redis::RedisServer;
use redis::{Connection, RedisResult, cmd, streams::StreamRangeReply};
use serde_json::{Map, Value, json};

use super::{
    candles::{PlainCandle, SymbolCandles},
    error::SourceError,
};

/// The timeout of each reply.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// The fields of a market state that are features.
const FEATURES: [&str; 5] = ["sigma", "ts", "p_chop", "spread", "volume"];

fn connect<T>(
    server: &RedisServer,
    read: impl FnOnce(&mut Connection) -> RedisResult<T>,
) -> Result<T, SourceError> {
    let result = server
        .connect(ANSWER_WITHIN)
        .and_then(|mut it| read(&mut it));
    result.map_err(|error| SourceError::Server {
        server: server.name(),
        why: server.error_text(&error),
    })
}

/// Reads the market states of the permitted symbols. The window ends at the time of the latest one. A symbol whose market
/// state is more than `max_feature_age_sec` older than the run has no features.
pub(super) fn market_states(
    server: &RedisServer,
    templates: &Templates,
    now: Timestamp,
) -> Result<Features, SourceError> {
    let symbols: Vec<Symbol> = templates.permitted_symbols().collect();
    let states: Vec<BTreeMap<String, String>> = connect(server, |to| {
        let mut pipe = redis::pipe();
        for symbol in &symbols {
            pipe.cmd("HGETALL").arg(format!("{MARKET}{symbol}"));
        }
        pipe.query(to)
    })?;
    let dated: Vec<(Symbol, Timestamp, BTreeMap<String, String>)> = symbols
        .into_iter()
        .zip(states)
        .filter_map(|(symbol, state)| {
            let at = Timestamp::parse_epoch_seconds(state.get("ts_timestamp")?).ok()?;
            (at <= now).then_some((symbol, at, state))
        })
        .collect();
    let window_end = dated.iter().map(|(_, at, _)| *at).max();
    let window_end = window_end.ok_or(SourceError::Nothing(now))?;
    let max_age = i64::from(templates.max_feature_age_sec()).saturating_mul(1_000_000);
    let max_age = SignedDuration::from_micros(max_age);
    let features = dated.iter().map(|(symbol, at, state)| {
        let is_recent = now.since(*at) <= max_age;
        let number = |name: &str| -> Option<f64> {
            let number: f64 = state.get(name)?.trim().parse().ok()?;
            (is_recent && number.is_finite()).then_some(number)
        };
        let features = FEATURES.map(|name| (name.to_owned(), json!(number(name))));
        (
            symbol.to_string(),
            Value::Object(features.into_iter().collect()),
        )
    });
    let symbols: Map<String, Value> = features.collect();
    let document = json!({"window_end": window_end.to_string(), "symbols": symbols});
    Ok(Features::from_json(&document.to_string())?)
}

/// Reads the last candles of each permitted symbol. An entry has the fields `open_time` and `close_time` in epoch
/// milliseconds, `high`, `low`, `close` and `volume`. A `close_time` that ends in 999 ms is the last millisecond of the
/// candle, so 1 ms is added. An entry without one of these fields, and all entries before it, are ignored.
pub(super) fn candles(
    server: &RedisServer,
    prefix: &str,
    templates: &Templates,
) -> Result<Vec<SymbolCandles>, SourceError> {
    let rule = templates.candle_rule().ok_or(SourceError::NoCandleRule)?;
    let count = rule.returns.saturating_add(2);
    let symbols: Vec<Symbol> = templates.permitted_symbols().collect();
    let streams: Vec<StreamRangeReply> = connect(server, |to| {
        let mut pipe = redis::pipe();
        for symbol in &symbols {
            pipe.add_command(cmd("XREVRANGE"));
            pipe.arg(format!("{prefix}{symbol}"))
                .arg("+")
                .arg("-")
                .arg("COUNT")
                .arg(count);
        }
        pipe.query(to)
    })?;
    let candles = symbols.into_iter().zip(streams).map(|(symbol, stream)| {
        let entries = stream.ids.iter().map_while(|entry| {
            let text = |name: &str| -> Option<String> { entry.get(name) };
            let number = |name: &str| -> Option<f64> { text(name)?.trim().parse().ok() };
            let time = |name: &str| -> Option<Timestamp> {
                Timestamp::from_millis(text(name)?.trim().parse().ok()?).ok()
            };
            // Venues state the last millisecond of a candle as its end.
            let end = time("close_time")?;
            let is_last = end.as_millis().rem_euclid(1000) == 999;
            let rest = SignedDuration::from_micros(if is_last { 1000 } else { 0 });
            Some(PlainCandle {
                start: time("open_time")?,
                end: end.saturating_add(rest),
                high: number("high")?,
                low: number("low")?,
                close: number("close")?,
                volume: number("volume")?,
            })
        });
        let mut candles: Vec<PlainCandle> = entries.collect();
        candles.reverse();
        SymbolCandles { symbol, candles }
    });
    Ok(candles.collect())
}
