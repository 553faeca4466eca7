//! Deciding whole columns at once, as a backtest does.
//!
//! The same answers as [`Engine::decide`], row by row, without the evidence: ask for one row alone to get
//! that, or a [`super::Trade`] that proves anything.

use std::collections::BTreeMap;

use super::{
    Denial, Engine, LeverageFrom, Reason, denial::absence_reason, gates::freshness::Bounds,
    gates::policy,
};
use crate::{
    domain::{Instant, Leverage, Margin, Notional, Symbol},
    exit::ExitRule,
    intent::{Exit, Intent, Request, Size},
    policy::{InForce, Listing, PolicyState},
};

/// Rows are worked on in blocks that stay in the nearest cache.
const BLOCK: usize = 256;
/// Stands for an instant that a row does not have: earlier than any.
const NO_INSTANT: i64 = i64::MIN;

/// Intents as columns. Symbols and sources are kept once each, rows refer to them.
#[derive(Debug, Clone, Default)]
pub struct IntentColumns {
    symbols: Dictionary<Symbol>,
    sources: Dictionary<Option<String>>,
    rows: Rows,
}

/// The columns themselves; all of one length.
#[derive(Debug, Clone, Default)]
struct Rows {
    symbol: Vec<u32>,
    source: Vec<u32>,
    standing: Vec<Standing>,
    leverage: Vec<f64>,
    size: Vec<f64>,
    emitted_at: Vec<i64>,
    event_time: Vec<i64>,
}

/// What a row is, as far as the intent alone says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// An entry that asks for no leverage, its size a notional.
    Notional,
    /// An entry that asks for a leverage, its size a notional.
    NotionalAsking,
    /// An entry that asks for a leverage, its size a margin.
    MarginAsking,
    /// An exit.
    Exit,
    /// It does not get past the first gate.
    Fault(Reason),
}

/// Values, each with the number that rows know it by.
#[derive(Debug, Clone)]
struct Dictionary<T> {
    values: Vec<T>,
    numbers: BTreeMap<T, u32>,
}

impl<T> Default for Dictionary<T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            numbers: BTreeMap::new(),
        }
    }
}

impl<T: Clone + Ord> Dictionary<T> {
    fn number(&mut self, value: T) -> u32 {
        if let Some(number) = self.numbers.get(&value) {
            return *number;
        }
        // More values than rows can tell apart fall out of the table, and a row outside it is refused.
        let number = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        self.values.push(value.clone());
        self.numbers.insert(value, number);
        number
    }
}

/// The answer to one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Trade.
    Trade,
    /// Reduce or close, by this rule.
    ExitByOwner,
    /// Reduce or close, by this rule.
    ExitByDelegate,
    /// Do nothing.
    Skip(Reason),
}

/// The answers as columns, to be used again for the next batch.
#[derive(Debug, Clone, Default)]
pub struct DecisionColumns {
    outcome: Vec<Outcome>,
    leverage: Vec<f64>,
    notional: Vec<f64>,
    leverage_from: Vec<LeverageFrom>,
    // Room for what the policy and the operator say of each symbol and source.
    symbols: Vec<SymbolRow>,
    sources: Vec<Option<ExitRule>>,
}

/// One row of [`DecisionColumns`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchRow {
    /// The answer.
    pub outcome: Outcome,
    /// The leverage of a trade.
    pub leverage: Option<Leverage>,
    /// Where it came from.
    pub leverage_from: LeverageFrom,
    /// What the position of a trade is worth, in USD.
    pub notional: Option<Notional>,
}

