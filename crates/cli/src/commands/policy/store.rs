//! The commands that publish policies in a store and list its history and audit log.

use std::{
    io::{self, BufRead as _, IsTerminal as _},
    path::PathBuf,
    thread,
    time::Duration,
};

use portcullis::{
    policy::Policy,
    types::{PolicyHash, SignedDuration},
};
use portcullis_store::{PolicyStore, Publication, PublishError, Receipt, Rollback, Which};
use serde_json::json;

use super::super::{
    Failure,
    failure::{print, print_json},
    input::{parse_whole, read_policy},
    replay::Format,
    store::{AddressArg, GuardrailsArg, SignOff, SignerArg, unusable},
};
use super::validity::{parse_validity, valid_until};
use portcullis_service::runtime::system_time;
use portcullis_sim::{
    diff::{changes, changes_text},
    report::printable,
    sample,
};

/// The interval between two reads of `policy watch`.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The arguments of a publication: store, guardrails, signing key and operator.
#[derive(Debug, clap::Args)]
struct Terms {
    #[command(flatten)]
    address: AddressArg,
    #[command(flatten)]
    guardrails: GuardrailsArg,
    #[command(flatten)]
    signer: SignerArg,
    #[command(flatten)]
    sign_off: SignOff,
    /// Publish without confirmation
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, clap::Args)]
pub(in crate::commands) struct PublishArgs {
    /// Policy file (JSON); `-` reads standard input
    file: PathBuf,
    #[command(flatten)]
    terms: Terms,
}

#[derive(Debug, clap::Args)]
pub(in crate::commands) struct SampleArgs {
    /// Validity from now, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "3600", value_parser = parse_validity, allow_negative_numbers = true)]
    valid_for: SignedDuration,
    /// Publish the sample in the store at this address: `redis://HOST:PORT`, `rediss://…`, or `file:PATH`
    #[arg(long, value_name = "ADDRESS")]
    store: Option<String>,
    /// Guardrails: operator limits that apply to every policy (JSON)
    #[arg(long, value_name = "FILE", requires = "store")]
    guardrails: Option<PathBuf>,
    /// Publish without guardrails
    #[arg(long, requires = "store", conflicts_with = "guardrails")]
    no_guardrails: bool,
    /// Name of the operator for the audit log [default: the user of this session]
    #[arg(long, value_name = "NAME", requires = "store")]
    by: Option<String>,
    /// Publish without confirmation
    #[arg(long, requires = "store")]
    yes: bool,
}

#[derive(Debug, clap::Args)]
pub(in crate::commands) struct RollbackArgs {
    #[command(flatten)]
    which: WhichArg,
    /// Validity from now, in seconds
    #[arg(long, value_name = "SECONDS", value_parser = parse_validity, allow_negative_numbers = true)]
    valid_for: SignedDuration,
    #[command(flatten)]
    terms: Terms,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct WhichArg {
    /// Publication with this sequence
    #[arg(long, value_name = "N", value_parser = |text: &str| parse_whole(text, 0..=u64::MAX))]
    seq: Option<u64>,
    /// Publication with this hash
    #[arg(long, value_name = "HASH", value_parser = parse_hash)]
    hash: Option<PolicyHash>,
}

#[derive(Debug, clap::Args)]
pub(in crate::commands) struct HistoryArgs {
    #[command(flatten)]
    address: AddressArg,
    /// Number of publications to list
    #[arg(long, value_name = "N", default_value = "20", value_parser = |text: &str| parse_whole(text, 1..=1_000_000))]
    newest: u64,
    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, clap::Args)]
