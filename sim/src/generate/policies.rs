//! The invented policies of a tape. Their number is small for a tape of any length.

use portcullis::{policy::canonical_hash, types::PolicyHash};

use super::{
    calendar::START_SEC,
    json::{ALL_TEXT, Object, PLAIN, push_escaped},
    symbols::{Listed, universe},
};

const DAY_SEC: u64 = 86_400;
/// 2100-01-01T00:00:00Z in epoch seconds.
const YEAR_2100_SEC: u64 = 4_102_444_800;

/// The version of the leverages in a generated policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Revision {
    First,
    Second,
}

impl Revision {
    /// Returns the leverage of a symbol in this revision.
    pub(super) fn leverage(self, listed: &Listed) -> Option<u64> {
        let base = listed.leverage?;
        Some(match self {
            Self::First => base,
            Self::Second if base % 2 == 0 => base.saturating_sub(1),
            Self::Second => base + 2,
        })
    }
}

/// One of the policies on a generated tape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edition {
    /// A policy that is valid for 60 days from the start of its month. A month has 30 days, and the
    /// first month has number 0.
    Monthly { month: u64, revision: Revision },
    /// A policy that is valid for 60 days from a timestamp, in epoch seconds.
    From { sec: u64 },
    /// A policy that is valid from the start of the tape to a timestamp, with 5 seconds of grace for harvests.
    Until { sec: u64 },
    /// A policy that becomes valid only in the year 2100.
    NotYetValid,
    /// A policy that expired before the start of the tape.
    Expired,
    /// A policy that is valid for longer than the example guardrails allow.
    LongTerm,
    /// A policy for another market.
    OtherMarket,
    /// A policy with limits that most entries violate, a maximum age for the market state, and a fallback stop for
    /// positions without one.
    Tight,
}

/// A defect of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    None,
    /// The expiry was extended after the hash was computed.
    WrongHash,
    /// The expiry is missing.
    MissingField,
    /// A structured value is not valid JSON.
    Unparsable,
    /// A threshold is so low that every position would be closed.
    OutOfBounds,
}

/// The encoding of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Document,
    /// A map of strings.
    Hash,
}

/// A policy as a record contains it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Publication {
    pub(super) edition: Edition,
    pub(super) flaw: Flaw,
    pub(super) encoding: Encoding,
    pub(super) states_hash: bool,
}

impl Publication {
    pub(super) fn write(&self, line: &mut Vec<u8>) {
        let mut fields = self.edition.fields();
        let hash_before = hash_of(&fields);
        self.flaw.spoil(&mut fields);
        let hash = match self.flaw {
            Flaw::WrongHash => hash_before,
            Flaw::None | Flaw::MissingField | Flaw::Unparsable | Flaw::OutOfBounds => {
                hash_of(&fields)
            }
        };
        let style = match self.encoding {
            Encoding::Document => PLAIN,
            Encoding::Hash => ALL_TEXT,
        };
        let mut object = Object::begin(line, style);
        for field in &fields {
            match (field.kind, self.encoding) {
                (Kind::Text, _) => object.text(field.name, &field.text),
                (Kind::Json, Encoding::Document) => {
                    object
                        .value(field.name)
                        .extend_from_slice(field.text.as_bytes());
                }
                (Kind::Json, Encoding::Hash) => {
                    object.written(field.name, |line| push_escaped(line, &field.text));
                }
            }
        }
        if self.states_hash {
            object.text("policy_hash", &hash.to_string());
        }
        object.end();
    }
}

impl Flaw {
    fn spoil(self, fields: &mut Vec<Field>) {
        match self {
            Self::None => {}
            Self::WrongHash => change(fields, "valid_until_epoch", |text| text.push('0')),
            Self::MissingField => fields.retain(|field| field.name != "valid_until_epoch"),
            Self::Unparsable => change(fields, "kill_params", |text| {
                text.pop();
            }),
            Self::OutOfBounds => change(fields, "harvest_params", |text| {
                *text = text.replace("\"kill_threshold\":0.55", "\"kill_threshold\":0.5");
            }),
        }
    }
}

