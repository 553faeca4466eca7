//! Why a text is no policy.

use std::fmt;

use serde::Serialize;
use thiserror::Error;

use crate::domain::Shown;

/// The most violations that the text of a refusal repeats.
const LISTED_MAX: usize = 8;

/// The kinds of violation, in the order in which they name the reason of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum PolicyFault {
    /// A required field is not there.
    #[serde(rename = "POLICY_MISSING_FIELD")]
    MissingField,
    /// A text does not parse, or a key stands twice in one object.
    #[serde(rename = "POLICY_PARSE_ERROR")]
    ParseError,
    /// A value is out of its bounds.
    #[serde(rename = "POLICY_INVALID")]
    Invalid,
    /// The stored hash is not the hash of the fields.
    #[serde(rename = "POLICY_HASH_MISMATCH")]
    HashMismatch,
}

impl PolicyFault {
    /// The stable code: `POLICY_MISSING_FIELD`, `POLICY_PARSE_ERROR`, `POLICY_INVALID` or
    /// `POLICY_HASH_MISMATCH`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::MissingField => "POLICY_MISSING_FIELD",
            Self::ParseError => "POLICY_PARSE_ERROR",
            Self::Invalid => "POLICY_INVALID",
            Self::HashMismatch => "POLICY_HASH_MISMATCH",
        }
    }
}

impl fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// One rule that a text breaks: which field, what stood there, and what was required.
///
/// Its text form is one line: `` `harvest_params.T1_R`: `0` is not greater than 0 ``.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    fault: PolicyFault,
    field: String,
    value: String,
    bound: String,
}

impl Violation {
    /// The kind.
    #[must_use]
    pub const fn fault(&self) -> PolicyFault {
        self.fault
    }

    /// The path of the field, such as `harvest_params.T1_R` or `universe_symbols[3]`; `document` stands for
    /// the whole text. Control characters are escaped, and a path of more than 80 characters is cut.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// What stood there, as it was written, or nothing where the field is missing. Control characters are
    /// escaped, and a value of more than 80 characters is cut.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// What was required; it completes the sentence "the value is not …".
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
            PolicyFault::ParseError | PolicyFault::Invalid | PolicyFault::HashMismatch => {
                write!(f, "`{field}`: `{value}` is not {bound}")
            }
        }
    }
}

/// Every rule that a text breaks: at least one, in the order of their kinds.
///
/// Its text form is one line: the first eight violations, separated by `; `, and how many more there are.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize)]
pub struct PolicyRefusal {
    fault: PolicyFault,
    violations: Vec<Violation>,
}

impl PolicyRefusal {
    /// The kind that names the reason: the first in the order of kinds.
    #[must_use]
    pub const fn fault(&self) -> PolicyFault {
        self.fault
    }

    /// Of something that holds no fields at all.
    pub(crate) fn unreadable(what: &str, found: &str, bound: &str) -> Self {
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

    /// All violations, sorted by kind; never empty.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }
}

impl fmt::Display for PolicyRefusal {
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

/// The violations found so far.
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

    /// A violation whose kind and bound somebody else found out.
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

    /// What was built, if nothing was found.
    pub(super) fn into_result<T>(mut self, built: Option<T>) -> Result<T, PolicyRefusal> {
        self.0.sort_by_key(Violation::fault);
        let first = self.0.first().map(Violation::fault);
        match (built, first) {
            (Some(built), None) => Ok(built),
            // Whoever builds nothing tells why; should one forget to, nothing stays nothing.
            (_, fault) => Err(PolicyRefusal {
                fault: fault.unwrap_or(PolicyFault::ParseError),
                violations: self.0,
            }),
        }
    }
}

/// The rule that a value breaks.
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
    fn the_first_kind_names_the_reason_and_the_order_within_a_kind_stays() {
        let mut found = Violations::new();
        found.hash_mismatch("policy_hash", "a", "b");
        found.invalid("second", "0", "greater than 0");
        found.invalid("first", "0", "greater than 0");
        found.missing("kill_params");
        let refusal = found.into_result(Some(())).unwrap_err();
        assert_eq!(refusal.fault(), PolicyFault::MissingField);
        assert_eq!(
            refusal.to_string(),
            "`kill_params` is missing; `second`: `0` is not greater than 0; \
             `first`: `0` is not greater than 0; `policy_hash`: `a` is not b"
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
