//! What the engine lets through, as orders.

use portcullis::{
    decide::{Decision, Trade},
    domain::{Instant, PositionSide, Side, Symbol},
    exit::ExitPermit,
    intent::QuantityAsked,
    policy::Policy,
};

/// An entry or an exit that waits for the next candle.
#[derive(Debug, Clone)]
pub(super) struct Order {
    /// The number of its record.
    pub(super) n: u64,
    /// When it was decided.
    pub(super) at: Instant,
    pub(super) symbol: Symbol,
    pub(super) wish: Wish,
}

#[derive(Debug, Clone)]
pub(super) enum Wish {
    Open(Opening),
    Close {
        /// The side of the closing order, where the intent says one.
        side: Option<Side>,
        quantity: Closing,
    },
}

/// What a position is opened with.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    pub(super) side: PositionSide,
    pub(super) notional_usd: f64,
    pub(super) leverage: f64,
    pub(super) stop: Option<f64>,
    pub(super) target: Option<f64>,
    /// How far its stop is where the intent has none: θ's.
    pub(super) fallback_stop_pct: Option<f64>,
    /// The policy that let it through.
    pub(super) policy: String,
}

/// How much an exit closes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Closing {
    All,
    Units(f64),
    /// The intent leaves it unsaid, and nobody guesses.
    Unsaid,
}

impl Order {
    /// What a decision wants done, if anything.
    pub(super) fn of(n: u64, at: Instant, decision: &Decision<'_>) -> Option<Self> {
        let (symbol, wish) = match decision {
            Decision::Trade(trade) => (trade.symbol(), Wish::Open(Opening::of(trade, at))),
            Decision::Exit(permit) => (permit.symbol(), close(permit)),
            Decision::Skip(_) => return None,
        };
        Some(Self {
            n,
            at,
            symbol,
            wish,
        })
    }
}

impl Opening {
    /// A trade is the proof that the gates were passed.
    fn of(trade: &Trade<'_>, at: Instant) -> Self {
        let policy = trade.policy();
        let theta = if trade.is_assumed() {
            Ok(policy.assume_theta_in_force(at))
        } else {
            policy.theta_in_force(at)
        };
        Self {
            side: match trade.side() {
                Side::Buy => PositionSide::Long,
                Side::Sell => PositionSide::Short,
            },
            notional_usd: trade.notional().value().get(),
            leverage: trade.leverage().value().get(),
            stop: trade.stop_loss().map(|stop| stop.value().get()),
            target: trade.take_profit().map(|target| target.value().get()),
            fallback_stop_pct: theta
                .ok()
                .and_then(|theta| theta.theta().fallback_stop_pct()),
            policy: label(policy),
        }
    }
}

/// A policy by its version and the beginning of its hash.
fn label(policy: &Policy) -> String {
    format!("{} {}", policy.version(), policy.hash().short())
}

fn close(permit: &ExitPermit<'_>) -> Wish {
    Wish::Close {
        side: permit.side(),
        quantity: match permit.quantity() {
            QuantityAsked::NotAsked => Closing::All,
            QuantityAsked::Asked(units) => Closing::Units(units.value().get()),
            QuantityAsked::SizeAlone | QuantityAsked::Unreadable => Closing::Unsaid,
        },
    }
}
