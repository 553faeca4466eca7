//! A bound for the work on one file.
//!
//! Some checks look at a part of the tree once for each enclosing part, or at a whole function once for each order.
//! That is fast for code that people write, but a file can be constructed for which it takes hours. So each step is
//! counted, and the examination of a file ends when it has used the steps that a file of its size may use. The nodes of
//! the syntax tree are counted as well: some constructs are read into more nodes than they have bytes.

use std::{any::Any, cell::Cell, panic::resume_unwind};

/// The number of steps for a file of any size, and the number of additional steps for each byte.
const STEPS: (u64, u64) = (5_000_000, 500);
/// The same for the nodes of the syntax tree.
const NODES: (u64, u64) = (100_000, 8);

/// The number of steps or nodes that the examination of a file has used, and its bound.
#[derive(Clone, Copy)]
struct Work {
    used: u64,
    max: u64,
}

impl Work {
    const UNBOUNDED: Self = Self {
        used: 0,
        max: u64::MAX,
    };

    fn of((min, per_byte): (u64, u64), bytes: usize) -> Self {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        Self {
            used: 0,
            max: min.saturating_add(per_byte.saturating_mul(bytes)),
        }
    }
}

thread_local! {
    static STEPS_USED: Cell<Work> = const { Cell::new(Work::UNBOUNDED) };
    static NODES_USED: Cell<Work> = const { Cell::new(Work::UNBOUNDED) };
}

/// The payload with which the examination of a file is unwound.
struct Exhausted;

/// Begins the examination of a file on this thread.
pub(super) fn begin(bytes: usize) {
    STEPS_USED.set(Work::of(STEPS, bytes));
    NODES_USED.set(Work::of(NODES, bytes));
}

/// Counts one step. If none is left, the examination is unwound; see [`is_exhausted`].
pub(super) fn step() {
    steps(1);
}

/// Counts several steps.
pub(super) fn steps(count: usize) {
    STEPS_USED.with(|work| spend(work, count));
}

/// Counts one new node.
pub(super) fn node() {
    NODES_USED.with(|work| spend(work, 1));
}

fn spend(work: &Cell<Work>, count: usize) {
    let Work { used, max } = work.get();
    let used = used.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
    work.set(Work { used, max });
    if used > max {
        // Unlike a panic, this prints nothing. Without unwinding, every function of the readers and checks would
        // have to return a `Result`.
        resume_unwind(Box::new(Exhausted));
    }
}

/// Returns true if the examination was unwound because it had used all its steps or nodes.
pub(super) fn is_exhausted(payload: &(dyn Any + Send)) -> bool {
    payload.is::<Exhausted>()
}

/// Returns the number of steps and of nodes since the examination of a file began on this thread.
#[cfg(test)]
pub(super) fn used() -> (u64, u64) {
    (STEPS_USED.get().used, NODES_USED.get().used)
}
