//! A position in the update notifications of a store.

/// A position in the update notifications of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateMark(String);

impl UpdateMark {
    /// Returns the mark of a store without notifications.
    #[must_use]
    pub const fn none() -> Self {
        Self(String::new())
    }

    /// Creates a mark from its name, whose format the store defines.
    #[must_use]
    pub fn at(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// Returns the name; empty for [`Self::none`].
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }
}