impl IntentColumns {
    /// Adds a row.
    pub fn push(&mut self, intent: &Intent<'_>) {
        let source = match &intent.source {
            Ok(name) => self.sources.number(name.as_deref().map(ToOwned::to_owned)),
            Err(_) => UNREADABLE_SOURCE,
        };
        let mut row = Row {
            symbol: u32::MAX,
            standing: Standing::Exit,
            leverage: f64::NAN,
            size: f64::NAN,
        };
        match intent.request() {
            Err(fault) => row.standing = Standing::Fault(Denial::Unread(fault).reason()),
            Ok(Request::Exit(Exit { symbol, .. })) => row.symbol = self.symbols.number(*symbol),
            Ok(Request::Entry(entry)) => {
                row.symbol = self.symbols.number(entry.symbol());
                let asked = entry
                    .leverage()
                    .map(|asked| asked.map_or(f64::NAN, Leverage::get));
                row.leverage = asked.unwrap_or(f64::INFINITY);
                row.standing = if asked.is_some() {
                    Standing::NotionalAsking
                } else {
                    Standing::Notional
                };
                if let Some(Ok(size)) = entry.size() {
                    row.size = size.value().usd();
                    if matches!(size.value(), Size::Margin(_)) {
                        row.standing = Standing::MarginAsking;
                    }
                }
            }
        }
        let micros = |at: Option<Instant>| at.map_or(NO_INSTANT, Instant::as_micros);
        self.rows.symbol.push(row.symbol);
        self.rows.source.push(source);
        self.rows.standing.push(row.standing);
        self.rows.leverage.push(row.leverage);
        self.rows.size.push(row.size);
        self.rows.emitted_at.push(micros(intent.emitted_at()));
        self.rows.event_time.push(micros(intent.event_time()));
    }

    /// How many rows there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rows.standing.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The number of a source that cannot be read; no dictionary grows this far.
const UNREADABLE_SOURCE: u32 = u32::MAX;

struct Row {
    symbol: u32,
    standing: Standing,
    leverage: f64,
    size: f64,
}

/// What the policy and the operator say of one symbol.
#[derive(Debug, Clone, Copy)]
struct SymbolRow {
    halted: bool,
    /// The reason of gates 7 and 8.
    refused: Option<Reason>,
    leverage: f64,
}

/// A row whose symbol or source nobody knows.
const UNKNOWN_SYMBOL: SymbolRow = SymbolRow {
    halted: false,
    refused: Some(Reason::PolicyUniverseFilter),
    leverage: f64::NAN,
};

/// What holds for every row of a batch: bounds that each row is compared with. A bound that nobody set is
/// one that every value keeps.
#[derive(Debug, Clone, Copy)]
struct BatchBounds {
    /// The reason of gate 4, where no instant changes it.
    absent: Option<Reason>,
    /// Before this instant the policy is valid for too long.
    permitted_from: i64,
    valid_from: i64,
    valid_until: i64,
    age_max: i64,
    lead_max: i64,
    /// Some bound needs to know when the intent was sent.
    needs_age: bool,
    needs_lead: bool,
    leverage_max: f64,
    margin_max: f64,
    notional_max: f64,
}

impl BatchBounds {
    fn new(engine: &Engine, state: PolicyState<'_>, now: Option<Instant>) -> Self {
        let mut bounds = Self {
            absent: None,
            permitted_from: i64::MIN,
            valid_from: i64::MIN,
            valid_until: i64::MAX,
            age_max: i64::MAX,
            lead_max: i64::MAX,
            needs_age: false,
            needs_lead: false,
            leverage_max: f64::MAX,
            margin_max: f64::MAX,
            notional_max: f64::MAX,
        };
        let policy = match state.policy() {
            Ok(policy) => policy,
            Err(absence) => {
                bounds.absent = Some(absence_reason(absence));
                return bounds;
            }
        };
        let guardrails = engine.guardrails();
        // At its expiry a policy has no validity left: what is still wrong with it then is always wrong.
        let at = now.unwrap_or(policy.valid_until());
        if let Err(denial) = policy::check(guardrails, state, at) {
            bounds.absent = Some(denial.reason());
        }
        if !state.is_assumed() {
            bounds.valid_from = policy.valid_from().map_or(i64::MIN, Instant::as_micros);
            bounds.valid_until = policy.valid_until().as_micros();
            if let (None, Some(longest)) = (policy.valid_from(), guardrails.max_validity()) {
                bounds.permitted_from = bounds.valid_until.saturating_sub(longest.as_micros());
            }
        }
        bounds
    }

