//! Stream entries, and their conversion to intents.

use std::iter;

use portcullis::{
    intent::{Intent, IntentError},
    record::{RECORD_BYTES_MAX, Scratch, TapeRecord, read},
};
use redis::Value;

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
        Some(Self { id, fields })
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

    /// Returns a digest of the content, independent of the order of the fields. In an envelope, the fields that may
    /// differ between deliveries are left out.
    pub(crate) fn digest(&self) -> String {
        let mut fields: Vec<&(Vec<u8>, Vec<u8>)> = self.fields.iter().flatten().collect();
        let holds = |name: &[u8]| matches!(name, b"payload" | b"data");
        if fields.iter().any(|(name, _)| holds(name)) {
            fields.retain(|(name, _)| !DELIVERY_FIELDS.contains(&name.as_slice()));
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
        let size = |(name, value): (&[u8], &[u8])| name.len().saturating_add(value.len());
        if self.fields().map(size).fold(0, usize::saturating_add) > BYTES_MAX {
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

    /// Returns the sender's id of the intent, if there is one.
    pub(crate) fn sender_id(&self) -> Option<String> {
        match read(&self.as_sent, &mut Scratch::default()) {
            TapeRecord::Intent(intent) => intent.id().map(str::to_owned),
            TapeRecord::RecordedDecision(_)
            | TapeRecord::Position(_)
            | TapeRecord::PolicyUpdated(..)
            | TapeRecord::PolicyWithdrawn(_) => None,
        }
    }

    /// Returns the order type in upper case, from the payload or, if that has none, from the entry.
    pub(crate) fn order_type(&self) -> Option<String> {
        #[derive(serde::Deserialize)]
        struct Typed {
            #[serde(rename = "type")]
            order_type: Option<String>,
            payload: Option<String>,
            data: Option<String>,
        }
        let typed: Typed = serde_json::from_str(&self.as_sent).ok()?;
        let order_type = match typed.payload.or(typed.data) {
            None => typed.order_type,
            Some(payload) => serde_json::from_str::<Typed>(&payload).ok()?.order_type,
        }?;
        Some(order_type.to_ascii_uppercase())
    }
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
    to.push(b'"');
    for byte in text {
        match byte {
            b'"' | b'\\' => to.extend([b'\\', *byte]),
            0x00..=0x1f => to.extend(format!("\\u{byte:04x}").bytes()),
            _ => to.push(*byte),
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
            let record = entry(fields).record().unwrap();
            assert_eq!(record.sender_id().as_deref(), Some("a"), "{fields:?}");
            let mut scratch = Scratch::default();
            let intent = record.intent(&mut scratch);
            assert!(intent.request().is_ok(), "{fields:?}");
            let at = intent.emitted_at().map(|at| at.as_millis());
            assert_eq!(at, Some(1_767_571_200_000), "{fields:?}");
        }
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
