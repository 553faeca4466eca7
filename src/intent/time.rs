//! The timestamps of a record.

use std::borrow::Cow;

use crate::{
    json::RawField,
    types::{IsoOffset, Timestamp},
};

/// The timestamps of a record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    /// The time of the decision, by the clock of the service that decided.
    pub(crate) decided_at: Option<Timestamp>,
    /// The time of sending: the first present of the stream entry id, `ts` and `timestamp`.
    pub(crate) emitted_at: Option<Timestamp>,
    /// True if the time comes from a `timestamp` without a UTC offset, which was read as UTC.
    pub(crate) offset_assumed: bool,
    /// True if the time of sending is unreadable. In this case, `decided_at` is not used instead.
    sent_unreadable: bool,
}

/// The fields from which the timestamps are read.
pub(crate) struct TimeFields<'s, 'a> {
    pub(crate) decided_at: &'s RawField<'a>,
    pub(crate) id: &'s RawField<'a>,
    pub(crate) ts: &'s RawField<'a>,
    pub(crate) timestamp: &'s RawField<'a>,
}

/// Returns the values that a timestamp field accepts.
pub(super) fn expected(field: &str) -> &'static str {
    match field {
        "timestamp" => "epoch seconds or an ISO-8601 date and time",
        "id" => "a stream id whose part before the `-` is epoch milliseconds before the year 10000",
        _ => "a whole number of epoch milliseconds",
    }
}

impl Times {
    /// The timestamps of a record without any time.
    pub(crate) const UNKNOWN: Self = Self {
        decided_at: None,
        emitted_at: None,
        offset_assumed: false,
        sent_unreadable: false,
    };

    /// Reads the timestamps. Also returns the name of the first field that is present but
    /// unreadable.
    pub(crate) fn read(fields: &TimeFields<'_, '_>) -> (Self, Option<&'static str>) {
        let mut times = Self::UNKNOWN;
        let mut unreadable = None;
        if fields.decided_at.is_present() {
            times.decided_at = millis(fields.decided_at);
            if times.decided_at.is_none() {
                // The first field that is present is used, even if it is unreadable.
                return (Self::UNKNOWN, Some("decided_at"));
            }
        }
        let id = fields.id.text().ok().flatten();
        if let Some(entry) = id.as_deref().and_then(stream_millis) {
            times.emitted_at = Timestamp::parse_epoch_millis(entry).ok();
            unreadable = times.emitted_at.is_none().then_some("id");
        } else if fields.ts.is_present() {
            times.emitted_at = millis(fields.ts);
            unreadable = times.emitted_at.is_none().then_some("ts");
        } else if fields.timestamp.is_present() {
            let read = seconds_or_iso(fields.timestamp);
            times.emitted_at = read.map(|(at, _)| at);
            unreadable = read.is_none().then_some("timestamp");
            times.offset_assumed =
                times.decided_at.is_none() && matches!(read, Some((_, IsoOffset::AssumedUtc)));
        }
        times.sent_unreadable = unreadable.is_some();
        (times, unreadable)
    }

    /// Returns the time of sending; if the record has none, the time of the decision.
    pub(crate) fn sent_at(&self) -> Option<Timestamp> {
        if self.sent_unreadable {
            None
        } else {
            self.emitted_at.or(self.decided_at)
        }
    }

    /// Returns the timestamp at which a replay evaluates the record.
    pub(crate) fn event_time(&self) -> Option<Timestamp> {
        self.decided_at.or(self.emitted_at)
    }
}

/// Reads whole milliseconds since the epoch.
fn millis(value: &RawField<'_>) -> Option<Timestamp> {
    let text = value.number_text().ok().flatten()?;
    Timestamp::parse_epoch_millis(&text).ok()
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
fn seconds_or_iso(value: &RawField<'_>) -> Option<(Timestamp, IsoOffset)> {
    let text: Cow<'_, str> = value.number_text().ok().flatten()?;
    match Timestamp::parse_epoch_seconds(&text) {
        Ok(at) => Some((at, IsoOffset::Given)),
        Err(crate::types::TimestampError::NotANumber) => Timestamp::parse_iso(&text).ok(),
        Err(_) => None,
    }
}
