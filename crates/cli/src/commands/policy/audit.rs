//! The command `portcullis policy audit`.

use portcullis::types::Shown;
use portcullis_sim::text::counted;
use portcullis_store::PolicyStore as _;
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
                Shown(entry.event().unwrap_or("-")).whole(),
                entry
                    .policy_hash()
                    .map_or_else(|| "        ".to_owned(), |hash| hash.short().to_string()),
                Shown(entry.by().unwrap_or("-")).whole(),
                entry.symbols().map_or_else(String::new, |symbols| format!(
                    "  {}",
                    Shown(symbols).whole()
                )),
                entry
                    .reason()
                    .map_or_else(String::new, |why| format!("  ({})", Shown(why).whole())),
            ));
        }
        for fault in &faults {
            text.push_str(&format!("fault: {}\n", Shown(fault).whole()));
        }
        print(text)?;
    }
    if trail.is_whole() {
        Ok(())
    } else {
        Err(Failure::Negative(format!(
            "{}: the audit log has {}",
            store.name(),
            counted(faults.len(), "fault")
        )))
    }
}
