//! Places in a text.

use ruff_text_size::TextSize;

use crate::proof::tree::At;

/// A text, and where each of its lines begins.
pub(super) struct Lines<'a> {
    text: &'a str,
    begins: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let after_breaks = text
            .bytes()
            .enumerate()
            .filter(|(_, byte)| *byte == b'\n')
            .map(|(at, _)| at + 1);
        Self {
            text,
            begins: std::iter::once(0).chain(after_breaks).collect(),
        }
    }

    pub(super) fn at(&self, offset: TextSize) -> At {
        let offset = offset.to_usize();
        let line = self.begins.partition_point(|begin| *begin <= offset);
        let begin = line
            .checked_sub(1)
            .and_then(|line| self.begins.get(line))
            .copied()
            .unwrap_or_default();
        let before = self.text.get(begin..offset).unwrap_or_default();
        At {
            line,
            column: before.chars().count() + 1,
        }
    }
}
