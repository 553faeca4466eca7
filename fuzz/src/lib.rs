//! The fuzz targets. Each one is a module that tests without a fuzzer can include as well.

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

/// Runs the target `policy`.
pub fn policy(data: &[u8]) {
    policy::run(data);
}

/// Runs the target `intent`.
pub fn intent(data: &[u8]) {
    intent::run(data);
}

/// Runs the target `tape`.
pub fn tape(data: &[u8]) {
    tape::run(data);
}

/// Runs the target `decide`.
pub fn decide(data: &[u8]) {
    decide::run(data);
}

/// Runs the target `harvest`.
pub fn harvest(data: &[u8]) {
    harvest::run(data);
}
