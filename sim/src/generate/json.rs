//! Writing JSON into a line, without a detour over values.

/// How an object is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    quote: &'static str,
    is_all_text: bool,
}

/// Numbers and flags are JSON numbers and flags.
pub(super) const PLAIN: Style = Style {
    quote: "\"",
    is_all_text: false,
};

/// Every value is text, as a stream entry holds it.
pub(super) const ALL_TEXT: Style = Style {
    quote: "\"",
    is_all_text: true,
};

/// Plain, inside a JSON string.
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

/// An object that is being written. Names and texts hold nothing that needs an escape.
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

    /// The line, with the name of a value that somebody else writes.
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

    /// A text that `write` appends.
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

    /// A flag where the text is one, else text.
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

/// Shortest: no zeros at the end, no point without digits behind it.
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
    // No 64-bit number has more digits.
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

/// Two digits.
pub(super) fn push_two(line: &mut Vec<u8>, number: u64) {
    line.push(digit(number / 10 % 10));
    line.push(digit(number % 10));
}

/// JSON text inside a JSON string.
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
    fn numbers_are_written_shortest() {
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
