//! Profiles: the field names, keys and values of other services on the same server.
//!
//! A profile contains data only. The bridge, the harvester and the recorder use it where they read from or write to the
//! server. `docs/quantum-trader.md` lists the values of the only profile.

use std::time::Duration;

use portcullis_store::redis::Switches;

use crate::keys::{MARKET, POSITION};

/// Pairs of names: the name that the other services use, and the name that this crate uses.
pub type Names = &'static [(&'static str, &'static str)];

/// The names, keys and values of a set of services.
#[derive(Debug)]
pub struct Profile {
    /// The name of the profile.
    pub name: &'static str,
    /// The services that may close positions, in addition to the exit owner and the delegates of the operator.
    pub delegates: &'static [&'static str],
    /// The keys that halt all entries.
    pub switches: Switches,
    /// The largest guardrail `max_stop_distance` with which the bridge starts. Without a bound, a percentage that a
    /// service writes into the price of a stop would be used as a price.
    pub stop_distance_max: f64,
    /// The renamed fields of intents.
    pub intent_fields: Names,
    /// The renamed fields of positions. A field with this crate's name takes precedence.
    pub position_fields: Names,
    /// The field with the age of a position, in seconds, at the time of its report.
    pub position_age: &'static str,
    /// The renamed fields of market states.
    pub market_fields: Names,
    /// The renamed fields of proposals.
    pub proposal_fields: Names,
    /// Fields that other services add to a proposal.
    pub foreign_proposal_fields: &'static [&'static str],
    /// The plans of the executor.
    pub plans: PlanFormat,
}

/// The form of the plans that an executor accepts.
#[derive(Debug)]
pub struct PlanFormat {
    /// The value of `source` and `signature`.
    pub author: &'static str,
    /// The `action` of an entry.
    pub entry_action: &'static str,
    /// The `action` of an exit that closes the whole position, or a part that is not known.
    pub close_action: &'static str,
    /// Pairs of a share of the position and the `action` of an exit that closes this share, in ascending order of the
    /// share. An exit has the action of the nearest share.
    pub partial_actions: &'static [(f64, &'static str)],
    /// Numbers of the intent that the plan passes on if they are finite.
    pub forwarded_numbers: &'static [&'static str],
    /// Texts of the intent that the plan passes on.
    pub forwarded_texts: &'static [&'static str],
    /// The prefix of the key of a permit. The id of the plan follows.
    pub permits: &'static str,
    /// The longest lifetime of a permit.
    pub permit_lifetime: Duration,
    /// The prefix of the hash of a position. The symbol follows.
    pub positions: &'static str,
    /// The fields with the quantity of a position. If several are present, they must agree.
    pub position_quantities: &'static [&'static str],
    /// The hashes that contain a mark price. The latest mark price is used.
    pub marks: &'static [MarkSource],
    /// The default maximum age of a mark price from which a quantity is computed.
    pub mark_age_max: Duration,
}

/// A hash with a mark price.
#[derive(Debug)]
pub struct MarkSource {
    /// The prefix of the key. The symbol follows.
    pub prefix: &'static str,
    /// The field with the price.
    pub price: &'static str,
    /// The field with the time of the price: epoch seconds or ISO-8601.
    pub time: &'static str,
    /// The source of the price, as a plan names it.
    pub source: &'static str,
}

