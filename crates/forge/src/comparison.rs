//! Comparison of two policies: the fields that are looser and those that are tighter.

use std::collections::BTreeSet;

use portcullis::{
    Policy,
    policy::{canonical_hash, field},
    types::{Symbol, Timestamp},
};
use serde_json::{Map, Value, json};

use crate::{
    derivation::{Derivation, LeftReason, Movement, Source},
    draft::{epoch_seconds, plain},
    parameter::{Limit, Parameter, Tighter},
    previous::{Previous, seconds},
};

/// The differences between an active policy and a draft, and the direction of each.
///
/// Only fields that can change a decision or a harvest are compared. A symbol for which only the draft has a leverage is
/// looser, and one for which only the active policy has a leverage is tighter. A limit that only the draft has is tighter.
/// Another `market` or `venue` is looser. The validity is compared by its length; if the active policy does not state its
/// begin, a later expiry is looser, and an earlier one tighter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison(Vec<(String, Movement)>);

impl Comparison {
    /// Compares a draft that is published at `now` with the active policy. Returns `None` if one of the two can never
    /// be in force.
    #[must_use]
    pub fn of(active: &Policy, draft: &Policy, now: Timestamp) -> Option<Self> {
        let (was, new) = (Previous::of(active)?, Previous::of(draft)?);
        let mut fields = Vec::new();
        let mut add = |field: String, movement| {
            if movement != Movement::Unchanged {
                fields.push((field, movement));
            }
        };
        for symbol in was
            .leverage
            .keys()
            .chain(new.leverage.keys())
            .collect::<BTreeSet<_>>()
        {
            let movement = match (was.leverage.get(symbol), new.leverage.get(symbol)) {
                (was, Some(new)) => Movement::of(Tighter::Lower, *new, was.copied()),
                (_, None) => Movement::Tighter,
            };
            add(format!("leverage_by_symbol.{symbol}"), movement);
        }
        for it in Parameter::all() {
            let numbers = [&was, &new].map(|policy| policy.theta.get(&it).copied());
            add(it.path().to_owned(), moved(it.tighter(), numbers));
        }
        for it in Limit::all() {
            let numbers = [&was, &new].map(|policy| policy.limits.get(&it).copied());
            add(it.path().to_owned(), moved(it.tighter(), numbers));
        }
        let grace = Movement::of(Tighter::Lower, new.grace_sec, Some(was.grace_sec));
        add("harvest_grace_sec".to_owned(), grace);
        add(
            field::VALID_UNTIL_EPOCH.to_owned(),
            validity(active, draft, now),
        );
        for (name, was, new) in [
            ("market", &was.market, &new.market),
            ("venue", &was.venue, &new.venue),
        ] {
            if was != new {
                add(name.to_owned(), Movement::Looser);
            }
        }
        Some(Self(fields))
    }

    /// Compares the targets of a derivation with a policy. Unlike the numbers of a draft, targets are not bounded by steps,
    /// so a policy that is ahead of the draft is compared with where the draft is going. Returns `None` if the policy can
    /// never be in force.
    ///
    /// Compared are leverages, harvest parameters and limits. A symbol of the policy that cannot be in the universe is
    /// tighter; one that only waits for a later run is not compared. A limit for which there is no target is not compared.
    #[must_use]
    pub fn of_targets(policy: &Policy, derivation: &Derivation) -> Option<Self> {
        let was = Previous::of(policy)?;
        let target = |path: &str| {
            let mut fields = derivation.fields.iter();
            let field = fields.find(|it| it.field == path && it.source != Source::Previous)?;
            field.target
        };
        let mut fields = Vec::new();
        for (symbol, leverage) in &was.leverage {
            let path = format!("leverage_by_symbol.{}", symbol.as_str());
            let movement = match target(&path) {
                Some(target) => Movement::of(Tighter::Lower, target, Some(*leverage)),
                None if derivation.is_waiting(symbol) => Movement::Unchanged,
                None => Movement::Tighter,
            };
            fields.push((path, movement));
        }
        let theta = Parameter::all().map(|it| (it.path(), it.tighter(), was.theta.get(&it)));
        let limits = Limit::all().map(|it| (it.path(), it.tighter(), was.limits.get(&it)));
        for (path, tighter, was) in theta.chain(limits) {
            if let Some(target) = target(path) {
                let numbers = [was.copied(), Some(target)];
                fields.push((path.to_owned(), moved(tighter, numbers)));
            }
        }
        fields.retain(|(_, movement)| *movement != Movement::Unchanged);
        Some(Self(fields))
    }

