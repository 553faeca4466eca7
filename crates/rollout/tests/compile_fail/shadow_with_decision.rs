//! The answer of a shadow has no decision, unlike the answer that counts.

use portcullis::Decision;
use portcullis_rollout::{Decided, ShadowAnswer};

fn of_answer<'a>(answer: Decided<'a>) -> Decision<'a> {
    answer.into_decision()
}

fn of_shadow<'a>(shadow: ShadowAnswer) -> Decision<'a> {
    shadow.into_decision()
}

fn main() {}
