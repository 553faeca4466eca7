//! The times of a tape: its start, the time between two records, and its months.

/// The start of a tape in epoch seconds: 2026-01-05T00:00:00Z.
pub(super) const START_SEC: u64 = 1_767_571_200;

/// The time between two records in milliseconds, without jitter. The time of each record is increased by a random
/// jitter that is smaller than this.
pub(super) const STEP_MS: u64 = 250;

/// The number of records in a month of 30 days. At the first record of a month, a policy for this month is published.
/// It is valid for 60 days.
pub(super) const MONTH: u64 = 30 * 86_400_000 / STEP_MS;

/// Returns the number of the month that a record belongs to, counted from 0.
pub(super) const fn month_of(record: u64) -> u64 {
    record / MONTH
}
