//! Reading of plain lines. A plain line is an object with known keys, each at most once. Its values are null, numbers
//! without a sign and an exponent (also as text), or texts without escapes. An envelope with such an object as its payload
//! is a plain line, too, also if the payload is a text in which only quotes are escaped. The general reader reads all other
//! lines.

/// The values of a plain line.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct PlainLine<'a> {
    pub(super) id: Option<&'a str>,
    pub(super) intent_id: Option<&'a str>,
    pub(super) event_type: Option<&'a str>,
    pub(super) source: Option<&'a str>,
    pub(super) symbol: Option<&'a str>,
    pub(super) action: Option<&'a str>,
    pub(super) side: Option<&'a str>,
    pub(super) ts: Option<Number>,
    pub(super) timestamp: Option<&'a str>,
    pub(super) leverage: Option<Number>,
    pub(super) quantity: Option<Number>,
    pub(super) qty: Option<Number>,
    pub(super) price: Option<Number>,
    pub(super) entry_price: Option<Number>,
    pub(super) position_usd: Option<Number>,
    pub(super) size: Option<Number>,
    pub(super) position_size_usd: Option<Number>,
    pub(super) stop_loss: Option<Number>,
    pub(super) take_profit: Option<Number>,
}

/// A number of at most 15 digits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Number {
    pub(super) value: f64,
    /// The value, if it was written without a decimal point.
    pub(super) whole: Option<i64>,
}

#[derive(Debug, Clone, Copy)]
enum Key {
    Id,
    IntentId,
    EventType,
    Source,
    Timestamp,
    /// The payload of an envelope.
    Payload,
    Symbol,
    Action,
    Side,
    /// A field that no decision depends on.
    Ignored,
    Ts,
    Leverage,
    Quantity,
    Qty,
    Price,
    EntryPrice,
    PositionUsd,
    Size,
    PositionSizeUsd,
    StopLoss,
    TakeProfit,
}

const KEYS: [(&str, Key); 24] = [
    ("id", Key::Id),
    ("intent_id", Key::IntentId),
    ("event_type", Key::EventType),
    ("source", Key::Source),
    ("ts", Key::Ts),
    ("timestamp", Key::Timestamp),
    ("payload", Key::Payload),
    ("data", Key::Payload),
    ("symbol", Key::Symbol),
    ("action", Key::Action),
    ("side", Key::Side),
    ("confidence", Key::Ignored),
    ("model", Key::Ignored),
    ("regime", Key::Ignored),
    ("leverage", Key::Leverage),
    ("quantity", Key::Quantity),
    ("qty", Key::Qty),
    ("price", Key::Price),
    ("entry_price", Key::EntryPrice),
    ("position_usd", Key::PositionUsd),
    ("size", Key::Size),
    ("position_size_usd", Key::PositionSizeUsd),
    ("stop_loss", Key::StopLoss),
    ("take_profit", Key::TakeProfit),
];

/// The bits of the keys that an envelope may have, which are the first eight of [`KEYS`]. Its payload has only others.
const ENVELOPE: u32 = 0xff;

/// The number of words that hold the longest key as it is written, `"position_size_usd":`.
const WORDS: usize = 3;
const WRITTEN_BYTES: usize = WORDS * 8;

/// A key as it is written: with quotes and a colon, padded with zeros.
#[derive(Debug, Clone, Copy)]
struct WrittenKey {
    key: Key,
    /// The bit that marks the key as read.
    bit: u32,
    words: [u64; WORDS],
    /// Ones for the bytes of the key, zeros for the padding.
    mask: [u64; WORDS],
    len: usize,
}

impl WrittenKey {
    fn new(name: &str, key: Key, bit: u32) -> Self {
        let text = format!("\"{name}\":");
        let (mut bytes, mut mask) = ([0; WRITTEN_BYTES], [0; WRITTEN_BYTES]);
        for ((byte, mask), from) in bytes.iter_mut().zip(&mut mask).zip(text.bytes()) {
            (*byte, *mask) = (from, u8::MAX);
        }
        Self {
            key,
            bit,
            words: words(&bytes),
            mask: words(&mask),
            len: text.len(),
        }
    }