fn change(fields: &mut [Field], name: &str, change: impl Fn(&mut String)) {
    for field in fields.iter_mut().filter(|field| field.name == name) {
        change(&mut field.text);
    }
}

/// One field of a policy, in the hash encoding.
struct Field {
    name: &'static str,
    text: String,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    /// The field is a string in both encodings.
    Text,
    /// The field is a number, list or object in a document. Its text is compact JSON with sorted
    /// keys.
    Json,
}

impl Edition {
    /// Returns the hash that the policy has if it has no [`Flaw`].
    pub(super) fn hash(self) -> PolicyHash {
        hash_of(&self.fields())
    }

    fn fields(self) -> Vec<Field> {
        let text = |name, text: &str| Field {
            name,
            text: text.to_owned(),
            kind: Kind::Text,
        };
        let json = |name, text| Field {
            name,
            text,
            kind: Kind::Json,
        };
        let (valid_from, valid_until) = self.validity();
        let market = if self == Self::OtherMarket {
            "spot"
        } else {
            "futures"
        };
        let mut fields = vec![
            text("policy_version", &self.version()),
            text("generator", "portcullis generate"),
            text("market", market),
            text("venue", "binance"),
            json("valid_from_epoch", valid_from.to_string()),
            json("valid_until_epoch", valid_until.to_string()),
            json("universe_symbols", universe_text()),
            json("leverage_by_symbol", self.leverages()),
            json("harvest_params", self.harvest_params()),
            json("kill_params", KILL_PARAMS.to_owned()),
            json("limits", self.limits().to_owned()),
        ];
        if matches!(self, Self::Until { .. }) {
            fields.push(json("harvest_grace_sec", "5".to_owned()));
        }
        fields
    }

    fn version(self) -> String {
        match self {
            Self::Monthly {
                month,
                revision: Revision::First,
            } => format!("1.{month}.0-synthetic"),
            Self::Monthly {
                month,
                revision: Revision::Second,
            } => format!("1.{month}.1-synthetic"),
            Self::From { .. } => "2.0.0-synthetic-early".to_owned(),
            Self::Until { .. } => "2.1.0-synthetic-short".to_owned(),
            Self::NotYetValid => "2.2.0-synthetic-far-ahead".to_owned(),
            Self::Expired => "2.3.0-synthetic-long-gone".to_owned(),
            Self::LongTerm => "2.4.0-synthetic-long-term".to_owned(),
            Self::OtherMarket => "2.5.0-synthetic-other-market".to_owned(),
            Self::Tight => "2.6.0-synthetic-tight".to_owned(),
        }
    }

    /// Returns the start and the end of validity, in epoch seconds.
    fn validity(self) -> (u64, u64) {
        match self {
            Self::Monthly { month, .. } => {
                let from = START_SEC.saturating_add(month.saturating_mul(30 * DAY_SEC));
                (from, from.saturating_add(60 * DAY_SEC))
            }
            Self::From { sec } => (sec, sec + 60 * DAY_SEC),
            Self::Until { sec } => (START_SEC, sec),
            Self::NotYetValid => (YEAR_2100_SEC, YEAR_2100_SEC + DAY_SEC),
            Self::Expired => (START_SEC - 40 * DAY_SEC, START_SEC - 10 * DAY_SEC),
            Self::LongTerm => (START_SEC, START_SEC + 400 * DAY_SEC),
            Self::OtherMarket | Self::Tight => (START_SEC, START_SEC + 60 * DAY_SEC),
        }
    }

    /// Returns the revision of the leverages in the policy.
    pub(super) const fn revision(self) -> Revision {
        if let Self::Monthly { revision, .. } = self {
            revision
        } else {
            Revision::First
        }
    }

    fn leverages(self) -> String {
        let revision = self.revision();
        let mut entries: Vec<String> = universe()
            .filter_map(|listed| {
                let leverage = revision.leverage(listed)?;
                Some(format!("\"{}\":{leverage}", listed.name))
            })
            .collect();
        entries.sort_unstable();
        format!("{{{}}}", entries.join(","))
    }

