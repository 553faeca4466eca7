//! The records of a tape or a stream, told apart by what they say they are.

mod decided;

pub use decided::Decided;

use crate::{
    domain::{Instant, PolicyHash},
    intent::{EventFields, Intent, IntentFault, Times},
    wire::{Slot, SyntaxError, scan_object},
};

/// What one record is.
#[derive(Debug)]
pub enum Event<'a> {
    /// `trade.intent`, or no `event_type`, or a record that nothing else can be made of.
    Intent(Intent<'a>),
    /// `trade.decided`.
    Decided(Box<Decided<'a>>),
    /// `position.snapshot`.
    Position(Record<'a>),
    /// `policy.updated`: the text of `policy`, if the record holds one.
    PolicyUpdated(Record<'a>, Option<PolicyText<'a>>),
    /// `policy.withdrawn`.
    PolicyWithdrawn(Record<'a>),
}

impl<'a> Event<'a> {
    /// An intent, where nothing else is answered: any other event is one with a fault.
    #[must_use]
    pub fn into_intent(self) -> Intent<'a> {
        let event = match self {
            Self::Intent(intent) => return intent,
            Self::Decided(_) => DECIDED,
            Self::Position(_) => "position.snapshot",
            Self::PolicyUpdated(..) => "policy.updated",
            Self::PolicyWithdrawn(_) => "policy.withdrawn",
        };
        Intent::unreadable(IntentFault::UnknownEvent {
            line: 1,
            column: 1,
            event: event.to_owned(),
        })
    }
}

/// What the recording of a decision is called.
const DECIDED: &str = "trade.decided";

/// A record that is no intent: where and when it stood.
#[derive(Debug)]
pub struct Record<'a> {
    text: &'a str,
    id: Option<std::borrow::Cow<'a, str>>,
    times: Times,
    policy_hash: Option<Option<PolicyHash>>,
}

/// What a record brings as its policy.
#[derive(Debug)]
pub enum PolicyText<'a> {
    /// `policy` stands twice: nobody can tell which one is meant.
    Twice,
    /// A JSON object.
    Raw(&'a str),
    /// A JSON string that holds one.
    Unquoted(String),
}

impl PolicyText<'_> {
    /// The text, if there is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Twice => None,
            Self::Raw(text) => Some(text),
            Self::Unquoted(text) => Some(text),
        }
    }
}

impl<'a> Record<'a> {
    /// The whole record.
    #[must_use]
    pub const fn text(&self) -> &'a str {
        self.text
    }

    /// Its own id, where it has one.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The instant a replay judges it at.
    #[must_use]
    pub fn event_time(&self) -> Option<Instant> {
        self.times.event_time()
    }

    /// When it was sent; falls back to the instant of the decision.
    #[must_use]
    pub fn emitted_at(&self) -> Option<Instant> {
        self.times.sent_at()
    }

    /// The policy that judged it, as [`Intent::recorded_policy`].
    #[must_use]
    pub fn recorded_policy(&self) -> Option<Option<PolicyHash>> {
        self.times.decided_at?;
        self.policy_hash
    }

    /// The time was an ISO-8601 text without an offset, and was read as UTC.
    #[must_use]
    pub const fn offset_assumed(&self) -> bool {
        self.times.offset_assumed
    }
}

/// Room for the payload of one record, to be used again for the next.
#[derive(Debug, Default)]
pub struct Scratch {
    payload: String,
}

/// What a record is that does not say so itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Untyped {
    /// An intent.
    Intent,
    /// A position.
    Position,
}

/// Reads one record: a JSON object on a line of its own. Never fails: what cannot be read is an intent with
/// a fault.
///
/// ```
/// use portcullis::event::{Event, Scratch, read};
///
/// let mut scratch = Scratch::default();
/// let event = read(r#"{"symbol": "BTCUSDT", "side": "BUY", "size": 250}"#, &mut scratch);
/// let Event::Intent(intent) = event else { panic!() };
/// assert_eq!(intent.symbol().map(|s| s.to_string()).as_deref(), Some("BTCUSDT"));
/// ```
#[must_use]
pub fn read<'a>(text: &'a str, scratch: &'a mut Scratch) -> Event<'a> {
    read_as(text, Untyped::Intent, scratch)
}

/// As [`read`], where a record without an `event_type` is what the caller says.
#[must_use]
pub fn read_as<'a>(text: &'a str, untyped: Untyped, scratch: &'a mut Scratch) -> Event<'a> {
    read_with(text, untyped, decided::read, scratch)
}

/// The entry of a recorded decision. A recording within a recording is none: no depth that somebody else
/// chooses.
fn read_entry<'a>(text: &'a str, scratch: &'a mut Scratch) -> Intent<'a> {
    let nested = |_, _| Decided::of(Intent::unreadable(IntentFault::Missing { field: "entry" }));
    read_with(text, Untyped::Intent, nested, scratch).into_intent()
}

