//! The numbers of an earlier policy.

use std::collections::BTreeMap;

use num_traits::ToPrimitive;
use portcullis::{
    Policy,
    policy::Listing,
    provenance::Source,
    types::{Symbol, Timestamp},
};

use crate::{
    json,
    parameter::{Limit, Parameter},
};

/// The numbers of a policy that was published before, also if it has expired.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Previous {
    pub(crate) symbols: Vec<Symbol>,
    pub(crate) leverage: BTreeMap<Symbol, f64>,
    pub(crate) theta: BTreeMap<Parameter, f64>,
    pub(crate) limits: BTreeMap<Limit, f64>,
    /// The validity in seconds; `None` if the policy has no `valid_from_epoch`.
    pub(crate) validity_sec: Option<f64>,
    pub(crate) grace_sec: f64,
    pub(crate) market: Option<String>,
    pub(crate) venue: Option<String>,
}

impl Previous {
    /// Reads the numbers of a policy. Returns `None` if the policy can never be in force.
    pub(crate) fn of(policy: &Policy) -> Option<Self> {
        let at = policy.valid_until();
        let in_force = policy.in_force(at).ok()?;
        let theta = policy.theta_in_force(at).ok()?.theta();
        let leverage = |symbol: Symbol| match in_force.listing(&symbol) {
            Listing::Leverage(leverage) => Some((symbol, leverage.get())),
            Listing::NoLeverage | Listing::NotInUniverse => None,
        };
        let parameter =
            |path: Source| Parameter::all().find(|it| Source::Policy(it.path()) == path);
        let text = |name: &str| policy.fields().get(name).map(String::as_str);
        // The policy is valid, so its limits are numbers or null, and its grace is a number.
        let limits: BTreeMap<Limit, Option<json::Exact>> = text("limits")
            .and_then(|limits| serde_json::from_str(limits).ok())
            .unwrap_or_default();
        let grace = text("harvest_grace_sec").and_then(|grace| grace.parse().ok());
        Some(Self {
            symbols: policy.symbols().collect(),
            leverage: policy.symbols().filter_map(leverage).collect(),
            theta: theta
                .iter()
                .filter_map(|it| Some((parameter(it.source())?, it.value())))
                .collect(),
            limits: limits
                .into_iter()
                .filter_map(|(limit, value)| Some((limit, value?.0)))
                .collect(),
            validity_sec: policy.valid_from().and_then(|from| seconds(from, at)),
            grace_sec: grace.unwrap_or(0.0),
            market: policy.market().map(str::to_owned),
            venue: policy.venue().map(str::to_owned),
        })
    }
}

pub(crate) fn seconds(from: Timestamp, until: Timestamp) -> Option<f64> {
    let micros = until.since(from).as_micros().to_f64()?;
    Some(micros / 1e6)
}
