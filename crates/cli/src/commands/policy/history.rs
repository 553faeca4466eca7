//! The command `portcullis policy history`.

use portcullis::types::Shown;
use portcullis_store::PolicyStore as _;
use serde_json::json;

use crate::{
    args::{store::AddressArg, values::parse_whole},
    failure::Failure,
    print::{Format, print, print_json},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    address: AddressArg,
    /// The number of publications to list
    #[arg(long, value_name = "N", default_value = "20", value_parser = |text: &str| parse_whole(text, 1..=1_000_000))]
    newest: u64,
    /// The output format
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let store = args.address.open()?;
    let newest = usize::try_from(args.newest).unwrap_or(usize::MAX);
    let entries = store.history(newest).map_err(Failure::error)?;
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
                    "promotion_of": entry.promotion_of(),
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
            "{:>6}  {:<24}  {}  {}  until {}  by {}{}{}{}\n",
            or_none(entry.seq().map(|seq| seq.to_string())),
            or_none(entry.published_at().map(|at| at.to_string())),
            or_none(entry.hash().map(|hash| hash.short().to_string())),
            Shown(entry.version().unwrap_or("-")),
            or_none(entry.policy().ok().map(|p| p.valid_until().to_string())),
            Shown(entry.by().unwrap_or("-")),
            entry.rollback_of().map_or_else(String::new, |hash| format!(
                "  rollback to {}",
                hash.short()
            )),
            entry
                .promotion_of()
                .map_or_else(String::new, |hash| format!(
                    "  promotion of arm {}",
                    hash.short()
                )),
            entry
                .reason()
                .map_or_else(String::new, |why| format!("  ({})", Shown(why))),
        ));
    }
    if entries.is_empty() {
        text = format!("{}: the history has no publications\n", store.name());
    }
    print(text)
}
