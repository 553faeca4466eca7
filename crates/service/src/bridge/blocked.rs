//! Entries whose answers could not be written, and the alarms about the keys that could not be written.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant as Tick},
};

use redis::RedisError;

use super::metrics;
use crate::{
    runtime::{alarm, line},
    stream::StreamEntry,
};

/// Interval between two attempts to write the answers.
const RETRY_EVERY: Duration = Duration::from_millis(500);
/// Interval at which a continuing alarm is repeated.
const REPEAT_EVERY: Duration = Duration::from_secs(60);
/// Bounds of the entries that are kept for the next attempt. Other entries stay pending on the server, and are claimed
/// after `--claim-after`.
const ENTRIES_MAX: usize = 1_024;
const BYTES_MAX: usize = 8 * 1024 * 1024;

/// The entries of one stream whose answers could not be written. They are retried separately from all other entries, so
/// they block no other entry.
pub(super) struct Blocked<'a> {
    stream: &'a str,
    entries: Vec<StreamEntry>,
    bytes: usize,
    /// The alarm about each key that could not be written.
    alarms: BTreeMap<String, Alarm>,
    /// The alarm about the stream, if it cannot be read.
    unreadable: Option<Alarm>,
    tried: Tick,
}

/// An alarm that was logged.
struct Alarm {
    error: String,
    at: Tick,
    /// True if the last attempt failed as well.
    is_current: bool,
}

impl<'a> Blocked<'a> {
    pub(super) fn new(stream: &'a str) -> Self {
        Self {
            stream,
            entries: Vec::new(),
            bytes: 0,
            alarms: BTreeMap::new(),
            unreadable: None,
            tried: Tick::now(),
        }
    }

    /// Counts a write that failed, and raises an alarm that names the key, the error and what to do.
    pub(super) fn write_failed(&mut self, key: &str, error: &str) {
        metrics::write_failed(key);
        if is_due(self.alarms.get(key), error) {
            alarm(format_args!(
                "ALARM WRITE_FAILED: `{key}`: {error}; answers to entries of `{}` wait for this key, all others are \
                 written; {}",
                self.stream,
                advice(error)
            ));
            self.alarms.insert(key.to_owned(), Alarm::new(error));
        } else if let Some(alarm) = self.alarms.get_mut(key) {
            alarm.is_current = true;
        }
    }

    /// Raises an alarm if an error means that the stream itself cannot be read. Returns true for such an error, even if
    /// its alarm was already logged.
    pub(super) fn read_failed(&mut self, error: &RedisError) -> bool {
        if !matches!(error.code(), Some("WRONGTYPE" | "NOPERM")) {
            return false;
        }
        let error = text_of(error);
        if is_due(self.unreadable.as_ref(), &error) {
            alarm(format_args!(
                "ALARM READ_FAILED: `{}`: {error}; the intents on this stream are not answered; {}",
                self.stream,
                advice(&error)
            ));
            self.unreadable = Some(Alarm::new(&error));
        }
        true
    }

    /// Ends the alarm about the stream.
    pub(super) fn is_readable(&mut self) {
        if self.unreadable.take().is_some() {
            line(format_args!("ALARM_OVER READ_FAILED: `{}`", self.stream));
        }
    }

    /// Keeps an entry for the next attempt.
    pub(super) fn add(&mut self, entry: &StreamEntry) {
        let bytes = self.bytes.saturating_add(entry.bytes());
        let is_known = self.entries.iter().any(|known| known.id == entry.id);
        let fits = self.entries.is_empty() || bytes <= BYTES_MAX;
        if !is_known && fits && self.entries.len() < ENTRIES_MAX {
            self.entries.push(entry.clone());
            self.bytes = bytes;
        }
        metrics::blocked(self.stream, self.entries.len());
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.entries.iter().any(|entry| entry.id == id)
    }

    /// Returns true if it is time to try again.
    pub(super) fn is_due(&self) -> bool {
        let waits = !self.entries.is_empty() || !self.alarms.is_empty();
        waits && self.tried.elapsed() >= RETRY_EVERY
    }

    /// Removes and returns the entries, for an attempt.
    pub(super) fn take(&mut self) -> Vec<StreamEntry> {
        for alarm in self.alarms.values_mut() {
            alarm.is_current = false;
        }
        self.bytes = 0;
        std::mem::take(&mut self.entries)
    }

    /// Ends an attempt. Also ends each alarm about a key for which no write failed in this attempt.
    pub(super) fn end_attempt(&mut self) {
        self.tried = Tick::now();
        self.alarms.retain(|key, alarm| {
            if !alarm.is_current {
                line(format_args!("ALARM_OVER WRITE_FAILED: `{key}`"));
            }
            alarm.is_current
        });
        metrics::blocked(self.stream, self.entries.len());
    }

    /// Returns the alarms as one text, or `None` if there are none.
    pub(super) fn reasons(&self) -> Option<String> {
        let unreadable = self.unreadable.iter();
        let unreadable = unreadable.map(|alarm| format!("`{}`: {}", self.stream, alarm.error));
        let unwritten = self.alarms.iter();
        let unwritten = unwritten.map(|(key, alarm)| format!("`{key}`: {}", alarm.error));
        let all: Vec<String> = unreadable.chain(unwritten).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
}

impl Alarm {
    fn new(error: &str) -> Self {
        Self {
            error: error.to_owned(),
            at: Tick::now(),
            is_current: true,
        }
    }
}

/// Returns true if an alarm is new, has another error, or must be repeated.
fn is_due(alarm: Option<&Alarm>, error: &str) -> bool {
    alarm.is_none_or(|alarm| alarm.error != error || alarm.at.elapsed() >= REPEAT_EVERY)
}

/// Returns the code and the text of an error, as the server sends them.
pub(super) fn text_of(error: &RedisError) -> String {
    match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => format!("{code} {detail}"),
        (_, _) => error.to_string(),
    }
}

