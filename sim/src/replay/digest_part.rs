//! The digest of consecutive rows, from which the digest of all rows is computed.
//!
//! BLAKE3 hashes chunks of 1024 bytes and merges their hashes as a binary tree. A part keeps the hashes of the complete
//! subtrees between its first and its last chunk boundary, and the bytes before and after them. The first chunk of all
//! rows is always kept as bytes, because the hash of a single chunk is computed in another way if it is the root.

use blake3::{
    CHUNK_LEN, Hash, Hasher,
    hazmat::{
        ChainingValue, HasherExt as _, Mode, left_subtree_len, merge_subtrees_non_root,
        merge_subtrees_root,
    },
};
use serde::{Deserialize, Serialize};

/// The length of a chunk in bytes.
const CHUNK: u64 = 1024;

/// The digest of the bytes `start..end` of all rows.
///
/// Its size grows with the logarithm of the number of bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Encoded", into = "Encoded")]
pub(super) struct DigestPart {
    start: u64,
    end: u64,
    /// The bytes before [`head_end`].
    head: Vec<u8>,
    /// The largest complete subtrees after the head, in order.
    nodes: Vec<Node>,
    /// The bytes after the last complete chunk.
    tail: Vec<u8>,
}

/// A complete subtree. Its position is a multiple of its length, and its length is a power of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Node {
    at: u64,
    bytes: u64,
    value: ChainingValue,
}

impl DigestPart {
    /// Creates the digest of no rows. `start` is the number of bytes of all rows before the part.
    #[must_use]
    pub(super) fn starting_at(start: u64) -> Self {
        Self {
            start,
            end: start,
            ..Self::default()
        }
    }

    /// Returns the number of bytes of all rows up to the end of the part.
    #[must_use]
    pub(super) const fn end(&self) -> u64 {
        self.end
    }

    /// Appends rows.
    pub(super) fn update(&mut self, rows: &[u8]) {
        let mut rest = take(&mut self.head, head_end(self.start) - self.start, rows);
        self.end += wide(rows.len() - rest.len());
        while !rest.is_empty() {
            if self.tail.is_empty() && rest.len() >= CHUNK_LEN {
                let bytes = subtree_bytes(self.end, wide(rest.len()));
                let (now, later) = split(rest, bytes);
                self.push(bytes, subtree(now, self.end));
                rest = later;
                continue;
            }
            let before = rest.len();
            rest = take(&mut self.tail, CHUNK, rest);
            self.end += wide(before - rest.len());
            if self.tail.len() == CHUNK_LEN {
                self.end -= CHUNK;
                self.push(CHUNK, subtree(&self.tail, self.end));
                self.tail.clear();
            }
        }
    }

    /// Appends a complete subtree at the end, and merges it with its siblings.
    fn push(&mut self, bytes: u64, value: ChainingValue) {
        let mut node = Node {
            at: self.end,
            bytes,
            value,
        };
        self.end += bytes;
        while let Some(left) = self.nodes.pop_if(|left| left.is_left_sibling_of(&node)) {
            node = Node {
                at: left.at,
                bytes: 2 * left.bytes,
                value: merge_subtrees_non_root(&left.value, &node.value, Mode::Hash),
            };
        }
        self.nodes.push(node);
    }

    /// Appends the part `next`. Returns false and changes nothing if `next` does not start at the end of this part.
    #[must_use]
    pub(super) fn append(&mut self, next: &Self) -> bool {
        if next.start != self.end {
            return false;
        }
        self.update(&next.head);
        for node in &next.nodes {
            self.push(node.bytes, node.value);
        }
        self.update(&next.tail);
        true
    }

    /// Returns the hash of all rows; `None` if the part does not start at the first row.
    #[must_use]
    pub(super) fn digest(&self) -> Option<Hash> {
        if self.start > 0 {
            return None;
        }
        if self.end <= CHUNK {
            return Some(blake3::hash(&self.head));
        }
        let first = Node {
            at: 0,
            bytes: CHUNK,
            value: subtree(&self.head, 0),
        };
        let last = (!self.tail.is_empty()).then(|| {
            let bytes = wide(self.tail.len());
            let at = self.end - bytes;
            let value = subtree(&self.tail, at);
            Node { at, bytes, value }
        });
        let nodes: Vec<Node> = std::iter::once(first)
            .chain(self.nodes.iter().copied())
            .chain(last)
            .collect();
        let mut nodes = nodes.as_slice();
        let left_bytes = left_subtree_len(self.end);
        let left = merged(&mut nodes, left_bytes);
        let right = merged(&mut nodes, self.end - left_bytes);
        Some(merge_subtrees_root(&left, &right, Mode::Hash))
    }
}

