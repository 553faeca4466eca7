//! Reading of plain lines. A plain line is an object with known keys, each at most once. Its values are null, numbers
//! without a sign or an exponent (also as text), or texts without escapes. An envelope is a plain line if its payload
//! is such an object, or a text with such an object in which only quotes are escaped. The general reader reads all
//! other lines.

use std::sync::LazyLock;

use portcullis::types::{IsoOffset, Timestamp};

use super::{
    keys::{ENVELOPE, ID, KEY_COUNT, Key, KeyTable, TIMESTAMP, TS},
    names::Name,
    step::{After, Before, Form, PAYLOAD, RECORD, STATES, Steps, before},
    values::{NotPlain, PlainValues, iso, read_digits},
};

/// The values of a plain line.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlainLine<'a> {
    values: &'a Values,
    /// The text that contains the values of the keys in [`ENVELOPE`].
    envelope: &'a [u8],
    /// The text that contains all other values.
    payload: &'a [u8],
}

impl<'a> PlainLine<'a> {
    #[inline(always)]
    fn states(&self, key: Key) -> bool {
        self.values.stated & key.bit() != 0
    }

    #[inline(always)]
    fn part(&self, key: Key) -> &'a [u8] {
        if key.bit() & ENVELOPE == 0 {
            self.payload
        } else {
            self.envelope
        }
    }

    #[inline(always)]
    fn digits(&self, key: Key) -> Option<Number> {
        self.states(key).then_some(())?;
        self.values.numbers.get(key.0).copied()
    }
}

impl<'a> PlainValues<'a> for PlainLine<'a> {
    #[inline(always)]
    fn text(&self, key: Key) -> Option<&'a [u8]> {
        self.states(key).then_some(())?;
        let (start, len) = *self.values.texts.get(key.0)?;
        self.part(key).get(start..)?.get(..len)
    }

    #[inline(always)]
    fn name(&self, key: Key) -> Option<Name> {
        self.states(key).then_some(())?;
        let (start, len) = *self.values.texts.get(key.0)?;
        Name::read(self.part(key).get(start..)?, len)
    }

    #[inline(always)]
    fn number(&self, key: Key) -> Option<f64> {
        self.digits(key).map(Number::value)
    }

    #[inline(always)]
    fn ts(&self) -> Result<Option<i64>, NotPlain> {
        match self.digits(TS) {
            Some(number) => number.whole().map(Some).ok_or(NotPlain),
            None => Ok(None),
        }
    }

    #[inline(always)]
    fn timestamp(&self) -> Result<Option<(Timestamp, IsoOffset)>, NotPlain> {
        self.text(TIMESTAMP).map(iso).transpose()
    }
}

/// The values of the last line, by key. Only those of stated keys are valid.
#[derive(Debug, Default)]
struct Values {
    stated: u32,
    /// Where each text starts and its length.
    texts: [(usize, usize); KEY_COUNT],
    numbers: [Number; KEY_COUNT],
}

/// A number of at most 15 digits.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Number {
    digits: u64,
    /// How many of the digits are behind the decimal point.
    fraction: usize,
}

impl Number {
    /// Returns the value. An `f64` represents the digits and the power of ten exactly, so that their quotient is
    /// correctly rounded (Clinger, "How to Read Floating Point Numbers Accurately", 1990).
    #[inline(always)]
    fn value(self) -> f64 {
        const POWERS: [f64; 16] = [
            1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
        ];
        // The bits of 2^52 + n are those of 2^52 with n in the mantissa.
        const TWO_TO_52: f64 = 4_503_599_627_370_496.0;
        let digits = f64::from_bits(TWO_TO_52.to_bits() | self.digits) - TWO_TO_52;
        digits / POWERS.get(self.fraction).copied().unwrap_or(f64::NAN)
    }

    /// Returns the value, if it was written without a decimal point.
    #[inline(always)]
    fn whole(self) -> Option<i64> {
        if self.fraction > 0 {
            return None;
        }
        i64::try_from(self.digits).ok()
    }

    /// Reads a number, and returns its length.
    #[inline(always)]
    fn read(bytes: &[u8]) -> Option<(Self, usize)> {
        let mut digits = 0;
        let whole = read_digits(bytes, &mut digits);
        if whole == 0 || (whole > 1 && bytes.first() == Some(&b'0')) {
            return None;
        }
        let (mut fraction, mut len) = (0, whole);
        if bytes.get(whole) == Some(&b'.') {
            fraction = read_digits(bytes.get(whole + 1..)?, &mut digits);
            (fraction > 0).then_some(())?;
            len = whole + 1 + fraction;
        }
        (whole + fraction <= 15).then_some((Self { digits, fraction }, len))
    }
}

