//! Reading of an object at any position, in blocks.

use std::{
    collections::VecDeque,
    fmt, io,
    ops::Range,
    sync::{Mutex, PoisonError},
};

use bytes::{Buf as _, Bytes};

use crate::tape::read_at::ReadAt;

/// The function that requests a range of an object.
type Request = dyn Fn(Range<u64>) -> io::Result<Bytes> + Send + Sync;

/// A reader at any position, which holds the blocks that were used last.
pub(super) struct Blocks {
    request: Box<Request>,
    /// The size of the object in bytes.
    bytes: u64,
    block_bytes: u64,
    /// The maximum number of blocks that are held.
    blocks_max: usize,
    /// Blocks and their numbers. The block that was used last is the last one.
    held: Mutex<VecDeque<(u64, Bytes)>>,
}

impl Blocks {
    pub(super) fn new(
        request: Box<Request>,
        bytes: u64,
        block_bytes: u64,
        blocks_max: usize,
    ) -> Self {
        Self {
            request,
            bytes,
            block_bytes,
            blocks_max,
            held: Mutex::default(),
        }
    }

    fn block(&self, number: u64) -> io::Result<Bytes> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let place = held.iter().position(|(held, _)| *held == number);
        let block = match place.and_then(|place| held.remove(place)) {
            Some((_, block)) => block,
            None => {
                if held.len() >= self.blocks_max {
                    held.pop_front();
                }
                let begin = number * self.block_bytes;
                let end = begin.saturating_add(self.block_bytes).min(self.bytes);
                (self.request)(begin..end)?
            }
        };
        held.push_back((number, block.clone()));
        Ok(block)
    }
}

impl ReadAt for Blocks {
    fn bytes(&self) -> io::Result<u64> {
        Ok(self.bytes)
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if at >= self.bytes {
            return Ok(0);
        }
        let mut block = self.block(at / self.block_bytes)?;
        let begin = usize::try_from(at % self.block_bytes).unwrap_or(usize::MAX);
        block.advance(begin.min(block.len()));
        Ok(take(&mut block, buffer))
    }
}

impl fmt::Debug for Blocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocks")
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

/// Moves bytes into a buffer, and returns their number.
pub(super) fn take(from: &mut Bytes, buffer: &mut [u8]) -> usize {
    let count = from.len().min(buffer.len());
    let buffer = buffer.get_mut(..count).unwrap_or_default();
    from.copy_to_slice(buffer);
    count
}

#[cfg(test)]
mod tests {
    use std::{io::Read as _, sync::Arc};

    use proptest::prelude::*;

    use super::*;
    use crate::tape::read_at::RangeReader;

    proptest! {
        /// Any sequence of reads returns the bytes of the object. At most `blocks_max` blocks are held, and a block that
        /// is still held is not requested again.
        #[test]
        fn reads_return_the_bytes_of_the_object(
            content in prop::collection::vec(any::<u8>(), 0..300),
            block_bytes in 1_u64..40,
            blocks_max in 1_usize..4,
            reads in prop::collection::vec((0_u64..310, 0_u64..100), 1..20),
        ) {
            let content = Bytes::from(content);
            let requested = Arc::new(Mutex::new(Vec::new()));
            let (of, requests) = (content.clone(), Arc::clone(&requested));
            let request = move |range: Range<u64>| {
                requests.lock().unwrap().push(range.clone());
                Ok(of.slice(usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()))
            };
            let size = u64::try_from(content.len()).unwrap();
            let blocks = Blocks::new(Box::new(request), size, block_bytes, blocks_max);
            let mut used: Vec<u64> = Vec::new();
            let mut expected = Vec::new();
            for (begin, length) in reads {
                let mut read = Vec::new();
                RangeReader::new(&blocks, begin..begin + length).read_to_end(&mut read).unwrap();
                let end = (begin + length).min(size);
                let range = usize::try_from(begin.min(end)).unwrap()..usize::try_from(end).unwrap();
                prop_assert_eq!(&read[..], &content[range]);
                for at in begin..end {
                    let block = at / block_bytes;
                    if !used.iter().rev().take(blocks_max).any(|held| *held == block) {
                        expected.push(block);
                    }
                    used.retain(|held| *held != block);
                    used.push(block);
                }
            }
            let requested = requested.lock().unwrap();
            let numbers: Vec<u64> = requested.iter().map(|range| range.start / block_bytes).collect();
            prop_assert_eq!(numbers, expected);
            prop_assert!(blocks.held.lock().unwrap().len() <= blocks_max);
        }
    }
}
