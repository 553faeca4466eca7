//! Policy sets with the policies that they name.

use std::path::{Path, PathBuf};

use portcullis::policy::Policy;
use portcullis_rollout::PolicySet;
use portcullis_sim::replay::{
    LoadedSet,
    parts::{NamedText, Settings},
};
use serde::Serialize;

use crate::{
    failure::Failure,
    input::{
        file::{read_file, shown_path},
        kind::FileKind,
    },
};

/// A policy set, and the files from which it was read.
#[derive(Debug)]
pub(crate) struct SetInput {
    /// The set with its policies.
    pub(crate) loaded: LoadedSet,
    texts: Texts,
}

/// The names and the contents of the files of a set.
#[derive(Debug, Serialize)]
struct Texts {
    set: NamedText,
    policies: Vec<NamedText>,
}

impl SetInput {
    /// Reads the set and its policies, if they are given.
    ///
    /// # Errors
    /// Returns an error if a file cannot be read, the set or a policy is not valid, or the policies are not exactly those
    /// that the set names.
    pub(crate) fn read(files: Option<(&Path, &[PathBuf])>) -> Result<Option<Self>, Failure> {
        let read = files.map(|(set, policies)| Self::of(set, policies));
        read.transpose()
    }

    fn of(path: &Path, policies: &[PathBuf]) -> Result<Self, Failure> {
        let text = read_file(path)?;
        let set = PolicySet::from_json(&text).or_else(|error| {
            FileKind::check(path, FileKind::PolicySet)?;
            Err(Failure::error(format_args!(
                "`{}`: {error}",
                shown_path(path)
            )))
        })?;
        let mut texts = Texts {
            set: NamedText {
                name: shown_path(path),
                text,
            },
            policies: Vec::new(),
        };
        let mut named: Vec<(String, Policy)> = Vec::new();
        for path in policies {
            let (name, text) = (shown_path(path), read_file(path)?);
            named.push((name.clone(), parse_policy(path, &text)?));
            texts.policies.push(NamedText { name, text });
        }
        let loaded = LoadedSet::new(set, named)
            .map_err(|error| Failure::error(format_args!("`{}`: {error}", texts.set.name)))?;
        Ok(Self { loaded, texts })
    }

    /// Returns a hash of the settings of a run under the set.
    pub(crate) fn settings_hash(&self, settings: &Settings) -> String {
        let text = serde_json::to_vec(&(settings, &self.texts)).unwrap_or_default();
        blake3::hash(&text).to_hex().to_string()
    }
}

/// Parses the text of a policy file, and fails if the policy is not valid.
fn parse_policy(path: &Path, text: &str) -> Result<Policy, Failure> {
    Policy::from_json(text).or_else(|invalid| {
        FileKind::check(path, FileKind::Policy)?;
        Err(Failure::Negative(format!(
            "`{0}` is not a valid policy: {invalid} (run `portcullis policy check {0}` to list all violations)",
            shown_path(path)
        )))
    })
}
