//! Portcullis. If an intent requests more than the leverage of the policy, Portcullis reduces it to
//! the leverage of the policy. In this comparison, only a trade with the requested leverage counts
//! as a yes, because the other engines can only permit or deny.

use portcullis::{
    decide::{Decision, DecisionColumns, Engine, IntentColumns, Outcome},
    exit::ExitOwnership,
    guardrails::Guardrails,
    intent::{Intent, IntentBuilder},
    policy::{Policy, PolicyState},
    types::{Side, Timestamp},
};
use serde_json::{Map, Value, json};

use super::Peer;
use crate::{
    Failure,
    asks::{Ask, CENTS_MAX, Part, universe},
};

const NOW_MS: i64 = 1_766_550_734_062;
const NOT_AFTER_S: i64 = 2_000_000_000;

/// Portcullis, called through `Engine::decide` for one intent at a time.
pub(crate) struct OneByOne {
    snapshot: PolicySnapshot,
    intents: Vec<Intent<'static>>,
}

/// Portcullis, called through `Engine::decide_columns` for all intents in one call.
pub(crate) struct Columns {
    snapshot: PolicySnapshot,
    intents: IntentColumns,
    requested: Vec<f64>,
    answers: DecisionColumns,
}

struct PolicySnapshot {
    engine: Engine,
    policy: Policy,
    now: Timestamp,
}

impl OneByOne {
    pub(crate) fn new(asks: &[Ask]) -> Result<Self, Failure> {
        Ok(Self {
            snapshot: PolicySnapshot::new()?,
            intents: asks.iter().map(intent).collect(),
        })
    }
}

impl Peer for OneByOne {
    fn package(&self) -> &'static str {
        "portcullis"
    }

    fn way(&self) -> &'static str {
        "decide"
    }

    fn part(&self) -> Part {
        Part::Whole
    }

    fn pass(&mut self, yes: &mut Vec<bool>) -> Result<(), Failure> {
        let PolicySnapshot {
            engine,
            policy,
            now,
        } = &self.snapshot;
        let state = PolicyState::present(policy);
        yes.extend(self.intents.iter().map(|intent| {
            match engine.decide(state, intent, *now) {
                Decision::Trade(trade) => trade
                    .leverage_requested()
                    .is_some_and(|requested| trade.leverage().value() == requested.value()),
                Decision::Exit(_) | Decision::Skip(_) => false,
            }
        }));
        Ok(())
    }
}

impl Columns {
    pub(crate) fn new(asks: &[Ask]) -> Result<Self, Failure> {
        let mut intents = IntentColumns::default();
        asks.iter().for_each(|ask| intents.push(&intent(ask)));
        Ok(Self {
            snapshot: PolicySnapshot::new()?,
            intents,
            requested: asks.iter().map(|ask| f64::from(ask.leverage)).collect(),
            answers: DecisionColumns::default(),
        })
    }
}

impl Peer for Columns {
    fn package(&self) -> &'static str {
        "portcullis"
    }

    fn way(&self) -> &'static str {
        "decide_columns"
    }

    fn part(&self) -> Part {
        Part::Whole
    }

    fn pass(&mut self, yes: &mut Vec<bool>) -> Result<(), Failure> {
        let PolicySnapshot {
            engine,
            policy,
            now,
        } = &self.snapshot;
        let state = PolicyState::present(policy);
        engine.decide_columns(state, &self.intents, Some(*now), &mut self.answers);
        let answers = &self.answers;
        yes.extend(self.requested.iter().enumerate().map(|(index, requested)| {
            answers.row(index).is_some_and(|row| {
                let granted = row
                    .leverage
                    .is_some_and(|(leverage, _)| leverage.get() == *requested);
                row.outcome == Outcome::Trade && granted
            })
        }));
        Ok(())
    }
}

impl PolicySnapshot {
    fn new() -> Result<Self, Failure> {
        Ok(Self {
            engine: Engine::new(Guardrails::none(), ExitOwnership::new("exit_service")?),
            policy: Policy::from_json(&policy().to_string())?,
            now: Timestamp::from_millis(NOW_MS)?,
        })
    }
}

/// Returns the policy in its JSON encoding.
pub(crate) fn policy() -> Value {
    let leverages: Map<String, Value> = universe()
        .map(|(symbol, leverage)| (symbol, leverage.into()))
        .collect();
    json!({
        "policy_version": "peers",
        "universe_symbols": universe().map(|(symbol, _)| symbol).collect::<Vec<_>>(),
        "leverage_by_symbol": leverages,
        "harvest_params": {
            "T1_R": 1.8, "T2_R": 3.5, "T3_R": 5.8, "lock_R": 1.2, "be_plus_pct": 0.003, "cost_bps": 12,
            "k_regime_flip": 0.8, "k_sigma_spike": 0.6, "k_ts_drop": 0.4, "k_age_penalty": 0.2,
            "kill_threshold": 0.55
        },
        "kill_params": {
            "trend_min": 0.25, "sigma_ref": 0.012, "sigma_spike_cap": 1.8, "ts_ref": 0.35,
            "ts_drop_cap": 0.45, "max_age_sec": 72000
        },
        "limits": { "max_notional_usd": CENTS_MAX / 100 },
        "valid_until_epoch": NOT_AFTER_S
    })
}

fn intent(ask: &Ask) -> Intent<'static> {
    let side = if ask.buys { Side::Buy } else { Side::Sell };
    IntentBuilder::new(&ask.symbol())
        .with_side(side)
        .with_source("momentum")
        .with_leverage(f64::from(ask.leverage))
        .with_notional_usd(ask.dollars())
        .build()
}
