//! What the fuzzers try, each target in a module that a test without a fuzzer can include as well.

#[path = "../../tests/oracle"]
mod oracle {
    pub(crate) mod compare;
    pub(crate) mod engine;
    pub(crate) mod naive;
}

mod decide;
mod draft;
mod harvest;
mod intent;
mod policy;
mod tape;
mod worlds;

/// A policy from bytes.
pub fn policy(data: &[u8]) {
    policy::run(data);
}

/// An intent from bytes.
pub fn intent(data: &[u8]) {
    intent::run(data);
}

/// A tape from bytes.
pub fn tape(data: &[u8]) {
    tape::run(data);
}

/// A few decisions, put together from bytes.
pub fn decide(data: &[u8]) {
    decide::run(data);
}

/// A few harvests, put together from bytes.
pub fn harvest(data: &[u8]) {
    harvest::run(data);
}
