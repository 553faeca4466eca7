//! Reading of plain lines. A plain line is an object with known keys, each at most once. Its values are null, numbers
//! without a sign or an exponent (also as text), or texts without escapes. An envelope is a plain line if its payload
//! is such an object, or a text with such an object in which only quotes are escaped. The general reader reads all
//! other lines.

#[cfg(test)]
mod tests;

use std::{ops::Range, sync::LazyLock};

use portcullis::types::{IsoOffset, Timestamp};
use wide::u8x16;

use super::{
    keys::{
        ENVELOPE, ID, KEY_COUNT, Key, KeyTable, Keys, MARKET as MARKET_KEYS, MARKET_ONLY,
        TIMESTAMP, TS,
    },
    names::Name,
    number::{read_digits, read_number},
    step::{After, Before, Form, MARKET, PAYLOAD, RECORD, STATES, Step, Steps, before},
    values::{NotPlain, instant},
};

/// The values of a plain line.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlainLine<'a> {
    values: &'a Values,
    /// All its keys, also those whose values are null.
    pub(super) keys: Keys,
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

    /// Returns where the value of a key is in the line, which has no payload.
    pub(super) fn place(&self, key: Key) -> Option<Range<usize>> {
        self.states(key).then_some(())?;
        let value = self.values.values.get(key.0)?;
        Some(value.start..value.start.checked_add(value.len)?)
    }

    /// Returns the text of `ts` in the market state of a line without a payload.
    pub(super) fn market_ts(&self) -> Option<&'a [u8]> {
        let value = self.values.market_ts?;
        self.payload.get(value.start..)?.get(..value.len)
    }

    #[inline(always)]
    fn part(&self, key: Key) -> &'a [u8] {
        if key.bit() & ENVELOPE == 0 {
            self.payload
        } else {
            self.envelope
        }
    }

    /// Returns the text of a value and what is after it, and the length of the value.
    #[inline(always)]
    fn value(&self, key: Key) -> Option<(&'a [u8], usize)> {
        self.states(key).then_some(())?;
        let value = self.values.values.get(key.0)?;
        Some((self.part(key).get(value.start..)?, value.len))
    }
}

/// The values by key. An absent value and null are `None`.
impl<'a> PlainLine<'a> {
    /// Returns a text, which is valid UTF-8.
    #[inline(always)]
    pub(super) fn text(&self, key: Key) -> Option<&'a [u8]> {
        let (text, len) = self.value(key)?;
        text.get(..len)
    }

    /// Returns a text of at most 16 bytes; `None` also if it is longer.
    #[inline(always)]
    pub(super) fn name(&self, key: Key) -> Option<Name> {
        let (text, len) = self.value(key)?;
        Name::read(text, len)
    }

    /// Returns a number that is not negative.
    #[inline(always)]
    pub(super) fn number(&self, key: Key) -> Option<f64> {
        self.states(key).then_some(())?;
        self.values.values.get(key.0).map(|value| value.number)
    }

    /// Returns a time in epoch milliseconds.
    ///
    /// # Errors
    /// Returns an error if it is not a whole number.
    #[inline(always)]
    pub(super) fn millis(&self, key: Key) -> Result<Option<i64>, NotPlain> {
        let Some(text) = self.text(key) else {
            return Ok(None);
        };
        let mut millis = 0;
        if read_digits(text, &mut millis) < text.len() {
            return Err(NotPlain);
        }
        i64::try_from(millis).map(Some).map_err(|_| NotPlain)
    }

    /// Returns `timestamp`.
    ///
    /// # Errors
    /// Returns an error if it is neither ISO-8601 nor epoch seconds.
    #[inline(always)]
    pub(super) fn timestamp(&self) -> Result<Option<(Timestamp, IsoOffset)>, NotPlain> {
        self.text(TIMESTAMP).map(instant).transpose()
    }
}

/// The values of the last line, by key. Only those of stated keys are valid.
#[derive(Debug)]
struct Values {
    stated: Keys,
    /// `ts` in the market state.
    market_ts: Option<Value>,
    values: [Value; KEY_COUNT],
}

/// A text or a number.
#[derive(Debug, Clone, Copy, Default)]
struct Value {
    /// Where its text starts.
    start: usize,
    /// The length of its text.
    len: usize,
    /// The number; without meaning for a text.
    number: f64,
}

impl Default for Values {
    fn default() -> Self {
        Self {
            stated: 0,
            market_ts: None,
            values: [Value::default(); KEY_COUNT],
        }
    }
}

