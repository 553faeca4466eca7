//! Reading and parsing of inputs that several commands share.

use std::{
    fs,
    io::{self, Read as _},
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use portcullis::{
    policy::{Policy, PolicyFault, PolicyUnavailable},
    types::Timestamp,
};

use super::Failure;

/// Returns true if a path denotes standard input.
pub(super) fn is_stdin(path: &Path) -> bool {
    path == Path::new("-") || path == Path::new("/dev/stdin")
}

/// Checks that at most one argument reads standard input. Each claim is the description of an argument and its path.
pub(super) fn stdin_once(claims: &[(&str, Option<&Path>)]) -> Result<(), Failure> {
    let asking = claims.iter().filter(|(_, path)| path.is_some_and(is_stdin));
    let asking: Vec<&str> = asking.map(|(who, _)| *who).collect();
    if asking.len() < 2 {
        return Ok(());
    }
    Err(Failure::unusable(format_args!(
        "standard input can be read only once, but it is used by {}",
        asking.join(" and by ")
    )))
}

/// Reads the text of a file, or of standard input for `-`.
pub(super) fn read_file(path: &Path) -> Result<String, Failure> {
    let at = |why: &dyn std::fmt::Display| {
        Failure::unusable(format_args!("`{}`: {why}", path.display()))
    };
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .map(|_| bytes)
            .map_err(|error| at(&error))?
    } else if path.is_dir() {
        return Err(at(&"is a directory, not a file"));
    } else {
        fs::read(path).map_err(|error| at(&error))?
    };
    let text = String::from_utf8(bytes).map_err(|error| {
        at(&format_args!(
            "not UTF-8 from byte {}",
            error.utf8_error().valid_up_to() + 1
        ))
    })?;
    if text.trim().is_empty() {
        return Err(at(&"is empty"));
    }
    Ok(text)
}

/// Reads a policy file. The inner result is the policy, or the reason why the document is not a valid policy.
///
/// # Errors
/// Returns an error if the file cannot be read or does not contain a JSON object.
pub(super) fn read_policy(path: &Path) -> Result<Result<Policy, PolicyUnavailable>, Failure> {
    let text = read_file(path)?;
    match Policy::from_json(&text) {
        Ok(policy) => Ok(Ok(policy)),
        Err(refusal) => {
            let whole = refusal.fault() == PolicyFault::ParseError
                && refusal.violations().iter().any(|v| v.field() == "document");
            if whole {
                return Err(Failure::unusable(format_args!(
                    "`{}`: {refusal}",
                    path.display()
                )));
            }
            Ok(Err(PolicyUnavailable::Refused(refusal)))
        }
    }
}

/// Reads a policy file, and fails if the policy is not valid.
pub(super) fn valid_policy(path: &Path) -> Result<Policy, Failure> {
    read_policy(path)?.map_err(|absence| {
        Failure::No(format!(
            "`{0}` is not a valid policy: {absence} (run `portcullis policy check {0}` to list all violations)",
            path.display()
        ))
    })
}

/// Returns the initial policy of a run, from a file if one is given. Writes every violation to standard error.
pub(super) fn initial_policy(
    path: Option<&PathBuf>,
) -> Result<Result<Policy, PolicyUnavailable>, Failure> {
    let Some(path) = path else {
        return Ok(Err(PolicyUnavailable::NotFound));
    };
    let policy = read_policy(path)?;
    if let Err(PolicyUnavailable::Refused(refusal)) = &policy {
        for violation in refusal.violations() {
            warn(format_args!("`{}`: {violation}", path.display()));
        }
    }
    Ok(policy)
}

/// Returns a failure if the initial policy of a run was not valid.
pub(super) fn refused_policy(refused: bool, path: Option<&PathBuf>) -> Result<(), Failure> {
    match path {
        Some(path) if refused => Err(Failure::No(format!(
            "`{0}` is not a valid policy, so everything that needs a policy was skipped \
             (run `portcullis policy check {0}` to list all violations)",
            path.display()
        ))),
        _ => Ok(()),
    }
}

/// Writes a warning if no line of the tapes could be read as a record.
pub(super) fn illegible(records: u64, unreadable: u64, tapes: &[String]) {
    if records > 0 && records == unreadable {
        warn(format_args!(
            "warning: no line of `{}` could be read as a record; is it a tape?",
            tapes.join("`, `")
        ));
    }
}

/// Writes one line to standard error.
pub(super) fn warn(text: impl std::fmt::Display) {
    // If standard error cannot be written, there is no other place for the message.
    let _ = io::Write::write_fmt(
        &mut anstream::stderr(),
        format_args!("portcullis: {text}\n"),
    );
}

/// Parses a whole number within inclusive bounds.
pub(super) fn parse_whole(text: &str, bounds: RangeInclusive<u64>) -> Result<u64, String> {
    match text.parse() {
        Ok(number) if bounds.contains(&number) => Ok(number),
        Ok(_) | Err(_) => Err(format!(
            "not a whole number from {} to {}",
            bounds.start(),
            bounds.end()
        )),
    }
}

/// Parses a timestamp in epoch seconds.
pub(super) fn parse_now(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_epoch_seconds(text)
        .map_err(|error| format!("expected epoch seconds, but it is {error}"))
}
