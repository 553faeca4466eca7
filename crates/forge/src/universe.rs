//! The members of the universe and their leverages.

use std::collections::{BTreeMap, BTreeSet};

use portcullis::types::Symbol;

use crate::{
    clamp::Clamp,
    derivation::{Field, Left, LeftReason, Movement, Source, Value},
    features::SymbolFeatures,
    input::{Input, Loosening},
    parameter::Tighter,
    regime::{self, Regimes},
    state::RegimeState,
    step::{DayAgo, Step},
    templates::{LeverageRule, Regime},
};

/// The universe of a draft.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Universe {
    pub(crate) members: BTreeMap<Symbol, Member>,
    pub(crate) left: BTreeMap<Symbol, LeftReason>,
}

/// A symbol of the universe.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Member {
    /// The leverage of the draft.
    pub(crate) leverage: f64,
    /// The leverage before rounding.
    pub(crate) unrounded: f64,
    target: Target,
    clamps: Vec<Clamp>,
}

/// The target of a leverage.
#[derive(Debug, Clone, PartialEq)]
struct Target {
    leverage: f64,
    source: Source,
    regime: RegimeState,
    clamps: Vec<Clamp>,
    features: BTreeMap<String, f64>,
    volume: f64,
}

impl Universe {
    /// Selects the members and computes their leverages.
    pub(crate) fn of(input: &Input<'_>, regimes: &Regimes, market: &Regime) -> Self {
        let mut left = BTreeMap::new();
        let mut targets: Vec<(Symbol, Target)> = Vec::new();
        for symbol in subjects(input) {
            match target(symbol, input, regimes, market) {
                Ok(target) => targets.push((symbol, target)),
                Err(reason) => {
                    left.insert(symbol, reason);
                }
            }
        }
        // The order does not depend on the order of the features.
        targets.sort_by(|(one, a), (other, b)| {
            b.volume.total_cmp(&a.volume).then_with(|| one.cmp(other))
        });
        let mut quota = Quota::new(input, &targets);
        let mut members = BTreeMap::new();
        for (place, (symbol, target)) in targets.into_iter().enumerate() {
            let member = quota
                .check(input, place, symbol)
                .and_then(|()| Member::new(input, symbol, target));
            match member {
                Ok(member) => {
                    members.insert(symbol, member);
                }
                Err(reason) => {
                    left.insert(symbol, reason);
                }
            }
        }
        Self { members, left }
    }

    /// Returns the field of the derivation for each member, sorted by symbol.
    pub(crate) fn fields(&self, input: &Input<'_>) -> impl Iterator<Item = Field> {
        self.members.iter().map(|(symbol, member)| {
            let was = input.active_leverage(symbol);
            Field {
                field: format!("leverage_by_symbol.{}", symbol.as_str()),
                value: Value::Number(member.leverage),
                was: was.map(Value::Number),
                movement: Movement::of(Tighter::Lower, member.leverage, was),
                target: Some(member.target.leverage),
                source: member.target.source,
                regime: Some(member.target.regime.clone()),
                clamps: member.clamps.clone(),
                features: member.target.features.clone(),
            }
        })
    }

    /// Returns the symbols that are not members, sorted.
    pub(crate) fn left(&self, input: &Input<'_>) -> Vec<Left> {
        let left = self.left.iter().map(|(symbol, reason)| Left {
            symbol: symbol.as_str().to_owned(),
            was_member: input.active_leverage(symbol).is_some(),
            reason: reason.clone(),
        });
        left.collect()
    }
}

/// Returns the symbols of the features, of the templates and of the active policy.
fn subjects(input: &Input<'_>) -> BTreeSet<Symbol> {
    let active = input.active.iter().flat_map(|it| it.leverage.keys());
    let permitted = input.templates.permitted.iter();
    input
        .features
        .symbols()
        .chain(active.chain(permitted).copied())
        .collect()
}

/// Computes the target of the leverage of a symbol, or the reason why the symbol cannot be in the universe.
fn target(
    symbol: Symbol,
    input: &Input<'_>,
    regimes: &Regimes,
    market: &Regime,
) -> Result<Target, LeftReason> {
    if !input.templates.permitted.contains(&symbol) {
        return Err(LeftReason::NotInTemplates);
    }
    if !input.guardrails.permits(&symbol) {
        return Err(LeftReason::NotInGuardrails);
    }
    let missing = |name: &str| LeftReason::Missing(name.to_owned());
    let features = input.features.of(&symbol).ok_or_else(|| missing("all"))?;
    let [sigma, .., volume] = usable(features, input)?;
    let state = regimes
        .symbols
        .get(&symbol)
        .ok_or_else(|| missing("regime"))?;
    let own = input.templates.regimes.get(&state.regime);
    let own = own.ok_or_else(|| missing("regime"))?;
    let of_market = regimes.market.as_ref().ok_or_else(|| missing("regime"))?;
    // The lower leverage applies, so that a crisis of the market also applies to a calm symbol.
    let computed = |rule: &LeverageRule| rule.target_risk / (sigma * rule.k);
    let (regime, rule) = if computed(&market.leverage) < computed(&own.leverage) {
        (of_market, &market.leverage)
    } else {
        (state, &own.leverage)
    };
    let of_model = input
        .targets
        .and_then(|targets| targets.leverage_by_symbol.get(&symbol).copied());
    let mut leverage = of_model.unwrap_or_else(|| computed(rule));
    let mut clamps = Vec::new();
    let cap = own.leverage.cap.min(market.leverage.cap);
    let guardrail = input.guardrails.max_leverage().map(|it| it.get());
    for (bound, clamp) in [(Some(cap), Clamp::Cap), (guardrail, Clamp::Guardrail)] {
        if let Some(bound) = bound.filter(|bound| leverage > *bound) {
            leverage = bound;
            clamps.push(clamp);
        }
    }
    let min = own.leverage.min.max(market.leverage.min);
    if leverage < min {
        return Err(below("leverage", leverage, min));
    }
    let used = [
        ("sigma", sigma),
        ("volume", volume),
        ("target_risk", rule.target_risk),
        ("k", rule.k),
    ];
    let used = used
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    Ok(Target {
        leverage,
        source: if of_model.is_some() {
            Source::Model
        } else {
            Source::Template
        },
        regime: regime.clone(),
        clamps,
        features: used.collect(),
        volume,
    })
}

