//! Violations, and the error for an invalid policy.

use std::{borrow::Cow, fmt};

use serde::Serialize;
use strum::{Display, IntoStaticStr};
use thiserror::Error;

use super::field::DOCUMENT;
use crate::types::Shown;

/// The bound of a key that occurs more than once.
pub(super) const DUPLICATE_KEY: &str = "the only value of this key, which occurs more than once";

/// The beginning of the bound of a symbol that is listed more than once. The index of the first occurrence and `)`
/// follow.
pub(super) const UNIQUE_AT: &str = "unique (the symbol is also at index ";

/// The beginning of the bound of a second leverage for a symbol. The symbol follows.
pub(super) const ONLY_LEVERAGE: &str = "the only leverage of ";

/// The bound of a field that is unknown.
pub(super) const UNKNOWN_FIELD: &str = "absent, because this field is unknown (check the spelling)";

/// The beginning of the path of a key that cannot be used. The name of the object follows.
pub(super) const KEY_OF: &str = "a key of ";

/// Maximum number of violations in the text of an error.
const LISTED_MAX: usize = 8;

/// The kinds of violation. If a policy has violations of several kinds, the first kind in this
/// order is the reason for the rejection.
///
/// Displayed and serialized as its stable code, such as `POLICY_MISSING_FIELD`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Display, IntoStaticStr, Serialize,
)]
#[serde(into = "&'static str")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE", prefix = "POLICY_")]
pub enum PolicyFault {
    /// A required field is missing.
    MissingField,
    /// A text cannot be parsed, an object has a duplicate key, or a value has the wrong JSON type.
    ParseError,
    /// A value is out of bounds, a key inside a structured field is unknown, or a symbol is listed more than once.
    Invalid,
    /// `policy_hash` is not the hash of the fields.
    HashMismatch,
}

/// One violation: the field, its value and the required bound.
///
/// Displayed on one line: `` `harvest_params.T1_R` is `0`, but must be greater than 0 ``.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    fault: PolicyFault,
    field: String,
    value: String,
    bound: String,
}

impl Violation {
    /// Returns the kind of the violation.
    #[must_use]
    pub const fn fault(&self) -> PolicyFault {
        self.fault
    }

    /// Returns the path of the field, such as `harvest_params.T1_R` or `universe_symbols[3]`; `document` means the
    /// whole text. Control characters are escaped, and a path of more than 80 characters is cut.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// Returns the original text of the value; empty if the field is missing. Control characters
    /// are escaped, and a value of more than 80 characters is cut.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Returns the required bound as text, such as `greater than 0`. The text completes the
    /// sentence "the value must be …".
    #[must_use]
    pub fn bound(&self) -> &str {
        &self.bound
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            fault,
            field,
            value,
            bound,
        } = self;
        match fault {
            PolicyFault::MissingField => write!(f, "`{field}` is missing"),
            PolicyFault::HashMismatch => write!(
                f,
                "`{field}` is {}, but the hash of the policy's fields is {bound}; \
                 if the fields are as intended, recompute it with `portcullis policy hash`",
                quoted(value)
            ),
            PolicyFault::ParseError | PolicyFault::Invalid if field == DOCUMENT => {
                write!(f, "the document is {}, but must be {bound}", quoted(value))
            }
            PolicyFault::ParseError if bound == DUPLICATE_KEY => write!(
                f,
                "the key `{field}` occurs more than once, here with the value {}; keep one",
                quoted(value)
            ),
            PolicyFault::Invalid if bound == UNKNOWN_FIELD => write!(
                f,
                "`{field}` is not a known field; check the spelling, or remove it"
            ),
            PolicyFault::ParseError | PolicyFault::Invalid => {
                let value = quoted(value);
                if let Some(symbol) = bound.strip_prefix(ONLY_LEVERAGE) {
                    return write!(
                        f,
                        "`{field}` ({value}) is a second leverage of {symbol}; keep only one of them"
                    );
                }
                if let Some(index) = bound.strip_prefix(UNIQUE_AT) {
                    let index = index.trim_end_matches(')');
                    return write!(
                        f,
                        "`{field}` is {value}, but this symbol is also at index {index}; list it only once"
                    );
                }
                match field.strip_prefix(KEY_OF) {
                    Some(object) => write!(f, "{KEY_OF}`{object}` is {value}, but must be {bound}"),
                    None => write!(f, "`{field}` is {value}, but must be {bound}"),
                }
            }
        }
    }
}

fn quoted(value: &str) -> Cow<'static, str> {
    match value {
        "" => Cow::Borrowed("empty"),
        value => Cow::Owned(format!("`{value}`")),
    }
}

