//! `portcullis policy`

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::SystemTime,
};

use portcullis::{
    domain::{Instant, Span, Symbol},
    policy::{Listing, Policy, PolicyAbsence, PolicyRefusal},
};
use serde_json::{json, value::RawValue};

use super::{
    Failure,
    failure::{print, print_json},
    input::{read_file, read_policy},
    replay::Format,
};
use crate::{report::printable, sample};

/// A number longer than this is shown with its exponent.
const DIGITS_MAX: usize = 24;

/// JSON Schema 2020-12; says what `check` says, as far as a schema can.
const SCHEMA: &str = include_str!("policy_schema.json");

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Write a sample policy to standard output
    Sample {
        /// How long it is valid, from now
        #[arg(long, value_name = "SECONDS", default_value = "3600", value_parser = parse_validity, allow_negative_numbers = true)]
        valid_for: Span,
    },
    /// Say everything that is wrong with a policy; exit status 1 if anything is
    Check(FileArgs),
    /// Show what a policy says
    Show(FileArgs),
    /// Print the hash that a policy ought to state
    Hash {
        /// The policy (JSON); `-` is standard input
        file: PathBuf,
    },
    /// Print a JSON Schema of policies
    Schema,
}

#[derive(Debug, Clone, clap::Args)]
pub(super) struct FileArgs {
    /// The policy (JSON); `-` is standard input
    file: PathBuf,
    /// How the answer is written
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(super) fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Sample { valid_for } => {
            let valid_until = now()?.saturating_add(valid_for);
            if valid_until == Instant::MAX {
                return Err(Failure::unusable(
                    "the sample would be valid beyond the year 9999",
                ));
            }
            print(sample::policy_json(valid_until))
        }
        Command::Check(args) => check(&args),
        Command::Show(args) => show(&args),
        Command::Hash { file } => hash(&file),
        Command::Schema => print(SCHEMA),
    }
}

/// The clock of this machine: the one place where a command reads it.
fn now() -> Result<Instant, Failure> {
    let since_epoch = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_err(|_| Failure::unusable("the clock of this machine stands before 1970"))?;
    i64::try_from(since_epoch.as_micros())
        .ok()
        .and_then(|micros| Instant::from_micros(micros).ok())
        .ok_or_else(|| Failure::unusable("the clock of this machine stands after the year 9999"))
}

fn parse_validity(text: &str) -> Result<Span, String> {
    let end = Instant::parse_epoch_seconds(text).map_err(|error| format!("seconds: {error}"))?;
    if end.as_micros() > 0 {
        Ok(Span::from_micros(end.as_micros()))
    } else {
        Err("seconds: not greater than 0".to_owned())
    }
}

fn check(args: &FileArgs) -> Result<(), Failure> {
    match read_policy(&args.file)? {
        Ok(policy) => {
            let notes = notes(&policy, now()?);
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
        Err(absence) => refuse(args, &absence),
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
fn refuse(args: &FileArgs, absence: &PolicyAbsence) -> Result<(), Failure> {
    let refusal: Option<&PolicyRefusal> = match absence {
        PolicyAbsence::Refused(refusal) => Some(refusal),
        PolicyAbsence::NotFound
        | PolicyAbsence::HashUnknown(_)
        | PolicyAbsence::SignatureInvalid
        | PolicyAbsence::RolledBack { .. }
        | PolicyAbsence::StoreUnavailable => None,
    };
    let violations = refusal.map(PolicyRefusal::violations).unwrap_or_default();
    match args.format {
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
        "`{}` is no valid policy: {} violation{}",
        args.file.display(),
        violations.len(),
        if violations.len() == 1 { "" } else { "s" }
    )))
}

fn show(args: &FileArgs) -> Result<(), Failure> {
    let policy = match read_policy(&args.file)? {
        Ok(policy) => policy,
        Err(absence) => return refuse(args, &absence),
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

fn hash(file: &Path) -> Result<(), Failure> {
    let text = read_file(file)?;
    let hash = Policy::hash_of(&text)
        .map_err(|refusal| Failure::unusable(format_args!("`{}`: {refusal}", file.display())))?;
    print(format_args!("{hash}\n"))
}
