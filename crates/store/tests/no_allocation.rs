//! Test that reading the active policy from a feed does not allocate.

use std::hint::black_box;

use portcullis::types::Timestamp;
use portcullis_store::{Feed, MemoryStore, SequenceGuard, VerifyingReader};

fn allocated(work: impl FnOnce()) -> u64 {
    allocation_counter::measure(work).count_total
}

#[test]
fn reading_a_feed_allocates_nothing() {
    let now = Timestamp::parse_epoch_seconds("1766547134.5").unwrap();
    let reader = VerifyingReader::new(MemoryStore::new(), SequenceGuard::in_memory());
    let feed = Feed::start(reader, move || now).unwrap();
    assert!(feed.wait_for_change(0, std::time::Duration::from_secs(20)));
    // The first read of a thread allocates memory that all later reads of the thread reuse.
    assert_eq!(feed.snapshot().number(), 1);
    let read = || {
        for _ in 0..1000 {
            assert!(black_box(&feed).snapshot().policy().policy().is_err());
        }
    };
    assert_eq!(allocated(read), 0);
}
