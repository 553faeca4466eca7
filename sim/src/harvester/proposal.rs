//! Proposals, as executors and dashboards read them: the fields of the hash, and of the stream's entry.
//!
//! | field | in a proposal |
//! |---|---|
//! | `symbol`, `side` | whose position, and which way it points where it says so |
//! | `action` | `NONE`, `PARTIAL_25`, `PARTIAL_50`, `PARTIAL_75` or `FULL_CLOSE_PROPOSED` |
//! | `share` | of the current size to close: 0.25, 0.5, 0.75 or 1; absent for `NONE` |
//! | `stop_proposed` | where to pull the stop, if anywhere |
//! | `stop_source` | where the distance of the stop came from: `risk:…`, `position:…` or `policy:…` |
//! | `r_net`, `risk_unit`, `cost` | where R is known |
//! | `kill_score`, `k_regime_flip`, `k_sigma_spike`, `k_ts_drop`, `k_age_penalty` | where K is known |
//! | `reasons` | names, with commas; absent where there are none |
//! | `harvested` | the stage before; absent where it cannot be read |
//! | `opened_at` | when the position was opened (epoch ms); absent where it does not say |
//! | `policy_version`, `policy_hash` | whose parameters these are |
//! | `decided_at` | epoch ms |
//! | `source`, `exit_rule` | who proposes, and by which rule: `owner` or `delegate` |
//!
//! When a position ends, its hash is removed, and the stream has an entry with `symbol`, the action `NONE`, the
//! `reason` `HARVEST_NO_POSITION`, and `decided_at`, `source` and `exit_rule`.

use portcullis::{
    decide::Reason,
    domain::{Instant, Symbol},
    harvest::{Harvest, HarvestAction, Harvested, KillScore, Stage},
    provenance::Source,
};

use super::{Authority, position::Seen};

/// The fields by which proposals are told apart, in the order in which the script compares them. The last one
/// is no change by itself.
pub(super) const FACE: [&str; 6] = [
    "action",
    "stop_proposed",
    "reasons",
    "side",
    "opened_at",
    "harvested",
];

/// What those fields hold; nothing is no bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Face(pub(super) [Vec<u8>; 6]);

impl Face {
    /// What a harvest would be proposed as.
    pub(super) fn of(harvest: &Harvest<'_>, seen: &Seen, harvested: Harvested) -> Self {
        let texts = [
            harvest.action().to_string(),
            text(harvest.stop().map(|stop| stop.value().get())),
            reasons(harvest),
            text(harvest.side()),
            text(opened_at(seen)),
            text(stage(harvested)),
        ];
        Self(texts.map(String::into_bytes))
    }

    /// There is no proposal.
    pub(super) fn is_blank(&self) -> bool {
        *self == Self::default()
    }

    /// Whether both propose the same for the same position.
    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        let [action, stop, reasons, side, opened_at, _] = &self.0;
        let face = [action, stop, reasons, side, opened_at];
        let [action, stop, reasons, side, opened_at, _] = &other.0;
        face == [action, stop, reasons, side, opened_at]
    }

    /// The stage before, where this proposes to take `taken` of a position of this opening.
    pub(super) fn stage_before(&self, taken: Stage, seen: &Seen) -> Option<Stage> {
        let [action, _, _, _, opened, before] = &self.0;
        let is_it = taken != Stage::None
            && *action == HarvestAction::from(taken).as_str().as_bytes()
            && *opened == text(opened_at(seen)).into_bytes();
        let before = std::str::from_utf8(before).ok().filter(|_| is_it)?;
        Stage::parse(before)
    }
}

/// Names and values, one after the other.
#[derive(Debug, Default)]
pub(super) struct Items(Vec<String>);

impl Items {
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    fn put(&mut self, name: &str, value: impl ToString) {
        self.0.push(name.to_owned());
        self.0.push(value.to_string());
    }

    fn put_some(&mut self, name: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }
}

/// A proposal.
pub(super) fn proposal(
    harvest: &Harvest<'_>,
    seen: &Seen,
    harvested: Harvested,
    authority: &Authority,
    now: Instant,
) -> Items {
    let mut items = Items::default();
    let action = harvest.action();
    items.put("symbol", harvest.symbol().as_str());
    items.put_some("side", harvest.side());
    items.put("action", action);
    items.put_some("share", Some(action.share()).filter(|share| *share > 0.0));
    items.put_some(
        "stop_proposed",
        harvest.stop().map(|stop| stop.value().get()),
    );
    if let Ok(r) = harvest.r() {
        items.put("stop_source", stop_source(r.stop().source(), seen));
        items.put("r_net", r.r_net().get());
        items.put("risk_unit", r.risk_unit().value());
        items.put("cost", r.cost().value());
    }
    put_kill(&mut items, harvest.kill().ok());
    items.put_some(
        "reasons",
        Some(reasons(harvest)).filter(|reasons| !reasons.is_empty()),
    );
    items.put_some("harvested", stage(harvested));
    items.put_some("opened_at", opened_at(seen));
    items.put("policy_version", harvest.policy().version());
    items.put("policy_hash", harvest.policy().hash());
    put_author(&mut items, authority, now);
    items
}

/// The end of a position.
pub(super) fn end(symbol: Symbol, authority: &Authority, now: Instant) -> Items {
    let mut items = Items::default();
    items.put("symbol", symbol.as_str());
    items.put("action", HarvestAction::None);
    items.put("reason", Reason::HarvestNoPosition.code());
    put_author(&mut items, authority, now);
    items
}

/// The engine is told one distance, and calls it the position's.
fn stop_source(source: Source, seen: &Seen) -> String {
    if let Source::Position(field) = source
        && seen.stop_is_proposed
    {
        format!("risk:{field}")
    } else {
        source.to_string()
    }
}

fn put_kill(items: &mut Items, kill: Option<&KillScore>) {
    if let Some(kill) = kill {
        items.put("kill_score", kill.k());
        items.put("k_regime_flip", kill.regime_flip());
        items.put("k_sigma_spike", kill.sigma_spike());
        items.put("k_ts_drop", kill.ts_drop());
        items.put("k_age_penalty", kill.age_penalty());
    }
}

fn put_author(items: &mut Items, authority: &Authority, now: Instant) {
    items.put("decided_at", now.as_millis());
    items.put("source", authority.name());
    items.put("exit_rule", authority.rule().as_str());
}

fn text(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn reasons(harvest: &Harvest<'_>) -> String {
    let names: Vec<&str> = harvest.reasons().iter().collect();
    names.join(",")
}

fn opened_at(seen: &Seen) -> Option<i64> {
    seen.opening.at().map(|at| at.as_millis())
}

fn stage(harvested: Harvested) -> Option<HarvestAction> {
    match harvested {
        Harvested::Stage(stage) => Some(stage.into()),
        Harvested::Unreadable => None,
    }
}