/// The services of `quantum-trader`.
pub static QUANTUM_TRADER: Profile = Profile {
    name: "quantum-trader",
    delegates: &[
        "exitbrain_v3_5",
        "harvest_brain",
        "manual_close",
        "emergency_stop",
        "reconcile_engine",
    ],
    switches: Switches::new(
        &[
            "quantum:kill",
            "quantum:global:kill_switch",
            "quantum:system:mode",
        ],
        &["0", "false", "no"],
    ),
    stop_distance_max: 0.5,
    intent_fields: &[("percentage", "fraction")],
    position_fields: &[("created_at", "opened_at")],
    position_age: "age_sec",
    market_fields: &[("ts_timestamp", "ts_epoch")],
    proposal_fields: &[
        ("harvest_action", "action"),
        ("new_sl_proposed", "stop_proposed"),
        ("R_net", "r_net"),
        ("reason_codes", "reasons"),
    ],
    foreign_proposal_fields: &["calibrated", "action"],
    plans: PlanFormat {
        author: "intent_bridge",
        entry_action: "ENTRY_PROPOSED",
        close_action: "FULL_CLOSE_PROPOSED",
        partial_actions: &[
            (0.25, "PARTIAL_25"),
            (0.5, "PARTIAL_50"),
            (0.75, "PARTIAL_75"),
        ],
        forwarded_numbers: &[
            "breakeven_price",
            "atr_value",
            "volatility_factor",
            "confidence",
        ],
        forwarded_texts: &["regime"],
        permits: "quantum:permit:p33:",
        permit_lifetime: Duration::from_secs(86_400),
        positions: POSITION,
        position_quantities: &["quantity", "position_amt"],
        marks: &[
            MarkSource {
                prefix: MARKET,
                price: "mark_price",
                time: "ts_timestamp",
                source: "market:mark_price",
            },
            MarkSource {
                prefix: POSITION,
                price: "mark_price",
                time: "ts_epoch",
                source: "position:mark_price",
            },
        ],
        mark_age_max: Duration::from_secs(10),
    },
};

/// All profiles.
pub static PROFILES: [&Profile; 1] = [&QUANTUM_TRADER];

impl Profile {
    /// Returns the profile of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        PROFILES.into_iter().find(|profile| profile.name == name)
    }
}

impl PlanFormat {
    /// Returns the action of an exit that closes this share of the position. A share of 1 or more closes all of it.
    pub(crate) fn action_of_share(&self, share: f64) -> &'static str {
        if share >= 1.0 {
            return self.close_action;
        }
        let distance = |part: f64| (part - share).abs();
        let nearest =
            |one: &&(f64, _), other: &&(f64, _)| distance(one.0).total_cmp(&distance(other.0));
        let nearest = self.partial_actions.iter().min_by(nearest);
        nearest.map_or(self.close_action, |(_, action)| action)
    }

    /// Returns the action that an intent names, with or without `_PROPOSED`, if it is a partial close.
    pub(crate) fn named_partial_action(&self, word: &str) -> Option<&'static str> {
        let upper = word.trim().to_ascii_uppercase();
        let plain = upper.strip_suffix("_PROPOSED").unwrap_or(&upper);
        let mut all = self.partial_actions.iter();
        all.find(|(_, action)| *action == plain)
            .map(|(_, action)| *action)
    }
}

/// Returns the name of another service for one of this crate's names.
pub(crate) fn their_name(names: Names, own: &'static str) -> &'static str {
    let mut all = names.iter();
    all.find(|(_, name)| *name == own)
        .map_or(own, |(theirs, _)| theirs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_has_the_action_of_its_share() {
        let plans = &QUANTUM_TRADER.plans;
        for (share, action) in [
            (0.01, "PARTIAL_25"),
            (0.25, "PARTIAL_25"),
            (0.4, "PARTIAL_50"),
            (0.5, "PARTIAL_50"),
            (0.99, "PARTIAL_75"),
            (1.0, "FULL_CLOSE_PROPOSED"),
            (2.0, "FULL_CLOSE_PROPOSED"),
        ] {
            assert_eq!(plans.action_of_share(share), action, "{share}");
        }
        for (word, action) in [
            ("PARTIAL_25", Some("PARTIAL_25")),
            ("partial_75_proposed", Some("PARTIAL_75")),
            ("PARTIAL_30", None),
            ("FULL_CLOSE", None),
            ("", None),
        ] {
            assert_eq!(plans.named_partial_action(word), action, "{word}");
        }
    }

    #[test]
    fn names_are_translated_in_both_directions() {
        let names = QUANTUM_TRADER.proposal_fields;
        assert_eq!(their_name(names, "action"), "harvest_action");
        assert_eq!(their_name(names, "side"), "side");
        assert!(Profile::named("quantum-trader").is_some());
        assert!(Profile::named("Quantum-Trader").is_none());
    }
}
