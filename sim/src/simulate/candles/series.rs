//! The candles of one symbol: their starts, ends and gaps.

use std::path::Path;

use portcullis::types::{SignedDuration, Symbol, Timestamp};
use serde::Serialize;

use super::{
    candle::Candle,
    error::{CandleError, CandleFault},
    input::ReadOptions,
    interval::Interval,
    rows::{Row, Rows},
    time::{DecidedBy, TimeForm, TimeLabel},
};
use crate::text::to_day;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 24 * 3600 * SECOND;

/// The candles of one symbol in time order.
#[derive(Debug, Clone)]
pub struct Series {
    /// The traded symbol.
    pub symbol: Symbol,
    /// The candles in time order. Candles do not overlap.
    pub candles: Vec<Candle>,
    /// The length of a candle, as given, or the most frequent time between two adjacent candles.
    pub interval: Interval,
    /// The gaps between candles.
    pub gaps: Gaps,
    /// The file from which the candles were read.
    pub source: CandleSource,
}

/// The gaps between the first and the last candle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Gaps {
    /// The number of candles that begin later than the previous candle ends.
    pub count: u64,
    /// The longest gap in seconds.
    pub longest_sec: i64,
}

/// The format of a candle file, and the meaning of its times.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CandleSource {
    /// The format of the file, such as `CSV` or `JSON in zip`.
    pub format: String,
    /// The name of the column with the times.
    pub column: String,
    /// The form of the times, and how it was found.
    pub form: (TimeForm, DecidedBy),
    /// The meaning of the time of a candle, and how it was found.
    pub label: (TimeLabel, DecidedBy),
    /// True if the time is the last day of the candle.
    pub is_last_day: bool,
    /// The number of times that have no UTC offset and were read as UTC.
    pub naive: u64,
}

impl Series {
    /// Builds the candles of a file.
    pub(super) fn new(
        symbol: Symbol,
        (path, format): (&Path, String),
        rows: Rows,
        options: &ReadOptions,
    ) -> Result<Self, CandleError> {
        let form = rows.form();
        let mut times = times(path, &rows, form.0)?;
        let (label, by, distance) = label(&times, rows.column.label, options.time_label);
        for time in &mut times {
            *time = time.saturating_add(distance);
        }
        let found = || Interval::of_distances(distances(&times));
        let interval = options.interval.or_else(found);
        let (Some(interval), false) = (interval, times.is_empty()) else {
            return Err(CandleError::TooFew {
                path: path.to_owned(),
                count: times.len(),
            });
        };
        check_overlaps(path, &rows, &times, interval)?;
        let source = CandleSource {
            format,
            column: rows.column.name,
            form,
            label: (label, by),
            is_last_day: distance.as_micros() == DAY,
            naive: rows.naive,
        };
        let candles = match label {
            TimeLabel::Open => from_starts(rows.rows, &times, interval),
            TimeLabel::Close => from_ends(rows.rows, &times, interval),
        };
        Ok(Self {
            symbol,
            gaps: gaps(&candles),
            candles,
            interval,
            source,
        })
    }
}

/// Returns the times of all rows, which must be ascending.
fn times(path: &Path, rows: &Rows, form: TimeForm) -> Result<Vec<Timestamp>, CandleError> {
    let mut times: Vec<Timestamp> = Vec::with_capacity(rows.rows.len());
    for row in &rows.rows {
        let time = rows.time(row, form).and_then(|time| match times.last() {
            Some(before) if time <= *before => Err(CandleFault::NotLater {
                time,
                before: *before,
                is_naive: rows.naive > 0,
            }),
            Some(_) | None => Ok(time),
        });
        times.push(time.map_err(|fault| CandleError::Candle {
            path: path.to_owned(),
            place: rows.place(row),
            fault,
        })?);
    }
    Ok(times)
}

/// Returns whether the times are starts or ends of candles, how this was found, and the distance from a time to that
/// start or end. The distance is not zero if the times are the last instant or the last day of each candle.
fn label(
    times: &[Timestamp],
    named: Option<TimeLabel>,
    option: Option<TimeLabel>,
) -> (TimeLabel, DecidedBy, SignedDuration) {
    let distance = distance_to_end(times);
    let by_option = option.map(|label| (label, DecidedBy::Option));
    let by_name = named.map(|label| (label, DecidedBy::Name));
    let by_values = distance.map(|_| (TimeLabel::Close, DecidedBy::Values));
    let decided = by_option.or(by_name).or(by_values);
    let (label, by) = decided.unwrap_or((TimeLabel::Open, DecidedBy::Convention));
    let distance = distance.filter(|_| label == TimeLabel::Close);
    (
        label,
        by,
        SignedDuration::from_micros(distance.unwrap_or_default()),
    )
}