    fn with_limits(mut self, engine: &Engine, in_force: InForce<'_>) -> Self {
        let (limits, guardrails) = (in_force.limits(), engine.guardrails());
        let fresh = Bounds::new(limits, guardrails);
        if let Some(age_max) = fresh.age_max {
            self.age_max = age_max.value().as_micros();
            self.needs_age = true;
        }
        if let Some(lead_max) = fresh.lead_max {
            self.lead_max = lead_max.value().as_micros();
            self.needs_lead = true;
        }
        let lowest =
            |bounds: [Option<f64>; 2]| bounds.into_iter().flatten().fold(f64::MAX, f64::min);
        self.leverage_max = lowest([
            limits.max_leverage().map(Leverage::get),
            guardrails.max_leverage().map(Leverage::get),
        ]);
        self.margin_max = lowest([
            limits.max_position_usd().map(Margin::get),
            guardrails.max_position_usd().map(Margin::get),
        ]);
        self.notional_max = lowest([
            limits.max_notional_usd().map(Notional::get),
            guardrails.max_notional_usd().map(Notional::get),
        ]);
        self
    }
}

impl Engine {
    /// Answers every row of `intents` under one policy: at `now`, or at each row's own time where it is
    /// `None`. Row by row the same answers as [`Engine::decide`] and [`Engine::decide_recorded`].
    ///
    /// Allocates nothing once `answers` has grown to the size of the batch.
    pub fn decide_columns(
        &self,
        policy: PolicyState<'_>,
        intents: &IntentColumns,
        now: Option<Instant>,
        answers: &mut DecisionColumns,
    ) {
        // The numbers of the policy are read at one instant at which it is in force; each row's own instant
        // is then held against its validity.
        let bounds = BatchBounds::new(self, policy, now);
        let in_force = policy
            .policy()
            .ok()
            .and_then(|p| policy.in_force(p.valid_until()).ok()?.ok());
        let bounds = in_force.map_or(bounds, |in_force| bounds.with_limits(self, in_force));
        answers.prepare(self, intents, in_force);
        let fixed = now.map(Instant::as_micros);
        for start in (0..intents.len()).step_by(BLOCK) {
            answers.decide_block(&intents.rows, start, fixed, &bounds);
        }
    }
}

impl DecisionColumns {
    /// How many rows were answered.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.outcome.len()
    }

