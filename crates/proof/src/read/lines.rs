//! Conversion of byte offsets to lines and columns.

use crate::tree::At;

/// The number of bytes after which the characters of a line are counted in advance.
const BLOCK: usize = 256;

/// A text with the byte offset of each line.
pub(crate) struct Lines<'a> {
    text: &'a str,
    begins: Vec<usize>,
    /// The number of characters that begin before each block of the text, so that a column in a long line is found
    /// without counting all characters before it.
    before: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        let after_breaks = text.match_indices('\n').map(|(byte, _)| byte + 1);
        let blocks = text.as_bytes().chunks(BLOCK).scan(0, |before, block| {
            let count = *before;
            *before += characters(block);
            Some(count)
        });
        Self {
            text,
            begins: std::iter::once(0).chain(after_breaks).collect(),
            before: blocks.collect(),
        }
    }

    pub(crate) fn at(&self, byte: usize) -> At {
        let line = self.begins.partition_point(|begin| *begin <= byte);
        let begin = line.checked_sub(1).and_then(|it| self.begins.get(it));
        let begin = begin.copied().unwrap_or_default();
        At {
            line,
            column: self.before(byte).saturating_sub(self.before(begin)) + 1,
        }
    }

    /// Returns a line without its line ending; empty if there is none with this number.
    pub(crate) fn line(&self, number: usize) -> &'a str {
        let begin = number.checked_sub(1).and_then(|line| self.begins.get(line));
        let begin = begin.copied().unwrap_or(self.text.len());
        let end = self.begins.get(number).copied().unwrap_or(self.text.len());
        let line = self.text.get(begin..end).unwrap_or_default();
        let line = line.strip_suffix('\n').unwrap_or(line);
        line.strip_suffix('\r').unwrap_or(line)
    }

    /// Returns the rest of a line from a column; empty if the line is shorter.
    pub(crate) fn from(&self, at: At) -> &'a str {
        let line = self.line(at.line);
        let begin = at
            .line
            .checked_sub(1)
            .and_then(|line| self.begins.get(line));
        let begin = begin.copied().unwrap_or_default();
        let wanted = self.before(begin) + at.column.saturating_sub(1);
        // The last block that begins at or before the wanted character.
        let block = self.before.partition_point(|before| *before <= wanted);
        let block = block.saturating_sub(1);
        let mut left = wanted
            - self
                .before
                .get(block)
                .copied()
                .unwrap_or_default()
                .min(wanted);
        let rest = self
            .text
            .as_bytes()
            .get(block * BLOCK..)
            .unwrap_or_default();
        let byte = rest.iter().position(|byte| {
            let begins = byte & 0xc0 != 0x80;
            let is_wanted = begins && left == 0;
            left = left.saturating_sub(usize::from(begins));
            is_wanted
        });
        let byte = byte.map_or(self.text.len(), |byte| block * BLOCK + byte);
        let from = byte.checked_sub(begin).and_then(|from| line.get(from..));
        from.unwrap_or_default()
    }

    /// Returns the number of characters that begin before a byte of the text.
    fn before(&self, byte: usize) -> usize {
        let block = byte.min(self.text.len().saturating_sub(1)) / BLOCK;
        let rest = self.text.as_bytes().get(block * BLOCK..byte);
        let before = self.before.get(block).copied().unwrap_or_default();
        before + characters(rest.unwrap_or_default())
    }
}

/// Returns the number of characters that begin in these bytes of UTF-8.
fn characters(bytes: &[u8]) -> usize {
    let is_begin = |byte: &&u8| **byte & 0xc0 != 0x80;
    bytes.iter().filter(is_begin).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn positions_are_those_of_a_naive_count(text in "(a{0,300}|[aä€😀\n]{0,9}){0,9}") {
            let lines = Lines::of(&text);
            let ends = text.char_indices().map(|(byte, _)| byte).chain([text.len()]);
            for byte in ends {
                let before = text.get(..byte).unwrap();
                let line = before.matches('\n').count() + 1;
                let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
                let at = At { line, column };
                proptest::prop_assert_eq!(lines.at(byte), at);
                let whole = text.split('\n').nth(line - 1).unwrap();
                let skipped: String = whole.chars().skip(column - 1).collect();
                proptest::prop_assert_eq!(lines.line(line), whole);
                proptest::prop_assert_eq!(lines.from(at), skipped);
            }
        }
    }
}
