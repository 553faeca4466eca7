//! Authority to propose exits.

use std::fmt;

use portcullis::{
    exit::{ExitOwnership, ExitRule, NotExitOwnerError},
    types::Shown,
};

/// Proof that a service may propose exits, and the rule that allows it. Only [`Authority::of`] creates one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    name: Box<str>,
    rule: ExitRule,
}

impl Authority {
    /// Returns the authority of the service of this name.
    ///
    /// # Errors
    /// Returns an error if the service is neither the exit owner nor a listed delegate.
    pub fn of<'a>(
        ownership: &'a ExitOwnership,
        name: &'a str,
    ) -> Result<Self, NotExitOwnerError<'a>> {
        match ownership.rule(name) {
            Some(rule) => Ok(Self {
                name: name.into(),
                rule,
            }),
            None => Err(NotExitOwnerError {
                source_name: Some(name),
                owner: ownership.owner(),
            }),
        }
    }

    /// Returns the name of the service.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the rule that allows the service to propose exits.
    #[must_use]
    pub const fn rule(&self) -> ExitRule {
        self.rule
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Shown(&self.name);
        match self.rule {
            ExitRule::Owner => write!(f, "`{name}` as exit owner"),
            ExitRule::Delegate => write!(f, "`{name}` as exit delegate"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_owners_and_delegates_have_authority() {
        let ownership = ExitOwnership::new("owner")
            .unwrap()
            .with_delegate("helper")
            .unwrap();
        let rule = |name| Authority::of(&ownership, name).map(|authority| authority.rule());
        assert_eq!(rule("owner"), Ok(ExitRule::Owner));
        assert_eq!(rule("helper"), Ok(ExitRule::Delegate));
        for name in ["Owner", "", "owner "] {
            let denied = rule(name).unwrap_err().to_string();
            assert_eq!(
                denied,
                format!(
                    "`{name}` may not send exits: it is neither the exit owner `owner` nor a delegate"
                )
            );
        }
    }
}