/// Reads one record; `read_decided` reads the recording of a decision.
fn read_with<'a>(
    text: &'a str,
    untyped: Untyped,
    read_decided: impl FnOnce(&'a str, &'a mut Scratch) -> Decided<'a>,
    scratch: &'a mut Scratch,
) -> Event<'a> {
    let mut fields = EventFields::default();
    if let Err(error) = scan_object(text, &mut fields) {
        return Event::Intent(Intent::unreadable(IntentFault::NotAnObject(error)));
    }
    let record = || Record {
        text,
        id: fields.id(),
        times: fields.times(),
        policy_hash: fields.policy_hash().map(Result::ok),
    };
    match fields.event_type.text() {
        // Whatever it is, it is not for sure what one of the two says: an intent with a fault.
        _ if fields.event_type.twice() => Event::Intent(read_intent(text, &fields, scratch)),
        Ok(None) => match untyped {
            Untyped::Intent => Event::Intent(read_intent(text, &fields, scratch)),
            Untyped::Position => Event::Position(record()),
        },
        Ok(Some(name)) => match name.as_ref() {
            "trade.intent" => Event::Intent(read_intent(text, &fields, scratch)),
            DECIDED => Event::Decided(Box::new(read_decided(text, scratch))),
            "position.snapshot" => Event::Position(record()),
            "policy.updated" => Event::PolicyUpdated(record(), policy_text(&fields)),
            "policy.withdrawn" => Event::PolicyWithdrawn(record()),
            other => Event::Intent(fields.faulty_intent(unknown_event(text, other))),
        },
        Err(_) => {
            let raw = fields.event_type.raw().unwrap_or_default();
            Event::Intent(fields.faulty_intent(unknown_event(text, raw)))
        }
    }
}

fn policy_text<'a>(fields: &EventFields<'a>) -> Option<PolicyText<'a>> {
    if fields.policy.twice() {
        return Some(PolicyText::Twice);
    }
    let raw = fields.policy.raw()?;
    match fields.policy.text() {
        Ok(Some(text)) => Some(PolicyText::Unquoted(text.into_owned())),
        Ok(None) | Err(_) => Some(PolicyText::Raw(raw)),
    }
}

fn read_intent<'a>(
    text: &'a str,
    fields: &EventFields<'a>,
    scratch: &'a mut Scratch,
) -> Intent<'a> {
    let both = [(&fields.payload, "payload"), (&fields.data, "data")];
    let mut present = both.into_iter().filter(|(slot, _)| slot.is_present());
    let (slot, field) = match (present.next(), present.next()) {
        (None, _) => return fields.flat_intent(),
        (Some(only), None) if !only.0.twice() => only,
        (Some(_), _) => return fields.faulty_intent(several_payloads(text, both)),
    };
    let inner: &'a str = match slot.text() {
        Ok(Some(text)) => {
            scratch.payload = text.into_owned();
            &scratch.payload
        }
        Ok(None) | Err(_) => slot.raw().unwrap_or_default(),
    };
    let mut payload = EventFields::default();
    if let Err(error) = scan_object(inner, &mut payload) {
        return fields.faulty_intent(payload_fault(text, slot, field, error));
    }
    match payload.event_type.text() {
        _ if payload.event_type.twice() => fields.enveloped_intent(&payload),
        Ok(None) => fields.enveloped_intent(&payload),
        Ok(Some(name)) if name == "trade.intent" => fields.enveloped_intent(&payload),
        Ok(Some(name)) => fields.faulty_intent(unknown_event(text, &name)),
        Err(_) => {
            let raw = payload.event_type.raw().unwrap_or_default();
            fields.faulty_intent(unknown_event(text, raw))
        }
    }
}

/// What is wrong with more than one payload, the first of it in the order in which faults answer.
fn several_payloads(text: &str, both: [(&Slot<'_>, &'static str); 2]) -> IntentFault {
    let single = both
        .into_iter()
        .filter(|(slot, _)| slot.is_present() && !slot.twice());
    let mut unreadable = single.filter_map(|(slot, field)| {
        let unquoted = slot.text().ok().flatten();
        let inner = unquoted.as_deref().or(slot.raw()).unwrap_or_default();
        let error = scan_object(inner, &mut EventFields::default()).err()?;
        Some(payload_fault(text, slot, field, error))
    });
    let twice = both.into_iter().find(|(slot, _)| slot.twice());
    unreadable.next().unwrap_or(match twice {
        Some((_, field)) => IntentFault::Twice { field },
        None => IntentFault::Contradiction {
            first: "payload",
            second: "data",
        },
    })
}

/// A payload that is no object, told as standing where it begins.
fn payload_fault(
    text: &str,
    slot: &Slot<'_>,
    field: &'static str,
    error: SyntaxError,
) -> IntentFault {
    IntentFault::PayloadNotAnObject {
        field,
        error: SyntaxError {
            column: column_of(text, slot.raw()),
            ..error
        },
    }
}

/// The column, from 1, at which `part` stands within `text`.
fn column_of(text: &str, part: Option<&str>) -> usize {
    part.and_then(|part| text.find(part))
        .map_or(1, |before| before.saturating_add(1))
}

fn unknown_event(text: &str, event: &str) -> IntentFault {
    IntentFault::UnknownEvent {
        line: 1,
        column: column_of(text, Some("\"event_type\"")),
        event: event.to_owned(),
    }
}
