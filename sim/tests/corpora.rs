//! Test that replays the tapes in the fuzzer's corpus without the fuzzer.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test fails by panicking, and prints the input"
)]

#[path = "../../fuzz/src/kept.rs"]
mod kept;
#[path = "../../fuzz/src/tape.rs"]
mod tape;

#[test]
fn tapes() {
    kept::replay("tape", tape::run);
}
