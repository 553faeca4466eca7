//! Which file holds what.

use std::path::{Path, PathBuf};

use super::disk::beside;

/// The files of a store, side by side.
#[derive(Debug)]
pub(super) struct Paths {
    /// The policy: a JSON document, or a map of texts.
    pub(super) policy: PathBuf,
    /// What was published, a record a line.
    pub(super) history: PathBuf,
    /// What was done, a record a line.
    pub(super) audit: PathBuf,
    /// How far the audit has come, so that a cut at its end shows.
    pub(super) head: PathBuf,
    /// What is halted.
    pub(super) halt: PathBuf,
    /// The step that is being taken.
    pub(super) journal: PathBuf,
    /// Who takes a step.
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
            halt: beside(&stem, ".halt.json"),
            journal: beside(&stem, ".journal"),
            lock: beside(&stem, ".lock"),
            policy,
        }
    }

    /// Files that a step that was cut short may have left.
    pub(super) fn leftovers(&self) -> [PathBuf; 4] {
        [&self.policy, &self.halt, &self.head, &self.journal].map(|path| beside(path, ".new"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_of_a_json_file_gives_way_to_those_of_the_others() {
        for (policy, history) in [
            ("x/live.json", "x/live.history.jsonl"),
            ("x/live.policy", "x/live.policy.history.jsonl"),
            ("x/live", "x/live.history.jsonl"),
        ] {
            assert_eq!(Paths::of(Path::new(policy)).history, Path::new(history));
        }
    }
}
