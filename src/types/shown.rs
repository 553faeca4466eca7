//! Safe display of texts that come from inputs.

use std::fmt::{self, Display, Write};

/// Maximum number of characters shown.
const CHARS_MAX: usize = 80;

/// A text from an input, made safe for display on one line of a terminal, a log or an error message.
///
/// Line ends, control characters, and characters that are invisible or change the writing direction are escaped.
/// A text of more than 80 characters is cut, and `…` is appended. All other characters are shown unchanged.
///
/// ```
/// use portcullis::types::Shown;
///
/// assert_eq!(Shown("币安人生 é").to_string(), "币安人生 é");
/// assert_eq!(Shown("a\n\u{1b}[2J\u{202e}b").to_string(), r"a\n\u{1b}[2J\u{202e}b");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Shown<T>(pub T);

impl<T: Display> Shown<T> {
    /// Returns the whole text with the same escapes, without cutting it.
    #[must_use]
    pub fn whole(&self) -> String {
        let mut shown = String::new();
        // Writing to a `String` cannot fail.
        let _ = write!(Escape::to(&mut shown, usize::MAX), "{}", self.0);
        shown
    }
}

impl<T: Display> Display for Shown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escape::to(f, CHARS_MAX), "{}", self.0)
    }
}

/// A writer that escapes text, and cuts it after a number of characters.
struct Escape<'w, W> {
    to: &'w mut W,
    /// The number of characters that may still be written; `None` after the text was cut.
    left: Option<usize>,
}

impl<'w, W> Escape<'w, W> {
    const fn to(to: &'w mut W, chars_max: usize) -> Self {
        Self {
            to,
            left: Some(chars_max),
        }
    }
}

impl<W: Write> Write for Escape<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            let Some(left) = self.left else { break };
            self.left = left.checked_sub(1);
            if self.left.is_none() {
                self.to.write_char('…')?;
            } else if c.is_control() || is_invisible(c) {
                write!(self.to, "{}", c.escape_default())?;
            } else {
                self.to.write_char(c)?;
            }
        }
        Ok(())
    }
}

/// Returns true for characters that are invisible but not control characters: line and paragraph
/// separators, direction marks, joiners and tags.
const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_is_escaped_and_cut() {
        let shown = |text: &str| Shown(text).to_string();
        assert_eq!(shown("a\nb\u{2028}ü"), "a\\nb\\u{2028}ü");
        assert_eq!(shown("\u{7f}\u{9b}\u{2066}"), "\\u{7f}\\u{9b}\\u{2066}");
        assert_eq!(
            shown("it's \"e\u{301}\" \\ `x`"),
            "it's \"e\u{301}\" \\ `x`"
        );
        assert_eq!(shown(&"ü".repeat(80)), "ü".repeat(80));
        assert_eq!(shown(&"ü".repeat(81)), format!("{}…", "ü".repeat(80)));
        assert_eq!(Shown("ü".repeat(81)).whole(), "ü".repeat(81));
    }

    /// Generates any text, with many of the characters that must be escaped.
    fn text() -> impl Strategy<Value = String> {
        "([\\x00-\\x20\\x7f-\\xa0\u{61c}\u{200b}-\u{206f}]|(?s:.)){0,100}"
    }

    proptest! {
        #[test]
        fn no_output_has_a_control_or_direction_character(text in text()) {
            let is_unsafe = |c: char| {
                c.is_control()
                    || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            };
            for shown in [Shown(&text).to_string(), Shown(&text).whole()] {
                prop_assert!(!shown.contains(is_unsafe), "{shown:?}");
            }
        }

        #[test]
        fn ordinary_text_is_unchanged(text in "[ -~à-ÿα-ω一-龥]{0,80}") {
            prop_assert_eq!(Shown(&text).to_string(), &*text);
            prop_assert_eq!(Shown(&text).whole(), text);
        }
    }
}