pub(in crate::commands) struct AuditArgs {
    #[command(flatten)]
    address: AddressArg,
    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(super) fn publish(args: &PublishArgs) -> Result<(), Failure> {
    let policy = match read_policy(&args.file)? {
        Ok(policy) => policy,
        Err(absence) => {
            return super::document::refuse(
                &args.file.display().to_string(),
                Format::Text,
                &absence,
            );
        }
    };
    put_in_force(policy, &args.terms)
}

/// Prints the sample policy, or publishes it if a store is given.
pub(super) fn sample(args: &SampleArgs) -> Result<(), Failure> {
    let text = sample::policy_json(valid_until(args.valid_for)?);
    let Some(address) = &args.store else {
        return print(text);
    };
    let terms = Terms {
        address: AddressArg::new(address),
        guardrails: GuardrailsArg::new(args.guardrails.clone(), args.no_guardrails)?,
        signer: SignerArg::none(),
        sign_off: SignOff::by(args.by.clone()),
        yes: args.yes,
    };
    let policy = Policy::from_json(&text).map_err(Failure::unusable)?;
    put_in_force(policy, &terms)
}

/// Publishes a policy after printing its changes and asking for confirmation.
fn put_in_force(policy: Policy, terms: &Terms) -> Result<(), Failure> {
    let guardrails = terms.guardrails.resolve()?;
    let store = terms.address.open()?;
    let seen = store.stored().map_err(unusable)?;
    let expected = seen.hash().map_err(unusable)?;
    let operator = terms.sign_off.operator();
    let mut publication =
        Publication::new(policy, &guardrails, operator, system_time()?).map_err(refused)?;
    let mut key = String::new();
    if let Some(signer) = terms.signer.resolve()? {
        key = format!("signed: public key {}\n", signer.public_key());
        publication = publication.signed_by(signer);
    }
    let change = changes(seen.policy().ok().as_ref(), publication.policy());
    confirm(&changes_text(&change), store.as_ref(), terms.yes)?;
    let receipt = store.publish(&publication, expected).map_err(refused)?;
    print(published(&receipt) + &key)
}

pub(super) fn rollback(args: &RollbackArgs) -> Result<(), Failure> {
    let guardrails = args.terms.guardrails.resolve()?;
    let store = args.terms.address.open()?;
    let which = match (args.which.seq, args.which.hash) {
        (Some(seq), _) => Which::Seq(seq),
        (None, Some(hash)) => Which::Hash(hash),
        (None, None) => {
            return Err(Failure::unusable(
                "no publication is given; use `--seq N` or `--hash HASH`",
            ));
        }
    };
    let seen = store.stored().map_err(unusable)?;
    let expected = seen.hash().map_err(unusable)?;
    let entry = store
        .show(which)
        .map_err(unusable)?
        .ok_or_else(|| refused(PublishError::NotInHistory(which)))?;
    let signer = args.terms.signer.resolve()?;
    let rollback = Rollback {
        which,
        valid_until: valid_until(args.valid_for)?,
        guardrails: &guardrails,
        operator: args.terms.sign_off.operator(),
        now: system_time()?,
        signer: signer.as_ref(),
    };
    if let Ok(earlier) = entry.policy() {
        let publication = Publication::again(earlier, &rollback).map_err(refused)?;
        let change = changes(seen.policy().ok().as_ref(), publication.policy());
        confirm(&changes_text(&change), store.as_ref(), args.terms.yes)?;
    }
    let receipt = store.rollback(&rollback, expected).map_err(refused)?;
    print(published(&receipt))
}

pub(super) fn history(args: &HistoryArgs) -> Result<(), Failure> {
    let store = args.address.open()?;
    let newest = usize::try_from(args.newest).unwrap_or(usize::MAX);
    let entries = store.history(newest).map_err(unusable)?;
    if args.format == Format::Json {
        let entries: Vec<_> = entries
            .iter()
            .map(|entry| {
                json!({
                    "policy_seq": entry.seq(),
                    "policy_version": entry.version(),
                    "policy_hash": entry.hash(),
                    "published_at": entry.published_at().map(|at| at.to_string()),
                    "valid_until": entry.policy().ok().map(|p| p.valid_until().to_string()),
                    "rollback_of": entry.rollback_of(),
                    "by": entry.by(),
                    "reason": entry.reason(),
                })
            })
            .collect();
        return print_json(&entries);
    }
    let mut text = String::new();
    for entry in &entries {
        let or_none = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        text.push_str(&format!(
            "{:>6}  {:<24}  {}  {}  until {}  by {}{}{}\n",
            or_none(entry.seq().map(|seq| seq.to_string())),
            or_none(entry.published_at().map(|at| at.to_string())),
            or_none(entry.hash().map(|hash| hash.short().to_string())),
            printable(entry.version().unwrap_or("-")),
            or_none(entry.policy().ok().map(|p| p.valid_until().to_string())),
            printable(entry.by().unwrap_or("-")),
            entry.rollback_of().map_or_else(String::new, |hash| format!(
                "  rollback to {}",
                hash.short()
            )),
            entry
                .reason()
                .map_or_else(String::new, |why| format!("  ({})", printable(why))),
        ));
    }
    if entries.is_empty() {
        text = format!("{}: the history has no publications\n", store.name());
    }
    print(text)
}

pub(super) fn audit(args: &AuditArgs) -> Result<(), Failure> {
    let store = args.address.open()?;
    let trail = store.audit().map_err(unusable)?;
    let faults: Vec<String> = trail.faults().iter().map(ToString::to_string).collect();
    if args.format == Format::Json {
        let entries: Vec<_> = trail
            .entries()
            .iter()
            .map(|entry| {
                json!({
                    "entry": entry.number(),
                    "event": entry.event(),
                    "at": entry.at().map(|at| at.to_string()),
                    "by": entry.by(),
                    "reason": entry.reason(),
                    "policy_hash": entry.policy_hash(),
                    "symbols": entry.symbols(),
                })
            })
            .collect();
        print_json(&json!({ "whole": trail.is_whole(), "entries": entries, "faults": faults }))?;
    } else {
        let mut text = String::new();
        for entry in trail.entries() {
            text.push_str(&format!(
                "{:>6}  {:<24}  {:<20} {}  by {}{}{}\n",
                entry
                    .number()
                    .map_or_else(|| "-".to_owned(), |n| n.to_string()),
                entry
                    .at()
                    .map_or_else(|| "-".to_owned(), |at| at.to_string()),
                printable(entry.event().unwrap_or("-")),
                entry
                    .policy_hash()
                    .map_or_else(|| "        ".to_owned(), |hash| hash.short().to_string()),
                printable(entry.by().unwrap_or("-")),
                entry
                    .symbols()
                    .map_or_else(String::new, |symbols| format!("  {}", printable(symbols))),
                entry
                    .reason()
                    .map_or_else(String::new, |why| format!("  ({})", printable(why))),
            ));
        }
        for fault in &faults {
            text.push_str(&format!("fault: {}\n", printable(fault)));
        }
        print(text)?;
    }
    if trail.is_whole() {
        Ok(())
    } else {
        Err(Failure::No(format!(
            "{}: the audit log has {} fault{}",
            store.name(),
            faults.len(),
            if faults.len() == 1 { "" } else { "s" }
        )))
    }
}

/// Prints the policy, or the error, and again after each change: one line each, in the format of the service logs.
pub(super) fn watch(address: &AddressArg) -> Result<(), Failure> {
    let store = address.open()?;
    let mut said = String::new();
    loop {
        let line = match store.load() {
            Ok(policy) => loaded(&policy),
            Err(error) => error.to_string(),
        };
        if line != said {
            print(format_args!("{} {}\n", system_time()?, printable(&line)))?;
            said = line;
        }
        thread::sleep(LOOK_EVERY);
    }
}

/// Returns the line that operators search for.
fn loaded(policy: &Policy) -> String {
    format!(
        "POLICY_LOADED: version={} hash={} until={}",
        policy.version(),
        policy.hash().short(),
        policy.valid_until()
    )
}

fn published(receipt: &Receipt) -> String {
    let policy = receipt.policy();
    let mut text = format!(
        "published: version {} hash {} sequence {}, until {}\n",
        printable(policy.version()),
        policy.hash(),
        receipt.seq(),
        policy.valid_until()
    );
    for repair in receipt.repairs() {
        text.push_str(&format!("note: {repair}\n"));
    }
    text
}

/// Prints the changes and asks for confirmation. Without a terminal, `--yes` is required.
fn confirm(change: &str, store: &dyn PolicyStore, yes: bool) -> Result<(), Failure> {
    print(change)?;
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::unusable(
            "nothing was published: standard input is not a terminal; use `--yes` to publish without confirmation",
        ));
    }
    print(format_args!("publish this to {}? [y/N] ", store.name()))?;
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(Failure::unusable)?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        Ok(())
    } else {
        Err(Failure::No("nothing was published".to_owned()))
    }
}

/// Converts a publish error: a rejected policy has exit status 1, an unusable store exit status 2.
fn refused(error: PublishError) -> Failure {
    match error {
        PublishError::Store(error) => unusable(error),
        error @ (PublishError::Conflict { .. }
        | PublishError::SequenceNotHigher { .. }
        | PublishError::SignedWithoutSequence
        | PublishError::NeverInForce { .. }
        | PublishError::ConstraintViolation(_)
        | PublishError::Refused(_)
        | PublishError::NotInHistory(_)) => {
            let code = error
                .code()
                .map_or_else(String::new, |code| format!("{code}: "));
            Failure::No(format!("nothing was published: {code}{error}"))
        }
    }
}

fn parse_hash(text: &str) -> Result<PolicyHash, String> {
    PolicyHash::parse(text).map_err(|error| error.to_string())
}
