//! Strategies for defects of a valid entry, and for defects that an exit must tolerate.

use proptest::{prelude::*, sample::select};

use portcullis::decide::SkipCode;

use super::{
    Call, Closing, IntentDraft, IntentForm, Kind, PolicyDraft, StatedHash, TimeField,
    UNLISTED_SYMBOL,
    number::{positive, unusable},
};

/// One defect of an entry that would otherwise trade.
#[derive(Debug, Clone, Copy, strum::Display)]
pub enum Spoiled {
    /// The requested leverage is not usable.
    #[strum(to_string = "the leverage {0}")]
    Leverage(f64),
    /// The requested leverage is this JSON value, which is not a leverage.
    #[strum(to_string = "the leverage {0}")]
    LeverageText(&'static str),
    /// The size is not usable.
    #[strum(to_string = "the size {0}")]
    Size(f64),
    /// The size is this JSON value, which is not a size.
    #[strum(to_string = "the size {0}")]
    SizeText(&'static str),
    /// The intent has no size.
    #[strum(to_string = "no size")]
    NoSize,
    /// The intent has a quantity and no price.
    #[strum(to_string = "the quantity {0} without a price")]
    QuantityWithoutPrice(f64),
    /// The intent has a margin and no leverage.
    #[strum(to_string = "the margin {0} without a leverage")]
    MarginWithoutLeverage(f64),
    /// The product of quantity and price is not finite.
    #[strum(to_string = "a quantity and a price whose product is not finite")]
    ProductTooLarge,
    /// The product of quantity and price is 0.
    #[strum(to_string = "a quantity and a price whose product is 0")]
    ProductTooSmall,
    /// The product of margin and leverage is not finite.
    #[strum(to_string = "a margin and a leverage whose product is not finite")]
    MarginOverflows,
    /// The quotient of notional and leverage is 0.
    #[strum(to_string = "a notional and a leverage whose quotient is 0")]
    MarginVanishes,
    /// The symbol is not valid.
    #[strum(to_string = "the symbol `{0}`")]
    Symbol(&'static str),
    /// The symbol is not in the universe.
    #[strum(to_string = "a symbol that is not in the universe")]
    NotListed,
    /// The policy has no leverage for the symbol.
    #[strum(to_string = "a symbol without a leverage in the policy")]
    NoLeverageForIt,
    /// The stop is not a price.
    #[strum(to_string = "the stop {0}")]
    Stop(f64),
    /// The stop would trigger immediately.
    #[strum(to_string = "a stop on the wrong side of the price")]
    StopOnTheWrongSide,
    /// There is neither a clock nor a timestamp. A [`Question`](crate::Question) always has a
    /// `now`, so a question cannot have this defect.
    #[strum(to_string = "no time")]
    NoTime,
    /// The intent has an additional member (name and JSON value) that cannot be read or that
    /// contradicts another member. The third value is the expected skip reason.
    #[strum(to_string = "the additional member `{0}` with the value {1}, which must be {2}")]
    Member(&'static str, &'static str, SkipCode),
    /// A key is a duplicate.
    #[strum(to_string = "the duplicate key `{0}`")]
    Duplicate(&'static str),
    /// There is a limit on the age of the intent, but the age is unknown.
    #[strum(to_string = "an unknown age, although the age is limited")]
    AgeUnknown,
    /// There is a limit on the time by which the intent is ahead of the clock, but this time is unknown.
    #[strum(to_string = "an unknown lead, although the lead is limited")]
    LeadUnknown,
    /// The guardrails require a market, and the policy states none.
    #[strum(to_string = "a policy without the required market")]
    MarketUnknown,
    /// The guardrails require a hash, and the policy states none.
    #[strum(to_string = "a policy without the required hash")]
    HashUnstated,
}

/// Generates any of the defects.
pub fn spoiled() -> impl Strategy<Value = Spoiled> {
    let texts = vec![
        "\"x\"", "\"\"", "[]", "{}", "true", "\"0x10\"", "\"1,5\"", "\"nan\"", "\"inf\"", "0",
        "\"0\"", "-1", "1e999",
    ];
    let by_number = prop_oneof![
        unusable().prop_map(Spoiled::Leverage),
        select(texts.clone()).prop_map(Spoiled::LeverageText),
        unusable().prop_map(Spoiled::Size),
        select(texts).prop_map(Spoiled::SizeText),
        positive().prop_map(Spoiled::QuantityWithoutPrice),
        positive().prop_map(Spoiled::MarginWithoutLeverage),
        unusable().prop_map(Spoiled::Stop),
    ];
    let by_kind = select(vec![
        Spoiled::NoSize,
        Spoiled::ProductTooLarge,
        Spoiled::ProductTooSmall,
        Spoiled::MarginOverflows,
        Spoiled::MarginVanishes,
        Spoiled::Symbol(""),
        Spoiled::Symbol("BTC USDT"),
        Spoiled::Symbol("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456"),
        Spoiled::NotListed,
        Spoiled::NoLeverageForIt,
        Spoiled::StopOnTheWrongSide,
        Spoiled::NoTime,
        Spoiled::AgeUnknown,
        Spoiled::LeadUnknown,
        Spoiled::MarketUnknown,
        Spoiled::HashUnstated,
    ]);
    prop_oneof![3 => by_number, 3 => by_kind, 2 => by_member()]
}

fn by_member() -> impl Strategy<Value = Spoiled> {
    let member = |key, json, reason| Just(Spoiled::Member(key, json, reason));
    let duplicates = vec!["symbol", "side", "source", "leverage", "size", "timestamp"];
    prop_oneof![
        member("action", "\"HOLD\"", SkipCode::IntentAmbiguous),
        member("action", "\"UP\"", SkipCode::IntentInvalid),
        member("action", "7", SkipCode::IntentInvalid),
        member("action", "\"CLOSED\"", SkipCode::IntentInvalid),
        member("direction", "\"sideways\"", SkipCode::IntentInvalid),
        member("ts", "1766550734", SkipCode::IntentInvalid),
        member("position_side", "\"x\"", SkipCode::IntentInvalid),
        member("stop_loss_pct", "2", SkipCode::IntentUnsupported),
        member("amount", "\"3\"", SkipCode::IntentUnsupported),
        member("my_stop", "true", SkipCode::IntentUnsupported),
        member("stopPrice", "95", SkipCode::IntentUnsupported),
        member("type", "\"STOP_MARKET\"", SkipCode::IntentUnsupported),
        member("reduce_only", "\"maybe\"", SkipCode::IntentInvalid),
        member("reduceOnly", "2", SkipCode::IntentInvalid),
        member("decided_at", "\"soon\"", SkipCode::IntentInvalid),
        member("decided_at", "1500.5", SkipCode::IntentInvalid),
        member("source", "5", SkipCode::IntentAmbiguous),
        member("payload", "{}", SkipCode::IntentAmbiguous),
        select(duplicates).prop_map(Spoiled::Duplicate),
    ]
}

impl Spoiled {
    /// Returns the call with this one defect, and the skip reason that it must have.
    #[must_use]
    pub fn spoil(self, mut call: Call) -> (Call, SkipCode) {
        let intent = &mut call.intent;
        let reason = match self {
            Self::Leverage(x) => {
                intent.set("leverage", x);
                SkipCode::PolicyMissingLeverage
            }
            Self::LeverageText(json) => {
                intent.remove("leverage");
                member(intent, "leverage", json, SkipCode::PolicyMissingLeverage)
            }
            Self::Size(x) => size(intent, &[("position_size_usd", x)]),
            Self::SizeText(json) => {
                let reason = size(intent, &[]);
                member(intent, "size", json, reason)
            }
            Self::NoSize => size(intent, &[]),
            // A complete statement of the size must not be used in place of an incomplete one.
            Self::QuantityWithoutPrice(x) => {
                size(intent, &[("quantity", x), ("position_size_usd", 200.0)])
            }
            Self::MarginWithoutLeverage(x) => {
                intent.remove("leverage");
                size(intent, &[("position_usd", x), ("position_size_usd", 200.0)])
            }
            Self::ProductTooLarge => size(intent, &[("quantity", 1e200), ("price", 1e200)]),
            Self::ProductTooSmall => size(intent, &[("quantity", 1e-200), ("price", 1e-200)]),
            Self::MarginOverflows => {
                intent.numbers = vec![("position_usd", f64::MAX), ("leverage", 1e300)];
                give_leverage(&mut call, 2.0)
            }
            Self::MarginVanishes => {
                intent.numbers = vec![("position_size_usd", 5e-324)];
                give_leverage(&mut call, 1e300)
            }
            Self::Symbol(text) => {
                text.clone_into(&mut intent.symbol);
                SkipCode::IntentInvalid
            }
            Self::NotListed => {
                UNLISTED_SYMBOL.clone_into(&mut intent.symbol);
                SkipCode::PolicyUniverseFilter
            }
            Self::NoLeverageForIt => {
                change_policy(&mut call, |policy| policy.leverages.clear());
                SkipCode::PolicyMissingLeverage
            }
            Self::Stop(x) => {
                intent.set("stop_loss", x);
                SkipCode::IntentInvalid
            }
            Self::StopOnTheWrongSide => {
                let entry = intent.number("entry_price").unwrap_or(100.0);
                intent.set("entry_price", entry);
                // A stop at the entry price would trigger immediately.
                intent.set("stop_loss", entry);
                SkipCode::IntentAmbiguous
            }
            Self::Member(key, json, reason) => member(intent, key, json, reason),
            Self::Duplicate(key) => {
                // Two equal values are a duplicate as well.
                member(intent, key, "\"1\"", SkipCode::IntentInvalid);
                member(intent, key, "\"1\"", SkipCode::IntentInvalid)
            }
            Self::NoTime => {
                (call.now, call.intent.time) = (None, None);
                SkipCode::IntentInvalid
            }
            Self::AgeUnknown => {
                call.guardrails.set("max_intent_age_sec", 1e9);
                call.intent.time = None;
                SkipCode::IntentStale
            }
            Self::LeadUnknown => {
                call.guardrails.set("max_intent_skew_sec", 1e9);
                call.intent.time = None;
                SkipCode::ClockUntrusted
            }
            Self::MarketUnknown => {
                change_policy(&mut call, |policy| policy.market = None);
                call.guardrails.market = Some("usdm");
                SkipCode::PolicyConstraintViolation
            }
            Self::HashUnstated => {
                change_policy(&mut call, |policy| policy.stated_hash = StatedHash::None);
                call.guardrails.requires_hash = true;
                SkipCode::PolicyConstraintViolation
            }
        };
        (call, reason)
    }
}

/// Replaces all numbers that state a size with these numbers.
fn size(intent: &mut IntentDraft, numbers: &[(&'static str, f64)]) -> SkipCode {
    intent.numbers.retain(|(field, _)| *field == "leverage");
    numbers.iter().for_each(|(field, x)| intent.set(field, *x));
    SkipCode::PolicyMissingSize
}

/// Adds a member as JSON, because the builder cannot express it.
fn member(intent: &mut IntentDraft, key: &'static str, json: &str, reason: SkipCode) -> SkipCode {
    intent.form = IntentForm::Flat;
    if let Some((field, _)) = &mut intent.time {
        *field = TimeField::Timestamp;
    }
    if key == "source" {
        intent.source = None;
    }
    intent.extra.push((key, json.to_owned()));
    if key == "payload" {
        intent.extra.push(("data", json.to_owned()));
    }
    reason
}

fn change_policy(call: &mut Call, change: impl FnOnce(&mut PolicyDraft)) {
    if let Some(policy) = call.policy.draft_mut() {
        change(policy);
    }
}

/// Sets the leverage of the symbol of the intent, and removes the leverage of all other symbols.
fn give_leverage(call: &mut Call, leverage: f64) -> SkipCode {
    let symbol = call.intent.symbol.to_uppercase();
    change_policy(call, |policy| policy.leverages = vec![(symbol, leverage)]);
    SkipCode::PolicyLimitExceeded
}

/// Members, as name and JSON value, that spoil an entry but not an exit.
pub type Noise = Vec<(&'static str, String)>;

/// Generates members that spoil an entry but not an exit. [`IntentDraft::with_noise`] omits those whose keys the exit
/// itself needs.
pub fn noise() -> impl Strategy<Value = Noise> {
    let fields = vec![
        "leverage",
        "size",
        "quantity",
        "price",
        "stop_loss",
        "ts",
        "decided_at",
        "timestamp",
        "id",
        "policy_hash",
    ];
    let values = vec![
        "\"x\"", "\"nan\"", "null", "[]", "{}", "1e999", "-1", "\"\"",
    ];
    let one =
        (select(fields), select(values)).prop_map(|(field, json)| vec![(field, json.to_owned())]);
    let duplicates = select(vec![
        ("event_type", "\"trade.intent\""),
        ("intent_type", "\"EXIT\""),
        ("action", "\"CLOSE\""),
        ("action", "5"),
        ("side", "\"SELL\""),
        ("reduce_only", "true"),
        ("reduceOnly", "\"1\""),
    ])
    .prop_map(|(field, json)| vec![(field, json.to_owned()); 2]);
    prop::collection::vec(prop_oneof![3 => one, 1 => duplicates], 0..4)
        .prop_map(|noise| noise.concat())
}

impl IntentDraft {
    /// Returns the exit with additional members, except those whose keys the exit itself needs.
    #[must_use]
    pub fn with_noise(mut self, noise: &Noise) -> Self {
        let needed: &[&str] = match self.kind {
            Kind::Entry => &[],
            Kind::Exit(Closing::Flag) => &["reduce_only", "side"],
            Kind::Exit(Closing::CamelFlag) => &["reduceOnly", "side"],
            Kind::Exit(Closing::Action) => &["action"],
            Kind::Exit(Closing::Side) => &["side"],
            Kind::Exit(Closing::Type) => &["intent_type"],
            Kind::Exit(Closing::PositionSide) => &["side"],
            Kind::Exit(Closing::Word(_)) => &["action"],
        };
        let others = noise.iter().filter(|(field, _)| !needed.contains(field));
        self.extra = others.cloned().collect();
        self
    }
}