    /// Returns the paths of the fields that are looser.
    pub fn looser(&self) -> impl Iterator<Item = &str> {
        self.moved(Movement::Looser)
    }

    /// Returns the paths of the fields that are tighter.
    pub fn tighter(&self) -> impl Iterator<Item = &str> {
        self.moved(Movement::Tighter)
    }

    fn moved(&self, movement: Movement) -> impl Iterator<Item = &str> {
        let fields = self.0.iter().filter(move |(_, it)| *it == movement);
        fields.map(|(field, _)| field.as_str())
    }
}

impl Derivation {
    /// Returns true if a symbol is not in the universe only because a bound on new symbols holds it back.
    fn is_waiting(&self, symbol: &Symbol) -> bool {
        let mut left = self.left.iter();
        let left = left.find(|it| it.symbol == symbol.as_str());
        left.is_some_and(|it| match it.reason {
            LeftReason::MaxNew(_) | LeftReason::MaxNew24h(_) | LeftReason::Held => true,
            LeftReason::NotInTemplates
            | LeftReason::NotInGuardrails
            | LeftReason::Missing(_)
            | LeftReason::ConstantPrice
            | LeftReason::Below { .. }
            | LeftReason::Above { .. }
            | LeftReason::MaxMembers(_) => false,
        })
    }
}

/// Returns the tightening part of a draft: of each number the tighter one of the draft and the active policy, and only
/// symbols that both contain. Returns `None` if no field of it is tighter than in the active policy,
/// or if one of the policies can never be in force.
#[must_use]
pub fn tightening_part(active: &Policy, draft: &Policy, now: Timestamp) -> Option<Policy> {
    let (was, new) = (Previous::of(active)?, Previous::of(draft)?);
    let lower = |symbol: &Symbol, new: f64| Some((*symbol, new.min(*was.leverage.get(symbol)?)));
    let leverage = new.leverage.iter();
    let leverage: Vec<(Symbol, f64)> = leverage
        .filter_map(|(symbol, new)| lower(symbol, *new))
        .collect();
    // Without a common symbol, the policy lists symbols without leverages, so that all entries are skipped.
    let listed: Vec<Symbol> = match leverage.as_slice() {
        [] => was.symbols.clone(),
        both => both.iter().map(|(symbol, _)| *symbol).collect(),
    };
    let numbers = |group: &str| {
        let theta = Parameter::all().map(|it| {
            let numbers = [&was, &new].map(|policy| policy.theta.get(&it).copied());
            (it.path(), tighter_of(it.tighter(), numbers))
        });
        let limits = Limit::all().map(|it| {
            let numbers = [&was, &new].map(|policy| policy.limits.get(&it).copied());
            (it.path(), tighter_of(it.tighter(), numbers))
        });
        let named = theta.chain(limits).filter_map(|(path, number)| {
            let name = path.strip_prefix(group)?.strip_prefix('.')?;
            Some((name.to_owned(), Value::Number(plain(number?)?)))
        });
        Value::Object(named.collect::<Map<String, Value>>()).to_string()
    };
    let leverage: Map<String, Value> = leverage
        .iter()
        .filter_map(|(symbol, leverage)| Some((symbol.to_string(), plain(*leverage)?.into())))
        .collect();
    let mut fields = draft.fields().clone();
    for name in [
        field::POLICY_HASH,
        field::POLICY_SEQ,
        field::POLICY_SIG,
        "market",
        "venue",
    ] {
        fields.remove(name);
        // The market and the venue are those of the active policy.
        if let Some(text) = active
            .fields()
            .get(name)
            .filter(|_| matches!(name, "market" | "venue"))
        {
            fields.insert(name.to_owned(), text.clone());
        }
    }
    let names: Vec<&str> = listed.iter().map(Symbol::as_str).collect();
    let (until, grace_sec) = (
        shorter(active, draft, now)?,
        was.grace_sec.min(new.grace_sec),
    );
    for (name, text) in [
        ("universe_symbols", json!(names).to_string()),
        ("leverage_by_symbol", Value::Object(leverage).to_string()),
        ("harvest_params", numbers("harvest_params")),
        ("kill_params", numbers("kill_params")),
        ("limits", numbers("limits")),
        ("harvest_grace_sec", plain(grace_sec)?.to_string()),
        (field::VALID_UNTIL_EPOCH, epoch_seconds(until).to_string()),
        (
            field::POLICY_VERSION,
            format!("{}-tightening", draft.version()),
        ),
    ] {
        // An optional group without numbers is absent.
        if text == "{}" && name != "leverage_by_symbol" {
            fields.remove(name);
        } else {
            fields.insert(name.to_owned(), text);
        }
    }
    let pairs = fields
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()));
    let hash = canonical_hash(pairs).to_string();
    fields.insert(field::POLICY_HASH.to_owned(), hash);
    let part = Policy::from_fields(fields).ok()?;
    let comparison = Comparison::of(active, &part, now)?;
    let is_tighter = comparison.tighter().next().is_some() && comparison.looser().next().is_none();
    is_tighter.then_some(part)
}

