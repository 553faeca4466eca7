//! Reading, parsing and examination of one file.

use std::{
    fs::File,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use crate::{
    bounded::read_bounded,
    checks,
    language::Language,
    read::{self, Tree, Unparsed, lines::Lines},
    settings::position,
    tree::{At, Kind, Node},
    violation::Violation,
    vocabulary::Vocabulary,
    walk::Source,
    work,
};

/// Maximum length of a source line that is shown completely, in characters. For a longer line, only
/// the part around the finding is shown.
const CODE_CHARS_MAX: usize = 200;
const CODE_CHARS_BEFORE: usize = 40;
/// The length of a line in bytes above which it is long even if most of it is whitespace.
const LINE_BYTES_LONG: usize = 4096;

/// The keys that every policy has. A document with all of these keys is a policy. Its numbers are
/// allowed because a policy expires and the engine enforces the expiry.
const REQUIRED_POLICY_KEYS: [&str; 5] = [
    "policy_version",
    "valid_until_epoch",
    "universe_symbols",
    "leverage_by_symbol",
    "harvest_params",
];
/// Optional keys of a policy. In a policy, all keys outside of these two lists are examined.
const OPTIONAL_POLICY_KEYS: [&str; 3] = ["kill_params", "limits", "valid_from_epoch"];

/// The result of examining one file.
#[derive(Debug)]
pub(super) enum Outcome {
    Read(Facts),
    /// The file could not be read or parsed: the position, if known, and the reason.
    Unread(Option<At>, String),
}

#[derive(Debug)]
pub(super) struct Facts {
    pub(super) bytes: u64,
    pub(super) violations: Vec<(Violation, Line)>,
    pub(super) tests_left_out: usize,
    pub(super) is_policy: bool,
}

/// A source line without surrounding whitespace. A very long line is reduced to the part around the finding.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) code: String,
    /// The number of characters of `code` before the finding.
    pub(super) before: usize,
}

pub(super) fn examine(source: &Source, vocabulary: &Vocabulary) -> Outcome {
    let bytes = match read_file(&source.real) {
        Ok(bytes) => bytes,
        Err(error) => return Outcome::Unread(None, error.to_string()),
    };
    examine_text(source.language, &bytes, vocabulary)
}

fn examine_text(language: Language, bytes: &[u8], vocabulary: &Vocabulary) -> Outcome {
    let text = match str::from_utf8(bytes) {
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
        Err(error) => {
            let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let (line, column) = position(str::from_utf8(valid).unwrap_or_default(), usize::MAX);
            return Outcome::Unread(Some(At { line, column }), "not UTF-8".to_owned());
        }
    };
    work::begin(bytes.len());
    // A panic of a third-party parser must fail this file only, not the whole proof.
    let examined = catch_unwind(AssertUnwindSafe(|| {
        let mut tree = parse(language, text)?;
        let is_policy = remove_policy(language, &mut tree.root);
        let violations = checks::examine(&tree.root, vocabulary);
        Ok((violations, tree.tests_left_out, is_policy))
    }));
    match examined {
        Ok(Ok((violations, tests_left_out, is_policy))) => Outcome::Read(Facts {
            bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            violations: with_code(violations, text),
            tests_left_out,
            is_policy,
        }),
        Ok(Err(Unparsed { at, message })) => Outcome::Unread(Some(at), message),
        Err(panic) if work::is_exhausted(&*panic) => Outcome::Unread(
            None,
            "too complex: its examination takes more steps than is allowed for its size; split its longest functions and expressions".to_owned(),
        ),
        Err(_) => Outcome::Unread(None, "the parser panicked".to_owned()),
    }
}

fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    // Opening a named pipe would block until a writer opens it.
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "the proof reads files and makes no trading decision"
    )]
    let file = File::open(path)?;
    read_bounded(file)
}

fn parse(language: Language, text: &str) -> Result<Tree, Unparsed> {
    match language {
        Language::Python => read::python::read(text),
        Language::Rust => read::rust::read(text),
        Language::Toml => read::toml::read(text),
        Language::Yaml => read::yaml::read(text),
        Language::Json => read::json::read(text),
        Language::Dotenv => read::dotenv::read(text),
    }
}

/// Removes the keys of a policy from a document. Returns true if the document was a policy.
fn remove_policy(language: Language, root: &mut Node) -> bool {
    let is_document = match language {
        Language::Toml | Language::Yaml | Language::Json => true,
        Language::Python | Language::Rust | Language::Dotenv => false,
    };
    let Kind::Record { entries, .. } = &mut root.kind else {
        return false;
    };
    let has = |name: &&str| entries.iter().any(|it| it.name.as_deref() == Some(*name));
    let is_policy = is_document && REQUIRED_POLICY_KEYS.iter().all(has);
    if is_policy {
        entries.retain(|entry| {
            let name = entry.name.as_deref().unwrap_or_default();
            !REQUIRED_POLICY_KEYS.contains(&name) && !OPTIONAL_POLICY_KEYS.contains(&name)
        });
    }
    is_policy
}

fn with_code(violations: Vec<Violation>, text: &str) -> Vec<(Violation, Line)> {
    if violations.is_empty() {
        return Vec::new();
    }
    let lines = Lines::of(text);
    let with_line = violations.into_iter().map(|it| {
        let line = Line::around(&lines, it.at);
        (it, line)
    });
    with_line.collect()
}

impl Line {
    fn around(lines: &Lines<'_>, at: At) -> Self {
        let (line, column) = (lines.line(at.line), at.column);
        let is_long =
            line.len() > LINE_BYTES_LONG || line.trim().chars().nth(CODE_CHARS_MAX).is_some();
        let cut = if is_long {
            column.saturating_sub(1 + CODE_CHARS_BEFORE)
        } else {
            0
        };
        let kept = if is_long { CODE_CHARS_MAX } else { usize::MAX };
        let from = lines.from(At {
            line: at.line,
            column: cut + 1,
        });
        let shown: String = from.chars().take(kept).collect();
        let blanks = shown.chars().take_while(|c| c.is_whitespace()).count();
        Self {
            code: shown.trim().to_owned(),
            before: column.saturating_sub(1 + cut + blanks),
        }
    }
}

#[cfg(test)]
mod tests;
