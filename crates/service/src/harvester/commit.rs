//! Writing and removal of proposals. Each change is made once.

use portcullis::types::Symbol;
use redis::{Connection, RedisResult, Script};

use super::{proposal::Items, reading::Previous};
use crate::keys;

/// A change of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The new proposal replaces the previous one.
    Propose,
    /// The proposal is removed because the position is flat.
    End,
    /// The proposal is removed because the key of the position was deleted and still does not exist.
    KeyDeleted,
}

/// A change of a proposal, with all its inputs.
pub(super) struct Change<'a> {
    pub(super) step: Step,
    pub(super) symbol: Symbol,
    /// The key of the position.
    pub(super) position: &'a [u8],
    pub(super) previous: &'a Previous,
    pub(super) memory: MemoryChange,
    /// Fields of the proposal and of its stream entry.
    pub(super) items: Items,
}

/// A writer of proposals, in one atomic script.
pub(super) struct Committer(Script);

impl Committer {
    pub(super) fn new() -> Self {
        Self(Script::new(include_str!("commit.lua")))
    }

    /// Makes a change, unless the proposal changed since `previous` was read. Returns true if the change was made.
    pub(super) fn commit(
        &self,
        change: &Change<'_>,
        connection: &mut Connection,
    ) -> RedisResult<bool> {
        let key = |prefix| keys::of_symbol(prefix, change.symbol);
        let mut call = self.0.prepare_invoke();
        call.key(key(keys::HARVEST_PROPOSAL))
            .key(key(keys::REMEMBERED_STAGE))
            .key(keys::HARVEST_PROPOSALS)
            .key(change.position);
        call.arg(match change.step {
            Step::Propose => "propose",
            Step::End => "end",
            Step::KeyDeleted => "deleted",
        });
        for field in &change.previous.last.0 {
            call.arg(field.as_slice());
        }
        call.arg(change.previous.memory.as_slice());
        call.arg(match &change.memory {
            MemoryChange::Keep => "",
            MemoryChange::Remove => "remove",
            MemoryChange::Set(text) => text,
        });
        for item in change.items.iter() {
            call.arg(item);
        }
        call.invoke::<u8>(connection).map(|done| done == 1)
    }
}

/// The change of the remembered stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MemoryChange {
    /// The remembered stage is left unchanged.
    Keep,
    /// The remembered stage is removed, because a position without an opening time has ended.
    Remove,
    /// The remembered stage is replaced by this text.
    Set(String),
}