impl Values {
    /// Reads the value after a step, and returns its end.
    #[inline(always)]
    fn read(&mut self, bytes: &[u8], at: usize, step: &Step) -> Option<usize> {
        let start = at;
        let (len, number) = match step.after {
            After::Text => (text_end(bytes.get(at..)?)?, 0.0),
            After::Number => {
                let (number, len) = read_number(bytes.get(at..)?)?;
                (len, number)
            }
            After::Nothing | After::Payload | After::PayloadText | After::Market | After::End => {
                return Some(at);
            }
        };
        *self.values.get_mut(step.key.0)? = Value { start, len, number };
        self.stated |= step.bit;
        Some(at.wrapping_add(len))
    }
}

/// The layout of many lines: the steps in which they are read, without a payload.
#[derive(Debug, Default)]
struct Layout {
    steps: Vec<Step>,
    /// The indexes of the steps.
    indexes: Vec<usize>,
    /// The indexes of the steps of the last line that did not have this layout.
    path: Vec<usize>,
    /// The path before, and how often in succession lines had it.
    previous: (Vec<usize>, u32),
}

/// The number of successive lines without the layout, and with the same other one, that make it the layout.
const LINES_TO_LEARN: u32 = 4;

impl Layout {
    /// Reads a line in the layout, as far as it has it. Returns `None` if a value is not plain.
    #[inline(always)]
    fn follow(&mut self, bytes: &[u8], values: &mut Values) -> Option<Object> {
        let mut object = Object::at(0, RECORD);
        for (place, step) in self.steps.iter().enumerate() {
            if !step.begins(bytes.get(object.end..)?) {
                self.path.clear();
                self.path.extend_from_slice(self.indexes.get(..place)?);
                return Some(object);
            }
            object.end = object.end.wrapping_add(step.len);
            object.keys |= step.bit;
            object.state = step.state;
            object.end = values.read(bytes, object.end, step)?;
        }
        self.path.clear();
        if !self.steps.is_empty() {
            object.is_complete = true;
            self.previous.1 = 0;
        }
        Some(object)
    }

    /// Compares the path of a line with the path before.
    fn learn(&mut self, steps: &Steps) {
        let (previous, count) = &mut self.previous;
        if self.path != *previous {
            std::mem::swap(&mut self.path, previous);
            *count = 0;
        }
        *count += 1;
        if *count == LINES_TO_LEARN {
            self.indexes.clone_from(previous);
            let steps = previous.iter().filter_map(|index| steps.get(*index));
            self.steps.clear();
            self.steps.extend(steps.copied());
        }
    }
}

/// The reader of plain lines. It reads a line in the layout of earlier lines, and otherwise predicts each key from the
/// previous one.
#[derive(Debug)]
pub(super) struct LineReader {
    keys: &'static KeyTable,
    steps: &'static Steps,
    /// The index of the last step from each state.
    predicted: [usize; STATES],
    layout: Layout,
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
            layout: Layout::default(),
            values: Values::default(),
            payload: Vec::new(),
        }
    }
}

/// How far an object was read.
#[derive(Debug, Clone, Copy, Default)]
struct Object {
    keys: Keys,
    /// The position after the last value, or after the object if that is complete.
    end: usize,
    /// The state from which the next step is predicted.
    state: usize,
    is_complete: bool,
}

impl Object {
    /// Returns an object at a position of which nothing was read.
    const fn at(end: usize, state: usize) -> Self {
        Self {
            keys: 0,
            end,
            state,
            is_complete: false,
        }
    }
}

