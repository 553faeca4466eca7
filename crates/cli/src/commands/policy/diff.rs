//! The command `portcullis policy diff`.

use std::path::Path;

use portcullis::{policy::Policy, types::PolicyHash};
use portcullis_sim::{diff::changes, report::changes_text};
use portcullis_store::{PolicyStore, PublicationId};

use crate::{
    args::store::{Address, open},
    failure::Failure,
    input::policy::valid_policy,
    print::{Format, print, print_json},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The first policy: a file, or with `--store` also `current`, `seq:N` or `hash:HASH`
    before: String,
    /// The second policy, in the same notation
    after: String,
    /// The address of the policy store: `redis://HOST:PORT`, `rediss://…`, or `file:PATH`
    #[arg(long = "store", value_name = "ADDRESS")]
    address: Option<Address>,
    /// The output format
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let store = args.address.as_ref().map(open).transpose()?;
    let before = find(&args.before, store.as_deref())?;
    let after = find(&args.after, store.as_deref())?;
    let changes = changes(Some(&before), &after);
    match args.format {
        Format::Json => print_json(&changes),
        Format::Text => print(changes_text(&changes)),
    }
}

fn find(name: &str, store: Option<&dyn PolicyStore>) -> Result<Policy, Failure> {
    let id = if let Some(seq) = name.strip_prefix("seq:") {
        let seq = seq.parse().map_err(|_| {
            Failure::error(format_args!(
                "`{name}`: the sequence is not a whole number from 0 to {}",
                u64::MAX
            ))
        })?;
        Some(PublicationId::Seq(seq))
    } else if let Some(hash) = name.strip_prefix("hash:") {
        let hash = hash
            .parse::<PolicyHash>()
            .map_err(|error| Failure::error(format_args!("`{name}`: {error}")))?;
        Some(PublicationId::Hash(hash))
    } else {
        None
    };
    if id.is_none() && name != "current" {
        return valid_policy(Path::new(name));
    }
    let store = store.ok_or_else(|| {
        Failure::error(format_args!(
            "`{name}` refers to a store; use `--store ADDRESS`"
        ))
    })?;
    let Some(id) = id else {
        return store
            .load()
            .map_err(|error| Failure::Negative(format!("{}: {error}", store.name())));
    };
    let entry = store.publication(id).map_err(Failure::error)?.ok_or_else(|| {
        Failure::Negative(format!(
            "{}: the history has no publication with {id}; list it with `portcullis policy history`",
            store.name()
        ))
    })?;
    entry.policy().cloned().map_err(|unavailable| {
        Failure::Negative(format!("the publication with {id}: {unavailable}"))
    })
}