    /// Returns true if `text` starts with this key.
    #[inline(always)]
    fn begins(&self, text: &[u8]) -> bool {
        let [a, b, c] = match text.first_chunk::<WRITTEN_BYTES>() {
            Some(head) => words(head),
            None => {
                let mut padded = [0; WRITTEN_BYTES];
                if let Some(to) = padded.get_mut(..text.len()) {
                    to.copy_from_slice(text);
                }
                words(&padded)
            }
        };
        let ([one, two, three], [x, y, z]) = (self.words, self.mask);
        ((a ^ one) & x) | ((b ^ two) & y) | ((c ^ three) & z) == 0
    }
}

#[inline(always)]
fn words(bytes: &[u8; WRITTEN_BYTES]) -> [u64; WORDS] {
    match bytes.as_chunks::<8>() {
        ([a, b, c], _) => [a, b, c].map(|chunk| u64::from_le_bytes(*chunk)),
        (_, _) => [0; WORDS],
    }
}

/// The number of slots of the table of keys.
const SLOTS: usize = 64;

/// Returns the slot of a key in the table. The keys in [`KEYS`] have different slots.
#[inline(always)]
fn slot(key: &[u8]) -> Option<usize> {
    let (first, last_but_one) = (key.first()?, key.iter().rev().nth(1)?);
    let sum = 3 * usize::from(*first) + 45 * usize::from(*last_but_one);
    Some((key.len() + sum) % SLOTS)
}

/// The reader of plain lines. It expects the keys of a line in the order of the line before.
#[derive(Debug)]
pub(super) struct LineReader {
    table: KeyTable,
    /// The keys of earlier records and of earlier payloads.
    expected: ExpectedKeys,
    expected_inner: ExpectedKeys,
}

/// The indexes of the keys of earlier objects, by position in the object.
type ExpectedKeys = [usize; KEYS.len()];

#[derive(Debug)]
struct KeyTable {
    keys: [WrittenKey; KEYS.len()],
    /// The indexes of the keys, by their slots.
    slots: [Option<usize>; SLOTS],
}

impl Default for LineReader {
    fn default() -> Self {
        let mut slots = [None; SLOTS];
        for (index, (name, _)) in KEYS.iter().enumerate() {
            if let Some(place) = slot(name.as_bytes()).and_then(|slot| slots.get_mut(slot)) {
                *place = Some(index);
            }
        }
        let mut bit = 1;
        let keys = KEYS.map(|(name, key)| {
            let key = WrittenKey::new(name, key, bit);
            bit <<= 1;
            key
        });
        Self {
            table: KeyTable { keys, slots },
            expected: [0; KEYS.len()],
            expected_inner: [0; KEYS.len()],
        }
    }
}

impl LineReader {
    /// Reads a line; `scratch` receives a payload that is a text. Returns `None` if the line is not plain.
    #[inline]
    pub(super) fn read<'a>(
        &mut self,
        text: &'a str,
        scratch: &'a mut String,
    ) -> Option<PlainLine<'a>> {
        let mut cursor = Cursor { text, at: 0 };
        let mut line = PlainLine::default();
        let (table, expected_inner) = (&self.table, &mut self.expected_inner);
        // The keys of the payload, and its text if it is one.
        let (mut inner, mut inner_text) = (0, None);
        let outer = table.read_object(&mut cursor, &mut self.expected, |key, cursor| {
            if !matches!(key, Key::Payload) {
                return line.read_value(key, cursor);
            }
            let is_first = inner == 0 && inner_text.is_none();
            match cursor.behind_space()? {
                b'{' if is_first => {
                    let read = |key, cursor: &mut Cursor<'a>| line.read_value(key, cursor);
                    inner = table.read_object(cursor, expected_inner, read)?;
                }
                b'"' if is_first => inner_text = Some(cursor.escaped()?),
                _ => return None,
            }
            Some(())
        })?;
        (cursor.at == text.len()).then_some(())?;
        if let Some(text) = inner_text {
            unescape(text, scratch)?;
            let mut cursor = Cursor {
                text: scratch,
                at: 0,
            };
            let read = |key, cursor: &mut Cursor<'a>| line.read_value(key, cursor);
            inner = table.read_object(&mut cursor, expected_inner, read)?;
            (cursor.at == cursor.text.len()).then_some(())?;
        }
        let is_separate = inner & ENVELOPE == 0 && outer & !ENVELOPE == 0;
        (inner == 0 || is_separate).then_some(line)
    }
}

