//! The mutants that cargo-mutants lists.

use std::{error::Error, ops::Range, path::Path, process::Command};

use serde::Deserialize;

/// One small change of a source file.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Mutant {
    /// The place and the change, as cargo-mutants prints them.
    pub(crate) name: String,
    /// The source file, relative to the workspace.
    pub(crate) file: String,
    pub(crate) genre: Genre,
    /// The text that replaces the span.
    pub(crate) replacement: String,
    span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum Genre {
    BinaryOperator,
    FnValue,
    MatchArm,
    MatchArmGuard,
    StructField,
    UnaryOperator,
}

#[derive(Debug, Clone, Deserialize)]
struct Span {
    start: Position,
    end: Position,
}

/// A position in a file. Lines and columns start at 1, and columns count characters.
#[derive(Debug, Clone, Deserialize)]
struct Position {
    line: usize,
    column: usize,
}

impl Mutant {
    /// Returns the bytes of the source that the mutant replaces.
    pub(crate) fn range(&self, source: &str) -> Range<usize> {
        self.span.start.offset(source)..self.span.end.offset(source)
    }
}

impl Position {
    fn offset(&self, source: &str) -> usize {
        let mut lines = source.split_inclusive('\n');
        let before = lines.by_ref().take(self.line - 1).map(str::len);
        let before: usize = before.sum();
        let line = lines.next().unwrap_or_default();
        let columns = line.chars().take(self.column - 1).map(char::len_utf8);
        before + columns.sum::<usize>()
    }
}

/// Returns the mutants of the workspace. The arguments go to cargo-mutants.
pub(crate) fn list(root: &Path, arguments: &[String]) -> Result<Vec<Mutant>, Box<dyn Error>> {
    let output = Command::new("cargo")
        .args(["mutants", "--list", "--json", "--workspace"])
        .args(arguments)
        .current_dir(root)
        .output()?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(format!("cargo-mutants: {text}").into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
