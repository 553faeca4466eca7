//! The timestamps of a record.

use super::IntentError;
use crate::{
    json::RawField,
    types::{IsoOffset, SignedDuration, Timestamp, TimestampError},
};

/// The timestamps of a record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    /// The time of the decision, by the clock of the service that decided.
    pub(crate) decided_at: Option<Timestamp>,
    /// The time of sending: the first present of the stream entry id, `ts` and `timestamp`.
    pub(crate) emitted_at: Option<Timestamp>,
    /// The earliest and the latest of the stream entry ids and `ts`.
    pub(crate) sent: Option<(Timestamp, Timestamp)>,
    /// The earliest and the latest `timestamp`, which may be the time of a candle.
    pub(crate) stamped: Option<(Timestamp, Timestamp)>,
    /// True if the time comes from a `timestamp` without a UTC offset, which was read as UTC.
    pub(crate) offset_assumed: bool,
}

/// The fields that the timestamps are read from, of the record and of its envelope, if it has one.
pub(crate) struct TimeFields<'s, 'a> {
    pub(crate) decided_at: &'s RawField<'a>,
    pub(crate) id: &'s RawField<'a>,
    pub(crate) ts: &'s RawField<'a>,
    pub(crate) timestamp: &'s RawField<'a>,
    /// `id`, `ts` and `timestamp` of the envelope, for the age only.
    pub(crate) outer: [Option<&'s RawField<'a>>; 3],
}

/// 2000-01-01T00:00:00Z.
const PLAUSIBLE_MIN_MS: i64 = 946_684_800_000;
/// 2100-01-01T00:00:00Z.
const PLAUSIBLE_MAX_MS: i64 = 4_102_444_800_000;

/// The unit of a time field.
#[derive(Clone, Copy)]
enum Unit {
    Millis,
    Seconds,
}

impl Times {
    /// The timestamps of a record without any time.
    pub(crate) const UNKNOWN: Self = Self {
        decided_at: None,
        emitted_at: None,
        sent: None,
        stamped: None,
        offset_assumed: false,
    };

    /// Reads the timestamps. Also returns the fault of the first field that is unreadable or implausible. The age is
    /// then unknown.
    pub(crate) fn read(fields: &TimeFields<'_, '_>) -> (Self, Option<IntentError>) {
        let mut times = Self::UNKNOWN;
        let mut faults = Faults::default();
        if fields.decided_at.is_present() {
            times.decided_at = faults.check(millis(fields.decided_at, "decided_at"));
            if times.decided_at.is_none() {
                return (Self::UNKNOWN, faults.0);
            }
        }
        let [outer_id, outer_ts, outer_timestamp] = fields.outer;
        let by_id = entry_id(fields.id);
        let by_ts = faults.check_some(some(fields.ts, |value| millis(value, "ts")));
        let by_timestamp = faults.check_some(some(fields.timestamp, seconds_or_iso));
        let others = [
            outer_id.and_then(entry_id),
            outer_ts.and_then(|ts| faults.check_some(some(ts, |value| millis(value, "ts")))),
        ];
        let outer_stamp = outer_timestamp
            .and_then(|value| faults.check_some(some(value, seconds_or_iso)))
            .map(|(at, _)| at);
        if faults.0.is_some() {
            return (
                Self {
                    decided_at: times.decided_at,
                    ..Self::UNKNOWN
                },
                faults.0,
            );
        }
        let stamp = by_timestamp.map(|(at, _)| at);
        times.emitted_at = by_id.or(by_ts).or(stamp);
        times.sent = span([by_id, by_ts].into_iter().chain(others));
        times.stamped = span([stamp, outer_stamp].into_iter());
        times.offset_assumed = times.decided_at.is_none()
            && by_id.or(by_ts).is_none()
            && matches!(by_timestamp, Some((_, IsoOffset::AssumedUtc)));
        (times, None)
    }

    /// Returns the timestamps of an intent that was sent at this time.
    pub(crate) const fn sent_at(at: Timestamp) -> Self {
        Self {
            emitted_at: Some(at),
            sent: Some((at, at)),
            ..Self::UNKNOWN
        }
    }

    /// Returns the earliest and the latest of the stream entry ids, `ts` and `timestamp`. The record was sent between
    /// these two times. Its age is measured from the earliest, and its lead over the clock from the latest.
    ///
    /// If `timestamp` is the time of a candle, `candle` is the duration from `timestamp` to the end of the candle. It
    /// is added to `timestamp`, because a source sends an intent only after the end of the candle.
    #[inline]
    pub(crate) fn sent_between(
        &self,
        candle: Option<SignedDuration>,
    ) -> Option<(Timestamp, Timestamp)> {
        let candle = candle.unwrap_or(SignedDuration::from_micros(0));
        let stamped = self.stamped.map(|(earliest, latest)| {
            (
                earliest.saturating_add(candle),
                latest.saturating_add(candle),
            )
        });
        match (self.sent, stamped) {
            (Some((one, other)), Some((earliest, latest))) => {
                Some((one.min(earliest), other.max(latest)))
            }
            (sent, stamped) => sent.or(stamped),
        }
    }

    /// Returns the timestamp at which a replay evaluates the record.
    pub(crate) fn event_time(&self) -> Option<Timestamp> {
        self.decided_at.or(self.emitted_at)
    }
}

/// Returns the earliest and the latest time.
fn span(times: impl Iterator<Item = Option<Timestamp>>) -> Option<(Timestamp, Timestamp)> {
    times.flatten().fold(None, |span, at| match span {
        None => Some((at, at)),
        Some((earliest, latest)) => Some((at.min(earliest), at.max(latest))),
    })
}

