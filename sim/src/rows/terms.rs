//! Columns of texts that repeat, from an open set.

use std::{collections::HashMap, fmt::Display, hash::Hash, sync::Arc};

use arrow_array::{
    DictionaryArray,
    builder::{Int32Builder, StringBuilder},
    types::Int32Type,
};

/// A value whose text repeats. Equal values have equal texts.
pub(crate) trait Term: Copy + Eq + Hash + Display {}

impl<T: Copy + Eq + Hash + Display> Term for T {}

/// A builder of a dictionary of texts. The text of each value is written once per column.
#[derive(Debug)]
pub(crate) struct TermBuilder<T> {
    keys: Int32Builder,
    known: HashMap<T, i32, foldhash::fast::FixedState>,
    last: Option<(T, i32)>,
    texts: StringBuilder,
}

impl<T> Default for TermBuilder<T> {
    fn default() -> Self {
        Self {
            keys: Int32Builder::new(),
            known: HashMap::default(),
            last: None,
            texts: StringBuilder::new(),
        }
    }
}

impl<T: Term> TermBuilder<T> {
    pub(crate) fn push(&mut self, value: Option<T>) {
        self.push_n(value, 1);
    }

    /// Appends a value to a number of rows.
    pub(crate) fn push_n(&mut self, value: Option<T>, rows: usize) {
        match value {
            Some(value) => {
                let key = self.key(value);
                self.keys.append_value_n(key, rows);
            }
            None => self.keys.append_nulls(rows),
        }
    }

    pub(crate) fn append_nulls(&mut self, rows: usize) {
        self.keys.append_nulls(rows);
    }

    /// Returns the number of rows.
    pub(crate) fn len(&self) -> usize {
        arrow_array::builder::ArrayBuilder::len(&self.keys)
    }

    fn key(&mut self, value: T) -> i32 {
        if let Some((last, key)) = self.last
            && last == value
        {
            return key;
        }
        let next = i32::try_from(self.known.len()).unwrap_or(i32::MAX);
        let key = *self.known.entry(value).or_insert(next);
        if key == next {
            self.texts.append_value(value.to_string());
        }
        self.last = Some((value, key));
        key
    }

    /// Returns the column, and leaves the builder empty.
    pub(crate) fn finish(&mut self) -> DictionaryArray<Int32Type> {
        self.known.clear();
        self.last = None;
        // A key is the index of a text.
        DictionaryArray::new(self.keys.finish(), Arc::new(self.texts.finish()))
    }
}
