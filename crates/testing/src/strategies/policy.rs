//! Drafts of policies.

use portcullis::{
    policy::{Policy, PolicyUnavailable},
    types::Symbol,
};

use super::write::{json, list, object, quote, seconds};

/// The version of every drafted policy.
pub const POLICY_VERSION: &str = "7.2-law";

/// The policy that a caller reads: absent, unreadable, or a draft.
#[derive(Debug, Clone)]
pub enum PolicyInput {
    /// There is no policy, for this reason.
    Absent(PolicyUnavailable),
    /// The stored text is not a policy.
    Unreadable(String),
    /// A draft that is valid, or that is spoiled in one way.
    Draft(PolicyDraft),
}

/// A policy that can be written as a document.
#[derive(Debug, Clone)]
pub struct PolicyDraft {
    /// The value of `universe_symbols`.
    pub universe: Vec<String>,
    /// The value of `leverage_by_symbol`.
    pub leverages: Vec<(String, f64)>,
    /// The numbers in `harvest_params`, `kill_params` and `limits`, by path, such as
    /// `limits.max_leverage`.
    pub numbers: Vec<(&'static str, f64)>,
    /// The start of validity, in microseconds after `about`; may be negative.
    pub begins: Option<i64>,
    /// The expiry, in microseconds after `about`; may be negative.
    pub expires: i64,
    /// The time of the decision, in microseconds since the epoch.
    pub about: i64,
    /// The value of `harvest_grace_sec`, if set.
    pub grace_sec: Option<u32>,
    /// The value of `market`, if set.
    pub market: Option<&'static str>,
    /// The hash that the document states.
    pub stated_hash: StatedHash,
    /// If true, [`read`](Self::read) builds the policy from a map of strings, as in a Redis hash. [`text`](Self::text)
    /// returns a document in both cases.
    pub as_map: bool,
    /// The seed for the order of the keys; 0 keeps the order.
    pub order: u64,
    /// The defect that makes the draft invalid.
    pub flaw: Option<Flaw>,
}

/// The hash that a policy document states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatedHash {
    /// The document contains no hash.
    None,
    /// The document states its own hash.
    Own,
    /// The document states the hash of the same policy with another expiry.
    OfAnother,
}

/// A defect that makes a draft invalid.
#[derive(Debug, Clone)]
pub enum Flaw {
    /// A required field, or a required number in a structure, is missing.
    Missing(&'static str),
    /// This field has this JSON value instead of its own.
    Holds(&'static str, &'static str),
    /// Only this many 256ths of the text are kept.
    Cut(u8),
}

impl PolicyInput {
    /// Returns the same input with its validity window placed around a timestamp in microseconds.
    #[must_use]
    pub fn about(mut self, at: i64) -> Self {
        if let Self::Draft(draft) = &mut self {
            draft.about = at;
        }
        self
    }

    /// Returns the draft, if the input is one.
    #[must_use]
    pub const fn draft(&self) -> Option<&PolicyDraft> {
        match self {
            Self::Draft(draft) => Some(draft),
            Self::Absent(_) | Self::Unreadable(_) => None,
        }
    }

    /// Returns the draft, so that it can be changed; `None` if the input is not a draft.
    pub const fn draft_mut(&mut self) -> Option<&mut PolicyDraft> {
        match self {
            Self::Draft(draft) => Some(draft),
            Self::Absent(_) | Self::Unreadable(_) => None,
        }
    }

    /// Returns the text that a caller gets from a store.
    ///
    /// # Errors
    /// Returns the reason why there is no text.
    pub fn text(&self) -> Result<String, PolicyUnavailable> {
        match self {
            Self::Absent(absence) => Err(absence.clone()),
            Self::Unreadable(text) => Ok(text.clone()),
            Self::Draft(draft) => Ok(draft.text()),
        }
    }

    /// Parses the policy as a caller does.
    ///
    /// # Errors
    /// Returns the reason why there is no valid policy.
    pub fn read(&self) -> Result<Policy, PolicyUnavailable> {
        match self {
            Self::Absent(absence) => Err(absence.clone()),
            Self::Unreadable(text) => Ok(Policy::from_json(text)?),
            Self::Draft(draft) => draft.read(),
        }
    }
}

impl PolicyDraft {
    /// Returns the number at a path, for example `leverage_by_symbol.BTCUSDT`.
    #[must_use]
    pub fn number(&self, path: &str) -> Option<f64> {
        if let Some(name) = path.strip_prefix("leverage_by_symbol.") {
            return self.leverage(name);
        }
        let (_, number) = self.numbers.iter().find(|(key, _)| *key == path)?;
        Some(*number)
    }

    /// Returns the leverage of a symbol in any spelling.
    #[must_use]
    pub fn leverage(&self, name: &str) -> Option<f64> {
        let symbol = Symbol::new(name).ok()?;
        let is_it = |name: &str| Symbol::new(name) == Ok(symbol);
        let (_, leverage) = self.leverages.iter().find(|(name, _)| is_it(name))?;
        Some(*leverage)
    }

    /// Sets the number at a path.
    pub fn set(&mut self, path: &'static str, number: f64) {
        self.numbers.retain(|(key, _)| *key != path);
        self.numbers.push((path, number));
    }

    /// Returns the expiry in microseconds since the epoch.
    #[must_use]
    pub const fn expires_at(&self) -> i64 {
        self.about + self.expires
    }

    /// Parses the policy as a caller does.
    ///
    /// # Errors
    /// Returns the reason why the draft is not a valid policy.
    pub fn read(&self) -> Result<Policy, PolicyUnavailable> {
        let policy = Policy::from_json(&self.text())?;
        if self.as_map {
            return Ok(Policy::from_fields(policy.fields().clone())?);
        }
        Ok(policy)
    }

    /// Returns the document as JSON.
    #[must_use]
    pub fn text(&self) -> String {
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
            .map(|(name, leverage)| (name.as_str(), json(*leverage, false)))
            .collect();
        let mut members = vec![
            ("policy_version", quote(POLICY_VERSION)),
            ("valid_until_epoch", seconds(self.expires_at())),
            ("universe_symbols", list(&self.universe)),
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
            Some(Flaw::Holds(..) | Flaw::Missing(_) | Flaw::Cut(_)) | None => None,
        };
        let is_missing = |path: &str| matches!(&self.flaw, Some(Flaw::Missing(p)) if *p == path);
        let members: Vec<(&str, String)> = self
            .numbers
            .iter()
            .filter(|(path, _)| !is_missing(path))
            .filter_map(|(path, x)| {
                let json = holds(path).unwrap_or_else(|| json(*x, false));
                Some((path.strip_prefix(prefix)?, json))
            })
            .collect();
        object(&members, self.order)
    }
}
