//! The results of a simulation under a policy set, by arm.

use portcullis::types::PolicyHash;
use portcullis_rollout::PolicySet;

use super::{
    account::Account,
    units::{AmountOverflow, Money},
};

/// The result of the positions that were opened under one policy of a set.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct ArmResult {
    /// The hash of the policy.
    pub policy: PolicyHash,
    /// The number of opened positions.
    pub opened: u64,
    /// The number of opened positions that are closed.
    pub closed: u64,
    /// The net profit in USD: realised and unrealised profit less fees and funding.
    pub net_usd: Money,
    /// The maximum drawdown in USD: the largest fall of the net profit from a previous peak (at least 0), measured at
    /// candle ends.
    pub drawdown_usd: Money,
}

/// The results so far.
pub(super) struct ArmResults {
    arms: Vec<Curve>,
    /// The number of round trips that are counted.
    trips: usize,
}

struct Curve {
    result: ArmResult,
    /// The net profit of the closed positions.
    closed_usd: Money,
    peak_usd: Money,
}

impl ArmResults {
    /// Creates the results of the live policy and of all canaries. A shadow has no positions.
    pub(super) fn new(set: &PolicySet) -> Self {
        let arms = set.arms().iter().filter(|arm| !arm.is_shadow());
        let hashes = std::iter::once(set.live()).chain(arms.map(portcullis_rollout::Arm::hash));
        Self {
            arms: hashes.map(Curve::new).collect(),
            trips: 0,
        }
    }

    /// Updates the results at the end of a candle.
    pub(super) fn update(&mut self, account: &Account<'_>) -> Result<(), AmountOverflow> {
        for trip in account.trips.iter().skip(self.trips) {
            let mut arms = self.arms.iter_mut();
            if let Some(arm) = arms.find(|arm| arm.result.policy == trip.policy_hash) {
                arm.result.closed += 1;
                arm.closed_usd = arm.closed_usd.plus(trip.net()?)?;
            }
        }
        self.trips = account.trips.len();
        self.arms.iter_mut().try_for_each(|arm| arm.update(account))
    }

    pub(super) fn finish(self) -> Vec<ArmResult> {
        self.arms.into_iter().map(|arm| arm.result).collect()
    }
}

impl Curve {
    const fn new(policy: PolicyHash) -> Self {
        Self {
            result: ArmResult {
                policy,
                opened: 0,
                closed: 0,
                net_usd: Money::ZERO,
                drawdown_usd: Money::ZERO,
            },
            closed_usd: Money::ZERO,
            peak_usd: Money::ZERO,
        }
    }

    fn update(&mut self, account: &Account<'_>) -> Result<(), AmountOverflow> {
        let (mut net, mut open) = (self.closed_usd, 0);
        let positions = account.positions();
        for position in positions.filter(|it| it.policy_hash == self.result.policy) {
            net = net.plus(position.net()?)?;
            open += 1;
        }
        self.peak_usd = self.peak_usd.max(net);
        let result = &mut self.result;
        result.opened = result.closed + open;
        result.net_usd = net;
        result.drawdown_usd = result.drawdown_usd.max(self.peak_usd.minus(net)?);
        Ok(())
    }
}