/// The reader of plain lines. It predicts each key from the previous one.
#[derive(Debug)]
pub(super) struct LineReader {
    keys: &'static KeyTable,
    steps: &'static Steps,
    /// The index of the last step from each state.
    predicted: [usize; STATES],
    values: Values,
    /// The payload of the last envelope whose payload is a text.
    payload: Vec<u8>,
}

/// The table of keys, which all readers share.
static KEY_TABLE: LazyLock<KeyTable> = LazyLock::new(KeyTable::default);
/// The table of steps, which all readers share.
static STEPS: LazyLock<Steps> = LazyLock::new(Steps::default);

impl Default for LineReader {
    fn default() -> Self {
        Self {
            keys: &KEY_TABLE,
            steps: &STEPS,
            // A key that is predicted before any line was read must have a form that its values can have.
            predicted: [Steps::to_value(Before::Start, false, ID, Form::Quoted); STATES],
            values: Values::default(),
            payload: Vec::new(),
        }
    }
}

/// The keys of an object that was read, and its end.
#[derive(Debug, Clone, Copy, Default)]
struct Object {
    /// The bits of its keys.
    keys: u32,
    /// Where it ends.
    end: usize,
}

impl LineReader {
    /// Reads the first `len` bytes. Reading is faster if more bytes follow, which must start with a line end. Returns
    /// `None` if the line is not plain.
    #[inline(always)]
    pub(super) fn read<'a>(&'a mut self, bytes: &'a [u8], len: usize) -> Option<PlainLine<'a>> {
        self.values.stated = 0;
        // The payload, and where it is if it is a text.
        let (mut inner, mut inner_text) = (Object::default(), None);
        let outer = self.object(bytes, (0, RECORD), |reader, at, is_text| {
            (inner.keys == 0 && inner_text.is_none()).then_some(())?;
            if is_text {
                let end = escaped_end(bytes, at)?;
                inner_text = Some((at, end));
                return Some(end);
            }
            inner = reader.object(bytes, (at, PAYLOAD), |_, _, _| None)?;
            Some(inner.end)
        })?;
        (outer.end == len).then_some(())?;
        if let Some((start, end)) = inner_text {
            let mut payload = std::mem::take(&mut self.payload);
            let read = unescape(bytes.get(start..end)?, &mut payload)
                .and_then(|()| self.object(&payload, (0, PAYLOAD), |_, _, _| None));
            self.payload = payload;
            inner = read?;
            (inner.end == self.payload.len()).then_some(())?;
        }
        let is_separate = inner.keys & ENVELOPE == 0 && outer.keys & !ENVELOPE == 0;
        (inner.keys == 0 || is_separate).then_some(PlainLine {
            values: &self.values,
            envelope: bytes,
            payload: if inner_text.is_some() {
                &self.payload
            } else {
                bytes
            },
        })
    }

    /// Reads the object at a position. `payload` receives the position of a payload and returns its end.
    #[inline(always)]
    fn object(
        &mut self,
        bytes: &[u8],
        (mut at, mut state): (usize, usize),
        mut payload: impl FnMut(&mut Self, usize, bool) -> Option<usize>,
    ) -> Option<Object> {
        let mut keys = 0;
        loop {
            let rest = bytes.get(at..)?;
            let predicted = self.predicted.get(state).copied()?;
            let predicted = self.steps.get(predicted)?;
            let (step, len) = if predicted.begins(rest) {
                (predicted, predicted.len)
            } else {
                let (index, len) = self.find(rest, state)?;
                *self.predicted.get_mut(state)? = index;
                (self.steps.get(index)?, len)
            };
            at += len;
            if step.after == After::End {
                return Some(Object { keys, end: at });
            }
            (keys & step.key.bit() == 0).then_some(())?;
            keys |= step.key.bit();
            state = step.state;
            match step.after {
                After::Text => {
                    let len = text_end(bytes.get(at..)?)?;
                    *self.values.texts.get_mut(step.key.0)? = (at, len);
                    self.values.stated |= step.key.bit();
                    at += len;
                }
                After::Number => {
                    let (number, len) = Number::read(bytes.get(at..)?)?;
                    *self.values.numbers.get_mut(step.key.0)? = number;
                    self.values.stated |= step.key.bit();
                    at += len;
                }
                After::Nothing | After::End => {}
                After::Object => at = payload(self, at, false)?,
                After::ObjectText => at = payload(self, at, true)?,
            }
        }
    }

    /// Finds the step to the next value, and how long it is.
    #[inline]
    fn find(&self, text: &[u8], state: usize) -> Option<(usize, usize)> {
        let before = before(state);
        self.find_compact(text, before)
            .or_else(|| self.find_any(text, before))
    }

