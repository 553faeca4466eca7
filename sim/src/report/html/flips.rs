//! The data of the page of a comparison: flips by time, symbol, kind, reason and cause.

use portcullis::{decide::SkipCode, types::Timestamp};
use serde::Serialize;

use crate::{
    diff::{Flip, FlipTally},
    report::diff::cause_text,
};

/// The numbers by which the filters of a page select a row: epoch milliseconds (−1: no timestamp),
/// and the numbers of a symbol, a kind and a reason (−1: selected by every choice).
pub(super) type Mark = [i64; 4];

/// The counts in the form that the script of the page reads.
#[derive(Debug, Serialize)]
pub(super) struct FlipCells {
    symbols: Vec<String>,
    kinds: Vec<&'static str>,
    /// The skip reasons. The first text is the label for answers without a skip reason.
    reasons: Vec<&'static str>,
    causes: Vec<String>,
    /// The start of the first time bucket in epoch milliseconds, the width of a bucket in milliseconds, and the number
    /// of buckets.
    start: i64,
    width: i64,
    buckets: i64,
    /// Six numbers per cell: bucket (−1: no timestamp), symbol, kind, reason, cause, count.
    cells: Vec<i64>,
}

impl FlipCells {
    pub(super) fn new(tally: &FlipTally) -> Self {
        let (first, last) = tally.span();
        let (kinds, reasons) = (tally.kinds(), tally.reasons());
        let cells = tally.cells.iter().flat_map(|(cell, count)| {
            [
                cell.bucket.map_or(-1, |bucket| bucket - first),
                whole(cell.symbol),
                place(&kinds, cell.kind),
                place(&reasons, cell.reason),
                whole(cell.cause),
                i64::try_from(*count).unwrap_or(i64::MAX),
            ]
        });
        let symbols = tally.symbols.in_order().map(ToString::to_string);
        let causes = tally.causes.in_order().map(|cause| cause_text(cause));
        Self {
            cells: cells.collect(),
            symbols: names("(no symbol or other)", symbols),
            kinds: kinds.iter().map(|kind| kind.as_str()).collect(),
            reasons: reasons
                .iter()
                .map(|reason| reason.map_or("(no skip)", SkipCode::code))
                .collect(),
            causes: names("(other)", causes),
            start: first.saturating_mul(tally.width()),
            width: tally.width(),
            buckets: last - first + 1,
        }
    }
}

/// Returns the row marks of these flips. The marks use the same numbers for names as [`FlipCells`].
pub(super) fn marks(tally: &FlipTally, flips: &[Flip]) -> Vec<Mark> {
    let (kinds, reasons) = (tally.kinds(), tally.reasons());
    let mark = |flip: &Flip| {
        [
            flip.ts.map_or(-1, Timestamp::as_millis),
            whole(tally.symbols.number(flip.symbol.as_ref())),
            place(&kinds, flip.kind),
            place(&reasons, flip.reason()),
        ]
    };
    flips.iter().map(mark).collect()
}

/// Returns the names, each at the index of its number; `none` is the name of number 0.
fn names(none: &str, names: impl Iterator<Item = String>) -> Vec<String> {
    std::iter::once(none.to_owned()).chain(names).collect()
}

fn place<T: Ord>(all: &[T], one: T) -> i64 {
    whole(all.partition_point(|it| *it < one))
}

fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
