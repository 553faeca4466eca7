//! `portcullis policy diff`, and what a publication changes.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use portcullis::{
    domain::PolicyHash,
    policy::Policy,
    store::{PolicyStore, Which},
};
use serde::Serialize;
use serde_json::value::RawValue;

use super::super::{
    Failure,
    failure::{print, print_json},
    input::read_policy,
    replay::Format,
    store::{open, unusable},
};
use crate::report::printable;

#[derive(Debug, clap::Args)]
pub(in crate::cmd) struct DiffArgs {
    /// A file, or of a store `current`, `seq:N` or `hash:HASH`
    before: String,
    /// The same
    after: String,
    /// The store: `redis://HOST:PORT`, `rediss://…`, or `file:PATH`
    #[arg(long = "store", value_name = "ADDRESS")]
    address: Option<String>,
    /// How the answer is written
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// One thing that differs.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Change {
    /// Which field, or which entry of which field.
    field: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<String>,
}

pub(super) fn run(args: &DiffArgs) -> Result<(), Failure> {
    let store = args.address.as_deref().map(open).transpose()?;
    let before = find(&args.before, store.as_deref())?;
    let after = find(&args.after, store.as_deref())?;
    let changes = between(Some(&before), &after);
    match args.format {
        Format::Json => print_json(&changes),
        Format::Text => print(text(&changes)),
    }
}

fn find(name: &str, store: Option<&dyn PolicyStore>) -> Result<Policy, Failure> {
    let which = if let Some(seq) = name.strip_prefix("seq:") {
        let seq = seq
            .parse()
            .map_err(|_| Failure::unusable(format_args!("`{name}`: no sequence")))?;
        Some(Which::Seq(seq))
    } else if let Some(hash) = name.strip_prefix("hash:") {
        let hash = PolicyHash::parse(hash)
            .map_err(|error| Failure::unusable(format_args!("`{name}`: {error}")))?;
        Some(Which::Hash(hash))
    } else {
        None
    };
    if which.is_none() && name != "current" {
        let path = Path::new(name);
        return read_policy(path)?.map_err(|absence| {
            Failure::No(format!(
                "`{name}` is no valid policy: {absence} (`portcullis policy check {name}` says all)"
            ))
        });
    }
    let store = store.ok_or_else(|| {
        Failure::unusable(format_args!("`{name}` stands in a store: give `--store`"))
    })?;
    let Some(which) = which else {
        return store
            .load()
            .map_err(|error| Failure::No(format!("{}: {error}", store.name())));
    };
    let entry = store.show(which).map_err(unusable)?.ok_or_else(|| {
        Failure::No(format!(
            "{}: no publication with {which} (`portcullis policy history` lists them)",
            store.name()
        ))
    })?;
    entry
        .policy()
        .cloned()
        .map_err(|absence| Failure::No(format!("the publication with {which}: {absence}")))
}

/// What differs, entry by entry, in the order of the fields' names. A hash and a signature differ whenever
/// anything does, and a sequence whenever somebody publishes: they are not listed.
pub(super) fn between(before: Option<&Policy>, after: &Policy) -> Vec<Change> {
    let nothing = BTreeMap::new();
    let before = before.map_or(&nothing, Policy::fields);
    let after = after.fields();
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let mut changes = Vec::new();
    for name in names {
        let (old, new) = (before.get(name), after.get(name));
        if old == new || matches!(name.as_str(), "policy_hash" | "policy_sig" | "policy_seq") {
            continue;
        }
        let (old_entries, new_entries) = (entries(old), entries(new));
        if old_entries.is_none() && new_entries.is_none() {
            changes.push(Change::new(name.clone(), old.cloned(), new.cloned()));
            continue;
        }
        let (old, new) = (
            old_entries.unwrap_or_default(),
            new_entries.unwrap_or_default(),
        );
        let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for key in keys {
            let (old, new) = (old.get(key), new.get(key));
            if old != new {
                let field = format!("{name}.{key}");
                changes.push(Change::new(field, old.cloned(), new.cloned()));
            }
        }
    }
    changes
}

impl Change {
    const fn new(field: String, before: Option<String>, after: Option<String>) -> Self {
        Self {
            field,
            before,
            after,
        }
    }
}

/// The entries of a structured field: of an object its values, of a list of texts its members.
fn entries(text: Option<&String>) -> Option<BTreeMap<String, String>> {
    let text = text?;
    // Raw, so that a number is shown as it was written.
    if let Ok(object) = serde_json::from_str::<BTreeMap<String, &RawValue>>(text) {
        let written = |(key, value): (String, &RawValue)| (key, value.get().to_owned());
        return Some(object.into_iter().map(written).collect());
    }
    let members = serde_json::from_str::<Vec<String>>(text).ok()?;
    Some(
        members
            .into_iter()
            .map(|name| (name, "listed".to_owned()))
            .collect(),
    )
}

/// A line a change: `+` for what is new, `-` for what is gone, `~` for what is another.
pub(super) fn text(changes: &[Change]) -> String {
    if changes.is_empty() {
        return "no difference\n".to_owned();
    }
    let width = changes.iter().map(|c| c.field.chars().count()).max();
    let width = width.unwrap_or_default();
    let mut text = String::new();
    for Change {
        field,
        before,
        after,
    } in changes
    {
        let field = printable(field);
        let (mark, values) = match (before, after) {
            (None, Some(after)) => ('+', printable(after).into_owned()),
            (Some(before), None) => ('-', printable(before).into_owned()),
            (Some(before), Some(after)) => {
                ('~', format!("{} → {}", printable(before), printable(after)))
            }
            (None, None) => continue,
        };
        text.push_str(&format!("{mark} {field:<width$}  {values}\n"));
    }
    text
}
