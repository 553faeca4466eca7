//! The steps in which a plain line is read: from the end of one value to the beginning of the next.

use wide::u8x16;

use super::keys::{KEY_COUNT, KEYS, Key, KeyKind, Keys};

/// The length of the longest literal.
const LITERAL_BYTES: usize = 32;

/// The kind of text before a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// The beginning of an object.
    Start,
    /// The end of a value without quotes.
    Value,
    /// The end of a value in quotes, whose closing quote belongs to the literal.
    Quoted,
}

impl Before {
    const ALL: [Self; 3] = [Self::Start, Self::Value, Self::Quoted];

    const fn index(self) -> usize {
        match self {
            Self::Start => 0,
            Self::Value => 1,
            Self::Quoted => 2,
        }
    }
}

/// The kind of value after a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// A text without escapes, after its opening quote.
    Text,
    /// A number.
    Number,
    /// Nothing: the literal contains `null`.
    Nothing,
    /// The payload of an envelope, which is an object.
    Payload,
    /// The payload of an envelope, which is the text of an object, after its opening quote.
    PayloadText,
    /// The market state of a position, which is an object.
    Market,
    /// The end of the object, which the literal contains.
    End,
}

/// The forms in which a value may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Bare,
    Quoted,
    Null,
}

impl Form {
    const ALL: [Self; 3] = [Self::Bare, Self::Quoted, Self::Null];

    const fn index(self) -> usize {
        match self {
            Self::Bare => 0,
            Self::Quoted => 1,
            Self::Null => 2,
        }
    }

    /// Returns the form of the value of a key that begins with this byte; `None` if it is not plain.
    #[inline(always)]
    pub(super) const fn of(kind: KeyKind, first: u8) -> Option<Self> {
        match (first, kind) {
            (b'"', KeyKind::Market) => None,
            (b'"', _) => Some(Self::Quoted),
            (b'n', KeyKind::Text | KeyKind::Number | KeyKind::TextOrNumber) => Some(Self::Null),
            (b'0'..=b'9', KeyKind::Number | KeyKind::TextOrNumber)
            | (b'{', KeyKind::Payload | KeyKind::Market) => Some(Self::Bare),
            (_, _) => None,
        }
    }
}

/// A literal between two values, with the key of the second one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// The literal, padded with zeros.
    bytes: [u8x16; 2],
    /// Ones for the bytes of the literal, zeros for the padding.
    mask: [u8x16; 2],
    pub(super) len: usize,
    /// The key in the literal; without meaning if the literal ends an object.
    pub(super) key: Key,
    /// The set of the key.
    pub(super) bit: Keys,
    pub(super) after: After,
    /// The state from which the next step is predicted.
    pub(super) state: usize,
}

/// All steps of plain lines, without spaces and with the spaces of `json.dumps` in Python.
#[derive(Debug)]
pub(super) struct Steps(Vec<Step>);

/// The number of states: the beginnings of objects, and each key with a value without and with quotes.
pub(super) const STATES: usize = BEGINNINGS + 2 * KEY_COUNT;

/// The number of states at the beginning of an object, of which the last is not used. An even number, so that a state
/// after a value with quotes is odd.
const BEGINNINGS: usize = 4;
/// The state at the beginning of a record.
pub(super) const RECORD: usize = 0;
/// The state at the beginning of a payload.
pub(super) const PAYLOAD: usize = 1;
/// The state at the beginning of a market state.
pub(super) const MARKET: usize = 2;

/// Returns the state after the value of a key.
pub(super) const fn state_after(key: Key, is_quoted: bool) -> usize {
    BEGINNINGS + 2 * key.0 + if is_quoted { 1 } else { 0 }
}

/// Returns the kind of the text before the literal in a state.
#[inline(always)]
pub(super) const fn before(state: usize) -> Before {
    match (state, state % 2) {
        (..BEGINNINGS, _) => Before::Start,
        (_, 0) => Before::Value,
        (_, _) => Before::Quoted,
    }
}

/// The number of steps with the same key and spaces.
const FORMS: usize = 3;
/// The number of steps to keys that begin in the same way.
const STEPS_TO_KEYS: usize = 2 * KEY_COUNT * FORMS;

impl Default for Steps {
    fn default() -> Self {
        let mut steps = Vec::with_capacity(Before::ALL.len() * (STEPS_TO_KEYS + 1));
        for before in Before::ALL {
            let close = if before == Before::Quoted { "\"" } else { "" };
            let open = if before == Before::Start { "{" } else { "," };
            for space in ["", " "] {
                for (index, (name, kind)) in KEYS.iter().enumerate() {
                    let gap = if before == Before::Start { "" } else { space };
                    let name = format!("{close}{open}{gap}\"{name}\":{space}");
                    for form in Form::ALL {
                        steps.push(Step::new(&name, Key(index), *kind, form));
                    }
                }
            }
        }
        for before in Before::ALL {
            let text = if before == Before::Quoted { "\"}" } else { "}" };
            steps.push(Step::of(text, Key(0), After::End, 0));
        }
        Self(steps)
    }
}

impl Steps {
    #[inline(always)]
    pub(super) fn get(&self, index: usize) -> Option<&Step> {
        self.0.get(index)
    }

    /// Returns the index of the step to a value.
    #[inline(always)]
    pub(super) fn to_value(before: Before, is_spaced: bool, key: Key, form: Form) -> usize {
        let spaced = usize::from(is_spaced);
        ((before.index() * 2 + spaced) * KEY_COUNT + key.0) * FORMS + form.index()
    }

