//! Evaluation of a position against its previous proposal.

use portcullis::{
    harvest::{
        Harvest, HarvestAction, HarvestDecision, HarvestSkip, Harvested, Market, Position, Stage,
        harvest,
    },
    policy::PolicyState,
    types::Timestamp,
};

use super::{memory::Memory, position::ObservedPosition, proposal::ComparedFields};

/// Result of the evaluation of a position.
#[derive(Debug)]
pub(super) enum Advice<'p> {
    /// The previous proposal is still valid. Its numbers may have changed.
    Unchanged(Harvest<'p>, Harvested),
    /// A new proposal, and the stage that was taken before it.
    Propose(Harvest<'p>, Harvested),
    /// The position cannot be evaluated.
    Skip(HarvestSkip<'p>),
}

/// Values from which a position is evaluated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Evaluation<'p, 's> {
    pub(super) policy: PolicyState<'p>,
    pub(super) seen: &'s ObservedPosition,
    pub(super) market: Option<&'s Market>,
    pub(super) memory: Memory,
    /// The last proposal; its fields are empty if there is none.
    pub(super) last: &'s ComparedFields,
    pub(super) now: Timestamp,
}

impl<'p> Evaluation<'p, '_> {
    /// Evaluates a position. A proposed partial close stays valid as long as the engine would still
    /// propose it if its stage had not been taken. Every later proposal treats that stage as taken.
    pub(super) fn advice(&self) -> Advice<'p> {
        let taken = self.memory.taken(&self.seen.opening, self.now);
        let before = match taken {
            Harvested::Stage(stage) => self.last.stage_before(stage, self.seen),
            Harvested::Unreadable => None,
        };
        if let Some(before) = before
            && let HarvestDecision::Harvest(harvest) = self.decide(Harvested::Stage(before)).0
            && self.is_last(&harvest)
        {
            return Advice::Unchanged(harvest, Harvested::Stage(before));
        }
        match self.decide(taken) {
            (HarvestDecision::Skip(skip), _) => Advice::Skip(skip),
            (HarvestDecision::Harvest(harvest), harvested) if self.is_last(&harvest) => {
                Advice::Unchanged(harvest, harvested)
            }
            (HarvestDecision::Harvest(harvest), harvested) => Advice::Propose(harvest, harvested),
        }
    }

    fn decide(&self, taken: Harvested) -> (HarvestDecision<'p>, Harvested) {
        let harvested = higher(taken, self.seen.position.harvested);
        let position = Position {
            harvested,
            ..self.seen.position
        };
        let decision = harvest(self.policy, &position, self.market, self.now);
        (decision, harvested)
    }

    fn is_last(&self, harvest: &Harvest<'_>) -> bool {
        let none = Harvested::Stage(Stage::None);
        ComparedFields::of(harvest, self.seen, none).proposes_the_same(self.last)
    }
}

/// Returns the stage that an action takes, if it is a partial close.
pub(super) const fn stage(action: HarvestAction) -> Option<Stage> {
    match action {
        HarvestAction::Partial25 => Some(Stage::Partial25),
        HarvestAction::Partial50 => Some(Stage::Partial50),
        HarvestAction::Partial75 => Some(Stage::Partial75),
        HarvestAction::None | HarvestAction::FullCloseProposed => None,
    }
}

/// Returns the higher of two stages. The result is unreadable if one of them is unreadable.
fn higher(one: Harvested, other: Harvested) -> Harvested {
    match (one, other) {
        (Harvested::Stage(one), Harvested::Stage(other)) => Harvested::Stage(one.max(other)),
        (Harvested::Unreadable, _) | (_, Harvested::Unreadable) => Harvested::Unreadable,
    }
}

#[cfg(test)]
mod tests;
