//! Fields of proposals, in the hash and in the stream entry.
//!
//! | field | meaning |
//! |---|---|
//! | `symbol`, `side` | symbol and side of the position; `side` is absent if the position has none |
//! | `action` | `NONE`, `PARTIAL_25`, `PARTIAL_50`, `PARTIAL_75` or `FULL_CLOSE_PROPOSED` |
//! | `close_quantity` | quantity to close, in units of the symbol; absent for `NONE`, or if the quantity of the position is unknown |
//! | `close_fraction` | the same as a share of the current quantity; absent for `NONE` |
//! | `stop_proposed` | new stop price; absent if the stop does not move |
//! | `stop_source` | source of the stop distance: `risk:…`, `position:…` or `policy:…` |
//! | `r_net`, `risk_unit`, `cost` | R multiple after costs, and the risk and the costs of one unit in USD; absent if R is unknown |
//! | `kill_score`, `k_regime_flip`, `k_sigma_spike`, `k_ts_drop`, `k_age_penalty` | kill score K and its four components before their weights; absent if K is unknown |
//! | `reasons` | names of the harvest reasons, separated by commas; absent if there are none |
//! | `harvested` | the previous stage; absent if it is unreadable |
//! | `peak_quantity` | the largest quantity since the position was opened; absent if it is unknown |
//! | `opened_at` | opening time of the position (epoch ms); absent if it is unknown |
//! | `policy_version`, `policy_hash` | the policy whose parameters were used |
//! | `decided_at` | time of the decision (epoch ms) |
//! | `source`, `exit_rule` | the proposing service, and the rule that allows it: `owner` or `delegate` |
//!
//! When a position ends, its proposal is removed from the hash, and an entry is added to the stream
//! with `symbol`, the `action` `NONE`, the `reason` `HARVEST_NO_POSITION`, `decided_at`, `source`
//! and `exit_rule`.

use portcullis::{
    decide::SkipCode,
    harvest::{Harvest, HarvestAction, Harvested, KillScore, Stage},
    provenance::Source,
    types::{Symbol, Timestamp},
};

use super::{Authority, position::ObservedPosition};

/// The fields that distinguish proposals, in the order in which the script compares them. If only
/// the last one differs, the proposal is not new.
pub(super) const COMPARED_FIELDS: [&str; 7] = [
    "action",
    "stop_proposed",
    "reasons",
    "side",
    "opened_at",
    "peak_quantity",
    "harvested",
];

/// Values of the fields [`COMPARED_FIELDS`]. An empty value means that the field is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ComparedFields(pub(super) [Vec<u8>; 7]);

impl ComparedFields {
    /// Returns the values that the proposal of a harvest would have.
    pub(super) fn of(
        harvest: &Harvest<'_>,
        seen: &ObservedPosition,
        peak: Option<f64>,
        harvested: Harvested,
    ) -> Self {
        let texts = [
            harvest.action().to_string(),
            text(harvest.stop().map(|stop| stop.value().get())),
            reasons(harvest),
            text(harvest.side()),
            text(opened_at(seen)),
            text(peak),
            text(stage(harvested)),
        ];
        Self(texts.map(String::into_bytes))
    }

    /// Returns true if there is no proposal.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns true if both propose the same change of the same position.
    pub(super) fn proposes_the_same(&self, other: &Self) -> bool {
        let ([own @ .., _], [others @ .., _]) = (&self.0, &other.0);
        own == others
    }

    /// Returns the previous stage, if this proposal is for the stage `taken` of a position with this opening time.
    pub(super) fn stage_before(&self, taken: Stage, seen: &ObservedPosition) -> Option<Stage> {
        let [action, _, _, _, opened, _, before] = &self.0;
        let is_it = taken != Stage::None
            && *action == HarvestAction::from(taken).as_str().as_bytes()
            && *opened == text(opened_at(seen)).into_bytes();
        let before = std::str::from_utf8(before).ok().filter(|_| is_it)?;
        Stage::parse(before)
    }
}

/// A new proposal with the values on which it depends.
#[derive(Debug)]
pub(super) struct Proposal<'p> {
    pub(super) harvest: Harvest<'p>,
    /// The stage that was taken before.
    pub(super) harvested: Harvested,
    /// The largest quantity of the position, if it is known.
    pub(super) peak: Option<f64>,
    /// The new memory, if it changes.
    pub(super) memory: Option<String>,
}

