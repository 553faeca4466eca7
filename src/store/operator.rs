//! Who does something to a store, and why.

/// Whoever publishes, halts or resumes, as the audit records it: a name, and a reason where there is one.
///
/// The name is what the caller says it is: a store cannot know better.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    name: String,
    reason: Option<String>,
}

impl Operator {
    /// Somebody, or a service.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            reason: None,
        }
    }

    /// And why.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The reason.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }
}
