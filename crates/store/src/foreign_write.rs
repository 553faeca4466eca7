//! Detection of policies that another program has written over a publication.

use portcullis::policy::PolicyUnavailable;

/// The stored policy differs from that of the last publication: another program has changed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForeignWrite {
    /// The sequence of the last publication.
    pub publication: u64,
    /// True if the policy was released to other programs after the last publication.
    pub is_released: bool,
}

impl ForeignWrite {
    /// Adds this cause to the reason why the policy is rejected.
    pub(super) fn explain(self, refusal: PolicyUnavailable) -> PolicyUnavailable {
        PolicyUnavailable::WrittenByOther {
            publication: self.publication,
            is_released: self.is_released,
            refusal: Box::new(refusal),
        }
    }
}
