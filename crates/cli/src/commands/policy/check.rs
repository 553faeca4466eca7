//! The command `portcullis policy check`.

use portcullis::{
    policy::{Policy, PolicyUnavailable},
    types::{Shown, Timestamp},
};
use portcullis_service::runtime::system_time;
use portcullis_sim::text::counted;
use serde_json::json;

use crate::{
    commands::policy::source::PolicyArgs,
    failure::Failure,
    input::policy::PolicyInput,
    print::{Format, print, print_json, warn},
};

pub(super) fn run(args: &PolicyArgs) -> Result<(), Failure> {
    match args.source.read()? {
        PolicyInput::Valid(policy) => {
            let notes = notes(&policy, system_time()?);
            match args.format {
                Format::Text => print(valid_text(&policy, &notes)),
                Format::Json => print_json(&json!({
                    "valid": true,
                    "policy_version": policy.version(),
                    "policy_hash": policy.hash(),
                    "valid_until": policy.valid_until().to_string(),
                    "notes": notes,
                })),
            }
        }
        PolicyInput::Unavailable(unavailable) => {
            print_violations(&args.source.name()?, args.format, &unavailable)
        }
    }
}

/// Returns notes on a valid policy: missing recommended fields, and its expiry if it has passed.
fn notes(policy: &Policy, now: Timestamp) -> Vec<String> {
    let mut notes: Vec<String> = policy.notes().iter().map(ToString::to_string).collect();
    if policy.valid_until() < now {
        notes.push(format!(
            "expired at {}; every entry would be skipped with POLICY_STALE",
            policy.valid_until()
        ));
    }
    notes
}

fn valid_text(policy: &Policy, notes: &[String]) -> String {
    let mut text = format!(
        "valid: version {} hash {}\nin force {}\n",
        Shown(policy.version()).whole(),
        policy.hash(),
        validity(policy)
    );
    for note in notes {
        text.push_str(&format!("note: {note}\n"));
    }
    text
}

/// Prints every violation and returns a failure with exit status 1.
pub(super) fn print_violations(
    name: &str,
    format: Format,
    unavailable: &PolicyUnavailable,
) -> Result<(), Failure> {
    let violations = match unavailable {
        PolicyUnavailable::Invalid(invalid) => invalid.violations(),
        PolicyUnavailable::WrittenByOther { refusal, .. } => {
            if let PolicyUnavailable::Invalid(invalid) = refusal.as_ref() {
                warn(format_args!("{name}: {unavailable}"));
                invalid.violations()
            } else {
                return Err(Failure::Negative(format!("{name}: {unavailable}")));
            }
        }
        PolicyUnavailable::NotFound
        | PolicyUnavailable::HashUnknown(_)
        | PolicyUnavailable::SignatureInvalid
        | PolicyUnavailable::RolledBack { .. }
        | PolicyUnavailable::StoreUnavailable
        | PolicyUnavailable::SequenceNotRecorded { .. }
        | PolicyUnavailable::StoreUnsafe { .. } => {
            return Err(Failure::Negative(format!("{name}: {unavailable}")));
        }
    };
    match format {
        Format::Text => {
            let mut text = String::new();
            for violation in violations {
                text.push_str(&format!("{}: {violation}\n", violation.fault()));
            }
            print(text)?;
        }
        Format::Json => print_json(&json!({ "valid": false, "violations": violations }))?,
    }
    Err(Failure::Negative(format!(
        "{name} is not a valid policy: {}",
        counted(violations.len(), "violation")
    )))
}

/// Returns the time during which a policy is in force.
pub(super) fn validity(policy: &Policy) -> String {
    match policy.valid_from() {
        Some(from) => format!("from {from} until {}", policy.valid_until()),
        None => format!("until {}", policy.valid_until()),
    }
}
