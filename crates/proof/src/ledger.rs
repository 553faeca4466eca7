//! Matching of findings with acceptances.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{Acceptance, Accepted, Check, Expired, Finding, settings::Settings};
use portcullis::types::Timestamp;

/// The acceptances, and the line on which each was used.
pub(super) struct Ledger<'a> {
    by_line: BTreeMap<(PathBuf, Check, String), Vec<Entry<'a>>>,
}

struct Entry<'a> {
    acceptance: &'a Acceptance,
    is_over: bool,
    /// The line on which the acceptance was used.
    spent_on: Option<usize>,
}

/// A finding after the look-up of an acceptance.
pub(super) enum Entered {
    Fails(Finding),
    Accepted(Accepted),
}

impl<'a> Ledger<'a> {
    pub(super) fn new(settings: &'a Settings, now: Timestamp) -> Self {
        let mut by_line: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for acceptance in settings.accepted() {
            // A file that does not exist has no findings, so the empty path never matches.
            let file = settings.place(&acceptance.file).unwrap_or_default();
            let key = (file, acceptance.check, acceptance.code.clone());
            by_line.entry(key).or_default().push(Entry {
                acceptance,
                is_over: acceptance.until.is_over(now),
                spent_on: None,
            });
        }
        // Valid acceptances are used before expired ones.
        for entries in by_line.values_mut() {
            entries.sort_by_key(|entry| entry.is_over);
        }
        Self { by_line }
    }

    /// Looks up the acceptance of a finding and marks it as used. `real` is the canonical path of the file. The
    /// findings of a file must arrive ordered by line.
    pub(super) fn enter(&mut self, real: &Path, finding: Finding) -> Entered {
        let key = (real.to_owned(), finding.check, finding.code.clone());
        let entries = self.by_line.get_mut(&key);
        let entry = entries.and_then(|entries| {
            let line = finding.line;
            let mine = |entry: &&mut Entry| entry.spent_on.is_none_or(|spent| spent == line);
            entries.iter_mut().find(mine)
        });
        let Some(entry) = entry else {
            return Entered::Fails(finding);
        };
        entry.spent_on = Some(finding.line);
        let Acceptance { reason, until, .. } = entry.acceptance;
        if entry.is_over {
            let expired = Some(Expired {
                reason: reason.clone(),
                until: *until,
            });
            Entered::Fails(Finding { expired, ..finding })
        } else {
            Entered::Accepted(Accepted {
                finding,
                reason: reason.clone(),
                until: *until,
            })
        }
    }

    /// Returns the acceptances that matched no finding.
    pub(super) fn unspent(self) -> impl Iterator<Item = (&'a Acceptance, PathBuf)> {
        let entries = self.by_line.into_iter().flat_map(|((file, ..), entries)| {
            entries.into_iter().map(move |entry| (entry, file.clone()))
        });
        entries.filter_map(|(entry, file)| {
            entry.spent_on.is_none().then_some((entry.acceptance, file))
        })
    }
}
