//! Safe display of texts that come from inputs.

use std::fmt::{self, Write as _};

/// Maximum number of characters shown.
const CHARS_MAX: usize = 80;

/// A text from an input, made safe for display on one line.
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
pub struct Shown<'a>(pub &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, c) in self.0.chars().enumerate() {
            if i == CHARS_MAX {
                return f.write_char('…');
            }
            if c.is_control() || is_invisible(c) {
                write!(f, "{}", c.escape_default())?;
            } else {
                f.write_char(c)?;
            }
        }
        Ok(())
    }
}

/// Returns true for characters that are not control characters but are invisible: line and paragraph separators,
/// direction marks, joiners and tags.
const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
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
    }
}
