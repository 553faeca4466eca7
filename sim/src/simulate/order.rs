//! Orders, built from trades and exit permits.

use portcullis::{
    decide::{Decision, Trade},
    exit::ExitPermit,
    guardrails::Guardrails,
    intent::ExitQuantity,
    policy::{Limits, Policy},
    provenance::Source,
    types::{Margin, Notional, PolicyHash, PositionSide, Side, Symbol, Timestamp},
};

/// An entry or exit order that waits for the next candle.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    /// The number of the record.
    pub(super) n: u64,
    /// The time of the decision.
    pub(super) at: Timestamp,
    pub(super) symbol: Symbol,
    pub(super) kind: OrderKind,
}

#[derive(Debug, Clone)]
pub(super) enum OrderKind {
    Open(Opening),
    Close {
        /// The side of the closing order, if the intent has one.
        side: Option<Side>,
        quantity: CloseQuantity,
        /// True if the order rests until a trigger. The simulation does not fill such orders.
        is_resting: bool,
    },
}

/// The parameters of a new position.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    pub(super) side: PositionSide,
    pub(super) size: EntrySize,
    pub(super) leverage: f64,
    pub(super) stop: Option<f64>,
    pub(super) target: Option<f64>,
    /// `fallback_stop_pct` of θ: the stop distance as a share of the entry price. It is used if the intent has no stop.
    pub(super) fallback_stop_pct: Option<f64>,
    /// The largest notional and the largest margin that the policy and the guardrails allow, in USD.
    pub(super) limits_usd: [Option<f64>; 2],
    /// The policy under which the entry was allowed.
    pub(super) policy: String,
    /// The hash of this policy.
    pub(super) policy_hash: PolicyHash,
}

/// The size of an entry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum EntrySize {
    /// A quantity that the intent states, in units.
    Units(f64),
    /// A notional in USD. The quantity is the notional divided by the fill price.
    NotionalUsd(f64),
}

/// The quantity that an exit closes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum CloseQuantity {
    All,
    Units(f64),
    /// A part of the position, in (0, 1].
    Fraction(f64),
    /// The intent has no usable quantity. The simulation does not guess a quantity.
    Unknown,
}

impl Order {
    /// Builds the order of a decision; `None` for a skip.
    pub(crate) fn new(
        n: u64,
        at: Timestamp,
        decision: &Decision<'_>,
        guardrails: &Guardrails,
    ) -> Option<Self> {
        let (symbol, kind) = match decision {
            Decision::Trade(trade) => {
                let opening = Opening::new(trade, at, guardrails);
                (trade.symbol(), OrderKind::Open(opening))
            }
            Decision::Exit(permit) => (permit.symbol(), close(permit)),
            Decision::Skip(_) => return None,
        };
        Some(Self {
            n,
            at,
            symbol,
            kind,
        })
    }
}

impl Opening {
    /// Builds the parameters from a trade, which only the engine can create after all gates have passed.
    fn new(trade: &Trade<'_>, at: Timestamp, guardrails: &Guardrails) -> Self {
        let policy = trade.policy();
        let theta = if trade.is_assumed() {
            Ok(policy.assume_theta_in_force(at))
        } else {
            policy.theta_in_force(at)
        };
        let theta = theta.ok();
        let limits_usd = limits(theta.map(|in_force| in_force.limits()), guardrails);
        Self {
            side: match trade.side() {
                Side::Buy => PositionSide::Long,
                Side::Sell => PositionSide::Short,
            },
            size: match trade.quantity() {
                Some(quantity) if matches!(quantity.source(), Source::Intent(_)) => {
                    EntrySize::Units(quantity.value().get())
                }
                Some(_) | None => EntrySize::NotionalUsd(trade.notional().value().get()),
            },
            leverage: trade.leverage().value().get(),
            stop: trade.stop_loss().map(|stop| stop.value().get()),
            target: trade.take_profit().map(|target| target.value().get()),
            fallback_stop_pct: theta
                .and_then(|in_force| in_force.theta().fallback_stop_pct())
                .map(|pct| pct.value()),
            limits_usd,
            policy: label(policy),
            policy_hash: policy.hash(),
        }
    }
}

/// Returns the lower of the limits of the policy and of the guardrails, for the notional and for the margin.
fn limits(policy: Option<&Limits>, guardrails: &Guardrails) -> [Option<f64>; 2] {
    let lower = |one: Option<f64>, other: Option<f64>| {
        let bounds = one.into_iter().chain(other);
        bounds.reduce(f64::min)
    };
    [
        lower(
            policy
                .and_then(|policy| policy.max_notional_usd())
                .map(Notional::get),
            guardrails.max_notional_usd().map(Notional::get),
        ),
        lower(
            policy
                .and_then(|policy| policy.max_position_usd())
                .map(Margin::get),
            guardrails.max_position_usd().map(Margin::get),
        ),
    ]
}

/// Formats a policy as its version and the first digits of its hash.
fn label(policy: &Policy) -> String {
    format!("{} {}", policy.version(), policy.hash().short())
}

fn close(permit: &ExitPermit<'_>) -> OrderKind {
    OrderKind::Close {
        is_resting: permit.trigger().is_some(),
        side: permit.side(),
        quantity: match permit.quantity() {
            ExitQuantity::NotStated => CloseQuantity::All,
            ExitQuantity::Stated(units) => CloseQuantity::Units(units.value().get()),
            ExitQuantity::Fraction(fraction) => CloseQuantity::Fraction(fraction.value().get()),
            ExitQuantity::UsdSizeOnly | ExitQuantity::Unreadable => CloseQuantity::Unknown,
        },
    }
}
