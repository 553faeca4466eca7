//! Examples of the skips of a run, from which a report derives the next step.

use std::collections::BTreeMap;

use portcullis::{answer::Answer, decide::SkipCode, types::Symbol};

/// The maximum number of symbols that are kept.
const SYMBOLS_MAX: usize = 16;

/// The first record of each skip reason, and the first symbols that no policy lists. The memory does not grow with the
/// number of records.
#[derive(Debug, Clone, Default)]
pub struct SkipSamples {
    first: BTreeMap<SkipCode, FirstSkip>,
    unlisted: Vec<Symbol>,
}

/// The first record that was skipped for a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FirstSkip {
    /// The number of the record, counted from 1.
    pub n: u64,
    /// The evidence, as in the answer.
    pub detail: String,
}

impl SkipSamples {
    /// Keeps a skip, if it is the first of its reason or its symbol is new.
    pub(crate) fn add(&mut self, answer: &Answer<'_>) {
        let Some(reason) = answer.reason else { return };
        self.first.entry(reason).or_insert_with(|| FirstSkip {
            n: answer.n,
            detail: answer
                .detail
                .as_ref()
                .map_or_else(String::new, ToString::to_string),
        });
        if reason == SkipCode::PolicyUniverseFilter {
            self.add_unlisted(answer.symbol);
        }
    }

    /// Keeps the symbol of an entry that is not in the universe.
    pub(super) fn add_unlisted(&mut self, symbols: impl IntoIterator<Item = Symbol>) {
        for symbol in symbols {
            if self.unlisted.len() < SYMBOLS_MAX && !self.unlisted.contains(&symbol) {
                self.unlisted.push(symbol);
            }
        }
    }

    /// Adds the samples of a later part of the run.
    pub(super) fn merge(&mut self, later: &Self) {
        for (reason, skip) in &later.first {
            self.first.entry(*reason).or_insert_with(|| skip.clone());
        }
        self.add_unlisted(later.unlisted.iter().copied());
    }

    /// Returns the first record that was skipped for a reason.
    #[must_use]
    pub fn first(&self, reason: SkipCode) -> Option<&FirstSkip> {
        self.first.get(&reason)
    }

    /// Returns the symbols that are not in the universe, at most 16, in the order in which they appear.
    #[must_use]
    pub fn unlisted(&self) -> &[Symbol] {
        &self.unlisted
    }
}
