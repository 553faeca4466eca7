//! The answer of a shadow borrows neither intent nor policy, so it cannot contain a trade. The answer that counts does.

use portcullis_rollout::{Decided, ShadowAnswer};

fn outlives_everything<T: 'static>(_: T) {}

fn shadow(shadow: ShadowAnswer) {
    outlives_everything(shadow);
}

fn answer(answer: Decided<'_>) {
    outlives_everything(answer);
}

fn main() {}
