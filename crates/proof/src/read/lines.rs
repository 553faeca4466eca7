//! Conversion of byte offsets to lines and columns.

use crate::tree::At;

/// A text with the byte offset of each line.
pub(super) struct Lines<'a> {
    text: &'a str,
    begins: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let after_breaks = text.match_indices('\n').map(|(byte, _)| byte + 1);
        Self {
            text,
            begins: std::iter::once(0).chain(after_breaks).collect(),
        }
    }

    pub(super) fn at(&self, byte: usize) -> At {
        let line = self.begins.partition_point(|begin| *begin <= byte);
        let begin = line.checked_sub(1).and_then(|it| self.begins.get(it));
        let before = begin.and_then(|begin| self.text.get(*begin..byte));
        At {
            line,
            column: before.unwrap_or_default().chars().count() + 1,
        }
    }
}
