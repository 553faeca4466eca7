//! Stream entries, and their conversion to intents.

use std::iter;

use portcullis::{
    intent::{Intent, IntentError},
    record::{RECORD_BYTES_MAX, Scratch, read},
};
use redis::Value;
use serde_json::{Map, Value as Json, value::RawValue};

use super::json_text;
use crate::runtime::{bytes, list, text};

/// Space in bytes for the fields that a recording adds to an entry, so that every accepted entry
/// fits on one line of a tape.
const RECORDING_BYTES: usize = 64 * 1024;
const BYTES_MAX: usize = RECORD_BYTES_MAX - RECORDING_BYTES;

/// Fields of an envelope that may differ between deliveries of the same intent.
const DELIVERY_FIELDS: [&[u8]; 9] = [
    b"id",
    b"event_id",
    b"message_id",
    b"intent_id",
    b"correlation_id",
    b"trace_id",
    b"ts",
    b"timestamp",
    b"decided_at",
];

/// A stream entry: its id and all its fields, in the order in which they were written.
#[derive(Debug, Clone)]
pub(crate) struct StreamEntry {
    pub(crate) id: String,
    /// The fields of the entry; `None` if the entry was deleted before it was answered.
    fields: Option<Vec<(Vec<u8>, Vec<u8>)>>,
    /// True if a consumer group delivers the entry as a new one although it had delivered a later one before.
    pub(crate) is_again: bool,
}

/// The sender's id of an intent and the number of its attempt, if the intent has them.
#[derive(Debug, Default)]
pub(crate) struct Sender {
    /// The sender's id of the intent.
    pub(crate) id: Option<String>,
    /// The number of the attempt, by which an exit can be sent again.
    pub(crate) attempt: Option<String>,
}

/// The fields of an intent that identify it.
#[derive(Default, serde::Deserialize)]
struct Identifying<'a> {
    #[serde(borrow)]
    intent_id: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    attempt: Option<&'a RawValue>,
}

/// An entry in two forms of a tape record: with the entry id as its id, and as sent.
pub(crate) struct EntryRecord {
    with_entry_id: String,
    as_sent: String,
}

impl StreamEntry {
    /// Parses one entry of a reply. Returns `None` if the value does not have the form of an entry.
    pub(crate) fn new(value: Value) -> Option<Self> {
        let mut parts = list(value).into_iter();
        let id = text(parts.next()?)?;
        let fields = parts.next().filter(|fields| *fields != Value::Nil);
        let fields = fields.map(|fields| {
            let mut texts = list(fields).into_iter().filter_map(bytes);
            let mut pairs = Vec::new();
            while let (Some(name), Some(value)) = (texts.next(), texts.next()) {
                pairs.push((name, value));
            }
            pairs
        });
        Some(Self {
            id,
            fields,
            is_again: false,
        })
    }

    /// Renames fields, also those of an intent in `payload` or `data`. `names` are pairs of the name in the entry and the
    /// new name; the case of the name in the entry does not matter.
    pub(crate) fn rename(&mut self, names: &[(&str, &str)]) {
        for (name, value) in self.fields.iter_mut().flatten() {
            let mut all = names.iter();
            if matches!(name.as_slice(), b"payload" | b"data") {
                if let Ok(text) = std::str::from_utf8(value) {
                    *value = json_text::renamed(text, names).into_bytes();
                }
            } else if let Some((_, new)) =
                all.find(|(old, _)| old.as_bytes().eq_ignore_ascii_case(name))
            {
                *name = new.as_bytes().to_vec();
            }
        }
    }

    /// Returns true if the entry was deleted before it was answered.
    pub(crate) const fn is_deleted(&self) -> bool {
        self.fields.is_none()
    }

    fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> + Clone {
        let fields = self.fields.iter().flatten();
        fields.map(|(name, value)| (name.as_slice(), value.as_slice()))
    }

    /// Returns the entry as a record on one line, with the entry id as its id. If the sender wrote
    /// one field `id`, it is left out. Several such fields are kept, so that they are reported as
    /// duplicates.
    pub(super) fn line(&self) -> Vec<u8> {
        let single = self.fields().filter(|(name, _)| *name == b"id").count() == 1;
        let others = self
            .fields()
            .filter(|(name, _)| !(single && *name == b"id"));
        object(iter::once((&b"id"[..], self.id.as_bytes())).chain(others))
    }

