//! Direct writing of JSON into a line, without intermediate values.

/// The encoding of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    quote: &'static str,
    is_all_text: bool,
}

/// Numbers and flags are JSON numbers and booleans.
pub(super) const PLAIN: Style = Style {
    quote: "\"",
    is_all_text: false,
};

/// Every value is a string, as in a stream entry.
pub(super) const ALL_TEXT: Style = Style {
    quote: "\"",
    is_all_text: true,
};

/// Like [`PLAIN`], but inside a JSON string.
pub(super) const QUOTED: Style = Style {
    quote: "\\\"",
    is_all_text: false,
};

/// A decimal number: `units` · 10^−`places`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decimal {
    pub(super) units: u64,
    pub(super) places: u32,
}

impl Decimal {
    pub(super) const fn whole(units: u64) -> Self {
        Self { units, places: 0 }
    }

    pub(super) const fn new(units: u64, places: u32) -> Self {
        Self { units, places }
    }
}

/// An object that is being written. Names and texts must not need escapes.
pub(super) struct Object<'l> {
    line: &'l mut Vec<u8>,
    style: Style,
    is_empty: bool,
}

impl<'l> Object<'l> {
    pub(super) fn begin(line: &'l mut Vec<u8>, style: Style) -> Self {
        line.push(b'{');
        Self {
            line,
            style,
            is_empty: true,
        }
    }

    pub(super) fn end(self) {
        self.line.push(b'}');
    }

    /// Writes the name of a value and returns the line, so that the caller can append the value.
    pub(super) fn value(&mut self, name: &str) -> &mut Vec<u8> {
        if !self.is_empty {
            self.line.push(b',');
        }
        self.is_empty = false;
        self.quoted(|line| line.extend_from_slice(name.as_bytes()));
        self.line.push(b':');
        self.line
    }

    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.written(name, |line| line.extend_from_slice(text.as_bytes()));
    }

    /// Writes a string whose content `write` appends.
    pub(super) fn written(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) {
        self.value(name);
        self.quoted(write);
    }

    pub(super) fn number(&mut self, name: &str, number: Decimal) {
        self.value(name);
        if self.style.is_all_text {
            self.quoted(|line| push_decimal(line, number));
        } else {
            push_decimal(self.line, number);
        }
    }

    /// Writes a boolean or null if the word is one, otherwise a string.
    pub(super) fn word(&mut self, name: &str, word: &str) {
        if !self.style.is_all_text && matches!(word, "true" | "false" | "null") {
            self.value(name).extend_from_slice(word.as_bytes());
        } else {
            self.text(name, word);
        }
    }

    fn quoted(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.line.extend_from_slice(self.style.quote.as_bytes());
        write(self.line);
        self.line.extend_from_slice(self.style.quote.as_bytes());
    }
}

/// Appends a number in its shortest form: no trailing zeros, and no decimal point without digits after it.
pub(super) fn push_decimal(line: &mut Vec<u8>, number: Decimal) {
    let scale = 10_u64.saturating_pow(number.places);
    push_int(line, number.units / scale);
    let mut rest = number.units % scale;
    if rest > 0 {
        line.push(b'.');
    }
    let mut place = scale / 10;
    while rest > 0 {
        line.push(digit(rest / place));
        rest %= place;
        place /= 10;
    }
}

pub(super) fn push_int(line: &mut Vec<u8>, number: u64) {
    // `u64::MAX` has 20 digits.
    let mut digits = [b'0'; 20];
    let mut unused = digits.len();
    let mut rest = number;
    for place in digits.iter_mut().rev() {
        *place = digit(rest % 10);
        rest /= 10;
        unused -= 1;
        if rest == 0 {
            break;
        }
    }
    line.extend_from_slice(digits.get(unused..).unwrap_or_default());
}

/// Appends two digits.
pub(super) fn push_two(line: &mut Vec<u8>, number: u64) {
    line.push(digit(number / 10 % 10));
    line.push(digit(number % 10));
}

/// Appends JSON text with the escapes that it needs inside a JSON string.
pub(super) fn push_escaped(line: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        if matches!(byte, b'"' | b'\\') {
            line.push(b'\\');
        }
        line.push(byte);
    }
}

fn digit(number: u64) -> u8 {
    b'0' + u8::try_from(number).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_their_shortest_form() {
        let check = |units, places, expected: &str| {
            let mut line = Vec::new();
            push_decimal(&mut line, Decimal::new(units, places));
            assert_eq!(String::from_utf8(line).unwrap(), expected);
        };
        check(0, 0, "0");
        check(0, 4, "0");
        check(25_000, 2, "250");
        check(9_725_341, 2, "97253.41");
        check(1_050, 3, "1.05");
        check(7, 6, "0.000007");
        check(u64::MAX, 0, "18446744073709551615");
        check(u64::MAX, 19, "1.8446744073709551615");
    }
}
