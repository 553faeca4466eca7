//! Evaluation of a position against its previous proposal.

use portcullis::{
    harvest::{
        Harvest, HarvestAction, HarvestDecision, HarvestSkip, Harvested, Market, Position, Stage,
        harvest,
    },
    policy::PolicyState,
    types::Timestamp,
};

use super::{
    memory::Memory,
    position::ObservedPosition,
    proposal::{ComparedFields, Proposal},
};

/// Result of the evaluation of a position.
#[derive(Debug)]
pub(super) enum Advice<'p> {
    /// The previous proposal is still valid. Its numbers may have changed.
    Unchanged(Proposal<'p>),
    /// A new proposal.
    Propose(Proposal<'p>),
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
    /// Evaluates a position. The previous proposal of a partial close stays valid if the engine makes the same proposal
    /// again under the assumption that its stage was not taken. In every other evaluation, the proposed stage counts as
    /// taken.
    pub(super) fn advice(&self) -> Advice<'p> {
        let (taken, peak) = self.remembered();
        let before = match taken {
            Harvested::Stage(stage) | Harvested::AtLeast(stage) => {
                self.last.stage_before(stage, self.seen)
            }
            Harvested::Unreadable => None,
        };
        if let Some(before) = before
            && let HarvestDecision::Harvest(harvest) = self.decide(Harvested::Stage(before), peak).0
            && self.is_last(&harvest, peak)
        {
            return Advice::Unchanged(Proposal {
                harvest,
                harvested: Harvested::Stage(before),
                peak,
                memory: None,
            });
        }
        match self.decide(taken, peak) {
            (HarvestDecision::Skip(skip), _) => Advice::Skip(skip),
            (HarvestDecision::Harvest(harvest), harvested) if self.is_last(&harvest, peak) => {
                Advice::Unchanged(Proposal {
                    harvest,
                    harvested,
                    peak,
                    memory: None,
                })
            }
            (HarvestDecision::Harvest(harvest), harvested) => Advice::Propose(Proposal {
                memory: self.new_memory(&harvest, taken, peak),
                harvest,
                harvested,
                peak,
            }),
        }
    }

    /// Returns the stage that counts as taken, and the largest quantity. If the position has grown, no stage counts as
    /// taken.
    fn remembered(&self) -> (Harvested, Option<f64>) {
        let taken = self.memory.taken(&self.seen.opening, self.now);
        let held = self.seen.position.quantity.map(f64::abs);
        let held = held.filter(|held| held.is_finite());
        match (self.memory.peak(&self.seen.opening), held) {
            (Some(peak), Some(held)) if held > peak && taken != Harvested::Unreadable => {
                (Harvested::Stage(Stage::None), Some(held))
            }
            (Some(peak), _) => (taken, Some(peak)),
            // Without a memory, a part may have been taken before the first scan.
            (None, held) => {
                let none = Harvested::Stage(Stage::None);
                let is_whole = higher(taken, self.seen.position.harvested) == none;
                (taken, held.filter(|_| is_whole))
            }
        }
    }

    fn decide(&self, taken: Harvested, peak: Option<f64>) -> (HarvestDecision<'p>, Harvested) {
        let harvested = higher(taken, self.seen.position.harvested);
        let position = Position {
            harvested: match harvested {
                // The quantity may not show yet that a proposed stage was taken.
                Harvested::Stage(stage) | Harvested::AtLeast(stage) => Harvested::AtLeast(stage),
                Harvested::Unreadable => Harvested::Unreadable,
            },
            // An unreadable stage makes the ladder unavailable, even if the quantities show a stage.
            peak_quantity: peak.filter(|_| harvested != Harvested::Unreadable),
            ..self.seen.position
        };
        let decision = harvest(self.policy, &position, self.market, self.now);
        (decision, harvested)
    }

    fn is_last(&self, harvest: &Harvest<'_>, peak: Option<f64>) -> bool {
        let none = Harvested::Stage(Stage::None);
        ComparedFields::of(harvest, self.seen, peak, none).proposes_the_same(self.last)
    }

    /// Returns the memory after a proposal; `None` if it does not change.
    fn new_memory(
        &self,
        harvest: &Harvest<'_>,
        taken: Harvested,
        peak: Option<f64>,
    ) -> Option<String> {
        let taken = match taken {
            Harvested::Stage(taken) | Harvested::AtLeast(taken) => taken,
            Harvested::Unreadable => return None,
        };
        let reached = stage(harvest.action()).map_or(taken, |stage| stage.max(taken));
        let opening = &self.seen.opening;
        let is_same = self.memory.taken(opening, self.now) == Harvested::Stage(reached)
            && self.memory.peak(opening) == peak;
        (!is_same).then(|| self.memory.updated((reached, peak), opening, self.now))
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
        (Harvested::Unreadable, _) | (_, Harvested::Unreadable) => Harvested::Unreadable,
        (
            Harvested::Stage(one) | Harvested::AtLeast(one),
            Harvested::Stage(other) | Harvested::AtLeast(other),
        ) => Harvested::Stage(one.max(other)),
    }
}

#[cfg(test)]
mod tests;