    /// Finds a step without spaces.
    #[inline(always)]
    fn find_compact(&self, text: &[u8], before: Before) -> Option<(usize, usize)> {
        let start = match before {
            Before::Start | Before::Value => 2,
            Before::Quoted => 3,
        };
        let name = text.get(start..)?;
        let name = name.get(..text_end(name)?)?;
        let (key, kind) = self.keys.guess(name)?;
        let form = Form::of(kind, *text.get(start + name.len() + 2)?)?;
        let index = Steps::to_value(before, false, key, form);
        let step = self.steps.get(index)?;
        step.begins(text).then_some((index, step.len))
    }

    /// Finds a step with any number of spaces.
    #[inline(never)]
    fn find_any(&self, text: &[u8], before: Before) -> Option<(usize, usize)> {
        let mut rest = text;
        if before == Before::Quoted {
            rest = rest.strip_prefix(b"\"")?;
        }
        let (index, after) = match (before, skip_spaces(rest).split_first()?) {
            (Before::Start, (b'{', rest)) | (Before::Value | Before::Quoted, (b',', rest)) => {
                self.find_key(before, rest)?
            }
            (Before::Value | Before::Quoted, (b'}', rest)) => (Steps::to_end(before), rest),
            (_, _) => return None,
        };
        Some((index, text.len() - after.len()))
    }

    /// Reads a key and the beginning of its value. Returns the index of the step, and what is after it.
    fn find_key<'t>(&self, before: Before, text: &'t [u8]) -> Option<(usize, &'t [u8])> {
        let name = skip_spaces(text).strip_prefix(b"\"")?;
        let (name, rest) = name.split_at_checked(text_end(name)?)?;
        let (key, kind) = self.keys.find(name)?;
        let behind_name = skip_spaces(rest.strip_prefix(b"\"")?).strip_prefix(b":")?;
        let rest = skip_spaces(behind_name);
        let form = Form::of(kind, *rest.first()?)?;
        let rest = match form {
            Form::Bare => rest,
            Form::Quoted => rest.strip_prefix(b"\"")?,
            Form::Null => rest.strip_prefix(b"null")?,
        };
        let is_spaced = behind_name.first() == Some(&b' ');
        Some((Steps::to_value(before, is_spaced, key, form), rest))
    }
}

#[inline(always)]
fn skip_spaces(mut text: &[u8]) -> &[u8] {
    while let Some((b' ', rest)) = text.split_first() {
        text = rest;
    }
    text
}

/// Returns the end of a text with escapes: the position of its closing quote.
fn escaped_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += text_end(bytes.get(at..)?)?;
        match bytes.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => return None,
        }
    }
}

/// Writes a text without its escapes; `None` if anything but a quote is escaped.
fn unescape(text: &[u8], to: &mut Vec<u8>) -> Option<()> {
    to.clear();
    let mut rest = text;
    while let Some(place) = memchr::memchr(b'\\', rest) {
        let (before, after) = rest.split_at_checked(place)?;
        to.extend_from_slice(before);
        to.push(b'"');
        rest = after.strip_prefix(b"\\\"")?;
    }
    to.extend_from_slice(rest);
    Some(())
}

