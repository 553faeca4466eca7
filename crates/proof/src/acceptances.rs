//! Matching of findings with acceptances.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use portcullis::types::Timestamp;

use crate::{
    check::Check,
    finding::{Accepted, Expired, Finding},
    settings::{Acceptance, Settings},
};

/// The acceptances, and the line on which each was used.
pub(super) struct Acceptances<'a> {
    by_line: BTreeMap<(PathBuf, Check, String), Vec<Entry<'a>>>,
}

struct Entry<'a> {
    acceptance: &'a Acceptance,
    has_expired: bool,
    /// The line on which the acceptance was used.
    used_on_line: Option<usize>,
}

/// A finding, after the search for an acceptance that covers it.
pub(super) enum Applied {
    Fails(Finding),
    Accepted(Accepted),
}

impl<'a> Acceptances<'a> {
    pub(super) fn new(settings: &'a Settings, now: Timestamp) -> Self {
        let mut by_line: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for acceptance in settings.accepted() {
            // A file that does not exist has no findings, so the empty path never matches.
            let file = settings.canonical(&acceptance.file).unwrap_or_default();
            let key = (file, acceptance.check, acceptance.code.clone());
            by_line.entry(key).or_default().push(Entry {
                acceptance,
                has_expired: acceptance.until.has_expired(now),
                used_on_line: None,
            });
        }
        // Valid acceptances are used before expired ones.
        for entries in by_line.values_mut() {
            entries.sort_by_key(|entry| entry.has_expired);
        }
        Self { by_line }
    }

    /// Finds the acceptance of a finding and marks it as used. `real` is the canonical path of the
    /// file. The findings of a file must arrive ordered by line.
    pub(super) fn apply(&mut self, real: &Path, finding: Finding) -> Applied {
        let key = (real.to_owned(), finding.check, finding.code.clone());
        let entries = self.by_line.get_mut(&key);
        let entry = entries.and_then(|entries| {
            let line = finding.line;
            let is_unused =
                |entry: &&mut Entry| entry.used_on_line.is_none_or(|spent| spent == line);
            entries.iter_mut().find(is_unused)
        });
        let Some(entry) = entry else {
            return Applied::Fails(finding);
        };
        entry.used_on_line = Some(finding.line);
        let Acceptance { reason, until, .. } = entry.acceptance;
        if entry.has_expired {
            let expired = Some(Expired {
                reason: reason.clone(),
                until: *until,
            });
            Applied::Fails(Finding { expired, ..finding })
        } else {
            Applied::Accepted(Accepted {
                finding,
                reason: reason.clone(),
                until: *until,
            })
        }
    }

    /// Returns the acceptances that matched no finding.
    pub(super) fn unused(self) -> impl Iterator<Item = (&'a Acceptance, PathBuf)> {
        let entries = self.by_line.into_iter().flat_map(|((file, ..), entries)| {
            entries.into_iter().map(move |entry| (entry, file.clone()))
        });
        entries.filter_map(|(entry, file)| {
            entry
                .used_on_line
                .is_none()
                .then_some((entry.acceptance, file))
        })
    }
}