/// Writes a text without its escapes; `None` if anything but a quote is escaped.
fn unescape(text: &str, to: &mut String) -> Option<()> {
    to.clear();
    let mut parts = text.split('\\');
    to.push_str(parts.next()?);
    for part in parts {
        part.starts_with('"').then(|| to.push_str(part))?;
    }
    Some(())
}

impl KeyTable {
    /// Reads an object, and returns the bits of its keys. `read` reads the value of each key.
    #[inline(always)]
    fn read_object<'a>(
        &self,
        cursor: &mut Cursor<'a>,
        expected: &mut ExpectedKeys,
        mut read: impl FnMut(Key, &mut Cursor<'a>) -> Option<()>,
    ) -> Option<u32> {
        cursor.take(b'{')?;
        let mut seen = 0;
        for expected in expected {
            let rest = cursor.rest()?;
            let key = match self.keys.get(*expected) {
                Some(key) if key.begins(rest) => key,
                _ => {
                    *expected = find(&self.slots, rest)?;
                    self.keys.get(*expected).filter(|key| key.begins(rest))?
                }
            };
            (seen & key.bit == 0).then_some(())?;
            seen |= key.bit;
            cursor.at += key.len;
            read(key.key, cursor)?;
            match cursor.behind_space()? {
                b',' => cursor.at += 1,
                b'}' => {
                    cursor.at += 1;
                    return Some(seen);
                }
                _ => return None,
            }
            cursor.behind_space()?;
        }
        None
    }
}

/// Returns the index of the only key with which a text may begin.
fn find(slots: &[Option<usize>; SLOTS], text: &[u8]) -> Option<usize> {
    let inner = text.strip_prefix(b"\"")?;
    let end = text_end(inner.get(..WRITTEN_BYTES).unwrap_or(inner))?;
    *slots.get(slot(inner.get(..end)?)?)?
}

/// Returns the index of the first quote, backslash or control character.
#[inline(always)]
fn text_end(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    let (chunks, _) = bytes.as_chunks::<8>();
    let mut place = 0;
    for chunk in chunks {
        let word = u64::from_le_bytes(*chunk);
        let (quotes, escapes) = (word ^ (ONES * 0x22), word ^ (ONES * 0x5c));
        // A byte of these words has its high bit set if it is the first special one.
        let quotes = quotes.wrapping_sub(ONES) & !quotes;
        let escapes = escapes.wrapping_sub(ONES) & !escapes;
        let controls = word.wrapping_sub(ONES * 0x20) & !word;
        let special = (quotes | escapes | controls) & HIGH;
        if special != 0 {
            return Some(place + usize::try_from(special.trailing_zeros() / 8).ok()?);
        }
        place += 8;
    }
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | ..=0x1f);
    let rest = bytes.get(place..)?;
    Some(place + rest.iter().position(special)?)
}