/// Returns the index of the first quote, backslash or control character.
#[inline(always)]
fn text_end(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    let (chunks, _) = bytes.as_chunks::<8>();
    let mut place: usize = 0;
    for chunk in chunks {
        let word = u64::from_le_bytes(*chunk);
        let (quotes, escapes) = (word ^ (ONES * 0x22), word ^ (ONES * 0x5c));
        // The high bit of the first special byte is set. The high bits of later bytes can be wrong.
        let quotes = quotes.wrapping_sub(ONES) & !quotes;
        let escapes = escapes.wrapping_sub(ONES) & !escapes;
        let controls = word.wrapping_sub(ONES * 0x20) & !word;
        let special = (quotes | escapes | controls) & HIGH;
        if special != 0 {
            return Some(place.wrapping_add(usize::try_from(special.trailing_zeros() / 8).ok()?));
        }
        place = place.wrapping_add(8);
    }
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | ..=0x1f);
    let rest = bytes.get(place..)?;
    Some(place + rest.iter().position(special)?)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::{
        super::keys::{KEYS, KeyKind, LEVERAGE, PRICE, SIDE, SIZE, SOURCE, SYMBOL},
        *,
    };

    proptest! {
        #[test]
        fn a_text_ends_at_the_first_special_byte(bytes in vec(select(b"ab\x7f\x80\xff \"\\\x1f\x00!#[]".to_vec()), 0..40)) {
            let special = |byte: &u8| matches!(byte, b'"' | b'\\' | ..=0x1f);
            prop_assert_eq!(text_end(&bytes), bytes.iter().position(special));
        }
    }

    /// Reads a line twice: alone, and before other lines.
    fn read(reader: &mut LineReader, line: &str, check: impl Fn(Option<PlainLine<'_>>)) {
        for next in ["", "\n", "\r\n{\"symbol\":\"B\",\"ts\":5}\n", "\n}\n\"}\n"] {
            let bytes = format!("{line}{next}");
            check(reader.read(bytes.as_bytes(), line.len()));
        }
    }

    /// A new reader predicts keys although it has read no line.
    #[test]
    fn the_first_line_is_plain_only_if_its_value_has_a_form_of_its_key() {
        for (name, kind) in KEYS {
            for value in ["5", "\"5\"", "null", "true", "[]", "-5", "{\"price\":5}"] {
                let line = format!("{{\"{name}\":{value}}}");
                let form = Form::of(kind, value.as_bytes()[0]);
                let is_plain = match kind {
                    // The text of a payload is an object.
                    KeyKind::Payload => value.starts_with('{'),
                    KeyKind::Text | KeyKind::Number | KeyKind::Ignored => form.is_some(),
                };
                let mut reader = LineReader::default();
                let found = reader.read(line.as_bytes(), line.len());
                assert_eq!(found.is_some(), is_plain, "{line}");
            }
        }
    }

    #[test]
    fn only_plain_lines_are_read() {
        let mut reader = LineReader::default();
        for line in [
            r#"{"symbol": "A b", "leverage":"5","side":null, "ts":17, "price":0.25}"#,
            r#"{"symbol":"A b","leverage":"5","side":null,"ts":17,"price":0.25}"#,
            r#"{"symbol": "A b", "leverage": 5, "side": null, "ts": 17, "price": "0.25"}"#,
            r#"{ "ts":17,"symbol":"A b" ,"leverage"  :5 , "model":"x", "price":0.25  }"#,
            r#"{"model":5,"price":0.25,"regime":null,"ts":"17","leverage":5,"symbol":"A b"}"#,
        ] {
            read(&mut reader, line, |found| {
                let found = found.unwrap();
                assert_eq!(found.text(SYMBOL), Some(&b"A b"[..]), "{line}");
                assert_eq!(found.text(SIDE), None, "{line}");
                assert_eq!(found.number(LEVERAGE), Some(5.0), "{line}");
                assert_eq!(found.ts().ok(), Some(Some(17)), "{line}");
                assert_eq!(found.number(PRICE), Some(0.25), "{line}");
                assert_eq!(found.digits(PRICE).and_then(Number::whole), None, "{line}");
            });
        }
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
            r#"{"payload":{"side":"BUY"},"data":"{\"side\":\"BUY\"}"}"#,
            r#"{"payload":"{\"side\":\"BUY\"}","data":{"side":"BUY"}}"#,
            r#"{"payload":"{\"side\":\"BUY\"}","data":"{\"side\":\"BUY\"}"}"#,
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
            r#"{"lever":5}"#,
            r#"{"leverage":5;"ts":5}"#,
            r#"["leverage":5]"#,
            r#"{"leverage":5,"ts":"5,"side":"BUY"}"#,
            r#"{"leverage":5","side":"BUY"}"#,
        ] {
            read(&mut reader, other, |found| {
                assert!(found.is_none(), "{other}")
            });
        }
        for (number, value) in [
            ("123456789012345", 123_456_789_012_345.0),
            ("12345.6789012345", 12_345.678_901_234_5),
            ("0.12345678901234", 0.123_456_789_012_34),
        ] {
            read(
                &mut reader,
                &format!(r#"{{"leverage":{number}}}"#),
                |line| {
                    let number = line.unwrap().number(LEVERAGE);
                    assert_eq!(number, Some(value));
                },
            );
        }
        for envelope in [
            r#"{"id":"1-0","payload":{"side":"BUY","size":5},"source":"s"}"#,
            r#"{"id":"1-0","source":"s","data":"{\"side\":\"BUY\",\"size\":5}"}"#,
        ] {
            read(&mut reader, envelope, |line| {
                let line = line.unwrap();
                assert_eq!(line.text(ID), Some(&b"1-0"[..]));
                assert_eq!(line.text(SOURCE), Some(&b"s"[..]));
                assert_eq!(line.text(SIDE), Some(&b"BUY"[..]));
                assert_eq!(line.number(SIZE), Some(5.0));
            });
        }
    }
}