impl LineReader {
    /// Reads the plain line at the beginning of a text, and returns its length. Other lines may follow. Returns `None`
    /// if the line is not plain.
    #[inline(always)]
    pub(super) fn read<'a>(&'a mut self, bytes: &'a [u8]) -> Option<(PlainLine<'a>, usize)> {
        self.values.stated = 0;
        self.values.market_ts = None;
        let start = self.layout.follow(bytes, &mut self.values)?;
        if start.is_complete {
            let line = PlainLine {
                values: &self.values,
                keys: start.keys,
                envelope: bytes,
                payload: bytes,
            };
            return Some((line, start.end));
        }
        self.read_from(bytes, start)
    }

    /// Reads a line of this length, after which other lines may follow.
    #[cfg(test)]
    pub(super) fn read_whole<'a>(
        &'a mut self,
        bytes: &'a [u8],
        len: usize,
    ) -> Option<PlainLine<'a>> {
        let (line, end) = self.read(bytes)?;
        (end == len).then_some(line)
    }

    /// Reads the rest of a line.
    fn read_from<'a>(
        &'a mut self,
        bytes: &'a [u8],
        start: Object,
    ) -> Option<(PlainLine<'a>, usize)> {
        // The payload, and where it is if it is a text.
        let (mut inner, mut inner_text) = (Object::default(), None);
        let mut market = 0;
        let outer = self.object(bytes, start, |reader, at, after| match after {
            After::Market => {
                let object = reader.market(bytes, at)?;
                market = object.keys;
                Some(object.end)
            }
            _ if inner.keys != 0 || inner_text.is_some() => None,
            After::PayloadText => {
                let end = escaped_end(bytes, at)?;
                inner_text = Some((at, end));
                Some(end)
            }
            After::Payload => {
                inner = reader.object(bytes, Object::at(at, PAYLOAD), |_, _, _| None)?;
                Some(inner.end)
            }
            After::Text | After::Number | After::Nothing | After::End => None,
        })?;
        if let Some((start, end)) = inner_text {
            let mut payload = std::mem::take(&mut self.payload);
            let read = unescape(bytes.get(start..end)?, &mut payload)
                .and_then(|()| self.object(&payload, Object::at(0, PAYLOAD), |_, _, _| None));
            self.payload = payload;
            inner = read?;
            (inner.end == self.payload.len()).then_some(())?;
        }
        if inner.keys != 0 {
            let is_separate = inner.keys & ENVELOPE == 0 && outer.keys & !ENVELOPE == 0;
            is_separate.then_some(())?;
        } else if market == 0 {
            self.layout.learn(self.steps);
        }
        // The values of a market state would be mistaken for those of the record.
        ((outer.keys | inner.keys) & MARKET_ONLY == 0).then_some(())?;
        let line = PlainLine {
            values: &self.values,
            keys: outer.keys | inner.keys,
            envelope: bytes,
            payload: if inner_text.is_some() {
                &self.payload
            } else {
                bytes
            },
        };
        Some((line, outer.end))
    }

    /// Reads the market state at a position. Its `ts` is kept apart from that of the record.
    fn market(&mut self, bytes: &[u8], at: usize) -> Option<Object> {
        let is_stated = self.values.stated & TS.bit();
        let record_ts = *self.values.values.get(TS.0)?;
        self.values.stated &= !TS.bit();
        let market = self.object(bytes, Object::at(at, MARKET), |_, _, _| None)?;
        (market.keys & !MARKET_KEYS == 0).then_some(())?;
        let ts = self.values.values.get_mut(TS.0)?;
        self.values.market_ts = (self.values.stated & TS.bit() != 0).then_some(*ts);
        *ts = record_ts;
        self.values.stated = (self.values.stated & !TS.bit()) | is_stated;
        Some(market)
    }

    /// Reads the rest of an object. `inner` receives the position of an inner object and returns its end.
    #[inline(always)]
    fn object(
        &mut self,
        bytes: &[u8],
        mut object: Object,
        mut inner: impl FnMut(&mut Self, usize, After) -> Option<usize>,
    ) -> Option<Object> {
        loop {
            let rest = bytes.get(object.end..)?;
            let mut index = self.predicted.get(object.state).copied()?;
            let mut step = self.steps.get(index)?;
            let mut len = step.len;
            if !step.begins(rest) {
                (index, len) = self.find(rest, object.state)?;
                *self.predicted.get_mut(object.state)? = index;
                step = self.steps.get(index)?;
            }
            self.layout.path.push(index);
            object.end += len;
            if step.after == After::End {
                object.is_complete = true;
                return Some(object);
            }
            (object.keys & step.bit == 0).then_some(())?;
            object.keys |= step.bit;
            object.state = step.state;
            object.end = match step.after {
                After::Payload | After::PayloadText | After::Market => {
                    inner(self, object.end, step.after)?
                }
                After::Text | After::Number | After::Nothing | After::End => {
                    self.values.read(bytes, object.end, step)?
                }
            };
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
    let (chunks, rest) = bytes.as_chunks::<16>();
    let mut place: usize = 0;
    for chunk in chunks {
        let bytes = u8x16::new(*chunk);
        let special = bytes.simd_eq(u8x16::splat(b'"'))
            | bytes.simd_eq(u8x16::splat(b'\\'))
            | bytes.simd_eq(bytes.min(u8x16::splat(0x1f)));
        let special = special.to_bitmask();
        if special != 0 {
            return Some(place.wrapping_add(usize::try_from(special.trailing_zeros()).ok()?));
        }
        place = place.wrapping_add(16);
    }
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | ..=0x1f);
    Some(place + rest.iter().position(special)?)
}