impl Node {
    const fn is_left_sibling_of(&self, right: &Self) -> bool {
        self.bytes == right.bytes && self.at.is_multiple_of(2 * self.bytes)
    }
}

/// Merges the first nodes, which form a subtree of this length, and removes them.
fn merged(nodes: &mut &[Node], bytes: u64) -> ChainingValue {
    match nodes.split_first() {
        Some((first, rest)) if first.bytes >= bytes => {
            *nodes = rest;
            first.value
        }
        Some(_) => {
            let left_bytes = left_subtree_len(bytes);
            let left = merged(nodes, left_bytes);
            let right = merged(nodes, bytes - left_bytes);
            merge_subtrees_non_root(&left, &right, Mode::Hash)
        }
        None => ChainingValue::default(),
    }
}

/// Returns the position before which the bytes of a part are kept: the first chunk boundary at or after its start, but
/// not the beginning of the first chunk.
fn head_end(start: u64) -> u64 {
    start.max(1).next_multiple_of(CHUNK)
}

/// Returns the length of the largest complete subtree that begins at `at`, a chunk boundary after the first chunk, and
/// is not longer than `room`, which is at least one chunk.
fn subtree_bytes(at: u64, room: u64) -> u64 {
    let aligned = 1 << at.trailing_zeros();
    aligned.min(1 << room.ilog2())
}

fn subtree(bytes: &[u8], at: u64) -> ChainingValue {
    let mut hasher = Hasher::new();
    hasher
        .set_input_offset(at)
        .update(bytes)
        .finalize_non_root()
}

/// Moves bytes to the end of a buffer, until the buffer has `bytes_max` bytes. Returns the rest.
fn take<'r>(buffer: &mut Vec<u8>, bytes_max: u64, from: &'r [u8]) -> &'r [u8] {
    let (now, later) = split(from, bytes_max.saturating_sub(wide(buffer.len())));
    buffer.extend_from_slice(now);
    later
}

fn split(bytes: &[u8], at: u64) -> (&[u8], &[u8]) {
    let at = usize::try_from(at).unwrap_or(usize::MAX);
    bytes.split_at_checked(at).unwrap_or((bytes, &[]))
}