    /// Returns the value of a field, if it is UTF-8. If the field occurs more than once, returns
    /// the first value.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields();
        let (_, value) = fields.find(|(field, _)| *field == name.as_bytes())?;
        std::str::from_utf8(value).ok()
    }

    /// Returns the number of bytes of all fields.
    pub(crate) fn bytes(&self) -> usize {
        let size = |(name, value): (&[u8], &[u8])| name.len().saturating_add(value.len());
        self.fields().map(size).fold(0, usize::saturating_add)
    }

    /// Returns the sender's id of the intent and the number of the attempt. The id is that of the payload or, if the
    /// payload has none, of the entry. `id` is used only if there is no `intent_id`, because systems that deliver
    /// intents write their own `id`.
    pub(crate) fn sender(&self) -> Sender {
        let payload = self.field("payload").or_else(|| self.field("data"));
        let payload = payload.map(json_text::without_tokens_of_python);
        let inner: Identifying<'_> = payload
            .as_ref()
            .and_then(|payload| serde_json::from_str(payload).ok())
            .unwrap_or_default();
        let outer = |name| self.field(name).and_then(|text| stated(text.to_owned()));
        let number = |text: &String| text.parse::<f64>().is_ok_and(f64::is_finite);
        Sender {
            id: inner
                .intent_id
                .and_then(text_of)
                .or_else(|| inner.id.and_then(text_of))
                .or_else(|| outer("intent_id"))
                .or_else(|| outer("id")),
            attempt: inner
                .attempt
                .and_then(text_of)
                .or_else(|| outer("attempt"))
                .filter(number),
        }
    }

    /// Returns a digest of the content, independent of the order of the fields. In an envelope, the fields that may
    /// differ between deliveries are left out. If there is an `intent_id`, `id` is left out as well.
    pub(crate) fn digest(&self) -> String {
        let mut fields: Vec<&(Vec<u8>, Vec<u8>)> = self.fields.iter().flatten().collect();
        let holds = |name: &[u8]| matches!(name, b"payload" | b"data");
        if fields.iter().any(|(name, _)| holds(name)) {
            fields.retain(|(name, _)| !DELIVERY_FIELDS.contains(&name.as_slice()));
        } else if fields
            .iter()
            .any(|(name, value)| name == b"intent_id" && !value.trim_ascii().is_empty())
        {
            fields.retain(|(name, _)| name != b"id");
        }
        fields.sort();
        let mut hasher = blake3::Hasher::new();
        for part in fields.iter().flat_map(|(name, value)| [name, value]) {
            hash_part(&mut hasher, part);
        }
        short_hex(&hasher)
    }

    /// Returns the entry as records. Returns an error if the entry is too long or is not UTF-8.
    pub(crate) fn record(&self) -> Result<EntryRecord, IntentError> {
        if self.bytes() > BYTES_MAX {
            return Err(too_long());
        }
        let text = |bytes| {
            String::from_utf8(bytes).map_err(|_| IntentError::NotUtf8 { line: 1, column: 1 })
        };
        let record = EntryRecord {
            as_sent: text(object(self.fields()))?,
            with_entry_id: text(self.line())?,
        };
        if record.with_entry_id.len() > BYTES_MAX {
            return Err(too_long());
        }
        Ok(record)
    }
}

impl EntryRecord {
    /// Parses the intent for the engine.
    pub(crate) fn intent<'a>(&'a self, scratch: &'a mut Scratch) -> Intent<'a> {
        read(&self.with_entry_id, scratch).into_intent()
    }

    /// Returns the record that the engine reads.
    pub(crate) fn text(&self) -> &str {
        &self.with_entry_id
    }

    /// Returns the fields of the intent: those in `payload` or `data`, else those of the entry.
    pub(crate) fn intent_fields(&self) -> IntentFields {
        let sent: Map<String, Json> = serde_json::from_str(&self.as_sent).unwrap_or_default();
        let inside = |name: &str| sent.get(name).and_then(object_of);
        let inner = inside("payload").or_else(|| inside("data"));
        IntentFields(inner.unwrap_or(sent))
    }
}

/// The fields of an intent as sent, for values that a plan passes on and that no decision depends on.
#[derive(Debug, Default)]
pub(crate) struct IntentFields(Map<String, Json>);