    fn harvest_params(self) -> String {
        let fallback = if self == Self::Tight {
            "\"fallback_stop_pct\":0.02,"
        } else {
            ""
        };
        format!(
            "{{\"T1_R\":1.8,\"T2_R\":3.5,\"T3_R\":5.8,\"be_plus_pct\":0.003,\"cost_bps\":12,{fallback}\
             \"k_age_penalty\":0.2,\"k_regime_flip\":0.8,\"k_sigma_spike\":0.6,\"k_ts_drop\":0.4,\
             \"kill_threshold\":0.55,\"lock_R\":1.2}}"
        )
    }

    fn limits(self) -> &'static str {
        if self == Self::Tight {
            "{\"max_intent_age_sec\":30,\"max_leverage\":5,\"max_market_age_sec\":60,\
             \"max_notional_usd\":500,\"max_position_usd\":100}"
        } else {
            "{\"max_intent_age_sec\":30,\"max_leverage\":20,\"max_notional_usd\":25000,\
             \"max_position_usd\":5000}"
        }
    }
}

const KILL_PARAMS: &str = "{\"k_close_threshold\":0.62,\"max_age_sec\":72000,\"sigma_ref\":0.012,\
    \"sigma_spike_cap\":1.8,\"trend_min\":0.25,\"ts_drop_cap\":0.45,\"ts_ref\":0.35}";

fn universe_text() -> String {
    let names: Vec<String> = universe()
        .map(|listed| format!("\"{}\"", listed.name))
        .collect();
    format!("[{}]", names.join(","))
}

fn hash_of(fields: &[Field]) -> PolicyHash {
    canonical_hash(fields.iter().map(|field| (field.name, field.text.as_str())))
}

#[cfg(test)]
mod tests {
    use portcullis::policy::{Policy, PolicyFault};

    use super::*;

    const MONTHLY: Edition = Edition::Monthly {
        month: 0,
        revision: Revision::First,
    };

    fn read(edition: Edition, flaw: Flaw, encoding: Encoding) -> Result<Policy, PolicyFault> {
        let mut text = Vec::new();
        let publication = Publication {
            edition,
            flaw,
            encoding,
            states_hash: true,
        };
        publication.write(&mut text);
        Policy::from_json(&String::from_utf8(text).unwrap()).map_err(|refusal| refusal.fault())
    }

    #[test]
    fn every_edition_is_valid_and_has_the_same_hash_in_both_encodings() {
        for edition in [
            MONTHLY,
            Edition::Monthly {
                month: 7,
                revision: Revision::Second,
            },
            Edition::From { sec: START_SEC + 9 },
            Edition::Until { sec: START_SEC + 9 },
            Edition::NotYetValid,
            Edition::Expired,
            Edition::LongTerm,
            Edition::OtherMarket,
            Edition::Tight,
        ] {
            for encoding in [Encoding::Document, Encoding::Hash] {
                let policy = read(edition, Flaw::None, encoding).unwrap();
                assert_eq!(policy.hash(), edition.hash());
                assert!(policy.states_hash());
                assert_eq!(policy.symbols().count(), 40);
            }
        }
    }

    #[test]
    fn every_flaw_is_rejected_with_its_own_fault() {
        for (flaw, fault) in [
            (Flaw::WrongHash, PolicyFault::HashMismatch),
            (Flaw::MissingField, PolicyFault::MissingField),
            (Flaw::Unparsable, PolicyFault::ParseError),
            (Flaw::OutOfBounds, PolicyFault::Invalid),
        ] {
            assert_eq!(read(MONTHLY, flaw, Encoding::Hash).unwrap_err(), fault);
        }
        assert_eq!(
            read(MONTHLY, Flaw::WrongHash, Encoding::Document).unwrap_err(),
            PolicyFault::HashMismatch
        );
    }
}