    /// Whether none were.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The answers, row by row.
    #[must_use]
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcome
    }

    /// One row.
    #[must_use]
    pub fn row(&self, index: usize) -> Option<BatchRow> {
        Some(BatchRow {
            outcome: *self.outcome.get(index)?,
            leverage: Leverage::new(*self.leverage.get(index)?).ok(),
            leverage_from: *self.leverage_from.get(index)?,
            notional: Notional::new(*self.notional.get(index)?).ok(),
        })
    }

    fn prepare(&mut self, engine: &Engine, intents: &IntentColumns, in_force: Option<InForce<'_>>) {
        let guardrails = engine.guardrails();
        self.symbols.clear();
        self.symbols
            .extend(intents.symbols.values.iter().map(|symbol| {
                let listing = in_force.map(|in_force| in_force.listing(symbol));
                let (refused, leverage) = match listing {
                    None | Some(Listing::NotInUniverse) => {
                        (Some(Reason::PolicyUniverseFilter), f64::NAN)
                    }
                    Some(Listing::NoLeverage) => (Some(Reason::PolicyMissingLeverage), f64::NAN),
                    Some(Listing::Leverage(leverage)) => (None, leverage.value().get()),
                };
                SymbolRow {
                    halted: guardrails.halts(symbol),
                    refused: if guardrails.permits(symbol) {
                        refused
                    } else {
                        Some(Reason::PolicyUniverseFilter)
                    },
                    leverage,
                }
            }));
        self.sources.clear();
        self.sources.extend(
            intents
                .sources
                .values
                .iter()
                .map(|name| engine.ownership().rule(name.as_deref()?)),
        );
        self.outcome.clear();
        self.leverage.clear();
        self.leverage_from.clear();
        self.notional.clear();
    }

    fn decide_block(&mut self, rows: &Rows, start: usize, now: Option<i64>, bounds: &BatchBounds) {
        let symbols = block(&rows.symbol, start);
        let sources = block(&rows.source, start);
        let standings = block(&rows.standing, start);
        let asked = block(&rows.leverage, start);
        let sizes = block(&rows.size, start);
        let emitted = block(&rows.emitted_at, start);
        let happened = block(&rows.event_time, start);
        let columns = symbols
            .iter()
            .zip(sources)
            .zip(standings)
            .zip(asked)
            .zip(sizes)
            .zip(emitted)
            .zip(happened);
        for ((((((symbol, source), standing), asked), size), emitted_at), event_time) in columns {
            let symbol = usize::try_from(*symbol)
                .ok()
                .and_then(|i| self.symbols.get(i))
                .copied()
                .unwrap_or(UNKNOWN_SYMBOL);
            let rule = usize::try_from(*source)
                .ok()
                .and_then(|i| self.sources.get(i))
                .copied();
            let leverage = if *asked < symbol.leverage {
                *asked
            } else {
                symbol.leverage
            };
            let on_margin = matches!(standing, Standing::MarginAsking);
            let notional = if on_margin { *size * leverage } else { *size };
            let margin = if on_margin { *size } else { *size / leverage };
            let within = leverage <= bounds.leverage_max
                && margin <= bounds.margin_max
                && margin > 0.0
                && notional <= bounds.notional_max
                && notional > 0.0;
            let at = now.unwrap_or(*event_time);
            // From the last gate to the first: what stands earlier overrules.
            let mut outcome = Outcome::Trade;
            let mut refuse = |when: bool, reason| {
                if when {
                    outcome = Outcome::Skip(reason);
                }
            };
            refuse(!within, Reason::PolicyLimitExceeded);
            refuse(size.is_nan(), Reason::PolicyMissingSize);
            refuse(asked.is_nan(), Reason::PolicyMissingLeverage);
            if let Some(reason) = symbol.refused {
                refuse(true, reason);
            }
            let unsent = *emitted_at == NO_INSTANT;
            let age = at.saturating_sub(*emitted_at);
            refuse(
                bounds.needs_lead && (unsent || age.saturating_neg() > bounds.lead_max),
                Reason::ClockUntrusted,
            );
            refuse(
                bounds.needs_age && (unsent || age > bounds.age_max),
                Reason::IntentStale,
            );
            refuse(at > bounds.valid_until, Reason::PolicyStale);
            refuse(at < bounds.valid_from, Reason::PolicyNotYetValid);
            refuse(
                at < bounds.permitted_from,
                Reason::PolicyConstraintViolation,
            );
            if let Some(reason) = bounds.absent {
                refuse(true, reason);
            }
            refuse(symbol.halted, Reason::TradingHalted);
            refuse(!matches!(rule, Some(None)), Reason::IntentAmbiguous);
            refuse(at == NO_INSTANT, Reason::IntentInvalid);
            match standing {
                Standing::Notional | Standing::NotionalAsking | Standing::MarginAsking => {}
                Standing::Exit => {
                    outcome = match rule.flatten() {
                        Some(ExitRule::Owner) => Outcome::ExitByOwner,
                        Some(ExitRule::Delegate) => Outcome::ExitByDelegate,
                        None => Outcome::Skip(Reason::DenyNotExitOwner),
                    }
                }
                Standing::Fault(reason) => outcome = Outcome::Skip(*reason),
            }
            let trades = outcome == Outcome::Trade;
            self.outcome.push(outcome);
            self.leverage.push(if trades { leverage } else { f64::NAN });
            self.notional.push(if trades { notional } else { f64::NAN });
            self.leverage_from.push(if *asked < symbol.leverage {
                LeverageFrom::Intent
            } else {
                LeverageFrom::Policy
            });
        }
    }
}

/// The part of a column that a block covers.
fn block<T>(column: &[T], start: usize) -> &[T] {
    let rest = column.get(start..).unwrap_or_default();
    rest.get(..BLOCK).unwrap_or(rest)
}