/// Returns the features of a symbol, in the order of [`SymbolFeatures::named`], or the first reason why they cannot be
/// used.
fn usable(features: &SymbolFeatures, input: &Input<'_>) -> Result<[f64; 5], LeftReason> {
    let rules = &input.templates.universe;
    let mut values = [0.0; 5];
    for (value, (name, found)) in values.iter_mut().zip(features.named()) {
        *value = found.ok_or_else(|| LeftReason::Missing(name.to_owned()))?;
    }
    let [sigma, _, _, spread, volume] = values;
    if regime::is_constant(features, input.templates) {
        Err(LeftReason::ConstantPrice)
    } else if sigma < rules.sigma_floor {
        Err(below("sigma", sigma, rules.sigma_floor))
    } else if volume < rules.min_volume {
        Err(below("volume", volume, rules.min_volume))
    } else if spread > rules.max_spread {
        Err(LeftReason::Above {
            number: "spread".to_owned(),
            value: spread,
            bound: rules.max_spread,
        })
    } else {
        Ok(values)
    }
}

fn below(number: &str, value: f64, bound: f64) -> LeftReason {
    LeftReason::Below {
        number: number.to_owned(),
        value,
        bound,
    }
}

/// The number of new symbols that may still enter the universe.
struct Quota {
    new: usize,
    new_24h: usize,
}

impl Quota {
    /// Counts the members that stay and were not in the policy of 24 hours ago.
    fn new(input: &Input<'_>, targets: &[(Symbol, Target)]) -> Self {
        let rules = &input.templates.universe;
        let stay = targets
            .iter()
            .take(rules.max_members)
            .filter(|(symbol, _)| input.active_leverage(symbol).is_some());
        let recent = stay.filter(|(symbol, _)| !input.was_member_day_ago(symbol));
        Self {
            new: rules.max_new,
            new_24h: rules.max_new_24h.saturating_sub(recent.count()),
        }
    }

    /// Checks that the symbol at this place in the order of volumes may be in the universe.
    fn check(&mut self, input: &Input<'_>, place: usize, symbol: Symbol) -> Result<(), LeftReason> {
        let rules = &input.templates.universe;
        if place >= rules.max_members {
            return Err(LeftReason::MaxMembers(rules.max_members));
        }
        if input.active_leverage(&symbol).is_some() {
            return Ok(());
        }
        if input.loosening == Loosening::Held {
            return Err(LeftReason::Held);
        }
        let was_member_day_ago = input.was_member_day_ago(&symbol);
        if !was_member_day_ago && self.new_24h == 0 {
            return Err(LeftReason::MaxNew24h(rules.max_new_24h));
        }
        self.new = self
            .new
            .checked_sub(1)
            .ok_or(LeftReason::MaxNew(rules.max_new))?;
        self.new_24h = self
            .new_24h
            .saturating_sub(usize::from(!was_member_day_ago));
        Ok(())
    }
}

impl Member {
    /// Moves the leverage of a symbol towards its target.
    fn new(input: &Input<'_>, symbol: Symbol, target: Target) -> Result<Self, LeftReason> {
        let steps = &input.templates.steps;
        let start = input.templates.universe.start_leverage;
        let previous = previous(input, &symbol);
        let mut clamps = target.clamps.clone();
        let unrounded = match previous {
            Some(_) => {
                let day_ago = input
                    .day_ago
                    .as_ref()
                    .and_then(|it| it.leverage.get(&symbol));
                let share = Step::Share {
                    run: steps.max_step,
                    day: steps.max_step_24h,
                };
                let day_ago = DayAgo::Value(day_ago.copied().unwrap_or(start));
                let step = input.step(share);
                let stepped = step.apply(Tighter::Lower, target.leverage, previous, day_ago);
                clamps.extend(stepped.clamp);
                stepped.value
            }
            None => {
                if start < target.leverage {
                    clamps.push(Clamp::StartLeverage);
                }
                start.min(target.leverage)
            }
        };
        let leverage = shown(input, unrounded);
        if leverage < unrounded {
            clamps.push(Clamp::RoundedDown);
        }
        if leverage <= 0.0 {
            return Err(below("leverage", unrounded, start));
        }
        Ok(Self {
            leverage,
            unrounded,
            target,
            clamps,
        })
    }
}

/// Returns the leverage as it is in a policy.
fn shown(input: &Input<'_>, leverage: f64) -> f64 {
    if input.templates.integer_leverage {
        leverage.floor()
    } else {
        leverage
    }
}

/// Returns the leverage before rounding that belongs to the active policy; `None` if the symbol is not a member.
///
/// The leverage of the state is used only if it is rounded to the one of the active policy. Otherwise, a draft was not
/// published, or a person has published a policy.
fn previous(input: &Input<'_>, symbol: &Symbol) -> Option<f64> {
    let active = input.active_leverage(symbol)?;
    let unrounded = input.state.leverage.get(symbol).copied();
    Some(
        unrounded
            .filter(|it| shown(input, *it) == active)
            .unwrap_or(active),
    )
}
