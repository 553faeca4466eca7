//! The commands `portcullis policy check`, `show`, `hash` and `schema`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use portcullis::{
    policy::{Listing, Policy, PolicyUnavailable},
    types::{Symbol, Timestamp},
};
use portcullis_service::runtime::system_time;
use serde_json::{json, value::RawValue};

use super::super::{
    Failure,
    failure::{print, print_json},
    input::{read_file, read_policy},
    replay::Format,
    store::{open, unusable},
};
use portcullis_sim::report::printable;

/// The most characters of a number in plain notation. Longer numbers are printed with an exponent.
const DIGITS_MAX: usize = 24;

/// The JSON Schema (2020-12) of policies. It covers all checks of `policy check` that a schema can express.
pub(super) const SCHEMA: &str = include_str!("schema.json");

/// The arguments of a command on one policy.
#[derive(Debug, Clone, clap::Args)]
pub(in crate::commands) struct SubjectArgs {
    #[command(flatten)]
    subject: Subject,
    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, Clone, clap::Args)]
#[group(required = true, multiple = false)]
struct Subject {
    /// Policy file (JSON); `-` reads standard input
    file: Option<PathBuf>,
    /// Address of a policy store to read instead: `redis://HOST:PORT`, `rediss://…`, or `file:PATH`
    #[arg(long = "store", value_name = "ADDRESS")]
    address: Option<String>,
}

impl Subject {
    /// Reads the policy, or the reason why there is none.
    fn read(&self) -> Result<Result<Policy, PolicyUnavailable>, Failure> {
        if let Some(address) = &self.address {
            return Ok(open(address)?.stored().map_err(unusable)?.policy());
        }
        match &self.file {
            Some(file) => read_policy(file),
            None => Err(Failure::unusable(
                "no policy is given; use a file or `--store ADDRESS`",
            )),
        }
    }

    fn name(&self) -> Result<String, Failure> {
        match (&self.file, &self.address) {
            (Some(file), _) => Ok(file.display().to_string()),
            (None, Some(address)) => Ok(open(address)?.name()),
            (None, None) => Ok(String::new()),
        }
    }
}

pub(super) fn check(args: &SubjectArgs) -> Result<(), Failure> {
    match args.subject.read()? {
        Ok(policy) => {
            let notes = notes(&policy, system_time()?);
            match args.format {
                Format::Text => print(accepted(&policy, &notes)),
                Format::Json => print_json(&json!({
                    "valid": true,
                    "policy_version": policy.version(),
                    "policy_hash": policy.hash(),
                    "valid_until": policy.valid_until().to_string(),
                    "notes": notes,
                })),
            }
        }
        Err(absence) => refuse(&args.subject.name()?, args.format, &absence),
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

fn accepted(policy: &Policy, notes: &[String]) -> String {
    let mut text = format!(
        "valid: version {} hash {}\nin force {}\n",
        printable(policy.version()),
        policy.hash(),
        window(policy)
    );
    for note in notes {
        text.push_str(&format!("note: {note}\n"));
    }
    text
}

fn window(policy: &Policy) -> String {
    match policy.valid_from() {
        Some(from) => format!("from {from} until {}", policy.valid_until()),
        None => format!("until {}", policy.valid_until()),
    }
}

/// Prints every violation and returns a failure with exit status 1.
pub(super) fn refuse(
    name: &str,
    format: Format,
    absence: &PolicyUnavailable,
) -> Result<(), Failure> {
    let violations = match absence {
        PolicyUnavailable::Refused(refusal) => refusal.violations(),
        PolicyUnavailable::NotFound
        | PolicyUnavailable::HashUnknown(_)
        | PolicyUnavailable::SignatureInvalid
        | PolicyUnavailable::RolledBack { .. }
        | PolicyUnavailable::StoreUnavailable => {
            return Err(Failure::No(format!("`{name}`: {absence}")));
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
    Err(Failure::No(format!(
        "`{name}` is not a valid policy: {} violation{}",
        violations.len(),
        if violations.len() == 1 { "" } else { "s" }
    )))
}

pub(super) fn show(args: &SubjectArgs) -> Result<(), Failure> {
    let policy = match args.subject.read()? {
        Ok(policy) => policy,
        Err(absence) => return refuse(&args.subject.name()?, args.format, &absence),
    };
    match args.format {
        Format::Json => print_json(&json!({
            "policy_hash": policy.hash(),
            "fields": policy.fields(),
        })),
        Format::Text => print(shown(&policy)),
    }
}

fn shown(policy: &Policy) -> String {
    let mut text = format!(
        "version  {}\nhash     {}\nin force {}\n\nleverage\n",
        printable(policy.version()),
        policy.hash(),
        window(policy)
    );
    // The numbers are only printed, so the policy need not be in force.
    let numbers = policy.assume_in_force(policy.valid_until());
    for symbol in policy.symbols() {
        text.push_str(&format!(
            "  {symbol:<20} {}\n",
            leverage(numbers.listing(&symbol), &symbol)
        ));
    }
    for (name, value) in policy.fields() {
        if !matches!(
            name.as_str(),
            "policy_version" | "policy_hash" | "universe_symbols" | "leverage_by_symbol"
        ) {
            text.push_str(&field(name, value));
        }
    }
    text
}

fn leverage(listing: Listing, symbol: &Symbol) -> String {
    match listing {
        Listing::Leverage(leverage) => {
            let written_out = leverage.value().to_string();
            if written_out.len() > DIGITS_MAX {
                format!("{:e}x", leverage.value().get())
            } else {
                format!("{written_out}x")
            }
        }
        Listing::NoLeverage | Listing::NotInUniverse => {
            format!("none: entries in {symbol} are always skipped")
        }
    }
}

/// Formats one field. An object is printed with one entry per line.
fn field(name: &str, value: &str) -> String {
    let name = printable(name);
    // Raw values keep the notation of numbers.
    match serde_json::from_str::<BTreeMap<String, &RawValue>>(value) {
        Err(_) => format!("\n{name}  {}\n", printable(value)),
        Ok(entries) => {
            let lines = entries.iter().map(|(key, value)| {
                format!("  {:<20} {}\n", printable(key), printable(value.get()))
            });
            format!("\n{name}\n{}", lines.collect::<String>())
        }
    }
}

pub(super) fn hash(file: &Path) -> Result<(), Failure> {
    let text = read_file(file)?;
    let hash = Policy::hash_of(&text)
        .map_err(|refusal| Failure::unusable(format_args!("`{}`: {refusal}", file.display())))?;
    print(format_args!("{hash}\n"))
}
