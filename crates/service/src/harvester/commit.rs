//! Writing and removal of proposals. Each change is made once, if it still applies at the time of the
//! write.

use portcullis::types::{Symbol, Timestamp};
use portcullis_store::{
    ContentToken,
    redis::{
        TOKEN_FUNCTIONS,
        keys::{POLICY, POLICY_SET},
    },
};
use redis::{Connection, RedisResult, Script};

use super::{dialect::Dialect, proposal::Items, reading::Previous};
use crate::keys;

/// A change of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step<'a> {
    /// The new proposal replaces the previous one.
    Propose {
        /// The content of the store under which the position was evaluated.
        content: &'a ContentToken,
        /// The last time at which the harvest parameters are in force.
        last: Timestamp,
    },
    /// The previous proposal is still valid and gets its current numbers, without an entry on the stream.
    Renew {
        /// The content of the store under which the position was evaluated.
        content: &'a ContentToken,
        /// The last time at which the harvest parameters are in force.
        last: Timestamp,
    },
    /// A proposal without an action replaces the previous one, because its policy has ended.
    Withdraw {
        /// The content of the store in which the policy has ended.
        content: &'a ContentToken,
    },
    /// The proposal is removed because the position is flat.
    End,
    /// The proposal is removed because the key of the position was deleted and still does not exist.
    KeyDeleted,
}

/// A change of a proposal, with all its inputs.
pub(super) struct Change<'a> {
    pub(super) step: Step<'a>,
    pub(super) symbol: Symbol,
    /// The key of the position.
    pub(super) position: &'a [u8],
    pub(super) previous: &'a Previous,
    pub(super) memory: MemoryChange,
    /// Fields of the proposal and of its stream entry.
    pub(super) items: Items,
}

/// The outcome of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Committed {
    /// The change was made.
    Done,
    /// Another instance changed the proposal in the meantime.
    Superseded,
    /// The policy was replaced or removed, or its harvest parameters are no longer in force.
    Moved,
}

impl Committed {
    /// Returns the outcome that the script replies.
    const fn of(reply: u8) -> Self {
        match reply {
            1 => Self::Done,
            2 => Self::Moved,
            _ => Self::Superseded,
        }
    }
}

/// A writer of proposals, in one atomic script.
pub(super) struct Committer {
    script: Script,
    dialect: Dialect,
}

impl Committer {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            script: Script::new(&[TOKEN_FUNCTIONS, include_str!("commit.lua")].concat()),
            dialect,
        }
    }

    /// Makes a change, unless the proposal changed since `previous` was read, or a new proposal no longer applies.
    pub(super) fn commit(
        &self,
        change: &Change<'_>,
        connection: &mut Connection,
    ) -> RedisResult<Committed> {
        let key = |prefix| keys::of_symbol(prefix, change.symbol);
        let mut call = self.script.prepare_invoke();
        call.key(key(keys::HARVEST_PROPOSAL))
            .key(key(keys::REMEMBERED_STAGE))
            .key(keys::HARVEST_PROPOSALS)
            .key(change.position)
            .key(POLICY)
            .key(POLICY_SET);
        call.arg(match change.step {
            Step::Propose { .. } => "propose",
            Step::Renew { .. } => "renew",
            Step::Withdraw { .. } => "withdraw",
            Step::End => "end",
            Step::KeyDeleted => "deleted",
        });
        call.arg(change.previous.last.0.len());
        for (name, value) in self.dialect.compared_fields().zip(&change.previous.last.0) {
            call.arg(name).arg(value.as_slice());
        }
        call.arg(change.previous.memory.as_slice());
        call.arg(match &change.memory {
            MemoryChange::Keep => "",
            MemoryChange::Remove => "remove",
            MemoryChange::Set(text) => text,
        });
        match change.step {
            Step::Propose { content, last } | Step::Renew { content, last } => {
                call.arg(content.policy()).arg(last.as_micros().to_string())
            }
            Step::Withdraw { content } => call.arg(content.policy()).arg(""),
            Step::End | Step::KeyDeleted => call.arg("").arg(""),
        };
        call.arg(self.dialect.foreign_fields().join(" "));
        for item in change.items.iter() {
            call.arg(item);
        }
        call.invoke(connection).map(Committed::of)
    }
}

/// The change of the memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MemoryChange {
    /// The memory is left unchanged.
    Keep,
    /// The memory is removed, because a position without an opening time has ended.
    Remove,
    /// The memory is replaced by this text.
    Set(String),
}

impl MemoryChange {
    /// Returns the change to a new text, if there is one.
    pub(super) fn set(text: Option<String>) -> Self {
        text.map_or(Self::Keep, Self::Set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reply_of_the_script_is_an_outcome() {
        let script = include_str!("commit.lua");
        for (reply, outcome) in [
            (0, Committed::Superseded),
            (1, Committed::Done),
            (2, Committed::Moved),
        ] {
            assert!(script.contains(&format!("return {reply}")));
            assert_eq!(Committed::of(reply), outcome);
        }
    }

    #[test]
    fn a_memory_without_a_new_text_is_kept() {
        assert_eq!(MemoryChange::set(None), MemoryChange::Keep);
        let text = "text".to_owned();
        assert_eq!(
            MemoryChange::set(Some(text.clone())),
            MemoryChange::Set(text)
        );
    }
}
