//! Names of fields of positions, markets and proposals in a profile.
//!
//! With a profile, a proposal also has `last_update_epoch` (epoch s) and `computed_at_utc` (ISO-8601), which are renewed
//! in each scan while the proposal is valid.

use portcullis::{
    decide::SkipCode,
    harvest::HarvestAction,
    types::{Symbol, Timestamp},
};

use super::{
    Authority,
    fields::{Fields, StoredHash},
    opening_time::OpeningTime,
    position::ObservedPosition,
    proposal::{COMPARED_FIELDS, ComparedFields, Items, put_author},
};
use crate::profile::{Profile, their_name};

/// The names of fields: those of a profile, or this project's own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dialect(pub(super) Option<&'static Profile>);

impl Dialect {
    /// Returns a position with this project's names. The profile's name of the opening time is used only if no field
    /// has this project's name.
    pub(super) fn position(self, hash: StoredHash) -> StoredHash {
        match (self.0, hash) {
            (Some(profile), StoredHash::Fields(mut fields)) => {
                if OpeningTime::read(&fields) == OpeningTime::Absent {
                    fields.rename(profile.position_fields);
                }
                StoredHash::Fields(fields)
            }
            (_, hash) => hash,
        }
    }

    /// Returns a market state with this project's names.
    pub(super) fn market(self, hash: StoredHash) -> StoredHash {
        match (self.0, hash) {
            (Some(profile), StoredHash::Fields(mut fields)) => {
                fields.rename(profile.market_fields);
                StoredHash::Fields(fields)
            }
            (_, hash) => hash,
        }
    }

    /// Sets the age of a position that states its age and no opening time. Such an age does not identify the position.
    pub(super) fn set_age(self, seen: &mut ObservedPosition, fields: &Fields, now: Timestamp) {
        let Some(profile) = self.0.filter(|_| seen.opening == OpeningTime::Absent) else {
            return;
        };
        if let Some(text) = fields.text(&[profile.position_age]) {
            let stated: f64 = text.trim().parse().unwrap_or(f64::NAN);
            let reported = seen.position.as_of.unwrap_or(now);
            let since = OpeningTime::At(reported).age_sec(now).unwrap_or(f64::NAN);
            seen.position.age_sec = Some(stated + since);
        }
    }

    /// Returns the names of the compared fields of a proposal on the server.
    pub(super) fn compared_fields(self) -> impl Iterator<Item = &'static str> {
        let names = COMPARED_FIELDS.into_iter();
        names.map(move |own| {
            self.0
                .map_or(own, |profile| their_name(profile.proposal_fields, own))
        })
    }

    /// Returns the fields of a proposal under the names of the profile, with the time of its last update.
    pub(super) fn proposal(self, items: Items, now: Timestamp) -> Items {
        let Some(profile) = self.0 else {
            return items;
        };
        let mut items = items.renamed(profile.proposal_fields);
        items.put("last_update_epoch", now.as_millis().div_euclid(1000));
        items.put("computed_at_utc", now);
        items
    }

    /// Returns the names of fields that another program adds to a proposal, and that a renewal leaves unchanged.
    pub(super) fn foreign_fields(self) -> &'static [&'static str] {
        self.0
            .map_or(&[], |profile| profile.foreign_proposal_fields)
    }
}

/// The withdrawal of a proposal whose policy has ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Withdrawal {
    /// The reason why no harvest parameters are in force.
    pub(super) reason: SkipCode,
}

impl Withdrawal {
    /// Returns true if a proposal must be withdrawn: there is one, and it was not withdrawn for this reason before.
    pub(super) fn applies_to(self, last: &ComparedFields) -> bool {
        let withdrawn = COMPARED_FIELDS.map(|name| match name {
            "action" => HarvestAction::None.as_str(),
            "reasons" => self.reason.code(),
            _ => "",
        });
        let withdrawn = withdrawn.map(|text| text.as_bytes().to_vec());
        !last.is_empty() && last.0 != withdrawn
    }

