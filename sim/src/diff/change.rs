//! Differences between two policies, field by field.

use std::collections::{BTreeMap, BTreeSet};

use portcullis::{
    policy::{Policy, canonical_hash},
    types::Symbol,
};
use serde::Serialize;
use serde_json::value::RawValue;

/// One difference between two policies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The field; for a field that is an object or a list, the entry of the field, such as
    /// `leverage_by_symbol.BTCUSDT`.
    pub field: String,
    /// The old value as written; absent if the entry was added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The new value as written; absent if the entry was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    #[serde(skip)]
    name: String,
    /// The entry: a key of a field that is an object, or a member of a field that is a list of strings.
    #[serde(skip)]
    entry: Option<String>,
}

/// The fields in which each entry concerns one symbol.
const BY_SYMBOL: [&str; 2] = ["universe_symbols", "leverage_by_symbol"];

/// Fields that change with every edit or publication.
const FOLLOWING: [&str; 3] = ["policy_hash", "policy_sig", "policy_seq"];

/// Returns the differences, entry by entry, sorted by field name. `policy_hash`, `policy_sig` and `policy_seq` are not
/// listed, because they change with every edit or publication.
#[must_use]
pub fn changes(before: Option<&Policy>, after: &Policy) -> Vec<Change> {
    let nothing = BTreeMap::new();
    let before = before.map_or(&nothing, Policy::fields);
    let after = after.fields();
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let mut changes = Vec::new();
    for name in names {
        let (old, new) = (before.get(name), after.get(name));
        if old == new || FOLLOWING.contains(&name.as_str()) {
            continue;
        }
        let (old_entries, new_entries) = (entries(old), entries(new));
        if old_entries.is_none() && new_entries.is_none() {
            changes.push(Change::new(name, None, old.cloned(), new.cloned()));
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
                changes.push(Change::new(name, Some(key), old.cloned(), new.cloned()));
            }
        }
    }
    changes
}

impl Change {
    fn new(
        name: &str,
        entry: Option<&String>,
        before: Option<String>,
        after: Option<String>,
    ) -> Self {
        let field = match entry {
            Some(entry) => format!("{name}.{entry}"),
            None => name.to_owned(),
        };
        Self {
            field,
            before,
            after,
            name: name.to_owned(),
            entry: entry.cloned(),
        }
    }

    /// Returns true if the change can affect a record of this symbol.
    pub(super) fn concerns(&self, symbol: Option<Symbol>) -> bool {
        if !BY_SYMBOL.contains(&self.name.as_str()) {
            return true;
        }
        let listed = self.entry.as_deref().and_then(|it| Symbol::new(it).ok());
        listed.is_none() || listed == symbol
    }

    fn apply(&self, fields: &mut BTreeMap<String, String>) -> Option<()> {
        let Some(entry) = &self.entry else {
            match &self.after {
                Some(after) => fields.insert(self.name.clone(), after.clone()),
                None => fields.remove(&self.name),
            };
            return Some(());
        };
        let text = fields.get(&self.name);
        let text = if let Some(mut members) = members(text) {
            members.retain(|member| member != entry);
            if self.after.is_some() {
                members.push(entry.clone());
            }
            serde_json::to_string(&members).ok()?
        } else {
            let mut values: BTreeMap<String, Box<RawValue>> = match text {
                Some(text) => serde_json::from_str(text).ok()?,
                None => BTreeMap::new(),
            };
            match &self.after {
                Some(after) => {
                    let after = RawValue::from_string(after.clone()).ok()?;
                    values.insert(entry.clone(), after);
                }
                None => {
                    values.remove(entry);
                }
            }
            serde_json::to_string(&values).ok()?
        };
        fields.insert(self.name.clone(), text);
        Some(())
    }
}

/// Returns the policy with changes applied, or `None` if the result is not valid. The result contains its hash if
/// `policy` contains one.
pub(super) fn changed<'c>(
    policy: &Policy,
    changes: impl IntoIterator<Item = &'c Change>,
) -> Option<Policy> {
    let mut fields = policy.fields().clone();
    fields.remove("policy_sig");
    fields.remove("policy_hash");
    for change in changes {
        change.apply(&mut fields)?;
    }
    if policy.states_hash() {
        let pairs = fields.iter().map(|(k, v)| (k.as_str(), v.as_str()));
        let hash = canonical_hash(pairs).to_string();
        fields.insert("policy_hash".to_owned(), hash);
    }
    Policy::from_fields(fields).ok()
}

fn members(text: Option<&String>) -> Option<Vec<String>> {
    serde_json::from_str(text?).ok()
}

/// Returns the entries of a structured field: the values of an object, or the members of a list of strings.
fn entries(text: Option<&String>) -> Option<BTreeMap<String, String>> {
    // Raw values keep numbers as they were written.
    if let Ok(object) = serde_json::from_str::<BTreeMap<String, &RawValue>>(text?) {
        let written = |(key, value): (String, &RawValue)| (key, value.get().to_owned());
        return Some(object.into_iter().map(written).collect());
    }
    let listed = |name| (name, "listed".to_owned());
    Some(members(text)?.into_iter().map(listed).collect())
}
