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
                "ALARM READ_FAILED: `{}`: {error}; its entries are not answered; {}",
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
