//! A policy before it is written down.

use portcullis::{
    domain::Symbol,
    policy::{Policy, PolicyAbsence},
};

use super::number::{self, object, quote, seconds};

/// What a caller holds.
#[derive(Debug, Clone)]
pub(crate) enum PolicyInput {
    Absent(PolicyAbsence),
    /// A text in the place of a policy, and no policy.
    Unreadable(String),
    Draft(PolicyDraft),
}

/// A policy before it is written down.
#[derive(Debug, Clone)]
pub(crate) struct PolicyDraft {
    pub(crate) universe: Vec<String>,
    pub(crate) leverages: Vec<(String, f64)>,
    /// Of `harvest_params`, `kill_params` and `limits`, by path.
    pub(crate) numbers: Vec<(&'static str, f64)>,
    /// In microseconds, about `about`.
    pub(crate) begins: Option<i64>,
    pub(crate) expires: i64,
    pub(crate) about: i64,
    pub(crate) grace_sec: Option<u32>,
    pub(crate) market: Option<&'static str>,
    pub(crate) stated_hash: StatedHash,
    /// As a map of texts, as a Redis hash holds it.
    pub(crate) as_map: bool,
    /// The order of its keys.
    pub(crate) order: u64,
    pub(crate) flaw: Option<Flaw>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StatedHash {
    None,
    Own,
    /// The hash of the same policy with another expiry.
    OfAnother,
}

/// What makes a draft no policy.
#[derive(Debug, Clone)]
pub(crate) enum Flaw {
    /// A required field, or a required number of one, is not there.
    Missing(&'static str),
    /// A field holds something else.
    Holds(&'static str, &'static str),
    /// The text ends early.
    Cut(u8),
}

impl PolicyInput {
    /// The same, its window about an instant.
    pub(crate) fn about(mut self, at: i64) -> Self {
        if let Self::Draft(draft) = &mut self {
            draft.about = at;
        }
        self
    }

    pub(crate) fn draft(&self) -> Option<&PolicyDraft> {
        match self {
            Self::Draft(draft) => Some(draft),
            Self::Absent(_) | Self::Unreadable(_) => None,
        }
    }

    pub(crate) fn draft_mut(&mut self) -> &mut PolicyDraft {
        match self {
            Self::Draft(draft) => draft,
            Self::Absent(_) | Self::Unreadable(_) => panic!("no draft"),
        }
    }

    /// As a caller gets it.
    pub(crate) fn read(&self) -> Result<Policy, PolicyAbsence> {
        match self {
            Self::Absent(absence) => Err(absence.clone()),
            Self::Unreadable(text) => Ok(Policy::from_json(text)?),
            Self::Draft(draft) => draft.read(),
        }
    }
}

impl PolicyDraft {
    /// The number that stands at a path, as `leverage_by_symbol.BTCUSDT`.
    pub(crate) fn number(&self, path: &str) -> Option<f64> {
        if let Some(name) = path.strip_prefix("leverage_by_symbol.") {
            return self.leverage(name);
        }
        let (_, number) = self.numbers.iter().find(|(key, _)| *key == path)?;
        Some(*number)
    }

    pub(crate) fn leverage(&self, name: &str) -> Option<f64> {
        let symbol = Symbol::new(name).ok()?;
        let is_it = |name: &str| Symbol::new(name) == Ok(symbol);
        let (_, leverage) = self.leverages.iter().find(|(name, _)| is_it(name))?;
        Some(*leverage)
    }

    pub(crate) fn set(&mut self, path: &'static str, number: f64) {
        self.numbers.retain(|(key, _)| *key != path);
        self.numbers.push((path, number));
    }

    pub(crate) fn expires_at(&self) -> i64 {
        self.about + self.expires
    }

    fn read(&self) -> Result<Policy, PolicyAbsence> {
        let policy = Policy::from_json(&self.text())?;
        if self.as_map {
            return Ok(Policy::from_fields(policy.fields().clone())?);
        }
        Ok(policy)
    }

    pub(crate) fn text(&self) -> String {
        let mut members = self.members();
        let stated = match self.stated_hash {
            StatedHash::None => None,
            StatedHash::Own => Policy::hash_of(&object(&members, 0)).ok(),
            StatedHash::OfAnother => {
                let longer = Self {
                    expires: self.expires + 1,
                    ..self.clone()
                };
                Policy::hash_of(&object(&longer.members(), 0)).ok()
            }
        };
        members.extend(stated.map(|hash| ("policy_hash", quote(&hash.to_string()))));
        let mut text = object(&members, self.order);
        if let Some(Flaw::Cut(share)) = self.flaw {
            let length = text.chars().count() * usize::from(share) / 256;
            text = text.chars().take(length).collect();
        }
        text
    }

    fn members(&self) -> Vec<(&'static str, String)> {
        let leverages: Vec<(&str, String)> = self
            .leverages
            .iter()
            .map(|(name, leverage)| (name.as_str(), number::json(*leverage, false)))
            .collect();
        let mut members = vec![
            ("policy_version", quote("7.2-law")),
            ("valid_until_epoch", seconds(self.expires_at())),
            (
                "universe_symbols",
                serde_json::to_string(&self.universe).unwrap(),
            ),
            ("leverage_by_symbol", object(&leverages, self.order)),
            ("harvest_params", self.structure("harvest_params.")),
            ("kill_params", self.structure("kill_params.")),
            ("limits", self.structure("limits.")),
        ];
        let begins = self.begins.map(|begins| seconds(self.about + begins));
        members.extend(begins.map(|begins| ("valid_from_epoch", begins)));
        let grace = self.grace_sec.map(|grace| grace.to_string());
        members.extend(grace.map(|grace| ("harvest_grace_sec", grace)));
        members.extend(self.market.map(|market| ("market", quote(market))));
        match &self.flaw {
            Some(Flaw::Missing(name)) => members.retain(|(key, _)| key != name),
            Some(Flaw::Holds(name, json)) => {
                members.retain(|(key, _)| key != name);
                members.push((name, (*json).to_owned()));
            }
            Some(Flaw::Cut(_)) | None => {}
        }
        members
    }

    fn structure(&self, prefix: &str) -> String {
        let holds = |path: &str| match &self.flaw {
            Some(Flaw::Holds(name, json)) if *name == path => Some((*json).to_owned()),
            _ => None,
        };
        let is_missing = |path: &str| matches!(&self.flaw, Some(Flaw::Missing(p)) if *p == path);
        let members: Vec<(&str, String)> = self
            .numbers
            .iter()
            .filter(|(path, _)| !is_missing(path))
            .filter_map(|(path, x)| {
                let json = holds(path).unwrap_or_else(|| number::json(*x, false));
                Some((path.strip_prefix(prefix)?, json))
            })
            .collect();
        object(&members, self.order)
    }
}
