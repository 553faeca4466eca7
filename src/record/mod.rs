//! Reading of the records of a tape or a stream, by their `event_type`.

mod recorded_decision;

pub use recorded_decision::RecordedDecision;

use crate::{
    intent::{Intent, IntentError, RecordFields, RecordedPolicy, Times},
    json::{RawField, SyntaxError, Unreadable, scan_object},
    types::{PolicyHash, Timestamp},
};

/// The maximum length of one record in bytes, without its line ending: 16 MiB. Replays and services
/// reject longer records.
pub const RECORD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A record, by its event type.
#[derive(Debug)]
pub enum TapeRecord<'a> {
    /// `trade.intent`, or a record without `event_type` (see [`Untyped`]). A record that cannot be read becomes an
    /// invalid intent.
    Intent(Intent<'a>),
    /// `trade.decided`: an intent, and the decision that a service made about it.
    RecordedDecision(Box<RecordedDecision<'a>>),
    /// `position.snapshot`: the state of an open position.
    Position(OtherRecord<'a>),
    /// `policy.updated`, with the text of `policy`, if present.
    PolicyUpdated(OtherRecord<'a>, Option<PolicyText<'a>>),
    /// `policy.withdrawn`: after this record, no policy is active.
    PolicyWithdrawn(OtherRecord<'a>),
}

impl<'a> TapeRecord<'a> {
    /// Returns the intent, for callers that accept intents only. Any other record becomes an invalid intent.
    #[must_use]
    pub fn into_intent(self) -> Intent<'a> {
        let event = match self {
            Self::Intent(intent) => return intent,
            Self::RecordedDecision(_) => DECIDED,
            Self::Position(_) => "position.snapshot",
            Self::PolicyUpdated(..) => "policy.updated",
            Self::PolicyWithdrawn(_) => "policy.withdrawn",
        };
        Intent::unreadable(IntentError::UnknownEvent {
            line: 1,
            column: 1,
            event: event.to_owned(),
        })
    }
}

/// The event type of a recorded decision.
const DECIDED: &str = "trade.decided";

/// A record that is not an intent: its text, its id and its timestamps.
#[derive(Debug)]
pub struct OtherRecord<'a> {
    text: &'a str,
    id: Option<std::borrow::Cow<'a, str>>,
    times: Times,
    policy_hash: Option<Result<PolicyHash, Unreadable>>,
}

/// The value of `policy` in a record.
#[derive(Debug)]
pub enum PolicyText<'a> {
    /// The key `policy` is a duplicate, so none of its values is used.
    DuplicateKey,
    /// Raw JSON, normally an object.
    Raw(&'a str),
    /// The content of a JSON string.
    Unquoted(String),
}

impl PolicyText<'_> {
    /// Returns the text of the policy; `None` for a duplicate key.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::DuplicateKey => None,
            Self::Raw(text) => Some(text),
            Self::Unquoted(text) => Some(text),
        }
    }
}

impl<'a> OtherRecord<'a> {
    /// Returns the text of the whole record.
    #[must_use]
    pub const fn text(&self) -> &'a str {
        self.text
    }

    /// Returns the id of the record, if it has one.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Returns the timestamp at which a replay evaluates the record.
    #[must_use]
    pub fn event_time(&self) -> Option<Timestamp> {
        self.times.event_time()
    }

    /// Returns the time of sending or, if the record has none, the time of the decision.
    #[must_use]
    pub fn emitted_at(&self) -> Option<Timestamp> {
        self.times.emitted_at.or(self.times.decided_at)
    }

    /// Returns the policy from `policy_hash`, if the record also has `decided_at`.
    #[must_use]
    pub fn recorded_policy(&self) -> RecordedPolicy {
        match (self.times.decided_at, self.policy_hash) {
            (Some(_), Some(hash)) => hash.into(),
            (None, _) | (_, None) => RecordedPolicy::NotRecorded,
        }
    }

    /// Returns true if the time was an ISO-8601 text without an offset, which was read as UTC.
    #[must_use]
    pub const fn offset_assumed(&self) -> bool {
        self.times.offset_assumed
    }
}

