//! A shadow answer cannot be built from a decision.

use portcullis::Decision;
use portcullis_rollout::ShadowAnswer;

fn shadow(decision: Decision<'static>) -> ShadowAnswer {
    ShadowAnswer { decision }
}

fn main() {}
