//! Deletion of keys by a server that runs out of memory.

/// The behaviour of a store when it runs out of memory: it keeps all content, or may delete some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Eviction {
    /// The store keeps its content.
    Never,
    /// The store may delete any part of its content. The text names the setting.
    Possible(String),
    /// The setting could not be read. The text is the reason.
    Unknown(String),
}

impl Eviction {
    /// Returns the warning for an operator; `None` if the store keeps its content.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        match self {
            Self::Never => None,
            Self::Possible(setting) => Some(format!(
                "{setting}, so the server may delete the policy, the halts and the marks of answered intents; \
                 set `maxmemory-policy noeviction`"
            )),
            Self::Unknown(why) => Some(format!(
                "the `maxmemory-policy` of the server cannot be read ({why}), so it may delete the policy, the halts \
                 and the marks of answered intents; permit `INFO memory`, or check the setting"
            )),
        }
    }
}
