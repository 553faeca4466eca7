//! Columns of texts from a fixed set.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, DictionaryArray, StringArray,
    builder::{ArrayBuilder as _, Int8Builder},
    types::Int8Type,
};
use portcullis::{
    answer::{AnswerSide, RecordKind, Verdict},
    decide::SkipCode,
    exit::ExitRule,
    harvest::HarvestAction,
    types::{PositionSide, Side},
};

/// A type whose values have fixed texts. A new value gets a new key, and the key of a text never changes.
pub(crate) trait Named: Copy + PartialEq + Into<&'static str> + 'static {
    /// All values.
    const ALL: &'static [Self];

    /// Returns the key of a value, counted from 0.
    fn key(self) -> usize {
        let place = Self::ALL.iter().position(|it| *it == self);
        place.unwrap_or(usize::MAX)
    }
}

impl Named for RecordKind {
    const ALL: &'static [Self] = &[
        Self::Intent,
        Self::Position,
        Self::PolicyUpdated,
        Self::PolicyWithdrawn,
    ];
}

impl Named for AnswerSide {
    const ALL: &'static [Self] = &[
        Self::Order(Side::Buy),
        Self::Order(Side::Sell),
        Self::Position(PositionSide::Long),
        Self::Position(PositionSide::Short),
    ];
}

impl Named for PositionSide {
    const ALL: &'static [Self] = &[Self::Long, Self::Short];
}

impl Named for ExitRule {
    const ALL: &'static [Self] = &[Self::Owner, Self::Delegate];
}

/// The values are the bases of a size.
impl Named for &'static str {
    const ALL: &'static [Self] = &["notional", "margin"];
}

impl Named for Verdict {
    const ALL: &'static [Self] = Self::ALL;
}

impl Named for SkipCode {
    const ALL: &'static [Self] = Self::ALL;

    /// The key is derived from the number, which never changes, and not from the place in `ALL`, which may change.
    fn key(self) -> usize {
        usize::from(self.number()) - 1
    }
}

impl Named for HarvestAction {
    const ALL: &'static [Self] = Self::ALL;
}

/// A builder of a column of fixed texts, as a dictionary that always contains all of them.
#[derive(Debug)]
pub(crate) struct NameBuilder {
    keys: Int8Builder,
    names: ArrayRef,
}

impl NameBuilder {
    pub(crate) fn new<T: Named>() -> Self {
        let mut names = Vec::new();
        for value in T::ALL {
            let key = value.key();
            names.resize(names.len().max(key + 1), "");
            if let Some(name) = names.get_mut(key) {
                *name = (*value).into();
            }
        }
        Self {
            keys: Int8Builder::new(),
            names: Arc::new(StringArray::from(names)),
        }
    }

    pub(crate) fn push<T: Named>(&mut self, value: Option<T>) {
        self.keys
            .append_option(value.and_then(|value| i8::try_from(value.key()).ok()));
    }

    /// Returns the builder of the keys, which must be those of [`Named::key`].
    pub(crate) fn keys(&mut self) -> &mut Int8Builder {
        &mut self.keys
    }

    pub(crate) fn append_nulls(&mut self, rows: usize) {
        self.keys.append_nulls(rows);
    }

    /// Returns the number of rows.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Returns the column, and leaves the builder empty.
    pub(crate) fn finish(&mut self) -> DictionaryArray<Int8Type> {
        // A key is the index of a name.
        DictionaryArray::new(self.keys.finish(), Arc::clone(&self.names))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Named + std::fmt::Debug>() {
        let mut builder = NameBuilder::new::<T>();
        builder.push::<T>(None);
        T::ALL.iter().for_each(|value| builder.push(Some(*value)));
        let column = builder.finish();
        let texts = column.downcast_dict::<StringArray>().unwrap();
        let mut texts = texts.into_iter();
        assert_eq!(texts.next(), Some(None));
        for value in T::ALL {
            let expected: &str = (*value).into();
            assert_eq!(texts.next(), Some(Some(expected)), "{value:?}");
        }
    }

    #[test]
    fn each_value_is_read_as_its_name() {
        check::<RecordKind>();
        check::<AnswerSide>();
        check::<PositionSide>();
        check::<ExitRule>();
        check::<&'static str>();
        check::<Verdict>();
        check::<SkipCode>();
        check::<HarvestAction>();
    }
}