/// The error for an invalid policy: all violations, at least one, sorted by kind.
///
/// Displayed on one line: the first eight violations, separated by `; `, and the number of the remaining ones.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct InvalidPolicyError {
    fault: PolicyFault,
    violations: Vec<Violation>,
}

impl InvalidPolicyError {
    /// Returns the kind of the first violation, which is the reason for the rejection.
    #[must_use]
    pub const fn fault(&self) -> PolicyFault {
        self.fault
    }

    /// Creates the error for a stored value that does not contain policy fields.
    #[must_use]
    pub fn unreadable(what: &str, found: &str, bound: &str) -> Self {
        Self {
            fault: PolicyFault::ParseError,
            violations: vec![Violation {
                fault: PolicyFault::ParseError,
                field: Shown(what).to_string(),
                value: Shown(found).to_string(),
                bound: bound.to_owned(),
            }],
        }
    }

    /// Returns all violations, sorted by kind.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }
}

impl fmt::Display for InvalidPolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, violation) in self.violations.iter().take(LISTED_MAX).enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            fmt::Display::fmt(violation, f)?;
        }
        match self.violations.len().checked_sub(LISTED_MAX) {
            None | Some(0) => Ok(()),
            Some(more) => write!(f, "; and {more} more"),
        }
    }
}

/// A list of the violations found so far.
#[derive(Debug)]
pub(super) struct Violations(Vec<Violation>);

impl Violations {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    pub(super) fn missing(&mut self, field: &str) {
        self.push(PolicyFault::MissingField, field, "", "present");
    }

    pub(super) fn parse_error(&mut self, field: &str, value: &str, bound: &str) {
        self.push(PolicyFault::ParseError, field, value, bound);
    }

    pub(super) fn invalid(&mut self, field: &str, value: &str, bound: &str) {
        self.push(PolicyFault::Invalid, field, value, bound);
    }

    pub(super) fn hash_mismatch(&mut self, field: &str, value: &str, bound: &str) {
        self.push(PolicyFault::HashMismatch, field, value, bound);
    }

    /// Adds a violation with the kind and the bound of `rule`.
    pub(super) fn broken(&mut self, field: &str, value: &str, rule: &Broken) {
        self.push(rule.fault, field, value, &rule.bound);
    }

    fn push(&mut self, fault: PolicyFault, field: &str, value: &str, bound: &str) {
        self.0.push(Violation {
            fault,
            field: Shown(field).to_string(),
            value: Shown(value).to_string(),
            bound: bound.to_owned(),
        });
    }

    /// Returns `built` if there are no violations.
    pub(super) fn into_result<T>(mut self, built: Option<T>) -> Result<T, InvalidPolicyError> {
        self.0.sort_by_key(Violation::fault);
        let first = self.0.first().map(Violation::fault);
        match (built, first) {
            (Some(built), None) => Ok(built),
            // A validator that returns `None` without a violation also leads to an error.
            (_, fault) => Err(InvalidPolicyError {
                fault: fault.unwrap_or(PolicyFault::ParseError),
                violations: self.0,
            }),
        }
    }
}

/// The kind of a violation and the bound that a value violates, without the field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) fault: PolicyFault,
    pub(super) bound: String,
}

impl Broken {
    pub(super) fn parse_error(bound: &str) -> Self {
        Self {
            fault: PolicyFault::ParseError,
            bound: bound.to_owned(),
        }
    }

    pub(super) fn invalid(bound: &str) -> Self {
        Self {
            fault: PolicyFault::Invalid,
            bound: bound.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn violations_are_sorted_by_kind_and_stable_within_a_kind() {
        let mut found = Violations::new();
        found.hash_mismatch("policy_hash", "a", "b");
        found.invalid("second", "0", "greater than 0");
        found.invalid("first", "0", "greater than 0");
        found.missing("kill_params");
        let refusal = found.into_result(Some(())).unwrap_err();
        assert_eq!(refusal.fault(), PolicyFault::MissingField);
        assert_eq!(
            refusal.to_string(),
            "`kill_params` is missing; `second` is `0`, but must be greater than 0; \
             `first` is `0`, but must be greater than 0; `policy_hash` is `a`, but the hash of the policy's fields is b; \
             if the fields are as intended, recompute it with `portcullis policy hash`"
        );
        for more in 1..=20 {
            let mut found = Violations::new();
            (0..8 + more).for_each(|i| found.missing(&format!("field{i}")));
            let refusal = found.into_result(Some(())).unwrap_err();
            assert_eq!(refusal.violations().len(), 8 + more);
            let text = refusal.to_string();
            assert!(
                text.ends_with(&format!("`field7` is missing; and {more} more")),
                "{text}"
            );
        }
        assert_eq!(Violations::new().into_result(Some(1)), Ok(1));
        assert!(Violations::new().into_result::<()>(None).is_err());
    }
}
