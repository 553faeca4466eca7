//! Changes of a call that make it stricter, so that it permits less.

use proptest::{prelude::*, sample::select};

use super::{
    Call, HaltDraft,
    guardrails::{self, MONEY},
    number::usual,
};

/// A change that permits less.
#[derive(Debug, Clone, strum::Display)]
pub enum Tightening {
    /// One symbol is removed from the universe, by index.
    #[strum(to_string = "one symbol less in the universe")]
    FewerSymbols(usize),
    /// The limit of the policy with this path is lowered to this value, or added with this value.
    #[strum(to_string = "`{0}` of at most {1}")]
    Limit(&'static str, f64),
    /// The policy expires earlier by this number of microseconds.
    #[strum(to_string = "an expiry {0} µs earlier")]
    EarlierExpiry(i64),
    /// The limit of the guardrails with this name is lowered to this value, or added with this
    /// value.
    #[strum(to_string = "the guardrail `{0}` of at most {1}")]
    Guardrail(&'static str, f64),
    /// Only these symbols are permitted.
    #[strum(to_string = "the permitted symbols {0:?}")]
    Permitted(Vec<String>),
    /// The guardrails require this market.
    #[strum(to_string = "the required market `{0}`")]
    Market(&'static str),
    /// The guardrails require a policy hash.
    #[strum(to_string = "a required policy hash")]
    HashRequired,
    /// These symbols are halted.
    #[strum(to_string = "a halt of {0:?}")]
    HaltOf(Vec<String>),
    /// All entries are halted.
    #[strum(to_string = "a halt of all symbols")]
    HaltOfEverything,
}

/// Generates any of the changes.
pub fn tightening() -> impl Strategy<Value = Tightening> {
    let limits = vec![
        "limits.max_leverage",
        "limits.max_position_usd",
        "limits.max_notional_usd",
    ];
    let seconds = || select(vec![1e-6, 1.0, 59.999_999, 60.0, 86_400.0]);
    let ages = vec![
        "max_intent_age_sec",
        "max_intent_skew_sec",
        "max_validity_sec",
        "max_plan_age_sec",
    ];
    prop_oneof![
        (0..5_usize).prop_map(Tightening::FewerSymbols),
        (select(limits), usual()).prop_map(|(path, x)| Tightening::Limit(path, x)),
        seconds().prop_map(|x| Tightening::Limit("limits.max_intent_age_sec", x)),
        prop_oneof![Just(1), 1..86_400_000_000_i64].prop_map(Tightening::EarlierExpiry),
        (select(MONEY.to_vec()), usual()).prop_map(|(name, x)| Tightening::Guardrail(name, x)),
        (select(ages), seconds()).prop_map(|(name, x)| Tightening::Guardrail(name, x)),
        guardrails::some_symbols().prop_map(Tightening::Permitted),
        Just(Tightening::Market("usdm")),
        Just(Tightening::HashRequired),
        guardrails::some_symbols().prop_map(Tightening::HaltOf),
        Just(Tightening::HaltOfEverything),
    ]
}

impl Tightening {
    /// Returns the call to compare with its tightened form. For an earlier expiry, `max_validity_sec` is removed: an
    /// earlier expiry shortens the validity and could bring the policy within that limit, which would turn a skip into
    /// a trade.
    #[must_use]
    pub fn comparable(&self, mut call: Call) -> Call {
        if matches!(self, Self::EarlierExpiry(_)) {
            let numbers = &mut call.guardrails.numbers;
            numbers.retain(|(name, _)| *name != "max_validity_sec");
        }
        call
    }

    /// Returns the tightened call, which never permits more than the original.
    #[must_use]
    pub fn of(&self, mut call: Call) -> Call {
        self.tighten_policy(&mut call);
        let bounds = &mut call.guardrails;
        match self {
            Self::FewerSymbols(_) | Self::Limit(..) | Self::EarlierExpiry(_) => {}
            Self::Guardrail(name, x) => {
                let lowest = bounds.number(name).map_or(*x, |old| old.min(*x));
                bounds.set(name, lowest);
            }
            Self::Permitted(symbols) => {
                let was = bounds.permitted.take();
                let both = |symbol: &&String| was.as_ref().is_none_or(|was| was.contains(symbol));
                bounds.permitted = Some(symbols.iter().filter(both).cloned().collect());
            }
            Self::Market(market) => bounds.market = bounds.market.or(Some(market)),
            Self::HashRequired => bounds.requires_hash = true,
            Self::HaltOf(symbols) => match &mut bounds.halt {
                HaltDraft::Nothing => bounds.halt = HaltDraft::Symbols(symbols.clone()),
                HaltDraft::Symbols(halted) => halted.extend(symbols.clone()),
                HaltDraft::Everything => {}
            },
            Self::HaltOfEverything => bounds.halt = HaltDraft::Everything,
        }
        call
    }

    fn tighten_policy(&self, call: &mut Call) {
        let Some(policy) = call.policy.draft_mut() else {
            return;
        };
        match self {
            Self::FewerSymbols(which) => {
                if policy.universe.len() > 1 {
                    policy.universe.remove(which % policy.universe.len());
                }
            }
            Self::Limit(path, x) => {
                let lowest = policy.number(path).map_or(*x, |old| old.min(*x));
                policy.set(path, lowest);
            }
            Self::EarlierExpiry(by) => policy.expires -= by,
            Self::Guardrail(..)
            | Self::Permitted(_)
            | Self::Market(_)
            | Self::HashRequired
            | Self::HaltOf(_)
            | Self::HaltOfEverything => {}
        }
    }
}
