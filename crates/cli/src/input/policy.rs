//! Policy files and guardrails files.

use std::path::Path;

use portcullis::{
    guardrails::{Guardrails, GuardrailsError},
    policy::{Policy, PolicyFault, PolicyUnavailable},
};

use crate::{
    failure::Failure,
    input::{
        file::{parse_file, read_file, shown_path},
        kind::FileKind,
    },
    print::warn,
};

/// The content of a policy file or of a policy store.
#[expect(
    clippy::large_enum_variant,
    reason = "a run reads few policies, one at a time"
)]
pub(crate) enum PolicyInput {
    Valid(Policy),
    Unavailable(PolicyUnavailable),
}

/// Reads a policy file.
///
/// # Errors
/// Returns an error if the file cannot be read or does not contain a JSON object.
pub(crate) fn read_policy(path: &Path) -> Result<PolicyInput, Failure> {
    policy_of(path, &read_file(path)?)
}

/// Parses the text of a policy file.
fn policy_of(path: &Path, text: &str) -> Result<PolicyInput, Failure> {
    match Policy::from_json(text) {
        Ok(policy) => Ok(PolicyInput::Valid(policy)),
        Err(invalid) => {
            FileKind::check(path, FileKind::Policy)?;
            let is_no_object = invalid.fault() == PolicyFault::ParseError
                && invalid.violations().iter().any(|v| v.field() == "document");
            if is_no_object {
                return Err(Failure::error(format_args!(
                    "`{}`: {invalid}",
                    shown_path(path)
                )));
            }
            Ok(PolicyInput::Unavailable(invalid.into()))
        }
    }
}

/// Reads a guardrails file.
pub(crate) fn read_guardrails(path: &Path) -> Result<Guardrails, Failure> {
    read_guardrails_text(path).map(|(_, guardrails)| guardrails)
}

/// Reads a guardrails file, and returns its text, too.
pub(crate) fn read_guardrails_text(path: &Path) -> Result<(String, Guardrails), Failure> {
    let parse = |text: &str| Ok((text.to_owned(), Guardrails::from_json(text)?));
    let parsed = parse_file::<_, GuardrailsError>(path, parse);
    parsed.or_else(|failure| {
        FileKind::check(path, FileKind::Guardrails)?;
        Err(failure)
    })
}

/// Reads a policy file, and fails if the policy is not valid.
pub(crate) fn valid_policy(path: &Path) -> Result<Policy, Failure> {
    match read_policy(path)? {
        PolicyInput::Valid(policy) => Ok(policy),
        PolicyInput::Unavailable(unavailable) => Err(Failure::Negative(format!(
            "`{0}` is not a valid policy: {unavailable} (run `portcullis policy check {0}` to list all violations)",
            shown_path(path)
        ))),
    }
}

/// The policy that is active from the beginning of a run.
pub(crate) struct InitialPolicy {
    /// The policy, or the reason why there is none.
    pub(crate) policy: Result<Policy, PolicyUnavailable>,
    /// The failure with which a finished run ends if the policy file is not valid.
    pub(crate) validity: Result<(), Failure>,
}

impl InitialPolicy {
    /// Reads the policy file, if one is given. Writes every violation to standard error.
    pub(crate) fn read(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(Self {
                policy: Err(PolicyUnavailable::NotFound),
                validity: Ok(()),
            });
        };
        Self::of(path, &read_file(path)?)
    }

    /// Parses the text of the policy file. Writes every violation to standard error.
    pub(crate) fn of(path: &Path, text: &str) -> Result<Self, Failure> {
        Ok(match policy_of(path, text)? {
            PolicyInput::Valid(policy) => Self {
                policy: Ok(policy),
                validity: Ok(()),
            },
            PolicyInput::Unavailable(unavailable) => Self::unavailable(path, unavailable),
        })
    }

    /// Creates the result for a policy file that is not valid. Writes every violation to standard error.
    pub(crate) fn unavailable(path: &Path, unavailable: PolicyUnavailable) -> Self {
        if let PolicyUnavailable::Invalid(invalid) = &unavailable {
            for violation in invalid.violations() {
                warn(format_args!("`{}`: {violation}", shown_path(path)));
            }
        }
        Self {
            policy: Err(unavailable),
            validity: Err(Failure::Negative(format!(
                "`{0}` is not a valid policy, so everything that needs a policy was skipped \
                 (run `portcullis policy check {0}` to list all violations)",
                shown_path(path)
            ))),
        }
    }
}
