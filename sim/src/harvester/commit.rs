//! Proposals are written and removed, once.

use portcullis::domain::Symbol;
use redis::{Connection, RedisResult, Script};

use super::{
    proposal::Items,
    reading::Before,
    settings::{MEMORIES, PROPOSALS, STREAM},
};

/// What is done to a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// It takes the place of the one before.
    Propose,
    /// It is removed: the position says that it is flat.
    End,
    /// It is removed: the position is gone, and still is.
    Gone,
}

/// A change to a proposal.
pub(super) struct Change<'a> {
    pub(super) step: Step,
    pub(super) symbol: Symbol,
    /// The key of the position.
    pub(super) position: &'a [u8],
    pub(super) before: &'a Before,
    pub(super) remember: Remember,
    /// The fields of the proposal, and of its entry.
    pub(super) items: Items,
}

/// Writes proposals in one step of the server.
pub(super) struct Committer(Script);

impl Committer {
    pub(super) fn new() -> Self {
        Self(Script::new(include_str!("commit.lua")))
    }

    /// Makes a change, unless somebody made one since `before` was read; whether it was made.
    pub(super) fn commit(
        &self,
        change: &Change<'_>,
        connection: &mut Connection,
    ) -> RedisResult<bool> {
        let symbol = change.symbol.as_str();
        let mut call = self.0.prepare_invoke();
        call.key(format!("{PROPOSALS}{symbol}"))
            .key(format!("{MEMORIES}{symbol}"))
            .key(STREAM)
            .key(change.position);
        call.arg(match change.step {
            Step::Propose => "propose",
            Step::End => "end",
            Step::Gone => "gone",
        });
        for field in &change.before.last.0 {
            call.arg(field.as_slice());
        }
        call.arg(change.before.memory.as_slice());
        call.arg(match &change.remember {
            Remember::AsBefore => "",
            Remember::Nothing => "nothing",
            Remember::Stage(text) => text,
        });
        for item in change.items.iter() {
            call.arg(item);
        }
        call.invoke::<u8>(connection).map(|done| done == 1)
    }
}

/// What is remembered from here on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Remember {
    /// What was.
    AsBefore,
    /// Nothing: the position without an opening has ended.
    Nothing,
    /// A stage, in the memory's own words.
    Stage(String),
}