/// The first fault.
#[derive(Default)]
struct Faults(Option<IntentError>);

impl Faults {
    fn check<T>(&mut self, read: Result<T, IntentError>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(fault) => {
                self.0.get_or_insert(fault);
                None
            }
        }
    }

    fn check_some<T>(&mut self, read: Option<Result<T, IntentError>>) -> Option<T> {
        self.check(read?)
    }
}

fn some<'a, T>(
    value: &RawField<'a>,
    read: impl FnOnce(&RawField<'a>) -> Result<T, IntentError>,
) -> Option<Result<T, IntentError>> {
    value.is_present().then(|| read(value))
}

/// Reads whole milliseconds since the epoch.
fn millis(value: &RawField<'_>, field: &'static str) -> Result<Timestamp, IntentError> {
    let bad = IntentError::BadValue {
        field,
        expected: "a whole number of epoch milliseconds",
    };
    let Ok(Some(text)) = value.number_text() else {
        return Err(bad);
    };
    match Timestamp::parse_epoch_millis(&text) {
        Ok(at) => plausible(at, &text, field, Unit::Millis),
        Err(TimestampError::OutOfRange) => Err(out_of_range(&text, field, Unit::Millis)),
        Err(_) => Err(bad),
    }
}

/// Reads the time of an id in the form of a stream entry id, `<ms>-<n>`. Returns `None` for an id of another form. Also
/// returns `None` for an implausible time and not a fault, because a server that has accepted such an id from a client
/// gives implausible times to all later ids.
fn entry_id(id: &RawField<'_>) -> Option<Timestamp> {
    let text = id.text().ok().flatten()?;
    let at = Timestamp::parse_epoch_millis(stream_millis(&text)?).ok()?;
    is_plausible(at).then_some(at)
}

/// Returns true if an id has the form of a stream entry id, `<ms>-<n>`.
pub(super) fn is_entry_id(id: &RawField<'_>) -> bool {
    let text = id.text().ok().flatten();
    text.as_deref().and_then(stream_millis).is_some()
}

/// Returns the milliseconds of a stream entry id, `<ms>-<n>`.
fn stream_millis(id: &str) -> Option<&str> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let (millis, sequence) = id.split_at_checked(digits(id))?;
    let sequence = sequence.strip_prefix('-')?;
    let is_whole = !millis.is_empty() && !sequence.is_empty() && digits(sequence) == sequence.len();
    is_whole.then_some(millis)
}

/// Reads epoch seconds or ISO-8601.
fn seconds_or_iso(value: &RawField<'_>) -> Result<(Timestamp, IsoOffset), IntentError> {
    const FIELD: &str = "timestamp";
    let bad = IntentError::BadValue {
        field: FIELD,
        expected: "epoch seconds or an ISO-8601 date and time",
    };
    let Ok(Some(text)) = value.number_text() else {
        return Err(bad);
    };
    let (at, offset) = match Timestamp::parse_epoch_seconds(&text) {
        Ok(at) => (at, IsoOffset::Given),
        Err(TimestampError::NotANumber) => Timestamp::parse_iso(&text).map_err(|_| bad)?,
        Err(TimestampError::OutOfRange) => return Err(out_of_range(&text, FIELD, Unit::Seconds)),
        Err(_) => return Err(bad),
    };
    Ok((plausible(at, &text, FIELD, Unit::Seconds)?, offset))
}

/// Returns the time if it lies in the years 2000 to 2099. A time outside these years is never converted to another
/// unit.
fn plausible(
    at: Timestamp,
    text: &str,
    field: &'static str,
    unit: Unit,
) -> Result<Timestamp, IntentError> {
    if is_plausible(at) {
        Ok(at)
    } else {
        Err(out_of_range(text, field, unit))
    }
}

/// Checks that a time of sending is plausible.
pub(super) fn check_plausible(at: Timestamp) -> Result<(), IntentError> {
    if is_plausible(at) {
        Ok(())
    } else {
        Err(out_of_range(
            &at.as_millis().to_string(),
            "ts",
            Unit::Millis,
        ))
    }
}

/// Returns true if a time lies between 2000-01-01 and 2100-01-01, both included.
pub(crate) fn is_plausible(at: Timestamp) -> bool {
    let millis = at.as_micros();
    (PLAUSIBLE_MIN_MS * 1_000..=PLAUSIBLE_MAX_MS * 1_000).contains(&millis)
}

fn out_of_range(text: &str, field: &'static str, unit: Unit) -> IntentError {
    let number = text.parse::<f64>().ok();
    let is_within = |scale: f64| {
        number.is_some_and(|number| {
            let micros = number * scale;
            (946_684_800e6..=4_102_444_800e6).contains(&micros)
        })
    };
    let unit = match unit {
        Unit::Millis if is_within(1e6) => "looks like epoch seconds; send epoch milliseconds",
        Unit::Millis if is_within(1.0) => "looks like epoch microseconds; send epoch milliseconds",
        Unit::Millis if is_within(1e-3) => "looks like epoch nanoseconds; send epoch milliseconds",
        Unit::Seconds if is_within(1e3) => {
            "looks like epoch milliseconds; use `ts`, or send epoch seconds"
        }
        Unit::Seconds if is_within(1.0) => "looks like epoch microseconds; send epoch seconds",
        Unit::Seconds if is_within(1e-3) => "looks like epoch nanoseconds; send epoch seconds",
        Unit::Millis | Unit::Seconds => "is not between the years 2000 and 2100",
    };
    IntentError::ImplausibleTime {
        field,
        value: text.to_owned(),
        unit,
    }
}
