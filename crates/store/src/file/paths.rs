//! The paths of a store's files.

use std::path::{Path, PathBuf};

use super::disk::beside;

/// The files of a store, all in one directory.
#[derive(Debug)]
pub(super) struct Paths {
    /// The policy: a JSON document, or a JSON object in which every value is a string.
    pub(super) policy: PathBuf,
    /// The publication history, one record per line.
    pub(super) history: PathBuf,
    /// The audit log, one record per line.
    pub(super) audit: PathBuf,
    /// The end of the audit log, by which a removal of its last entries is detected.
    pub(super) head: PathBuf,
    /// The policy set and the policies of its arms.
    pub(super) set: PathBuf,
    /// The current halts.
    pub(super) halt: PathBuf,
    /// The journal of the current change.
    pub(super) journal: PathBuf,
    /// The lock that the process with the lease of the updater holds.
    pub(super) lease: PathBuf,
    /// The state of the updater.
    pub(super) updater: PathBuf,
    /// The lock between processes.
    pub(super) lock: PathBuf,
}

impl Paths {
    pub(super) fn of(path: &Path) -> Self {
        let policy = if path.is_dir() {
            path.join("policy.json")
        } else {
            path.to_owned()
        };
        let stem = match policy.extension() {
            Some(extension) if extension == "json" => policy.with_extension(""),
            Some(_) | None => policy.clone(),
        };
        Self {
            history: beside(&stem, ".history.jsonl"),
            audit: beside(&stem, ".audit.jsonl"),
            head: beside(&stem, ".audit.head"),
            set: beside(&stem, ".set.json"),
            halt: beside(&stem, ".halt.json"),
            journal: beside(&stem, ".journal"),
            lease: beside(&stem, ".updater.lock"),
            updater: beside(&stem, ".updater.json"),
            lock: beside(&stem, ".lock"),
            policy,
        }
    }

    /// Returns the temporary files that an interrupted change may have left.
    pub(super) fn leftovers(&self) -> [PathBuf; 6] {
        [
            &self.policy,
            &self.set,
            &self.halt,
            &self.head,
            &self.journal,
            &self.updater,
        ]
        .map(|path| beside(path, ".new"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_extension_json_is_replaced() {
        for (policy, history) in [
            ("x/live.json", "x/live.history.jsonl"),
            ("x/live.policy", "x/live.policy.history.jsonl"),
            ("x/live", "x/live.history.jsonl"),
        ] {
            assert_eq!(Paths::of(Path::new(policy)).history, Path::new(history));
        }
    }
}
