//! `portcullis policy check|show|hash|schema`: one policy, and what is to be said of it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use portcullis::{
    domain::{Instant, Symbol},
    policy::{Listing, Policy, PolicyAbsence},
};
use serde_json::{json, value::RawValue};

use super::super::{
    Failure, clock,
    failure::{print, print_json},
    input::{read_file, read_policy},
    replay::Format,
    store::{open, unusable},
};
use crate::report::printable;

/// A number longer than this is shown with its exponent.
const DIGITS_MAX: usize = 24;

/// JSON Schema 2020-12; says what `check` says, as far as a schema can.
pub(super) const SCHEMA: &str = include_str!("schema.json");

/// A policy in a file, or in a store.
#[derive(Debug, Clone, clap::Args)]
pub(in crate::cmd) struct SubjectArgs {
    #[command(flatten)]
    subject: Subject,
    /// How the answer is written
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, Clone, clap::Args)]
#[group(required = true, multiple = false)]
struct Subject {
    /// The policy (JSON); `-` is standard input
    file: Option<PathBuf>,
    /// The policy of a store: `redis://HOST:PORT`, `rediss://…`, or `file:PATH`
    #[arg(long = "store", value_name = "ADDRESS")]
    address: Option<String>,
}

impl Subject {
    /// The policy, or why it is none.
    fn read(&self) -> Result<Result<Policy, PolicyAbsence>, Failure> {
        if let Some(address) = &self.address {
            return Ok(open(address)?.stored().map_err(unusable)?.policy());
        }
        match &self.file {
            Some(file) => read_policy(file),
            None => Err(Failure::unusable("give a file or `--store`")),
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
            let notes = notes(&policy, clock::now()?);
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

/// What a valid policy lacks, and whether it came too late.
fn notes(policy: &Policy, now: Instant) -> Vec<String> {
    let mut notes: Vec<String> = policy.notes().iter().map(ToString::to_string).collect();
    if policy.valid_until() < now {
        notes.push(format!(
            "expired on {}; every entry would skip as POLICY_STALE",
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

/// Every violation on standard output, and the answer no.
pub(super) fn refuse(name: &str, format: Format, absence: &PolicyAbsence) -> Result<(), Failure> {
    let violations = match absence {
        PolicyAbsence::Refused(refusal) => refusal.violations(),
        PolicyAbsence::NotFound
        | PolicyAbsence::HashUnknown(_)
        | PolicyAbsence::SignatureInvalid
        | PolicyAbsence::RolledBack { .. }
        | PolicyAbsence::StoreUnavailable => {
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
        "`{name}` is no valid policy: {} violation{}",
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
    // Shown, not used: nothing here trades.
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
        Listing::NoLeverage | Listing::NotInUniverse => format!("none: {symbol} is always skipped"),
    }
}

/// One field; an object a line an entry.
fn field(name: &str, value: &str) -> String {
    let name = printable(name);
    // Raw, so that a number is shown as it was written.
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