    /// Returns the index of the step to the end of an object.
    #[inline(always)]
    pub(super) fn to_end(before: Before) -> usize {
        Before::ALL.len() * STEPS_TO_KEYS + before.index()
    }
}

impl Step {
    fn new(name: &str, key: Key, kind: KeyKind, form: Form) -> Self {
        let after = match (kind, form) {
            (_, Form::Null) => After::Nothing,
            (KeyKind::Payload, Form::Bare) => After::Payload,
            (KeyKind::Payload, Form::Quoted) => After::PayloadText,
            (KeyKind::Market, _) => After::Market,
            (KeyKind::Number, _) | (_, Form::Bare) => After::Number,
            (KeyKind::Text | KeyKind::TextOrNumber, Form::Quoted) => After::Text,
        };
        let value = match form {
            Form::Bare => "",
            Form::Quoted => "\"",
            Form::Null => "null",
        };
        let state = state_after(key, form == Form::Quoted);
        Self::of(&format!("{name}{value}"), key, after, state)
    }

    fn of(text: &str, key: Key, after: After, state: usize) -> Self {
        let (mut bytes, mut mask) = ([0; LITERAL_BYTES], [0; LITERAL_BYTES]);
        for ((byte, mask), from) in bytes.iter_mut().zip(&mut mask).zip(text.bytes()) {
            (*byte, *mask) = (from, u8::MAX);
        }
        Self {
            bytes: halves(&bytes),
            mask: halves(&mask),
            len: text.len(),
            key,
            bit: key.bit(),
            after,
            state,
        }
    }

    /// Returns true if `text` starts with the literal, followed by a digit if `after` is [`After::Number`].
    #[inline(always)]
    pub(super) fn begins(&self, text: &[u8]) -> bool {
        let [low, high] = match text.first_chunk::<LITERAL_BYTES>() {
            Some(head) => halves(head),
            None => {
                let mut padded = [0; LITERAL_BYTES];
                if let Some(to) = padded.get_mut(..text.len()) {
                    to.copy_from_slice(text);
                }
                halves(&padded)
            }
        };
        let ([low_bytes, high_bytes], [low_mask, high_mask]) = (self.bytes, self.mask);
        let differs = ((low ^ low_bytes) & low_mask) | ((high ^ high_bytes) & high_mask);
        let is_equal = differs.simd_eq(u8x16::splat(0)).to_bitmask() == 0xffff;
        let is_number = || text.get(self.len).is_some_and(u8::is_ascii_digit);
        is_equal && (self.after != After::Number || is_number())
    }
}

#[inline(always)]
fn halves(bytes: &[u8; LITERAL_BYTES]) -> [u8x16; 2] {
    let (halves, _) = bytes.as_chunks::<16>();
    match halves {
        [low, high] => [u8x16::new(*low), u8x16::new(*high)],
        _ => [u8x16::splat(0); 2],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Also changes two bytes in the same way, because such differences could cancel out.
    #[test]
    fn a_text_begins_with_a_literal_only_if_all_bytes_are_equal() {
        for step in Steps::default().0 {
            let literal = step.bytes.map(u8x16::to_array).concat();
            let text = [&literal[..step.len], b"5,\"and more than 32 bytes\":2}"].concat();
            assert!(step.begins(&text));
            assert!(!step.begins(&text[..step.len - 1]));
            for one in 0..step.len {
                for other in one..step.len {
                    let mut changed = text.clone();
                    changed[one] ^= 1;
                    if other > one {
                        changed[other] ^= 1;
                    }
                    assert!(
                        !step.begins(&changed),
                        "{}",
                        String::from_utf8_lossy(&changed)
                    );
                }
            }
        }
    }

    #[test]
    fn every_step_is_at_its_index() {
        let steps = Steps::default();
        for state in 0..STATES {
            let before = before(state);
            for (index, (name, _)) in KEYS.iter().enumerate() {
                for (form, value) in Form::ALL.into_iter().zip(["", "\"", "null"]) {
                    for space in ["", " "] {
                        let step = Steps::to_value(before, !space.is_empty(), Key(index), form);
                        let step = steps.get(step).unwrap();
                        let open = match before {
                            Before::Start => "{".to_owned(),
                            Before::Value => format!(",{space}"),
                            Before::Quoted => format!("\",{space}"),
                        };
                        let text = format!("{open}\"{name}\":{space}{value}");
                        assert!(text.len() <= LITERAL_BYTES, "{text}");
                        assert_eq!((step.len, step.key), (text.len(), Key(index)));
                        for value in ["5", "5,\"side\":\"BUY\",\"leverage\":5}"] {
                            assert!(step.begins(format!("{text}{value}").as_bytes()), "{text}");
                            let behind = format!("{}{value}", text.get(1..).unwrap());
                            assert!(!step.begins(behind.as_bytes()), "{text}");
                        }
                        let needs_digit = step.after == After::Number;
                        assert_eq!(step.begins(format!("{text}x").as_bytes()), !needs_digit);
                        let is_quoted = form == Form::Quoted;
                        assert_eq!(step.state, state_after(Key(index), is_quoted));
                    }
                }
            }
            let end = if before == Before::Quoted { "\"}" } else { "}" };
            let step = steps.get(Steps::to_end(before)).unwrap();
            assert!(step.begins(end.as_bytes()) && step.after == After::End);
        }
    }
}
