//! How far a store has told of updates.

/// A place in what a store has told of its updates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateMark(String);

impl UpdateMark {
    /// That of a store that has told of nothing.
    #[must_use]
    pub const fn none() -> Self {
        Self(String::new())
    }

    /// The place of this name; which names there are is the store's own affair.
    #[must_use]
    pub fn at(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// Its name; empty where nothing was told.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }
}