/// A buffer for the payload of a record. It is reused between records.
#[derive(Debug, Default)]
pub struct Scratch {
    payload: String,
}

/// The kind as which a record without `event_type` is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Untyped {
    /// The record is an intent.
    Intent,
    /// The record is a position.
    Position,
}

/// Reads one record, which is a JSON object. Never fails: an unreadable record becomes an invalid intent.
///
/// ```
/// use portcullis::record::{TapeRecord, Scratch, read};
///
/// let mut scratch = Scratch::default();
/// let event = read(r#"{"symbol": "BTCUSDT", "side": "BUY", "size": 250}"#, &mut scratch);
/// let TapeRecord::Intent(intent) = event else { panic!() };
/// assert_eq!(intent.symbol().map(|s| s.to_string()).as_deref(), Some("BTCUSDT"));
/// ```
#[must_use]
pub fn read<'a>(text: &'a str, scratch: &'a mut Scratch) -> TapeRecord<'a> {
    read_as(text, Untyped::Intent, scratch)
}

/// Reads one record. Same as [`read`], but a record without an `event_type` is read as `untyped`.
#[must_use]
pub fn read_as<'a>(text: &'a str, untyped: Untyped, scratch: &'a mut Scratch) -> TapeRecord<'a> {
    let recorded =
        |text, scratch| recorded_decision::read(text, |entry| read_entry(entry, scratch));
    read_with(text, untyped, recorded, scratch)
}

/// Reads the entry of a recorded decision. A recorded decision inside another one is invalid, so
/// that the input cannot cause a deep recursion.
fn read_entry<'a>(text: &'a str, scratch: &'a mut Scratch) -> Intent<'a> {
    let nested =
        |_, _| RecordedDecision::of(Intent::unreadable(IntentError::Missing { field: "entry" }));
    read_with(text, Untyped::Intent, nested, scratch).into_intent()
}

/// Reads one record, with `read_decided` for recorded decisions.
fn read_with<'a>(
    text: &'a str,
    untyped: Untyped,
    read_decided: impl FnOnce(&'a str, &'a mut Scratch) -> RecordedDecision<'a>,
    scratch: &'a mut Scratch,
) -> TapeRecord<'a> {
    let mut fields = RecordFields::default();
    if let Err(error) = scan_object(text, &mut fields) {
        return TapeRecord::Intent(Intent::unreadable(IntentError::NotAnObject(error)));
    }
    let record = || OtherRecord {
        text,
        id: fields.id(),
        times: fields.times(),
        policy_hash: fields.policy_hash(),
    };
    match fields.event_type.text() {
        // If `event_type` is a duplicate, the type is uncertain, and the record becomes an invalid
        // intent.
        _ if fields.event_type.is_duplicate() => {
            TapeRecord::Intent(read_intent(text, &fields, scratch))
        }
        Ok(None) => match untyped {
            Untyped::Intent => TapeRecord::Intent(read_intent(text, &fields, scratch)),
            Untyped::Position => TapeRecord::Position(record()),
        },
        Ok(Some(name)) => match name.as_ref() {
            "trade.intent" => TapeRecord::Intent(read_intent(text, &fields, scratch)),
            DECIDED => TapeRecord::RecordedDecision(Box::new(read_decided(text, scratch))),
            "position.snapshot" => TapeRecord::Position(record()),
            "policy.updated" => TapeRecord::PolicyUpdated(record(), policy_text(&fields)),
            "policy.withdrawn" => TapeRecord::PolicyWithdrawn(record()),
            other => TapeRecord::Intent(fields.faulty_intent(unknown_event(text, other))),
        },
        Err(_) => {
            let raw = fields.event_type.raw().unwrap_or_default();
            TapeRecord::Intent(fields.faulty_intent(unknown_event(text, raw)))
        }
    }
}

