//! What is to be proposed for a position, beside what was proposed before.

use portcullis::{
    domain::Instant,
    harvest::{
        Harvest, HarvestAction, HarvestDecision, HarvestSkip, Harvested, Market, Position, Stage,
        harvest,
    },
    policy::PolicyState,
};

use super::{memory::Memory, position::Seen, proposal::Face};

/// What is to be done about a position.
#[derive(Debug)]
pub(super) enum Advice<'p> {
    /// What was proposed before stands.
    Unchanged,
    /// Something else is proposed; before, this stage was taken.
    Propose(Harvest<'p>, Harvested),
    /// Nothing can be said.
    Skip(HarvestSkip<'p>),
}

/// What a position is judged by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case<'p, 's> {
    pub(super) policy: PolicyState<'p>,
    pub(super) seen: &'s Seen,
    pub(super) market: Option<&'s Market>,
    pub(super) memory: Memory,
    /// The last proposal; blank where there is none.
    pub(super) last: &'s Face,
    pub(super) now: Instant,
}

impl<'p> Case<'p, '_> {
    /// Judges a position. A partial close that was proposed stands for as long as it would be proposed still,
    /// had it not been; whatever else is proposed after it, counts it as taken.
    pub(super) fn advice(&self) -> Advice<'p> {
        let taken = self.memory.taken(&self.seen.opening, self.now);
        let before = match taken {
            Harvested::Stage(stage) => self.last.stage_before(stage, self.seen),
            Harvested::Unreadable => None,
        };
        if let Some(before) = before
            && let HarvestDecision::Harvest(harvest) = self.judge(Harvested::Stage(before)).0
            && self.is_last(&harvest)
        {
            return Advice::Unchanged;
        }
        match self.judge(taken) {
            (HarvestDecision::Skip(skip), _) => Advice::Skip(skip),
            (HarvestDecision::Harvest(harvest), _) if self.is_last(&harvest) => Advice::Unchanged,
            (HarvestDecision::Harvest(harvest), harvested) => Advice::Propose(harvest, harvested),
        }
    }

    fn judge(&self, taken: Harvested) -> (HarvestDecision<'p>, Harvested) {
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
        Face::of(harvest, self.seen, none).says_the_same(self.last)
    }
}

/// The stage that a proposal takes.
pub(super) const fn stage(action: HarvestAction) -> Option<Stage> {
    match action {
        HarvestAction::Partial25 => Some(Stage::Partial25),
        HarvestAction::Partial50 => Some(Stage::Partial50),
        HarvestAction::Partial75 => Some(Stage::Partial75),
        HarvestAction::None | HarvestAction::FullCloseProposed => None,
    }
}

/// What either says was taken.
fn higher(one: Harvested, other: Harvested) -> Harvested {
    match (one, other) {
        (Harvested::Stage(one), Harvested::Stage(other)) => Harvested::Stage(one.max(other)),
        (Harvested::Unreadable, _) | (_, Harvested::Unreadable) => Harvested::Unreadable,
    }
}

#[cfg(test)]
mod tests;
