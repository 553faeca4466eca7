//! What is examined by its name, and what is left out by it.

use std::path::Path;

use crate::proof::Language;

/// Trees of other people's code and of what tools leave behind. They are not entered.
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

/// Trees that no service runs.
const TESTS: [&str; 7] = [
    "__tests__",
    "benches",
    "fixtures",
    "snapshots",
    "test",
    "testdata",
    "tests",
];

/// What the rule says of a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Directory {
    Entered,
    /// Left out, and its files are counted.
    Tests,
    /// Left out as a whole.
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

/// The rule by which a file is left out, if there is one.
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

/// What a file is written in, by its name; `None` for a kind that is not examined.
pub(super) fn language(path: &Path) -> Option<Language> {
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    match name.rsplit_once('.') {
        Some((_, "py" | "pyi")) => Some(Language::Python),
        Some((_, "rs")) => Some(Language::Rust),
        Some((_, "toml")) => Some(Language::Toml),
        Some((_, "yaml" | "yml")) => Some(Language::Yaml),
        Some((_, "json")) => Some(Language::Json),
        Some((_, "env")) => Some(Language::Dotenv),
        Some(_) if name.starts_with(".env.") => Some(Language::Dotenv),
        Some(_) | None => None,
    }
}