/// Returns the microseconds from each time to the end of its candle, if the times have one of these forms: every time is
/// one microsecond or one millisecond before a full second; every time is one second before a full minute; or every
/// time is the last day of a month. Returns `None` for all other times.
fn distance_to_end(times: &[Timestamp]) -> Option<i64> {
    const LAST: [(i64, i64); 3] = [(1, SECOND), (1_000, SECOND), (SECOND, 60 * SECOND)];
    let last = LAST.into_iter().find(|(last, unit)| {
        let mut times = times.iter();
        times.all(|at| (at.as_micros() + last).rem_euclid(*unit) == 0)
    });
    // Midnight of a local time zone is at most about half a day from midnight UTC, so the middle of the next day is
    // used.
    let next_noon = SignedDuration::from_micros(DAY * 3 / 2);
    let is_last_day = |at: &Timestamp| to_day(at.saturating_add(next_noon)).ends_with("-01");
    let are_months = || distances(times).all(|distance| distance.as_micros() >= 27 * DAY);
    match last {
        _ if times.len() < 2 => None,
        Some((last, _)) => Some(last),
        None => (are_months() && times.iter().all(is_last_day)).then_some(DAY),
    }
}

fn distances(times: &[Timestamp]) -> impl Iterator<Item = SignedDuration> {
    let pairs = times.iter().zip(times.iter().skip(1));
    pairs.map(|(before, after)| after.since(*before))
}

/// Checks that no candle begins before the middle of the previous candle. The lengths of days, and of months, differ by
/// less than half, so these candles pass.
fn check_overlaps(
    path: &Path,
    rows: &Rows,
    times: &[Timestamp],
    interval: Interval,
) -> Result<(), CandleError> {
    let length = interval.length().as_micros();
    let after_first = rows.rows.iter().zip(times).skip(1);
    for ((row, time), distance) in after_first.zip(distances(times)) {
        if distance.as_micros().saturating_mul(2) < length {
            return Err(CandleError::Candle {
                path: path.to_owned(),
                place: rows.place(row),
                fault: CandleFault::Overlap {
                    time: *time,
                    distance,
                    interval,
                },
            });
        }
    }
    Ok(())
}

/// Returns true if there is no gap between candles with these times: the second is less than 1.5 intervals later.
fn are_adjacent(before: Timestamp, after: Timestamp, interval: Interval) -> bool {
    let distance = after.since(before).as_micros();
    distance.saturating_mul(2) < interval.length().as_micros().saturating_mul(3)
}

/// Returns candles that begin at the given times. Each candle ends where the next one begins. If a gap follows, it ends
/// one interval after its start.
fn from_starts(rows: Vec<Row>, starts: &[Timestamp], interval: Interval) -> Vec<Candle> {
    let next = starts.iter().skip(1).map(Some).chain([None]);
    let starts = starts.iter().zip(next);
    let candles = rows.into_iter().zip(starts).map(|(row, (start, next))| {
        let end = next.filter(|next| are_adjacent(*start, **next, interval));
        let end = end.map_or_else(|| interval.after(*start), |next| *next);
        row.prices.candle(row.volume, *start, end)
    });
    candles.collect()
}

/// Returns candles that end at the given times. Each candle begins where the previous one ends. After a gap, it begins
/// one interval before its end.
fn from_ends(rows: Vec<Row>, ends: &[Timestamp], interval: Interval) -> Vec<Candle> {
    let previous = [None].into_iter().chain(ends.iter().map(Some));
    let ends = ends.iter().zip(previous);
    let candles = rows.into_iter().zip(ends).map(|(row, (end, previous))| {
        let start = previous.filter(|previous| are_adjacent(**previous, *end, interval));
        let start = start.map_or_else(|| interval.before(*end), |previous| *previous);
        row.prices.candle(row.volume, start, *end)
    });
    candles.collect()
}

fn gaps(candles: &[Candle]) -> Gaps {
    let mut gaps = Gaps::default();
    for (before, after) in candles.iter().zip(candles.iter().skip(1)) {
        let missing = after.start.since(before.end).as_micros();
        if missing > 0 {
            gaps.count += 1;
            gaps.longest_sec = gaps.longest_sec.max(missing / SECOND);
        }
    }
    gaps
}
