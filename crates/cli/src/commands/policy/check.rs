//! The command `portcullis policy check`.

use portcullis::{
    decide::SkipCode,
    policy::{Policy, PolicyUnavailable, Violation},
    types::{Shown, SignedDuration, Timestamp},
};
use portcullis_service::runtime::system_time;
use portcullis_sim::text::counted;
use serde_json::json;

use crate::{
    commands::policy::source::PolicyArgs,
    failure::Failure,
    input::policy::PolicyInput,
    print::{Format, print_json, print_painted, warn},
};

/// The remaining validity, in seconds, below which a note is printed: the expiry is probably wrong, because the policy
/// would expire soon after the services have read it.
const SHORT_SEC: i64 = 120;

pub(super) fn run(args: &PolicyArgs) -> Result<(), Failure> {
    let policy = match args.source.read()? {
        PolicyInput::Valid(policy) => policy,
        PolicyInput::Unavailable(unavailable) => {
            return print_violations(&args.source.name()?, args.format, &unavailable);
        }
    };
    let now = system_time()?;
    let expired = (policy.valid_until() < now).then(|| {
        format!(
            "the policy expired at {}; publish a policy with a later `valid_until_epoch`",
            policy.valid_until()
        )
    });
    let notes = notes(&policy, now);
    match args.format {
        Format::Text => print_painted(&text(&policy, expired.as_deref(), &notes))?,
        Format::Json => {
            let mut report = json!({
                "valid": expired.is_none(),
                "policy_version": policy.version(),
                "policy_hash": policy.hash(),
                "valid_until": policy.valid_until().to_string(),
                "notes": notes,
            });
            if let (Some(expired), Some(report)) = (&expired, report.as_object_mut()) {
                report.insert("reason".to_owned(), json!(SkipCode::PolicyStale));
                report.insert("detail".to_owned(), json!(expired));
            }
            print_json(&report)?;
        }
    }
    match expired {
        None => Ok(()),
        Some(_) => Err(Failure::Negative(format!(
            "{} has expired: every entry would be skipped with {}",
            args.source.name()?,
            SkipCode::PolicyStale
        ))),
    }
}

/// Returns notes on a valid policy: probable mistakes of its author, and an expiry in the near future.
fn notes(policy: &Policy, now: Timestamp) -> Vec<String> {
    let mut notes: Vec<String> = policy.notes().iter().map(ToString::to_string).collect();
    let rest = policy.valid_until().since(now);
    let short = SignedDuration::from_micros(SHORT_SEC * 1_000_000);
    if rest >= SignedDuration::from_micros(0) && rest < short {
        notes.push(format!(
            "the policy expires in {rest}, possibly before every service has read it; check `valid_until_epoch`"
        ));
    }
    notes
}

fn text(policy: &Policy, expired: Option<&str>, notes: &[String]) -> String {
    let version = Shown(policy.version()).whole();
    let hash = policy.hash();
    let mut text = match expired {
        Some(expired) => format!(
            "{}: {expired}\nversion {version} hash {hash}\n",
            SkipCode::PolicyStale
        ),
        None => format!(
            "valid: version {version} hash {hash}\n{}\n",
            validity(policy)
        ),
    };
    for note in notes {
        text.push_str(&format!("note: {note}\n"));
    }
    text
}

/// Prints every violation, or the reason why there is no policy, and returns a failure with exit status 1.
pub(super) fn print_violations(
    name: &str,
    format: Format,
    unavailable: &PolicyUnavailable,
) -> Result<(), Failure> {
    let Some(violations) = violations(unavailable) else {
        let code = SkipCode::from(unavailable);
        match format {
            Format::Text => print_painted(&format!("{code}: {unavailable}\n"))?,
            Format::Json => print_json(&json!({
                "valid": false,
                "reason": code,
                "detail": unavailable.to_string(),
            }))?,
        }
        let next = if *unavailable == PolicyUnavailable::NotFound {
            "; check the address, or publish a policy with `portcullis policy publish`"
        } else {
            ""
        };
        return Err(Failure::Negative(format!("{name}: {unavailable}{next}")));
    };
    if matches!(unavailable, PolicyUnavailable::WrittenByOther { .. }) {
        warn(format_args!("{name}: {unavailable}"));
    }
    match format {
        Format::Text => {
            let mut text = String::new();
            for violation in violations {
                text.push_str(&format!("{}: {violation}\n", violation.fault()));
            }
            print_painted(&text)?;
        }
        Format::Json => print_json(&json!({ "valid": false, "violations": violations }))?,
    }
    Err(Failure::Negative(format!(
        "{name} is not a valid policy: {}",
        counted(violations.len(), "violation")
    )))
}

/// Returns the violations of a policy that was read but is not valid.
fn violations(unavailable: &PolicyUnavailable) -> Option<&[Violation]> {
    match unavailable {
        PolicyUnavailable::Invalid(invalid) => Some(invalid.violations()),
        PolicyUnavailable::WrittenByOther { refusal, .. } => violations(refusal),
        PolicyUnavailable::NotFound
        | PolicyUnavailable::HashUnknown(_)
        | PolicyUnavailable::SignatureInvalid
        | PolicyUnavailable::RolledBack { .. }
        | PolicyUnavailable::StoreUnavailable
        | PolicyUnavailable::SequenceNotRecorded { .. }
        | PolicyUnavailable::StoreUnsafe { .. } => None,
    }
}

/// Returns the time during which a policy is in force, as text.
pub(super) fn validity(policy: &Policy) -> String {
    let until = policy.valid_until();
    match policy.valid_from() {
        Some(from) if from > until => "never in force".to_owned(),
        Some(from) => format!("in force from {from} until {until}"),
        None => format!("in force until {until}"),
    }
}
