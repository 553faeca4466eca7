//! The number of entries in a read, bounded by bytes.

use crate::stream::StreamEntry;

/// The intended maximum size of a batch, in bytes. While more bytes are read and not yet answered, nothing is read.
pub(super) const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// Number of entries of unknown size that a read may request.
const FEW: usize = 8;

/// The number of entries that the next read requests. Redis cannot limit a read by bytes, so the number is derived from
/// the entries that were read last. It is twice their number, or [`FEW`] if that is more, but at most the number that
/// fits into [`BATCH_BYTES`] if each entry is as large as the largest of them. It is never less than one.
pub(super) struct ReadSize {
    max: usize,
    next: usize,
}

impl ReadSize {
    pub(super) fn new(max: usize) -> Self {
        Self {
            max,
            next: FEW.min(max),
        }
    }

    pub(super) const fn get(&self) -> usize {
        self.next
    }

    /// Adapts the number to the entries that a read has returned.
    pub(super) fn adapt(&mut self, entries: &[StreamEntry]) {
        self.adapt_to(entries.iter().map(StreamEntry::bytes));
    }

    fn adapt_to(&mut self, sizes: impl ExactSizeIterator<Item = usize>) {
        let count = sizes.len();
        if let Some(largest) = sizes.max() {
            let fit = BATCH_BYTES.checked_div(largest).unwrap_or(self.max);
            let next = count.saturating_mul(2).max(FEW).min(fit);
            self.next = next.clamp(1, self.max.max(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use redis::Value;

    use super::*;

    /// Returns an entry whose only field has this many bytes.
    fn entry(bytes: usize) -> StreamEntry {
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let fields = Value::Array(vec![text(""), text(&"x".repeat(bytes))]);
        StreamEntry::new(Value::Array(vec![text("1-0"), fields])).unwrap()
    }

    #[test]
    fn a_read_follows_the_sizes_of_the_last_entries() {
        let mut size = ReadSize::new(64);
        size.adapt(&[entry(100), entry(BATCH_BYTES / 3), entry(100)]);
        assert_eq!(size.get(), 3);
        size.adapt(&[entry(100), entry(100), entry(100)]);
        assert_eq!(size.get(), 8);
    }

    #[test]
    fn reads_grow_with_small_entries_and_shrink_with_large_ones() {
        let mut size = ReadSize::new(64);
        let counts: Vec<usize> = std::iter::repeat_with(|| {
            let count = size.get();
            size.adapt_to(vec![100; count].into_iter());
            count
        })
        .take(5)
        .collect();
        assert_eq!(counts, [8, 16, 32, 64, 64]);
        size.adapt_to([100, BATCH_BYTES / 3, 100].into_iter());
        assert_eq!(size.get(), 3);
        size.adapt_to([BATCH_BYTES * 2].into_iter());
        assert_eq!(size.get(), 1);
        size.adapt_to(std::iter::empty());
        assert_eq!(size.get(), 1);
        size.adapt_to([0].into_iter());
        assert_eq!(size.get(), 8);
        assert_eq!(ReadSize::new(3).get(), 3);
    }
}