impl<'a> PlainLine<'a> {
    #[inline(always)]
    fn read_value(&mut self, key: Key, cursor: &mut Cursor<'a>) -> Option<()> {
        let first = cursor.behind_space()?;
        if first == b'n' {
            return cursor.word("null");
        }
        let text = match key {
            // A payload inside a payload.
            Key::Payload => return None,
            Key::Id => &mut self.id,
            Key::IntentId => &mut self.intent_id,
            Key::Timestamp => &mut self.timestamp,
            Key::EventType => &mut self.event_type,
            Key::Source => &mut self.source,
            Key::Symbol => &mut self.symbol,
            Key::Action => &mut self.action,
            Key::Side => &mut self.side,
            Key::Ignored if first == b'"' => return cursor.string().map(|_| ()),
            Key::Ignored => return cursor.number().map(|_| ()),
            Key::Ts => return put(&mut self.ts, cursor.number()),
            Key::Leverage => return put(&mut self.leverage, cursor.number()),
            Key::Quantity => return put(&mut self.quantity, cursor.number()),
            Key::Qty => return put(&mut self.qty, cursor.number()),
            Key::Price => return put(&mut self.price, cursor.number()),
            Key::EntryPrice => return put(&mut self.entry_price, cursor.number()),
            Key::PositionUsd => return put(&mut self.position_usd, cursor.number()),
            Key::Size => return put(&mut self.size, cursor.number()),
            Key::PositionSizeUsd => return put(&mut self.position_size_usd, cursor.number()),
            Key::StopLoss => return put(&mut self.stop_loss, cursor.number()),
            Key::TakeProfit => return put(&mut self.take_profit, cursor.number()),
        };
        put(text, cursor.string())
    }
}