/// Names and values of fields, alternating.
#[derive(Debug, Default)]
pub(super) struct Items(Vec<String>);

impl Items {
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Renames fields. `names` are pairs of the new name and this project's name.
    pub(super) fn renamed(mut self, names: &[(&str, &str)]) -> Self {
        for name in self.0.iter_mut().step_by(2) {
            if let Some((new, _)) = names.iter().find(|(_, own)| own == name) {
                *name = (*new).to_owned();
            }
        }
        self
    }

    pub(super) fn put(&mut self, name: &str, value: impl ToString) {
        self.0.push(name.to_owned());
        self.0.push(value.to_string());
    }

    fn put_some(&mut self, name: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }
}

/// Returns the fields of a proposal.
pub(super) fn proposal(
    Proposal {
        harvest,
        harvested,
        peak,
        ..
    }: &Proposal<'_>,
    seen: &ObservedPosition,
    authority: &Authority,
    now: Timestamp,
) -> Items {
    let mut items = Items::default();
    let action = harvest.action();
    items.put("symbol", harvest.symbol().as_str());
    items.put_some("side", harvest.side());
    items.put("action", action);
    items.put_some("close_quantity", harvest.close_quantity());
    items.put_some("close_fraction", harvest.close_fraction());
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
    items.put_some("harvested", stage(*harvested));
    items.put_some("peak_quantity", *peak);
    items.put_some("opened_at", opened_at(seen));
    items.put("policy_version", harvest.policy().version());
    items.put("policy_hash", harvest.policy().hash());
    put_author(&mut items, authority, now);
    items
}

/// Returns the fields of the stream entry for the end of a position.
pub(super) fn end(symbol: Symbol, authority: &Authority, now: Timestamp) -> Items {
    let mut items = Items::default();
    items.put("symbol", symbol.as_str());
    items.put("action", HarvestAction::None);
    items.put("reason", SkipCode::HarvestNoPosition.code());
    put_author(&mut items, authority, now);
    items
}

/// Returns the source of the stop distance. The engine receives only one distance and names the position as its source.
/// If the distance came from a risk proposal, this function names the risk proposal instead.
fn stop_source(source: Source, seen: &ObservedPosition) -> String {
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

pub(super) fn put_author(items: &mut Items, authority: &Authority, now: Timestamp) {
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

fn opened_at(seen: &ObservedPosition) -> Option<i64> {
    seen.opening.at().map(|at| at.as_millis())
}

fn stage(harvested: Harvested) -> Option<HarvestAction> {
    match harvested {
        Harvested::Stage(stage) | Harvested::AtLeast(stage) => Some(stage.into()),
        Harvested::Unreadable => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::fields::StoredHash, *};

    #[test]
    fn the_previous_stage_comes_from_the_proposal_of_the_taken_stage_of_this_position() {
        let fields = [("opened_at_ms", "1767571200000")].into_iter().collect();
        let now = Timestamp::from_millis(1_767_571_260_000).unwrap();
        let symbol = Symbol::new("BTCUSDT").unwrap();
        let seen = ObservedPosition::read(symbol, &fields, &StoredHash::Absent, now).unwrap();
        let before = |taken, [action, opened, harvested]: [&str; 3]| {
            let texts = [action, "", "", "", opened, "", harvested];
            let last = ComparedFields(texts.map(|text| text.as_bytes().to_vec()));
            last.stage_before(taken, &seen)
        };
        let opened = "1767571200000";
        for (taken, fields, expected) in [
            (
                Stage::Partial50,
                ["PARTIAL_50", opened, "PARTIAL_25"],
                Some(Stage::Partial25),
            ),
            (
                Stage::Partial25,
                ["PARTIAL_25", opened, "NONE"],
                Some(Stage::None),
            ),
            (Stage::Partial50, ["PARTIAL_25", opened, "NONE"], None),
            (
                Stage::Partial50,
                ["FULL_CLOSE_PROPOSED", opened, "PARTIAL_25"],
                None,
            ),
            (Stage::None, ["NONE", opened, "NONE"], None),
            (
                Stage::Partial50,
                ["PARTIAL_50", "1767571200001", "PARTIAL_25"],
                None,
            ),
            (Stage::Partial50, ["PARTIAL_50", "", "PARTIAL_25"], None),
            (Stage::Partial50, ["PARTIAL_50", opened, ""], None),
        ] {
            assert_eq!(before(taken, fields), expected, "{taken:?} {fields:?}");
        }
    }
}
