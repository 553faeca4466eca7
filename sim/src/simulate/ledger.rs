//! The log of the account, and the round trips of positions.

use portcullis::types::{PolicyHash, PositionSide, Symbol, Timestamp};
use serde::{Serialize, Serializer};

use super::{
    position::{CloseReason, OpenPosition},
    units::{AmountOverflow, Money, Price, Quantity},
};

/// A log entry about one position.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LedgerEntry {
    /// The timestamp, which is serialized in epoch milliseconds.
    #[serde(serialize_with = "millis")]
    pub ts: Timestamp,
    /// The number of the record that opened the position.
    pub n: u64,
    /// The symbol of the position.
    pub symbol: Symbol,
    /// The side of the position: long or short.
    pub side: PositionSide,
    /// `open`, `funding`, `move_stop`, or the close reason ([`CloseReason::as_str`]).
    pub event: &'static str,
    /// The fill price in USD per unit; for `funding`, the price at which the position was valued. Absent for
    /// `move_stop`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// The number of units that were opened or closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Quantity>,
    /// The stop price after the event, in USD per unit. Present for `move_stop`, and for `open` if the position has a
    /// stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<Price>,
    /// The realised profit before costs, in USD.
    pub pnl_usd: Money,
    /// The fee paid, in USD.
    pub fee_usd: Money,
    /// The funding paid, in USD; negative if funding was received.
    pub funding_usd: Money,
    /// For a target that the open has passed: the profit that a fill at the open would have gained in addition to the
    /// profit of the fill at the target, in USD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_gap_usd: Option<Money>,
    /// For a liquidation that the open has passed: the loss at the open beyond the margin, in USD. It is not booked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beyond_margin_usd: Option<Money>,
    /// For an entry: the names of the limits that the fill exceeds.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub exceeds: Vec<&'static str>,
    /// The cash after the event, in USD.
    pub cash_usd: Money,
}

pub(super) fn millis<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(at.as_millis())
}

/// A round trip: a closed position, or the state of an open position at the end of the run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RoundTrip {
    /// The number of the record that opened the position.
    pub n: u64,
    /// The symbol of the position.
    pub symbol: Symbol,
    /// The side of the position: long or short.
    pub side: PositionSide,
    /// The policy under which the entry was allowed: its version and the first digits of its hash.
    pub policy: String,
    /// The hash of this policy. It is not serialized.
    #[serde(skip)]
    pub policy_hash: PolicyHash,
    /// The time of the opening, which is serialized in epoch milliseconds.
    #[serde(serialize_with = "millis")]
    pub opened: Timestamp,
    /// The time of the final close; absent if a part is still open.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "some_millis"
    )]
    pub closed: Option<Timestamp>,
    /// The reason of the final close; absent if a part is still open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<CloseReason>,
    /// The entry price in USD per unit.
    pub entry_price: Price,
    /// The number of units at the opening.
    pub quantity: Quantity,
    /// The notional at the opening, in USD.
    pub notional_usd: Money,
    /// The notional divided by the margin.
    pub leverage: f64,
    /// The realised profit before costs, in USD.
    pub pnl_usd: Money,
    /// The fees paid, in USD.
    pub fees_usd: Money,
    /// The funding paid, in USD; negative if funding was received.
    pub funding_usd: Money,
    /// The unrealised profit of the open part at the last closing price, before costs, in USD.
    pub unrealised_usd: Money,
    /// The net profit as an R multiple of the risk at entry; absent if the position had no stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r: Option<f64>,
}

impl RoundTrip {
    /// Returns the round trip of a position, with the time and the reason of its final close.
    pub(super) fn new(
        position: &OpenPosition,
        end: Option<(Timestamp, CloseReason)>,
    ) -> Result<Self, AmountOverflow> {
        let mut trip = Self {
            n: position.n,
            symbol: position.symbol,
            side: position.side,
            policy: position.policy.clone(),
            policy_hash: position.policy_hash,
            opened: position.opened,
            closed: end.map(|(at, _)| at),
            reason: end.map(|(_, reason)| reason),
            entry_price: position.entry,
            quantity: position.opened_quantity,
            notional_usd: position.entry.times(position.opened_quantity)?,
            leverage: position.leverage,
            pnl_usd: position.pnl,
            fees_usd: position.fees,
            funding_usd: position.funding,
            unrealised_usd: position.unrealised(position.mark)?,
            r: None,
        };
        trip.r = position.r(trip.net()?);
        Ok(trip)
    }

    /// Returns the net profit: realised and unrealised profit less fees and funding.
    ///
    /// # Errors
    /// Returns an error if an amount is out of range.
    pub fn net(&self) -> Result<Money, AmountOverflow> {
        let gain = self.pnl_usd.plus(self.unrealised_usd)?;
        gain.minus(self.fees_usd)?.minus(self.funding_usd)
    }
}

#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
fn some_millis<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => serializer.serialize_i64(at.as_millis()),
        None => serializer.serialize_none(),
    }
}
