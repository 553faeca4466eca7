//! The argument that selects an arm.

use portcullis::types::PolicyHash;
use portcullis_store::{StoredArm, StoredSet};

/// The number of digits of a hash that select an arm at least.
const DIGITS_MIN: usize = 8;

/// The beginning of the hash of an arm.
#[derive(Debug, Clone)]
pub(super) struct ArmId(String);

/// The reason why no arm is selected.
#[derive(Debug)]
pub(super) struct NotOneArm {
    pub(super) code: &'static str,
    pub(super) detail: String,
}

impl std::str::FromStr for ArmId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_digits = text
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, 'a'..='f'));
        if is_digits && (DIGITS_MIN..=64).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err("not a hash; use at least its first 8 lower-case hexadecimal digits".to_owned())
        }
    }
}

impl ArmId {
    /// Returns the hash, if it is complete.
    pub(super) fn hash(&self) -> Option<PolicyHash> {
        self.0.parse().ok()
    }

    /// Returns the only arm whose hash begins with the digits.
    pub(super) fn find<'a>(&self, set: &'a StoredSet) -> Result<&'a StoredArm, NotOneArm> {
        let begins = |arm: &&StoredArm| arm.policy().hash().to_string().starts_with(&self.0);
        let mut found = set.arms().iter().filter(begins);
        let refused = |code, what: &str| NotOneArm {
            code,
            detail: format!(
                "{what} with {}; `portcullis policy rollout status` lists the arms",
                self.0
            ),
        };
        match (found.next(), found.next()) {
            (Some(arm), None) => Ok(arm),
            (None, _) => Err(refused(
                "ROLLOUT_UNKNOWN_ARM",
                "the set has no arm whose hash begins",
            )),
            (Some(_), Some(_)) => Err(refused(
                "ROLLOUT_AMBIGUOUS_ARM",
                "the hashes of several arms begin",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ArmId;

    #[test]
    fn an_arm_is_selected_by_eight_digits_or_more() {
        for text in ["8d0f5f7f", &"a".repeat(64)] {
            assert!(text.parse::<ArmId>().is_ok(), "{text}");
        }
        for text in ["", "8d0f5f7", "8D0F5F7F", "8d0f5f7g", &"a".repeat(65)] {
            assert!(text.parse::<ArmId>().is_err(), "{text}");
        }
    }
}