#[inline(always)]
fn put<T>(place: &mut Option<T>, value: Option<T>) -> Option<()> {
    *place = value;
    place.is_some().then_some(())
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    #[inline(always)]
    fn rest(&self) -> Option<&'a [u8]> {
        self.text.as_bytes().get(self.at..)
    }

    #[inline(always)]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline(always)]
    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then_some(())?;
        self.at += 1;
        Some(())
    }

    /// Skips spaces and returns the next byte.
    #[inline(always)]
    fn behind_space(&mut self) -> Option<u8> {
        loop {
            match self.peek()? {
                b' ' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.rest()?.starts_with(word.as_bytes()).then_some(())?;
        self.at += word.len();
        Some(())
    }

    /// Reads a text, and returns it with its escapes.
    fn escaped(&mut self) -> Option<&'a str> {
        self.take(b'"')?;
        let start = self.at;
        loop {
            self.at += text_end(self.rest()?)?;
            match self.peek()? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => return None,
            }
        }
        let text = self.text.get(start..self.at);
        self.take(b'"')?;
        text
    }

    /// Reads a text without escapes.
    #[inline(always)]
    fn string(&mut self) -> Option<&'a str> {
        self.take(b'"')?;
        let start = self.at;
        self.at += text_end(self.rest()?)?;
        let text = self.text.get(start..self.at);
        self.take(b'"')?;
        text
    }

    /// Reads a number of at most 15 digits. An `f64` represents the digits and the power of ten exactly, so that their
    /// quotient is correctly rounded (Clinger, "How to Read Floating Point Numbers Accurately", 1990).
    #[inline(always)]
    fn number(&mut self) -> Option<Number> {
        if self.peek()? != b'"' {
            return self.digits_and_point();
        }
        self.at += 1;
        let number = self.digits_and_point();
        self.take(b'"')?;
        number
    }

    #[inline(always)]
    fn digits_and_point(&mut self) -> Option<Number> {
        const POWERS: [f64; 16] = [
            1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
        ];
        let mut digits: u64 = 0;
        let start = self.at;
        let whole = self.digits(&mut digits)?;
        if whole > 1 && self.text.as_bytes().get(start) == Some(&b'0') {
            return None;
        }
        let fraction = match self.peek()? {
            b'.' => {
                self.at += 1;
                self.digits(&mut digits)?
            }
            b'e' | b'E' => return None,
            _ => 0,
        };
        if whole + fraction > 15 || matches!(self.peek()?, b'e' | b'E') {
            return None;
        }
        let high = f64::from(u32::try_from(digits >> 32).ok()?);
        let low = f64::from(u32::try_from(digits & u64::from(u32::MAX)).ok()?);
        Some(Number {
            value: (high * 4_294_967_296.0 + low) / POWERS.get(fraction)?,
            whole: if fraction == 0 {
                i64::try_from(digits).ok()
            } else {
                None
            },
        })
    }

    /// Reads one or more digits, appends them to `before`, and returns their count.
    #[inline(always)]
    fn digits(&mut self, before: &mut u64) -> Option<usize> {
        let start = self.at;
        while let Some(byte @ b'0'..=b'9') = self.peek() {
            *before = before.wrapping_mul(10).wrapping_add(u64::from(byte & 0x0f));
            self.at += 1;
        }
        (self.at > start).then(|| self.at - start)
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    #[test]
    fn every_key_is_found_in_its_slot() {
        let reader = LineReader::default();
        for (index, (name, _)) in KEYS.iter().enumerate() {
            let written = format!("\"{name}\":");
            assert_eq!(
                find(&reader.table.slots, written.as_bytes()),
                Some(index),
                "{name}"
            );
        }
        assert_eq!(reader.table.slots.iter().flatten().count(), KEYS.len());
    }

    proptest! {
        #[test]
        fn a_text_ends_at_the_first_special_byte(bytes in vec(select(b"ab\x7f\x80\xff \"\\\x1f\x00!#[]".to_vec()), 0..40)) {
            let special = |byte: &u8| matches!(byte, b'"' | b'\\' | ..=0x1f);
            prop_assert_eq!(text_end(&bytes), bytes.iter().position(special));
        }
    }

    #[test]
    fn only_plain_lines_are_read() {
        let mut reader = LineReader::default();
        let mut scratch = String::new();
        let line = r#"{"symbol": "A b", "leverage":"5","side":null, "ts":17, "price":0.25}"#;
        let line = reader.read(line, &mut scratch).unwrap();
        assert_eq!((line.symbol, line.side), (Some("A b"), None));
        assert_eq!(line.leverage.map(|it| it.value), Some(5.0));
        assert_eq!(line.ts.and_then(|it| it.whole), Some(17));
        assert_eq!(
            line.price,
            Some(Number {
                value: 0.25,
                whole: None
            })
        );
        for other in [
            "",
            "{}",
            "{",
            r#"{"symbol":"A""#,
            r#"{"symbol":"A"} "#,
            r#"{"symbol":"A",}"#,
            r#"{"symbol":"A","symbol":"A"}"#,
            r#"{"symbol":"A","side":null,"side":"BUY"}"#,
            r#"{"symbol":"\u0041"}"#,
            "{\"symbol\":\"A\tB\"}",
            r#"{"symbol":5}"#,
            r#"{"leverage":"5 "}"#,
            r#"{"leverage":""}"#,
            r#"{"payload":null}"#,
            r#"{"payload":5}"#,
            r#"{"payload":{"side":"BUY"},"data":{"side":"BUY"}}"#,
            r#"{"payload":{"payload":{"side":"BUY"}}}"#,
            r#"{"symbol":"A","payload":{"side":"BUY"}}"#,
            r#"{"model":"A","payload":{"side":"BUY"}}"#,
            r#"{"id":"1-0","payload":{"id":"1-0","side":"BUY"}}"#,
            r#"{"payload":{"side":"BUY"}"#,
            r#"{"payload":"{\"side\":\"BUY\"} "}"#,
            r#"{"payload":"{\"side\":\"\u0042\"}"}"#,
            r#"{"payload":"{\"side\":\"BUY\\\"}"}"#,
            r#"{"leverage":05}"#,
            r#"{"leverage":-5}"#,
            r#"{"leverage":5.}"#,
            r#"{"leverage":.5}"#,
            r#"{"leverage":5e1}"#,
            r#"{"leverage":5.5E1}"#,
            r#"{"leverage":1234567890123456}"#,
            r#"{"leverage":nul}"#,
            r#"{"leverage":true}"#,
            r#"{"leverage" :5}"#,
            r#"{"lever":5}"#,
            r#"{ "leverage":5}"#,
        ] {
            assert_eq!(reader.read(other, &mut scratch), None, "{other}");
        }
        for envelope in [
            r#"{"id":"1-0","payload":{"side":"BUY","size":5},"source":"s"}"#,
            r#"{"id":"1-0","source":"s","data":"{\"side\":\"BUY\",\"size\":5}"}"#,
        ] {
            let line = reader.read(envelope, &mut scratch).unwrap();
            assert_eq!(
                (line.id, line.source, line.side),
                (Some("1-0"), Some("s"), Some("BUY"))
            );
            assert_eq!(line.size.map(|it| it.value), Some(5.0));
        }
    }
}