fn wide(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// The serialized form of a part. The positions of the subtrees follow from `start` and `end`.
#[derive(Serialize, Deserialize)]
struct Encoded {
    start: u64,
    end: u64,
    head: String,
    nodes: Vec<String>,
    tail: String,
}

impl From<DigestPart> for Encoded {
    fn from(part: DigestPart) -> Self {
        let nodes = part.nodes.iter().map(|node| hex::encode(node.value));
        Self {
            start: part.start,
            end: part.end,
            head: hex::encode(&part.head),
            nodes: nodes.collect(),
            tail: hex::encode(&part.tail),
        }
    }
}

impl TryFrom<Encoded> for DigestPart {
    type Error = String;

    fn try_from(encoded: Encoded) -> Result<Self, String> {
        let Encoded { start, end, .. } = encoded;
        let decoded = |text: &str| hex::decode(text).map_err(|error| error.to_string());
        let bounds = "its digest does not have the bytes and subtrees of its start and end";
        // The rows of a replay cannot have so many bytes. The limit prevents overflows in the calculations below.
        if start > end || end > u64::MAX / 2 {
            return Err(bounds.to_owned());
        }
        let mut part = Self::starting_at(start);
        part.head = decoded(&encoded.head)?;
        part.tail = decoded(&encoded.tail)?;
        let head_end = head_end(start).min(end);
        let nodes_end = end - (end - head_end) % CHUNK;
        part.end = head_end;
        for text in &encoded.nodes {
            let mut value = ChainingValue::default();
            hex::decode_to_slice(text, &mut value).map_err(|error| error.to_string())?;
            if part.end >= nodes_end {
                return Err(bounds.to_owned());
            }
            let (at, bytes) = (part.end, subtree_bytes(part.end, nodes_end - part.end));
            part.nodes.push(Node { at, bytes, value });
            part.end += bytes;
        }
        let is_whole = part.end == nodes_end
            && wide(part.head.len()) == head_end - start
            && wide(part.tail.len()) == end - nodes_end;
        part.end = end;
        is_whole.then_some(part).ok_or_else(|| bounds.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(bytes: usize) -> Vec<u8> {
        let byte = |place: u64| place.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes()[7];
        (0..wide(bytes)).map(byte).collect()
    }

    /// Returns the parts between the cuts; each part is updated in pieces, written and read.
    fn parts(rows: &[u8], cuts: &[usize], piece: usize) -> Vec<DigestPart> {
        let ranges = cuts.windows(2).map(|cut| cut[0]..cut[1]);
        let parts = ranges.map(|range| {
            let mut part = DigestPart::starting_at(wide(range.start));
            rows[range].chunks(piece).for_each(|rows| part.update(rows));
            let text = serde_json::to_string(&part).unwrap();
            assert!(text.len() < 20_000, "{}", text.len());
            let read: DigestPart = serde_json::from_str(&text).unwrap();
            assert_eq!(read, part);
            read
        });
        parts.collect()
    }

    /// Merges parts as a tree that `shape` selects.
    fn merge(parts: &[DigestPart], shape: u64) -> DigestPart {
        let [one] = parts else {
            let middle = 1 + usize::try_from(shape).unwrap() % (parts.len() - 1);
            let (left, right) = parts.split_at(middle);
            let mut left = merge(left, shape / 3);
            assert!(left.append(&merge(right, shape / 7)));
            return left;
        };
        one.clone()
    }

    fn check(bytes: usize, cuts: &[usize], piece: usize, shape: u64) {
        let rows = rows(bytes);
        let mut cuts = cuts.to_vec();
        cuts.extend([0, bytes]);
        cuts.sort_unstable();
        let whole = merge(&parts(&rows, &cuts, piece), shape);
        assert_eq!(
            whole.digest(),
            Some(blake3::hash(&rows)),
            "{bytes} {cuts:?}"
        );
        // The result does not depend on the partition, so it is a part like any other.
        assert_eq!(vec![whole], parts(&rows, &[0, bytes], usize::MAX));
    }

    #[test]
    fn every_cut_near_a_chunk_boundary_gives_the_hash_of_all_rows() {
        let bounds = [0, 1024, 2048, 3072, 4096, 8192];
        let near = |bound: usize| [bound.saturating_sub(8), bound, bound + 8];
        let places: Vec<usize> = bounds.into_iter().flat_map(near).collect();
        for bytes in &places {
            for from in places.iter().filter(|from| *from <= bytes) {
                for to in places.iter().filter(|to| (from..=bytes).contains(to)) {
                    check(*bytes, &[*from, *to, *to], 120, 2);
                }
            }
        }
    }

    #[test]
    fn a_part_of_one_chunk_merges_with_its_neighbours() {
        for chunk in 0..9 {
            check(9216, &[chunk * 1024, (chunk + 1) * 1024], 1024, 5);
        }
        check(1024, &[], 1024, 0);
    }

    #[test]
    fn parts_that_are_not_neighbours_are_not_merged() {
        let mut part = DigestPart::starting_at(0);
        part.update(&rows(3000));
        let before = part.clone();
        for start in [0, 2999, 3001, 3072] {
            assert!(!part.append(&DigestPart::starting_at(start)));
            assert_eq!(
                DigestPart::starting_at(start).digest().is_some(),
                start == 0
            );
        }
        assert_eq!(part, before);
    }

    #[test]
    fn a_digest_with_other_bytes_than_its_bounds_require_is_not_read() {
        let mut part = DigestPart::starting_at(1000);
        part.update(&rows(5000));
        let text = serde_json::to_value(&part).unwrap();
        for (key, value) in [
            ("start", 999.into()),
            ("end", 6001.into()),
            ("end", 0.into()),
            ("end", u64::MAX.into()),
            ("head", "00".into()),
            ("tail", "".into()),
            ("nodes", serde_json::json!([])),
            ("head", "no".into()),
        ] {
            let mut changed = text.clone();
            changed[key] = value;
            serde_json::from_value::<DigestPart>(changed).unwrap_err();
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

        /// Rows have 120 or 136 bytes, so all lengths and cuts are multiples of 8. Some cuts are at chunk boundaries.
        #[test]
        fn any_partition_in_any_grouping_gives_the_hash_of_all_rows(
            bytes in prop_oneof![0..600_usize, 0..40_000_usize],
            cuts in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![Just(1), Just(128)]), 0..8),
            piece in 1..9000_usize,
            shape in any::<u64>(),
        ) {
            let cut = |(index, of): &(prop::sample::Index, usize)| index.index(bytes / of + 1) * of * 8;
            let cuts: Vec<usize> = cuts.iter().map(cut).collect();
            check(bytes * 8, &cuts, piece, shape);
        }
    }
}
