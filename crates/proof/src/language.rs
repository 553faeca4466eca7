//! The languages of source and settings files.

use std::path::Path;

use serde::Serialize;

/// The language of a file, derived from its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Python: files named `*.py` or `*.pyi`.
    Python,
    /// Rust: files named `*.rs`.
    Rust,
    /// TOML: files named `*.toml`.
    Toml,
    /// YAML: files named `*.yaml` or `*.yml`.
    Yaml,
    /// JSON: files named `*.json`.
    Json,
    /// Environment files, named `.env`, `.env.*` or `*.env`.
    Dotenv,
}

impl Language {
    /// Returns the language of a file by its name, or `None` if files of this type are not examined.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_string_lossy().to_lowercase();
        match name.rsplit_once('.') {
            Some((_, "py" | "pyi")) => Some(Self::Python),
            Some((_, "rs")) => Some(Self::Rust),
            Some((_, "toml")) => Some(Self::Toml),
            Some((_, "yaml" | "yml")) => Some(Self::Yaml),
            Some((_, "json")) => Some(Self::Json),
            Some((_, "env")) => Some(Self::Dotenv),
            Some(_) if name.starts_with(".env.") => Some(Self::Dotenv),
            Some(_) | None => None,
        }
    }
}
