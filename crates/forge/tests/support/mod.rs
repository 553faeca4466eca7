//! Inputs of the forge for tests.

use std::{collections::BTreeMap, sync::LazyLock};

use portcullis::{
    Guardrails, Policy,
    policy::Listing,
    types::{Symbol, Timestamp},
};
use portcullis_forge::{
    Derivation, Features, Field, ForgeError, Forged, Loosening, Run, State, Targets, Templates,
    Value, forge,
};
use serde_json::{Value as Json, json};

/// The time of minute 0.
const START_SEC: i64 = 1_767_571_200;

/// Returns the page of the documentation.
pub(crate) const PAGE: &str = include_str!("../../../../docs/forge.md");

/// Returns the code blocks of the page in a language.
pub(crate) fn blocks(language: &str) -> Vec<&'static str> {
    let start = format!("```{language}\n");
    let after = PAGE.split(start.as_str()).skip(1);
    after.map(|it| it.split("```").next().unwrap()).collect()
}

/// The templates of the page as a table.
pub(crate) static TABLE: LazyLock<toml::Table> =
    LazyLock::new(|| templates_text().parse().unwrap());

/// Returns the templates of the page.
pub(crate) fn templates_text() -> String {
    blocks("toml").concat()
}

/// Parses the templates of the page after replacements, each of which must apply.
pub(crate) fn templates(replacements: &[(&str, &str)]) -> Templates {
    Templates::from_toml(&replaced(replacements)).unwrap()
}

pub(crate) fn replaced(replacements: &[(&str, &str)]) -> String {
    let mut text = templates_text();
    for (from, to) in replacements {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    text
}

pub(crate) fn minute(minute: i64) -> Timestamp {
    Timestamp::from_millis((START_SEC + minute * 60) * 1000).unwrap()
}

pub(crate) fn symbol(name: &str) -> Symbol {
    Symbol::new(name).unwrap()
}

/// The features of a calm market with a trend. The computed leverage of the regime `trend` is 12.
pub(crate) fn trend() -> Json {
    json!({"sigma": 0.02, "ts": 0.55, "p_chop": 0.3, "spread": 0.0001, "volume": 9e7, "flat": 0})
}

/// Returns features in which one field has another value.
pub(crate) fn with(features: &Json, field: &str, value: Json) -> Json {
    let mut features = features.clone();
    features[field] = value;
    features
}

pub(crate) fn features(at: i64, symbols: &Json) -> Features {
    let text = json!({"window_end": minute(at).to_string(), "symbols": symbols}).to_string();
    Features::from_json(&text).unwrap()
}

/// Returns the harvest parameters of a regime of the page, as JSON.
pub(crate) fn theta(regime: &str) -> (Json, Json) {
    let group = |name: &str| serde_json::to_value(&TABLE["regimes"][regime][name]).unwrap();
    (group("harvest_params"), group("kill_params"))
}

/// Returns a policy with the harvest parameters of a regime of the page, valid for an hour from minute 0.
pub(crate) fn policy(regime: &str, leverages: &Json) -> Policy {
    let (harvest, kill) = theta(regime);
    let symbols: Vec<&String> = leverages.as_object().unwrap().keys().collect();
    let document = json!({
        "policy_version": "by hand", "valid_from_epoch": START_SEC, "valid_until_epoch": START_SEC + 3600,
        "universe_symbols": symbols, "leverage_by_symbol": leverages, "harvest_params": harvest, "kill_params": kill,
        "limits": {"max_notional_usd": 20000, "max_intent_age_sec": 60}, "harvest_grace_sec": 7200,
    });
    Policy::from_json(&document.to_string()).unwrap()
}

/// Returns the leverages of a policy.
pub(crate) fn leverages(policy: &Policy) -> BTreeMap<String, f64> {
    let in_force = policy.in_force(policy.valid_until()).unwrap();
    let leverage = |symbol: Symbol| match in_force.listing(&symbol) {
        Listing::Leverage(leverage) => Some((symbol.to_string(), leverage.get())),
        Listing::NoLeverage | Listing::NotInUniverse => None,
    };
    policy.symbols().filter_map(leverage).collect()
}

/// Returns a field of a derivation.
pub(crate) fn field<'a>(derivation: &'a Derivation, path: &str) -> &'a Field {
    let mut fields = derivation.fields.iter();
    fields
        .find(|it| it.field == path)
        .unwrap_or_else(|| panic!("{path}"))
}

pub(crate) fn number(derivation: &Derivation, path: &str) -> f64 {
    match &field(derivation, path).value {
        Value::Number(number) => *number,
        other @ (Value::Text(_) | Value::Symbols(_)) => panic!("{path} is {other:?}"),
    }
}

/// The inputs of a run except the features.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) templates: Templates,
    pub(crate) targets: Option<Targets>,
    pub(crate) state: State,
    pub(crate) active: Option<Policy>,
    pub(crate) day_ago: Option<Policy>,
    pub(crate) guardrails: Guardrails,
    pub(crate) loosening: Loosening,
}

impl World {
    /// Creates a world without policies.
    pub(crate) fn new(templates: Templates) -> Self {
        Self {
            templates,
            targets: None,
            state: State::empty(),
            active: None,
            day_ago: None,
            guardrails: Guardrails::none(),
            loosening: Loosening::Bounded,
        }
    }

    /// Creates a world in which a policy is active now and was active 24 hours ago.
    pub(crate) fn with_policy(templates: Templates, policy: &Policy) -> Self {
        Self {
            active: Some(policy.clone()),
            day_ago: Some(policy.clone()),
            ..Self::new(templates)
        }
    }

    /// Runs the forge at the end of the window.
    pub(crate) fn forge(&self, features: &Features) -> Result<Forged, ForgeError> {
        forge(&Run {
            features,
            templates: &self.templates,
            targets: self.targets.as_ref(),
            state: &self.state,
            active: self.active.as_ref(),
            day_ago: self.day_ago.as_ref(),
            guardrails: &self.guardrails,
            loosening: self.loosening,
            now: features.window_end(),
        })
    }

    /// Runs the forge, keeps the state, and publishes the draft.
    pub(crate) fn publish(&mut self, features: &Features) -> Forged {
        let forged = self.forge(features).unwrap();
        self.state = forged.state().clone();
        self.active = Some(forged.draft().clone());
        forged
    }
}
