//! Examples of the skips of a run, from which a report derives the next step.

use std::collections::{BTreeMap, btree_map::Entry};

use portcullis::{answer::Answer, decide::SkipCode, types::Symbol};
use serde::{Deserialize, Serialize};

/// The maximum number of symbols that are kept.
const SYMBOLS_MAX: usize = 16;

/// The first record of each skip reason, and the first symbols that no policy lists. The memory does not grow with the
/// number of records.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Encoded", into = "Encoded")]
pub struct SkipSamples {
    first: BTreeMap<SkipCode, FirstSkip>,
    /// The first symbols that no policy lists, each with the number of its first record, in the order of these numbers.
    unlisted: Vec<(u64, Symbol)>,
}

/// The first record that was skipped for a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FirstSkip {
    /// The number of the record, counted from 1.
    pub n: u64,
    /// The evidence, as in the answer.
    pub detail: String,
}

impl SkipSamples {
    /// Keeps a skip if its record number is the lowest so far for its reason or for its unlisted symbol. So
    /// skips can be added in any order.
    pub(crate) fn add(&mut self, answer: &Answer<'_>) {
        let Some(reason) = answer.reason else { return };
        let skip = || FirstSkip {
            n: answer.n,
            detail: answer
                .detail
                .as_ref()
                .map_or_else(String::new, ToString::to_string),
        };
        match self.first.entry(reason) {
            Entry::Vacant(place) => {
                place.insert(skip());
            }
            Entry::Occupied(mut place) if answer.n < place.get().n => {
                place.insert(skip());
            }
            Entry::Occupied(_) => {}
        }
        if reason == SkipCode::PolicyUniverseFilter
            && let Some(symbol) = answer.symbol
        {
            self.add_unlisted(answer.n, symbol);
        }
    }

    /// Returns true if [`Self::add`] would keep a skip with these values.
    pub(super) fn lacks(&self, reason: SkipCode, n: u64, symbol: &Symbol) -> bool {
        let is_first = self.first.get(&reason).is_none_or(|first| n < first.n);
        let is_unlisted = reason == SkipCode::PolicyUniverseFilter;
        is_first || (is_unlisted && self.lacks_unlisted(n, symbol))
    }

    fn lacks_unlisted(&self, n: u64, symbol: &Symbol) -> bool {
        match self.unlisted.iter().find(|(_, kept)| kept == symbol) {
            Some((first, _)) => n < *first,
            None => {
                let last = self.unlisted.last();
                self.unlisted.len() < SYMBOLS_MAX || last.is_some_and(|(last, _)| n < *last)
            }
        }
    }

    /// Keeps the symbol of an entry that is not in the universe.
    fn add_unlisted(&mut self, n: u64, symbol: Symbol) {
        if self.lacks_unlisted(n, &symbol) {
            self.unlisted.retain(|(_, kept)| *kept != symbol);
            let place = self.unlisted.partition_point(|(first, _)| *first < n);
            self.unlisted.insert(place, (n, symbol));
            self.unlisted.truncate(SYMBOLS_MAX);
        }
    }

    /// Adds the samples of another part of the run.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (reason, skip) in &other.first {
            let first = self.first.entry(*reason).or_insert_with(|| skip.clone());
            if skip.n < first.n {
                first.clone_from(skip);
            }
        }
        for (n, symbol) in &other.unlisted {
            self.add_unlisted(*n, *symbol);
        }
    }

    /// Returns the first record that was skipped for a reason.
    #[must_use]
    pub fn first(&self, reason: SkipCode) -> Option<&FirstSkip> {
        self.first.get(&reason)
    }

    /// Returns the symbols that are not in the universe, at most 16, in the order in which they appear.
    pub fn unlisted(&self) -> impl ExactSizeIterator<Item = Symbol> {
        self.unlisted.iter().map(|(_, symbol)| *symbol)
    }
}

/// The serialized form of [`SkipSamples`].
#[derive(Serialize, Deserialize)]
struct Encoded {
    first: BTreeMap<String, FirstSkip>,
    unlisted: Vec<(u64, String)>,
}

impl From<SkipSamples> for Encoded {
    fn from(samples: SkipSamples) -> Self {
        let first = samples.first.into_iter();
        let unlisted = samples.unlisted.iter();
        Self {
            first: first
                .map(|(it, skip)| (it.code().to_owned(), skip))
                .collect(),
            unlisted: unlisted.map(|(n, it)| (*n, it.to_string())).collect(),
        }
    }
}

impl TryFrom<Encoded> for SkipSamples {
    type Error = String;

    fn try_from(encoded: Encoded) -> Result<Self, String> {
        let mut samples = Self::default();
        for (code, skip) in encoded.first {
            let reason = code
                .parse()
                .map_err(|_| format!("`{code}` is not a skip reason"))?;
            samples.first.insert(reason, skip);
        }
        for (n, symbol) in &encoded.unlisted {
            let symbol = Symbol::new(symbol).map_err(|error| error.to_string())?;
            samples.add_unlisted(*n, symbol);
        }
        Ok(samples)
    }
}

#[cfg(test)]
mod tests {
    use portcullis::answer::{Detail, RecordKind};
    use proptest::{collection::vec, prelude::*};

    use super::*;

    const REASONS: [SkipCode; 3] = [
        SkipCode::PolicyUniverseFilter,
        SkipCode::PolicyMissing,
        SkipCode::TradingHalted,
    ];

    fn symbol(number: usize) -> Symbol {
        Symbol::new(&format!("S{number}")).unwrap()
    }

    fn add(samples: &mut SkipSamples, (n, reason, number): (u64, usize, usize)) {
        let detail = Detail::Text("a detail");
        let mut answer =
            Answer::refused(RecordKind::Intent, REASONS[reason], detail).to(n, None, None);
        answer.symbol = Some(symbol(number));
        samples.add(&answer);
    }

    proptest! {
        #[test]
        fn the_order_of_skips_and_their_division_do_not_matter(
            skips in vec((0..REASONS.len(), 0..24_usize), 1..80)
                .prop_map(|skips| (1..).zip(skips).map(|(n, (reason, symbol))| (n, reason, symbol)).collect::<Vec<_>>())
                .prop_shuffle(),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut samples = SkipSamples::default();
            for (n, reason, number) in &skips {
                let before = samples.clone();
                add(&mut samples, (*n, *reason, *number));
                let lacked = before.lacks(REASONS[*reason], *n, &symbol(*number));
                prop_assert_eq!(samples != before, lacked);
            }
            let (one, other) = skips.split_at(cut.index(skips.len()));
            let [mut merged, other] = [one, other].map(|skips| {
                let mut samples = SkipSamples::default();
                skips.iter().for_each(|skip| add(&mut samples, *skip));
                samples
            });
            merged.merge(&other);
            prop_assert_eq!(&merged, &samples);

            let mut in_order = skips;
            in_order.sort_unstable();
            for (place, reason) in REASONS.into_iter().enumerate() {
                let first = in_order.iter().find(|(_, reason, _)| *reason == place);
                prop_assert_eq!(samples.first(reason).map(|it| it.n), first.map(|it| it.0));
            }
            let mut unlisted: Vec<Symbol> = Vec::new();
            for (_, reason, number) in in_order {
                if reason == 0 && unlisted.len() < SYMBOLS_MAX && !unlisted.contains(&symbol(number)) {
                    unlisted.push(symbol(number));
                }
            }
            prop_assert_eq!(samples.unlisted().collect::<Vec<_>>(), unlisted);
        }
    }
}
