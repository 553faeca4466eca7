//! The derivation of a policy from features.

use std::collections::BTreeMap;

use portcullis::{Policy, types::Symbol};

use crate::{
    derivation::{Derivation, Field, Movement, Source, Value},
    draft::Document,
    error::ForgeError,
    input::{Input, Loosening, Run},
    json::Format,
    regime::{self, Regimes},
    settings::Settings,
    state::State,
    templates::Regime,
    universe::Universe,
};

/// The result of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Forged {
    draft: Policy,
    state: State,
    derivation: Derivation,
}

impl Forged {
    /// Returns the draft, which is a valid policy within the guardrails, with its hash and without a sequence.
    #[must_use]
    pub const fn draft(&self) -> &Policy {
        &self.draft
    }

    /// Returns the state for the next run. It advances even if the draft does not differ from the active policy, and
    /// even if the draft is not published.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// Returns the origin of each field.
    #[must_use]
    pub const fn derivation(&self) -> &Derivation {
        &self.derivation
    }
}

/// Derives a policy from features.
///
/// The function has no clock and no other hidden input: equal inputs give the same bytes. `docs/forge.md` contains the
/// formulas.
///
/// # Errors
/// Returns an error if there is no feature at all, if a time of the inputs is wrong, if no symbol can be in the universe
/// and no active policy has entries to stop, or if the draft is invalid or violates the guardrails.
pub fn forge(run: &Run<'_>) -> Result<Forged, ForgeError> {
    let mut input = Input::new(run)?;
    let regimes = regime::advance(input.features, input.templates, input.state);
    if regimes.market_point.is_none() {
        // The regime of the market is that of an earlier window, which must not loosen anything.
        input.loosening = Loosening::Held;
    }
    let market = regimes.market.as_ref().ok_or(ForgeError::NoRegime)?;
    let template = input.templates.regimes.get(&market.regime);
    let template = template.ok_or(ForgeError::NoRegime)?;
    check_targets(&input, template)?;
    let universe = Universe::of(&input, &regimes, template);
    let listed = listed(&input, &universe)?;
    let settings = Settings::of(&input, template);
    let document = Document::new(&input, &listed, &universe, &settings);
    let draft = document.into_policy().map_err(ForgeError::InvalidDraft)?;
    let violations: Vec<_> = input
        .guardrails
        .violations(&draft, Some(input.now))
        .map(|violation| violation.into_owned())
        .collect();
    if !violations.is_empty() {
        return Err(ForgeError::Guardrails(violations));
    }
    let mut fields = vec![universe_field(&input, &listed, &universe)];
    fields.extend(universe.fields(&input));
    fields.extend(settings.fields(market));
    fields.extend(texts(&input, &draft));
    let point = regimes.market_point.iter().flatten();
    let derivation = Derivation {
        format: Format,
        window_end: input.features.window_end(),
        templates_sha256: input.templates.sha256().to_owned(),
        market: market.clone(),
        market_features: point.map(|(it, value)| (it.to_string(), *value)).collect(),
        fields,
        left: universe.left(&input),
    };
    let state = state(&input, regimes, &universe, &settings);
    Ok(Forged {
        draft,
        state,
        derivation,
    })
}

/// Checks that the targets of a model and the template form a valid set of harvest parameters.
fn check_targets(input: &Input<'_>, template: &Regime) -> Result<(), ForgeError> {
    let Some(targets) = input.targets else {
        return Ok(());
    };
    let target =
        |(parameter, value): (&_, &f64)| (*parameter, targets.theta(*parameter).unwrap_or(*value));
    let theta: BTreeMap<_, f64> = template.theta.iter().map(target).collect();
    crate::theta::check(&theta).map_err(ForgeError::InvalidTargets)
}

/// Returns the symbols that the draft lists: the members, or without members, the symbols of the active policy without
/// leverages, so that all entries are skipped and open positions are still evaluated.
fn listed(input: &Input<'_>, universe: &Universe) -> Result<Vec<Symbol>, ForgeError> {
    let members: Vec<Symbol> = universe.members.keys().copied().collect();
    if !members.is_empty() {
        return Ok(members);
    }
    let active = input
        .active
        .iter()
        .flat_map(|it| it.symbols.iter().copied());
    let mut closed: Vec<Symbol> = active.filter(|it| input.guardrails.permits(it)).collect();
    closed.sort();
    if closed.is_empty() {
        Err(ForgeError::NoMember(universe.left(input)))
    } else {
        Ok(closed)
    }
}

/// Returns the field of the universe. A new member is looser, and a symbol that is no longer a member is tighter.
fn universe_field(input: &Input<'_>, listed: &[Symbol], universe: &Universe) -> Field {
    let active = input.active.as_ref();
    let was = |symbol: &Symbol| input.active_leverage(symbol).is_some();
    let has_new = universe.members.keys().any(|symbol| !was(symbol));
    let left = active.into_iter().flat_map(|it| it.leverage.keys());
    let has_left = left
        .into_iter()
        .any(|it| !universe.members.contains_key(it));
    let names = |symbols: &[Symbol]| {
        Value::Symbols(symbols.iter().map(|it| it.as_str().to_owned()).collect())
    };
    Field {
        field: "universe_symbols".to_owned(),
        value: names(listed),
        was: active.map(|it| names(&it.symbols)),
        movement: match (has_new || active.is_none(), has_left) {
            (true, _) => Movement::Looser,
            (false, true) => Movement::Tighter,
            (false, false) => Movement::Unchanged,
        },
        target: None,
        source: Source::Settings,
        regime: None,
        clamps: Vec::new(),
        features: BTreeMap::new(),
    }
}

/// Returns the fields that are texts.
fn texts<'a>(input: &'a Input<'_>, draft: &'a Policy) -> impl Iterator<Item = Field> + use<'a> {
    let active = input.active.as_ref();
    let was = move |name: &str| match name {
        "market" => active.map(|it| it.market.clone()),
        "venue" => active.map(|it| it.venue.clone()),
        _ => None,
    };
    let names = [
        "market",
        "venue",
        "policy_version",
        "valid_from_epoch",
        "generator",
        "features_window",
        "metadata_ok",
        "policy_hash",
    ];
    names.into_iter().filter_map(move |name| {
        let value = draft.fields().get(name).cloned();
        if value.is_none() && was(name).flatten().is_none() {
            return None;
        }
        let movement = match was(name) {
            Some(was) if was == value => Movement::Unchanged,
            Some(_) => Movement::Looser,
            None => Movement::NotCompared,
        };
        let is_setting = matches!(name, "market" | "venue");
        Some(Field {
            field: name.to_owned(),
            value: Value::Text(value.unwrap_or_default()),
            was: was(name).flatten().map(Value::Text),
            movement,
            target: None,
            source: if is_setting {
                Source::Settings
            } else {
                Source::Run
            },
            regime: None,
            clamps: Vec::new(),
            features: BTreeMap::new(),
        })
    })
}

fn state(input: &Input<'_>, regimes: Regimes, universe: &Universe, settings: &Settings) -> State {
    let leverage = universe
        .members
        .iter()
        .map(|(symbol, it)| (*symbol, it.unrounded));
    State {
        window_end: Some(input.features.window_end()),
        market: regimes.market,
        symbols: regimes.symbols,
        leverage: leverage.collect(),
        validity_sec: Some(settings.validity_sec.value),
        ..State::empty()
    }
}