fn policy_text<'a>(fields: &RecordFields<'a>) -> Option<PolicyText<'a>> {
    if fields.policy.is_duplicate() {
        return Some(PolicyText::DuplicateKey);
    }
    let raw = fields.policy.raw()?;
    match fields.policy.text() {
        Ok(Some(text)) => Some(PolicyText::Unquoted(text.into_owned())),
        Ok(None) | Err(_) => Some(PolicyText::Raw(raw)),
    }
}

fn read_intent<'a>(
    text: &'a str,
    fields: &RecordFields<'a>,
    scratch: &'a mut Scratch,
) -> Intent<'a> {
    let both = [(&fields.payload, "payload"), (&fields.data, "data")];
    let mut present = both.into_iter().filter(|(value, _)| value.is_present());
    let (value, field) = match (present.next(), present.next()) {
        (None, _) => return fields.flat_intent(),
        (Some(only), None) if !only.0.is_duplicate() => only,
        (Some(_), _) => return fields.faulty_intent(several_payloads(text, both)),
    };
    let inner: &'a str = match value.text() {
        Ok(Some(text)) => {
            scratch.payload = text.into_owned();
            &scratch.payload
        }
        Ok(None) | Err(_) => value.raw().unwrap_or_default(),
    };
    let mut payload = RecordFields::default();
    if let Err(error) = scan_object(inner, &mut payload) {
        return fields.faulty_intent(payload_fault(text, value, field, error));
    }
    match payload.event_type.text() {
        _ if payload.event_type.is_duplicate() => fields.enveloped_intent(&payload),
        Ok(None) => fields.enveloped_intent(&payload),
        Ok(Some(name)) if name == "trade.intent" => fields.enveloped_intent(&payload),
        Ok(Some(name)) => fields.faulty_intent(unknown_event(text, &name)),
        Err(_) => {
            let raw = payload.event_type.raw().unwrap_or_default();
            fields.faulty_intent(unknown_event(text, raw))
        }
    }
}

/// Returns the fault of a record with more than one payload. Of several faults, the first in the
/// order of [`IntentErrorKind`](crate::intent::IntentErrorKind) is returned.
fn several_payloads(text: &str, both: [(&RawField<'_>, &'static str); 2]) -> IntentError {
    let single = both
        .into_iter()
        .filter(|(value, _)| value.is_present() && !value.is_duplicate());
    let mut unreadable = single.filter_map(|(value, field)| {
        let unquoted = value.text().ok().flatten();
        let inner = unquoted.as_deref().or(value.raw()).unwrap_or_default();
        let error = scan_object(inner, &mut RecordFields::default()).err()?;
        Some(payload_fault(text, value, field, error))
    });
    let duplicate = both.into_iter().find(|(value, _)| value.is_duplicate());
    unreadable.next().unwrap_or(match duplicate {
        Some((_, field)) => IntentError::DuplicateKey { field },
        None => IntentError::Contradiction {
            first: "payload",
            second: "data",
        },
    })
}

/// Returns the fault of a payload that is not an object, with the column where the payload starts.
fn payload_fault(
    text: &str,
    value: &RawField<'_>,
    field: &'static str,
    error: SyntaxError,
) -> IntentError {
    IntentError::PayloadNotAnObject {
        field,
        error: SyntaxError {
            column: column_of(text, value.raw()),
            ..error
        },
    }
}

/// Returns the column of the first occurrence of `part` in `text`, in bytes, counted from 1; 1 if there is none.
fn column_of(text: &str, part: Option<&str>) -> usize {
    part.and_then(|part| text.find(part))
        .map_or(1, |before| before.saturating_add(1))
}

fn unknown_event(text: &str, event: &str) -> IntentError {
    IntentError::UnknownEvent {
        line: 1,
        column: column_of(text, Some("\"event_type\"")),
        event: event.to_owned(),
    }
}