/// Returns the advice for an operator about an error of the server.
fn advice(error: &str) -> &'static str {
    if error.contains("WRONGTYPE") {
        "the key is not a stream: move it with RENAME, or choose another stream with the option"
    } else if error.contains("last possible ID") || error.contains("equal or smaller") {
        "the last id of the stream is the highest possible one: move the stream with RENAME, and readers to the new one"
    } else if error.contains("OOM") {
        "the memory of the server is full: raise `maxmemory`, or trim streams"
    } else if error.contains("MISCONF") {
        "the server cannot write to its disk: free space, and check its log"
    } else if error.contains("NOPERM") {
        "the user of the bridge lacks a permission: extend it with ACL SETUSER"
    } else {
        "correct this on the server; the bridge tries again by itself"
    }
}

#[cfg(test)]
mod tests {
    use redis::Value;

    use super::*;

    /// Returns an entry with a field of this many bytes.
    fn entry(id: &str, bytes: usize) -> StreamEntry {
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let fields = Value::Array(vec![text("f"), text(&"x".repeat(bytes - 1))]);
        StreamEntry::new(Value::Array(vec![text(id), fields])).unwrap()
    }

    fn kept(entries: impl IntoIterator<Item = StreamEntry>) -> Vec<String> {
        let mut blocked = Blocked::new("stream");
        for entry in entries {
            blocked.add(&entry);
        }
        blocked.take().into_iter().map(|entry| entry.id).collect()
    }

    #[test]
    fn an_entry_is_kept_once_for_the_next_attempt() {
        assert_eq!(
            kept(["1-0", "2-0", "1-0"].map(|id| entry(id, 10))),
            ["1-0", "2-0"]
        );
        let mut blocked = Blocked::new("stream");
        blocked.add(&entry("1-0", 10));
        assert!(blocked.contains("1-0") && !blocked.contains("2-0"));
        blocked.take();
        assert!(!blocked.contains("1-0"));
    }

    #[test]
    fn the_number_and_the_size_of_kept_entries_are_bounded() {
        let many = (0..1030).map(|n| entry(&format!("{n}-0"), 10));
        assert_eq!(kept(many).len(), 1024);
        let half = BYTES_MAX / 2;
        assert_eq!(
            kept([("1-0", half), ("2-0", half)].map(|(id, bytes)| entry(id, bytes))),
            ["1-0", "2-0"]
        );
        let over = [("1-0", half), ("2-0", half + 1), ("3-0", half)];
        assert_eq!(
            kept(over.map(|(id, bytes)| entry(id, bytes))),
            ["1-0", "3-0"]
        );
        // A single entry is kept whatever its size.
        assert_eq!(
            kept([entry("1-0", BYTES_MAX + 1), entry("2-0", 1)]),
            ["1-0"]
        );
    }

    #[test]
    fn each_key_that_cannot_be_written_is_a_reason_until_a_write_succeeds() {
        let mut blocked = Blocked::new("stream");
        assert_eq!(blocked.reasons(), None);
        blocked.write_failed("one", "OOM");
        blocked.write_failed("two", "NOPERM");
        blocked.write_failed("two", "MISCONF");
        assert_eq!(
            blocked.reasons().as_deref(),
            Some("`one`: OOM; `two`: MISCONF")
        );
        blocked.take();
        blocked.write_failed("two", "MISCONF");
        blocked.end_attempt();
        assert_eq!(blocked.reasons().as_deref(), Some("`two`: MISCONF"));
        blocked.take();
        blocked.end_attempt();
        assert_eq!(blocked.reasons(), None);
    }

    #[test]
    fn an_alarm_is_logged_if_it_is_new_or_changed_and_repeated_each_minute() {
        assert!(is_due(None, "OOM"));
        let mut alarm = Alarm::new("OOM");
        assert!(!is_due(Some(&alarm), "OOM"));
        assert!(is_due(Some(&alarm), "MISCONF"));
        alarm.at = Tick::now().checked_sub(REPEAT_EVERY).unwrap();
        assert!(is_due(Some(&alarm), "OOM"));
    }

    #[test]
    fn an_attempt_is_due_half_a_second_after_the_last_one_if_something_waits() {
        let mut blocked = Blocked::new("stream");
        let after = |blocked: &mut Blocked<'_>, pause: Duration| {
            blocked.tried = Tick::now().checked_sub(pause).unwrap();
            blocked.is_due()
        };
        assert!(!after(&mut blocked, RETRY_EVERY));
        blocked.add(&entry("1-0", 10));
        assert!(after(&mut blocked, RETRY_EVERY));
        assert!(!after(&mut blocked, Duration::ZERO));
        blocked.take();
        assert!(!after(&mut blocked, RETRY_EVERY));
        blocked.write_failed("key", "OOM");
        assert!(after(&mut blocked, RETRY_EVERY));
    }

    #[test]
    fn the_advice_follows_from_the_error() {
        let begins = |error: &str, begin: &str| {
            let advice = advice(error);
            assert!(advice.starts_with(begin), "{error}: {advice}");
        };
        begins("WRONGTYPE Operation", "the key is not a stream");
        let ids = "the last id of the stream is the highest possible one";
        begins("ERR The stream has exhausted the last possible ID", ids);
        begins("ERR The ID is equal or smaller than the target", ids);
        begins(
            "OOM command not allowed",
            "the memory of the server is full",
        );
        begins(
            "MISCONF Redis is configured",
            "the server cannot write to its disk",
        );
        begins(
            "NOPERM No permissions",
            "the user of the bridge lacks a permission",
        );
        begins("READONLY", "correct this on the server");
    }
}
