//! What the fuzzers try, each target in a module that a test without a fuzzer can include as well.

#[expect(
    dead_code,
    reason = "the flaws are for those who ask whether one would be seen"
)]
#[path = "../../tests/oracle"]
mod oracle {
    pub(crate) mod compare;
    pub(crate) mod engine;
    pub(crate) mod naive;
}

pub mod decide;
mod draft;
pub mod harvest;
pub mod intent;
pub mod policy;
pub mod tape;
mod worlds;