    /// Returns the fields of the proposal that replaces the withdrawn one. It has the action `NONE` and the reason for
    /// the withdrawal.
    pub(super) fn items(self, symbol: Symbol, authority: &Authority, now: Timestamp) -> Items {
        let mut items = Items::default();
        items.put("symbol", symbol.as_str());
        items.put("action", HarvestAction::None);
        items.put("reasons", self.reason.code());
        put_author(&mut items, authority, now);
        items
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{harvester::position::market, profile::QUANTUM_TRADER};

    const DIALECT: Dialect = Dialect(Some(&QUANTUM_TRADER));

    fn hash(fields: &[(&str, &str)]) -> StoredHash {
        StoredHash::Fields(fields.iter().copied().collect())
    }

    fn at(seconds: &str) -> Timestamp {
        Timestamp::parse_epoch_seconds(seconds).unwrap()
    }

    /// Reads a position at the second 1767571200.
    fn seen(fields: &[(&str, &str)]) -> ObservedPosition {
        let StoredHash::Fields(fields) = DIALECT.position(hash(fields)) else {
            panic!("the position is a hash");
        };
        let (symbol, now) = (Symbol::new("BTCUSDT").unwrap(), at("1767571200"));
        let mut seen = ObservedPosition::read(symbol, &fields, &StoredHash::Absent, now).unwrap();
        DIALECT.set_age(&mut seen, &fields, now);
        seen
    }

    #[test]
    fn an_opening_time_has_several_names_and_an_age_is_none() {
        let opened = OpeningTime::At(at("1767567600"));
        for fields in [
            &[("created_at", "1767567600")][..],
            &[("created_at", "2026-01-04T23:00:00Z")],
            &[("entry_timestamp", "1767567600"), ("created_at", "1")],
            &[("opened_at", "1767567600"), ("age_sec", "5")],
        ] {
            let seen = seen(fields);
            assert_eq!(seen.opening, opened, "{fields:?}");
            assert_eq!(seen.position.age_sec, Some(3600.0), "{fields:?}");
        }
        for (fields, age) in [
            (&[("age_sec", "60")][..], 60.0),
            (&[("age_sec", "60"), ("ts_epoch", "1767571190")], 70.0),
        ] {
            let seen = seen(fields);
            assert_eq!(seen.opening, OpeningTime::Absent);
            assert_eq!(seen.position.age_sec, Some(age), "{fields:?}");
        }
        let unreadable = seen(&[("age_sec", "long")]).position.age_sec;
        assert!(unreadable.is_some_and(f64::is_nan));
        assert_eq!(seen(&[]).position.age_sec, None);
    }

    #[test]
    fn a_market_has_its_time_under_another_name() {
        let as_of = |fields: &[(&str, &str)]| market(&DIALECT.market(hash(fields))).unwrap().as_of;
        let time = Some(at("1767571200"));
        assert_eq!(
            as_of(&[("ts", "0.3"), ("ts_timestamp", "1767571200")]),
            time
        );
        assert_eq!(
            as_of(&[("ts_epoch", "1767571200"), ("ts_timestamp", "1")]),
            time
        );
        assert_eq!(as_of(&[("ts", "0.3")]), None);
    }

    #[test]
    fn a_proposal_is_withdrawn_once_for_each_reason() {
        let of = |pairs: &[(&str, &str)]| {
            ComparedFields(COMPARED_FIELDS.map(|name| {
                let value = pairs.iter().find(|(field, _)| *field == name);
                value.map_or_else(Vec::new, |(_, value)| value.as_bytes().to_vec())
            }))
        };
        let stale = Withdrawal {
            reason: SkipCode::PolicyStale,
        };
        assert!(!stale.applies_to(&of(&[])));
        assert!(stale.applies_to(&of(&[("action", "PARTIAL_25"), ("side", "LONG")])));
        assert!(stale.applies_to(&of(&[("action", "NONE"), ("stop_proposed", "1")])));
        assert!(stale.applies_to(&of(&[("action", "NONE"), ("reasons", "POLICY_MISSING")])));
        assert!(!stale.applies_to(&of(&[("action", "NONE"), ("reasons", "POLICY_STALE")])));
    }
}