/// Compares a number of two policies. Its absence is looser than any value.
fn moved(tighter: Tighter, [was, new]: [Option<f64>; 2]) -> Movement {
    match (was, new) {
        (None, None) => Movement::Unchanged,
        (None, Some(_)) => Movement::Tighter,
        (Some(_), None) => Movement::Looser,
        (Some(was), Some(new)) => Movement::of(tighter, new, Some(was)),
    }
}

/// Returns the tighter one of two numbers, or the only one.
fn tighter_of(tighter: Tighter, [was, new]: [Option<f64>; 2]) -> Option<f64> {
    match (was, new) {
        (Some(was), Some(new)) if tighter.is_looser(new, was) => Some(was),
        (was, new) => new.or(was),
    }
}

/// Returns the time from which the validity of a draft is counted.
fn begin(draft: &Policy, now: Timestamp) -> Timestamp {
    draft.valid_from().map_or(now, |from| from.min(now))
}

fn validity(active: &Policy, draft: &Policy, now: Timestamp) -> Movement {
    let new = seconds(begin(draft, now), draft.valid_until());
    let was = active
        .valid_from()
        .and_then(|from| seconds(from, active.valid_until()));
    match (was, new) {
        (Some(was), Some(new)) => Movement::of(Tighter::Lower, new, Some(was)),
        _ if draft.valid_until() > active.valid_until() => Movement::Looser,
        _ if draft.valid_until() < active.valid_until() => Movement::Tighter,
        _ => Movement::Unchanged,
    }
}

/// Returns the expiry of a draft; if its validity is looser than that of the active policy, the latest expiry that is not
/// looser.
fn shorter(active: &Policy, draft: &Policy, now: Timestamp) -> Option<Timestamp> {
    if validity(active, draft, now) != Movement::Looser {
        return Some(draft.valid_until());
    }
    let Some(from) = active.valid_from() else {
        return Some(active.valid_until());
    };
    Some(begin(draft, now).saturating_add(active.valid_until().since(from)))
}
