//! The outcome of a simulation.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    arm_results::ArmResult,
    equity::EquityCurve,
    ledger::RoundTrip,
    units::{AmountOverflow, Money},
};

/// The outcome of a simulation.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SimulationOutcome {
    /// The starting cash, in USD.
    pub cash_at_start: Money,
    /// The final cash, in USD.
    pub cash: Money,
    /// The final equity in USD: cash, margins and unrealised profit.
    pub equity: Money,
    /// The number of opened positions.
    pub opened: u64,
    /// The number of opened positions that are still open.
    pub still_open: u64,
    /// The number of opened positions without a stop, which have no R multiple.
    pub without_stop: u64,
    /// The number of closes by reason. A position may be closed in several parts.
    pub closes: BTreeMap<&'static str, u64>,
    /// The number of orders that were not filled, by reason.
    #[serde(rename = "not_done")]
    pub rejected: BTreeMap<&'static str, u64>,
    /// The number of entries whose fill exceeds a limit of the policy or the guardrails, by the name of the limit.
    pub limits_exceeded: BTreeMap<&'static str, u64>,
    /// The sum of [`LedgerEntry::target_gap_usd`](super::LedgerEntry::target_gap_usd), in USD.
    pub target_gap_usd: Money,
    /// The losses beyond the margin in liquidations that the open has passed, in USD. They are not booked.
    pub beyond_margin_usd: Money,
    /// The number of harvest evaluations at candle ends, by action or skip reason.
    pub harvests: BTreeMap<&'static str, u64>,
    /// The equity over the time of the run.
    pub curve: EquityCurve,
    /// The round trips of all positions, in the order of opening.
    pub trips: Vec<RoundTrip>,
    /// The results of the live policy and of each canary, in the order of the set; empty without a policy set. They are
    /// not serialized here.
    #[serde(skip)]
    pub arms: Vec<ArmResult>,
}

impl SimulationOutcome {
    /// Returns the totals of all positions, grouped by a key.
    ///
    /// # Errors
    /// Returns an error if a sum is out of range.
    pub fn by<K: Ord>(
        &self,
        of: impl Fn(&RoundTrip) -> K,
    ) -> Result<BTreeMap<K, Share>, AmountOverflow> {
        let mut shares: BTreeMap<K, Share> = BTreeMap::new();
        for trip in &self.trips {
            shares.entry(of(trip)).or_default().add(trip)?;
        }
        Ok(shares)
    }
}

/// The totals of the positions of one symbol or one policy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Share {
    /// The number of positions.
    pub positions: u64,
    /// The notional at the opening, in USD.
    pub notional_usd: Money,
    /// The realised profit before costs, in USD.
    pub pnl_usd: Money,
    /// The fees paid, in USD.
    pub fees_usd: Money,
    /// The funding paid, in USD; negative if funding was received.
    pub funding_usd: Money,
    /// The unrealised profit at the last prices, in USD.
    pub unrealised_usd: Money,
    /// The net profit in USD: realised and unrealised profit less fees and funding.
    pub net_usd: Money,
    /// The sum of the R multiples of positions with a stop.
    pub r_sum: f64,
    /// The number of positions with an R multiple.
    pub with_r: u64,
}

impl Share {
    fn add(&mut self, trip: &RoundTrip) -> Result<(), AmountOverflow> {
        self.positions += 1;
        self.notional_usd = self.notional_usd.plus(trip.notional_usd)?;
        self.pnl_usd = self.pnl_usd.plus(trip.pnl_usd)?;
        self.fees_usd = self.fees_usd.plus(trip.fees_usd)?;
        self.funding_usd = self.funding_usd.plus(trip.funding_usd)?;
        self.unrealised_usd = self.unrealised_usd.plus(trip.unrealised_usd)?;
        self.net_usd = self.net_usd.plus(trip.net()?)?;
        self.r_sum += trip.r.into_iter().sum::<f64>();
        self.with_r += u64::from(trip.r.is_some());
        Ok(())
    }
}
