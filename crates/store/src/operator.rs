//! The operator recorded in the audit log.

use super::FieldMap;

/// The name, and optionally the reason, that the audit log records for a change.
///
/// The store does not verify the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    name: String,
    reason: Option<String>,
}

impl Operator {
    /// Creates an operator: a person or a service.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            reason: None,
        }
    }

    /// Sets the reason for the change.
    #[must_use]
    pub fn with_reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Adds the name and the reason to a record.
    pub(super) fn write_to(&self, record: &mut FieldMap) {
        record.set("by", &self.name);
        record.set_if("reason", self.reason.as_ref());
    }

    /// Returns the name of the operator.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the reason, if one was given.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }
}
