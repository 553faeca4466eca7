//! The command `portcullis policy audit`.

use portcullis::types::Shown;
use portcullis_sim::text::counted;
use portcullis_store::{AuditEntry, AuditTrail, PolicyStore as _};
use serde_json::json;

use crate::{
    args::store::AddressArg,
    failure::Failure,
    print::{Format, print, print_json},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    address: AddressArg,
    /// The output format
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let store = args.address.open()?;
    let trail = store.audit().map_err(Failure::error)?;
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
                    "code": entry.code(),
                    "detail": entry.detail(),
                    "arm": entry.arm(),
                    "bps": entry.bps(),
                    "set_seq": entry.set_seq(),
                    "step": entry.step(),
                })
            })
            .collect();
        let foreign: Vec<_> = trail
            .foreign()
            .iter()
            .map(|record| json!({ "id": record.id(), "why": record.why() }))
            .collect();
        print_json(&json!({
            "whole": trail.is_whole(),
            "verified": trail.is_verified(),
            "trimmed": trail.trimmed(),
            "entries": entries,
            "foreign": foreign,
            "faults": faults,
        }))?;
    } else {
        let mut text = String::new();
        for entry in trail.entries() {
            text.push_str(&format!(
                "{:>6}  {:<24}  {:<20} {}  by {}{}{}{}{}\n",
                entry
                    .number()
                    .map_or_else(|| "-".to_owned(), |n| n.to_string()),
                entry
                    .at()
                    .map_or_else(|| "-".to_owned(), |at| at.to_string()),
                Shown(entry.event().unwrap_or("-")).to_string(),
                entry
                    .policy_hash()
                    .or_else(|| entry.arm())
                    .map_or_else(|| "        ".to_owned(), |hash| hash.short().to_string()),
                Shown(entry.by().unwrap_or("-")),
                of_rollout(entry),
                entry
                    .symbols()
                    .map_or_else(String::new, |symbols| format!("  {}", Shown(symbols))),
                entry
                    .reason()
                    .map_or_else(String::new, |why| format!("  ({})", Shown(why))),
                entry
                    .code()
                    .map_or_else(String::new, |code| format!("  {}", Shown(code))),
            ));
        }
        text.push_str(&notes(&trail));
        for fault in &faults {
            text.push_str(&format!("fault: {}\n", Shown(fault).whole()));
        }
        print(text)?;
    }
    if trail.is_verified() && trail.entries().is_empty() && trail.trimmed() == 0 {
        Err(Failure::error(format_args!(
            "{}: the audit log has no entries, so nothing was verified; check the address in `--store`",
            store.name()
        )))
    } else if trail.is_verified() {
        Ok(())
    } else {
        Err(Failure::Negative(format!(
            "{}: the audit log has {}",
            store.name(),
            counted(faults.len(), "fault")
        )))
    }
}

/// Returns the step that was refused, the promoted arm, the share of the arm, and the sequence of the policy set, for an
/// entry that contains them.
fn of_rollout(entry: &AuditEntry) -> String {
    // Without the hash of a policy, that of the arm is in its column.
    let arm = entry.arm().filter(|_| entry.policy_hash().is_some());
    let arm = arm.map(|arm| format!("  arm {}", arm.short()));
    let step = entry.step().map(|step| format!("  {}", Shown(step)));
    let bps = entry.bps().map(|bps| format!("  {bps} bps"));
    let seq = entry.set_seq().map(|seq| format!("  set {seq}"));
    [step, arm, bps, seq].into_iter().flatten().collect()
}

/// Returns a line for the trimmed beginning, and a line for each record of another program.
fn notes(trail: &AuditTrail) -> String {
    let mut text = String::new();
    match trail.trimmed() {
        0 => {}
        count => text.push_str(&format!(
            "note: the log was trimmed: {} removed from its beginning; the remaining entries are verified\n",
            if count == 1 {
                "entry 1 was".to_owned()
            } else {
                format!("entries 1 to {count} were")
            }
        )),
    }
    for record in trail.foreign() {
        text.push_str(&format!(
            "note: record {} was written by another program: {}\n",
            Shown(record.id()),
            record.why()
        ));
    }
    text
}