impl IntentFields {
    /// Returns a text, also if it is empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Json::as_str)
    }

    /// Returns a finite number, also if it is a text.
    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        let value = self.0.get(name)?;
        let number = value
            .as_f64()
            .or_else(|| value.as_str()?.trim().parse().ok())?;
        number.is_finite().then_some(number)
    }

    /// Returns the order type of the intent, and the price that its trigger is compared with.
    pub(crate) fn order_type(&self) -> OrderType {
        let intent = &self.0;
        let text = |names: &[&str]| {
            let nested = ["params", "order"].iter();
            let nested: Vec<_> = nested
                .filter_map(|name| intent.get(*name).and_then(object_of))
                .collect();
            let mut all = iter::once(intent).chain(&nested);
            let found = all.find_map(|fields| names.iter().find_map(|name| fields.get(*name)));
            found.and_then(Json::as_str).map(str::to_ascii_uppercase)
        };
        OrderType {
            name: text(&["type", "order_type", "orderType", "ordType"]),
            trigger_reference: text(&["workingType", "triggerBy", "triggerPxType"]),
        }
    }
}

/// The order type of an intent and the price that its trigger is compared with, in upper case.
#[derive(Debug, Default)]
pub(crate) struct OrderType {
    pub(crate) name: Option<String>,
    /// The price that a trigger is compared with.
    pub(crate) trigger_reference: Option<String>,
}

/// Returns an object, also if it is a text that contains one.
fn object_of(value: &Json) -> Option<Map<String, Json>> {
    match value {
        Json::Object(fields) => Some(fields.clone()),
        Json::String(text) => serde_json::from_str(&json_text::without_tokens_of_python(text)).ok(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) => None,
    }
}

/// Returns the two numbers of an entry id.
pub(crate) fn id_parts(id: &str) -> Option<(u64, u64)> {
    let (millis, number) = id.split_once('-')?;
    Some((millis.parse().ok()?, number.parse().ok()?))
}

/// Returns the text of a JSON string or number, unless it is blank.
fn text_of(value: &RawValue) -> Option<String> {
    let raw = value.get();
    match raw.as_bytes().first()? {
        b'"' => serde_json::from_str(raw).ok().and_then(stated),
        b'-' | b'0'..=b'9' => Some(raw.to_owned()),
        _ => None,
    }
}

/// Returns a text unless it is blank.
fn stated(text: String) -> Option<String> {
    (!text.trim().is_empty()).then_some(text)
}

const fn too_long() -> IntentError {
    IntentError::TooLong {
        line: 1,
        column: BYTES_MAX.saturating_add(1),
        bytes_max: BYTES_MAX,
    }
}

/// Returns the first 32 hexadecimal digits of the hash.
pub(crate) fn short_hex(hasher: &blake3::Hasher) -> String {
    let mut hex = hasher.finalize().to_hex().to_string();
    hex.truncate(32);
    hex
}

/// Hashes a part together with its length, so that parts are not confused with each other.
pub(crate) fn hash_part(hasher: &mut blake3::Hasher, part: &[u8]) {
    let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
    hasher.update(&length.to_le_bytes());
    hasher.update(part);
}

/// Returns a JSON object of strings. Duplicate names and bytes that are not UTF-8 are kept, so that the reader
/// detects them.
fn object<'a>(fields: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Vec<u8> {
    let mut written = vec![b'{'];
    for (n, (name, value)) in fields.enumerate() {
        if n > 0 {
            written.push(b',');
        }
        push_text(&mut written, name);
        written.push(b':');
        push_text(&mut written, value);
    }
    written.push(b'}');
    written
}

