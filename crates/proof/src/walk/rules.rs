//! The rules that decide from its name whether a file or directory is examined.

/// Directories with third-party code or tool output. They are not entered.
const VENDORED: [&str; 22] = [
    ".eggs",
    ".git",
    ".hg",
    ".mypy_cache",
    ".nox",
    ".pytest_cache",
    ".ruff_cache",
    ".svn",
    ".tox",
    ".venv",
    "__pycache__",
    "__pypackages__",
    "bower_components",
    "dist",
    "dist-packages",
    "node_modules",
    "site-packages",
    "target",
    "third_party",
    "vendor",
    "vendored",
    "venv",
];

/// Directories with tests, benchmarks and their data. No service runs code from them.
const TESTS: [&str; 7] = [
    "__tests__",
    "benches",
    "fixtures",
    "snapshots",
    "test",
    "testdata",
    "tests",
];

/// The treatment of a directory by the walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Directory {
    Entered,
    /// The directory is left out, and each file in it is counted.
    Tests,
    /// The directory is left out and counted as one tree.
    Vendored,
}

pub(super) fn of_directory(name: &str) -> Directory {
    if VENDORED.contains(&name) {
        Directory::Vendored
    } else if TESTS.contains(&name) {
        Directory::Tests
    } else {
        Directory::Entered
    }
}

/// Returns the name pattern that leaves a file out, if one matches.
pub(super) fn of_file(name: &str) -> Option<&'static str> {
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let extension = extension.to_ascii_lowercase();
    match (stem, &*extension) {
        (_, "lock") => Some("*.lock"),
        ("package-lock", "json") => Some("package-lock.json"),
        ("npm-shrinkwrap", "json") => Some("npm-shrinkwrap.json"),
        ("pnpm-lock", "yaml") => Some("pnpm-lock.yaml"),
        ("conftest", "py" | "pyi") => Some("conftest.py"),
        (_, "py" | "pyi") if stem.starts_with("test_") => Some("test_*.py"),
        (_, "py" | "pyi") if stem.ends_with("_test") => Some("*_test.py"),
        ("tests", "rs") => Some("tests.rs"),
        (_, "rs") if stem.ends_with("_test") => Some("*_test.rs"),
        _ => None,
    }
}