fn push_text(to: &mut Vec<u8>, text: &[u8]) {
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0x00..=0x1f);
    to.push(b'"');
    // A text can have megabytes, and few bytes are special.
    for part in text.split_inclusive(is_special) {
        match part.split_last() {
            Some((b'"', plain)) => {
                to.extend_from_slice(plain);
                to.extend(b"\\\"");
            }
            Some((b'\\', plain)) => {
                to.extend_from_slice(plain);
                to.extend(b"\\\\");
            }
            Some((byte @ 0x00..=0x1f, plain)) => {
                to.extend_from_slice(plain);
                to.extend(format!("\\u{byte:04x}").bytes());
            }
            Some(_) | None => to.extend_from_slice(part),
        }
    }
    to.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(fields: &[(&str, &str)]) -> StreamEntry {
        let fields = fields
            .iter()
            .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()));
        StreamEntry {
            id: "1767571200000-3".to_owned(),
            fields: Some(fields.collect()),
            is_again: false,
        }
    }

    #[test]
    fn the_record_has_the_entry_id_and_the_senders_id_is_kept() {
        for fields in [
            &[("id", "a"), ("symbol", "BTCUSDT"), ("side", "BUY")][..],
            &[("intent_id", "a"), ("symbol", "BTCUSDT"), ("side", "BUY")],
            &[
                ("intent_id", "a"),
                ("payload", r#"{"symbol":"BTCUSDT","side":"BUY"}"#),
            ],
        ] {
            let sent = entry(fields);
            assert_eq!(sent.sender().id.as_deref(), Some("a"), "{fields:?}");
            let record = sent.record().unwrap();
            let mut scratch = Scratch::default();
            let intent = record.intent(&mut scratch);
            assert!(intent.request().is_ok(), "{fields:?}");
            let at = intent.emitted_at().map(|at| at.as_millis());
            assert_eq!(at, Some(1_767_571_200_000), "{fields:?}");
        }
    }

    #[test]
    fn an_id_of_the_sender_comes_before_the_id_of_a_delivery() {
        let payload = |inner| entry(&[("id", "2"), ("payload", inner), ("intent_id", "1")]);
        for (sent, id) in [
            (entry(&[("id", "2"), ("intent_id", "1")]), Some("1")),
            (entry(&[("id", "2"), ("intent_id", " ")]), Some("2")),
            (entry(&[("id", "")]), None),
            (payload(r#"{"intent_id":"a","id":"b"}"#), Some("a")),
            (payload(r#"{"id":7.0}"#), Some("7.0")),
            (payload(r#"{"id":null,"intent_id":[]}"#), Some("1")),
            (payload(r#"{"id":"b","R_net":NaN}"#), Some("b")),
            (payload("{"), Some("1")),
        ] {
            assert_eq!(sent.sender().id.as_deref(), id, "{sent:?}");
        }
        let attempt = |text| entry(&[("attempt", text)]).sender().attempt;
        assert_eq!(attempt("2").as_deref(), Some("2"));
        assert_eq!(attempt("again"), None);
        let inner = payload(r#"{"attempt":3}"#).sender().attempt;
        assert_eq!(inner.as_deref(), Some("3"));
    }

    #[test]
    fn an_order_type_is_found_next_to_tokens_of_python() {
        let fields = |payload| {
            let sent = entry(&[("payload", payload)]).record().unwrap();
            sent.intent_fields()
        };
        let sent =
            fields(r#"{"R_net":-Infinity,"type":"limit","a":NaN,"b":"1.50","c":"NaN","d":2e1}"#);
        assert_eq!(sent.order_type().name.as_deref(), Some("LIMIT"));
        let numbers = ["a", "b", "c", "d", "e", "type"].map(|name| sent.number(name));
        assert_eq!(numbers, [None, Some(1.5), None, Some(20.0), None, None]);
        assert_eq!(sent.text("type"), Some("limit"));
    }

    #[test]
    fn fields_are_renamed_in_the_entry_and_in_its_payload() {
        let mut sent = entry(&[
            ("Percentage", "0.5"),
            ("percentage_x", "1"),
            ("data", r#"{"percentage":0.5,"a":"percentage"}"#),
        ]);
        sent.rename(&[("percentage", "fraction")]);
        assert_eq!(sent.field("fraction"), Some("0.5"));
        assert_eq!(sent.field("percentage_x"), Some("1"));
        assert_eq!(
            sent.field("data"),
            Some(r#"{"fraction":0.5,"a":"percentage"}"#)
        );
    }

    #[test]
    fn a_duplicate_field_is_detected() {
        let twice = entry(&[
            ("symbol", "BTCUSDT"),
            ("side", "BUY"),
            ("size", "1"),
            ("size", "2"),
        ]);
        let record = twice.record().unwrap();
        let mut scratch = Scratch::default();
        let intent = record.intent(&mut scratch);
        assert_eq!(
            intent.request().unwrap_err().to_string(),
            "the key `size` occurs more than once in one object"
        );
    }

    #[test]
    fn a_digest_ignores_the_order_of_fields_and_the_envelope() {
        let body = entry(&[("symbol", "A"), ("side", "BUY")]).digest();
        assert_eq!(body, entry(&[("side", "BUY"), ("symbol", "A")]).digest());
        assert_ne!(body, entry(&[("side", "SELL"), ("symbol", "A")]).digest());
        assert_ne!(body, entry(&[("sideB", "UY"), ("symbol", "A")]).digest());
        let sent = |at| entry(&[("payload", "{}"), ("source", "x"), ("timestamp", at)]).digest();
        assert_eq!(sent("1"), sent("2"));
    }
}
