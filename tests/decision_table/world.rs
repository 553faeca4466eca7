//! The inputs of the engine for each case.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    expectation::{amounts, applied_leverage},
    states::{
        Age, Case, DecisionTime, Halted, Limited, Listing, PolicyInput, Readability,
        RequestedLeverage, Sender, SizeInput,
    },
};
use portcullis::{
    decide::Engine,
    exit::ExitOwnership,
    guardrails::{Guardrails, Halt},
    policy::{Policy, PolicyState, PolicyUnavailable},
    record::{Scratch, TapeRecord, read},
    types::{Leverage, Margin, Notional, SignedDuration, Symbol, Timestamp},
};

const OWNER: &str = "exit_service";
const DELEGATE: &str = "emergency_closer";
/// The start and the end of the policy's validity, in microseconds since the epoch.
const FROM: i64 = 1_766_547_134_062_733;
const UNTIL: i64 = 1_766_550_734_062_733;
const SECOND: i64 = 1_000_000;

/// The part of a case that determines the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct PolicyKey {
    age_max: Option<i64>,
    gives_leverage: bool,
    /// The limits on leverage, margin and notional, as the bits of an `f64`.
    limits: [Option<u64>; 3],
}

/// The part of a case that determines the guardrails, except for the halt and the requirements that
/// a policy must meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct OperatorKey {
    age_max: Option<i64>,
    skew_max: Option<i64>,
    permitted: Option<&'static str>,
    limits: [Option<u64>; 3],
}

/// One policy in three forms: with its hash, without a hash, and with bad metadata.
pub(crate) struct Policies {
    stated: Policy,
    unstated: Policy,
    doubted: Policy,
}

/// Engines for each combination of a halt and the requirements that a policy must meet.
pub(crate) struct Engines(Vec<Engine>);

/// The inputs that were created so far, which later cases reuse.
pub(crate) struct World {
    absences: Vec<PolicyUnavailable>,
    policies: BTreeMap<PolicyKey, Policies>,
    engines: BTreeMap<OperatorKey, Engines>,
}

impl World {
    pub(crate) fn new() -> Self {
        let refused = |text: &str| PolicyUnavailable::from(Policy::from_json(text).unwrap_err());
        let whole = policy_text(&PolicyKey {
            age_max: None,
            gives_leverage: true,
            limits: [None; 3],
        });
        let with = |from: &str, to: &str| {
            assert!(whole.contains(from), "{whole}");
            refused(&whole.replacen(from, to, 1))
        };
        let absences = vec![
            PolicyUnavailable::NotFound,
            PolicyUnavailable::HashUnknown("ab".repeat(32).parse().unwrap()),
            with("\"policy_version\": \"7\",", ""),
            with("\"policy_version\": \"7\",", "\"policy_version\": 7,"),
            with("\"T1_R\": 1.8", "\"T1_R\": 0"),
            with("{", &format!("{{\"policy_hash\": \"{}\",", "ab".repeat(32))),
            PolicyUnavailable::SignatureInvalid,
            PolicyUnavailable::RolledBack {
                seen: 8,
                offered: Some(7),
            },
            PolicyUnavailable::StoreUnavailable,
        ];
        Self {
            absences,
            policies: BTreeMap::new(),
            engines: BTreeMap::new(),
        }
    }

    /// Creates the inputs of a case unless they exist.
    pub(crate) fn prepare(&mut self, case: &Case) {
        self.policies
            .entry(policy_key(case))
            .or_insert_with_key(policies);
        self.engines
            .entry(operator_key(case))
            .or_insert_with_key(engines);
    }

    pub(crate) fn policies(&self, case: &Case) -> &Policies {
        &self.policies[&policy_key(case)]
    }

    pub(crate) fn engines(&self, case: &Case) -> &Engines {
        &self.engines[&operator_key(case)]
    }

    pub(crate) fn state<'a>(
        &'a self,
        policies: &'a Policies,
        policy_input: PolicyInput,
    ) -> PolicyState<'a> {
        match policy_input {
            PolicyInput::NotFound
            | PolicyInput::HashUnknown
            | PolicyInput::MissingField
            | PolicyInput::ParseError
            | PolicyInput::Invalid
            | PolicyInput::HashMismatch
            | PolicyInput::SignatureInvalid
            | PolicyInput::RolledBack
            | PolicyInput::StoreUnavailable => {
                let place = PolicyInput::ALL
                    .iter()
                    .position(|h| *h == policy_input)
                    .unwrap();
                PolicyState::unavailable(&self.absences[place])
            }
            PolicyInput::NoHash => PolicyState::present(&policies.unstated),
            PolicyInput::BadMetadata => PolicyState::present(&policies.doubted),
            PolicyInput::TooLong
            | PolicyInput::OtherMarket
            | PolicyInput::OtherVenue
            | PolicyInput::Permitted
            | PolicyInput::Unguarded => PolicyState::present(&policies.stated),
        }
    }
}

/// The requirements that a policy must meet. There is an engine for each pair of
/// requirements and halt.
const DEMANDS: [PolicyInput; 7] = [
    PolicyInput::Unguarded,
    PolicyInput::Permitted,
    PolicyInput::TooLong,
    PolicyInput::OtherMarket,
    PolicyInput::OtherVenue,
    PolicyInput::NoHash,
    PolicyInput::BadMetadata,
];

impl Engines {
    pub(crate) fn get(&self, halted: Halted, policy_input: PolicyInput) -> &Engine {
        let halt = Halted::ALL.iter().position(|h| *h == halted).unwrap();
        // A missing policy is combined with the strictest guardrails, which must not change the answer.
        let demand = DEMANDS.iter().position(|h| *h == policy_input).unwrap_or(1);
        &self.0[halt * DEMANDS.len() + demand]
    }
}

fn seconds(micros: i64) -> String {
    format!("{}.{:06}", micros / SECOND, micros % SECOND)
}

fn policy_text(key: &PolicyKey) -> String {
    let [leverage, margin, notional] = key.limits.map(|bits| bits.map(f64::from_bits));
    let limits: Vec<String> = [
        ("max_leverage", leverage),
        ("max_position_usd", margin),
        ("max_notional_usd", notional),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some(format!("\"{name}\": {}", value?)))
    .chain(
        key.age_max
            .map(|span| format!("\"max_intent_age_sec\": {}", seconds(span))),
    )
    .collect();
    let btc = if key.gives_leverage {
        "\"BTCUSDT\": 8, "
    } else {
        ""
    };
    format!(
        r#"{{"policy_version": "7", "market": "futures", "venue": "binance", "metadata_ok": true,
            "valid_from_epoch": {}, "valid_until_epoch": {}, "limits": {{{}}},
            "universe_symbols": ["BTCUSDT", "ETHUSDT"], "leverage_by_symbol": {{{btc}"ETHUSDT": 10}},
            "harvest_params": {{"T1_R": 1.8, "T2_R": 3.5, "T3_R": 5.8, "lock_R": 1.2, "be_plus_pct": 0.003,
                "cost_bps": 12, "k_regime_flip": 0.8, "k_sigma_spike": 0.6, "k_ts_drop": 0.4,
                "k_age_penalty": 0.2, "kill_threshold": 0.55}},
            "kill_params": {{"trend_min": 0.25, "sigma_ref": 0.012, "sigma_spike_cap": 1.8, "ts_ref": 0.35,
                "ts_drop_cap": 0.45, "max_age_sec": 72000}}}}"#,
        seconds(FROM),
        seconds(UNTIL),
        limits.join(", ")
    )
}

fn policies(key: &PolicyKey) -> Policies {
    let text = policy_text(key);
    let doubted = text.replacen("\"metadata_ok\": true", "\"metadata_ok\": false", 1);
    let stated = |text: &str| {
        let hash = Policy::hash_of(text).unwrap();
        let stated = text.replacen('{', &format!("{{\"policy_hash\": \"{hash}\", "), 1);
        Policy::from_json(&stated).unwrap()
    };
    Policies {
        stated: stated(&text),
        unstated: Policy::from_json(&text).unwrap(),
        doubted: stated(&doubted),
    }
}

fn engines(key: &OperatorKey) -> Engines {
    let symbols = |name: &str| BTreeSet::from([Symbol::new(name).unwrap()]);
    let mut base = Guardrails::none();
    if let Some(age_max) = key.age_max {
        base = base.with_max_intent_age(SignedDuration::from_micros(age_max));
    }
    if let Some(skew_max) = key.skew_max {
        base = base.with_max_intent_skew(SignedDuration::from_micros(skew_max));
    }
    if let Some(symbol) = key.permitted {
        base = base.with_permitted_symbols(symbols(symbol));
    }
    let [leverage, margin, notional] = key.limits.map(|bits| bits.map(f64::from_bits));
    if let Some(bound) = leverage {
        base = base.with_max_leverage(Leverage::new(bound).unwrap());
    }
    if let Some(bound) = margin {
        base = base.with_max_position_usd(Margin::new(bound).unwrap());
    }
    if let Some(bound) = notional {
        base = base.with_max_notional_usd(Notional::new(bound).unwrap());
    }
    let halts = [
        Halt::Nothing,
        Halt::Symbols(symbols("ETHUSDT")),
        Halt::Symbols(
            ["BTCUSDT", "XRPUSDT"]
                .into_iter()
                .flat_map(symbols)
                .collect(),
        ),
        Halt::Everything,
    ];
    let ownership = ExitOwnership::new(OWNER)
        .unwrap()
        .with_delegate(DELEGATE)
        .unwrap();
    let engines = halts.iter().flat_map(|halt| {
        DEMANDS.map(|policy_input| {
            let guardrails = demand(base.clone(), policy_input).with_halt(halt.clone());
            Engine::new(guardrails, ownership.clone())
        })
    });
    Engines(engines.collect())
}

/// Adds the requirements that a policy must meet. The policy either meets all of them, each exactly
/// at its bound, or violates one of them.
fn demand(base: Guardrails, policy_input: PolicyInput) -> Guardrails {
    if policy_input == PolicyInput::Unguarded {
        return base;
    }
    let short = i64::from(policy_input == PolicyInput::TooLong);
    let market = if policy_input == PolicyInput::OtherMarket {
        "spot"
    } else {
        "futures"
    };
    let venue = if policy_input == PolicyInput::OtherVenue {
        "okx"
    } else {
        "binance"
    };
    base.with_max_validity(SignedDuration::from_micros(UNTIL - FROM - short))
        .with_market(market)
        .with_venue(venue)
        .with_required_policy_hash()
        .with_required_metadata_ok()
}

/// The parameters that lead to an age of an intent. All of them are in microseconds.
struct Aging {
    /// The time at which the intent was sent, relative to now.
    sent: Option<i64>,
    policy_max: Option<i64>,
    operator_max: Option<i64>,
    skew_max: Option<i64>,
}

fn aging(age: Age) -> Aging {
    let minute = 60 * SECOND;
    let bounds = |sent, policy_max, operator_max, skew_max| Aging {
        sent,
        policy_max,
        operator_max,
        skew_max,
    };
    match age {
        Age::Unbounded => bounds(Some(-1_440 * minute), None, None, None),
        Age::UnboundedUnknown => bounds(None, None, None, None),
        Age::Young => bounds(Some(-minute / 2), Some(minute), Some(2 * minute), None),
        Age::AtBound => bounds(Some(-minute), Some(minute), Some(minute), None),
        Age::AheadUnbounded => bounds(Some(1_440 * minute), Some(minute), None, None),
        Age::AheadAtBound => bounds(Some(5 * SECOND), None, Some(minute), Some(5 * SECOND)),
        Age::OldForPolicy => bounds(Some(-minute - 1), Some(minute), Some(2 * minute), None),
        Age::OldForOperator => bounds(Some(-minute - 1), Some(2 * minute), Some(minute), None),
        Age::Unknown => bounds(None, Some(minute), None, None),
        Age::AheadBeyond => bounds(Some(5 * SECOND + 1), None, Some(minute), Some(5 * SECOND)),
        Age::LeadUnknown => bounds(None, None, None, Some(5 * SECOND)),
    }
}

/// Returns the bounds on leverage, margin and notional: those of the policy, then those of the guardrails.
fn bounds(case: &Case) -> [[Option<u64>; 3]; 2] {
    let (leverage, _) = applied_leverage(case.requested);
    let (notional, margin) = amounts(case.requested, case.size_input);
    let exact = [leverage, margin, notional].map(|bound| Some(bound.to_bits()));
    let below = |place: usize| {
        let mut bounds = exact;
        let tight = f64::from_bits(exact[place].unwrap()).next_down();
        bounds[place] = Some(tight.to_bits());
        bounds
    };
    let wide = [Some(1e6_f64.to_bits()); 3];
    let none = [None; 3];
    match case.limited {
        Limited::Unlimited | Limited::Overflow => [none, none],
        Limited::Within => [wide, wide],
        Limited::AtBound => [exact, exact],
        Limited::LeveragePolicy => [below(0), exact],
        Limited::LeverageOperator => [wide, below(0)],
        Limited::MarginPolicy => [below(1), none],
        Limited::MarginOperator => [exact, below(1)],
        Limited::NotionalPolicy => [below(2), wide],
        Limited::NotionalOperator => [none, below(2)],
    }
}

fn policy_key(case: &Case) -> PolicyKey {
    let [limits, _] = bounds(case);
    PolicyKey {
        age_max: aging(case.age).policy_max,
        gives_leverage: case.requested != RequestedLeverage::NothingGiven,
        limits,
    }
}

fn operator_key(case: &Case) -> OperatorKey {
    let [_, limits] = bounds(case);
    let aging = aging(case.age);
    OperatorKey {
        age_max: aging.operator_max,
        skew_max: aging.skew_max,
        permitted: match case.listed {
            Listing::Listed => None,
            Listing::ListedPermitted => Some("BTCUSDT"),
            Listing::NotListed => Some("XRPUSDT"),
            Listing::NotPermitted => Some("ETHUSDT"),
        },
        limits,
    }
}

/// Returns the time at which a case is decided.
pub(crate) fn now(when: DecisionTime) -> Timestamp {
    let micros = match when {
        DecisionTime::TooEarly => FROM - 1,
        DecisionTime::First => FROM,
        DecisionTime::Within => FROM + 1_800 * SECOND,
        DecisionTime::Last => UNTIL,
        DecisionTime::TooLate => UNTIL + 1,
    };
    Timestamp::from_micros(micros).unwrap()
}

/// Returns the record of the intent.
pub(crate) fn record(case: &Case) -> String {
    let mut fields: Vec<String> = Vec::new();
    let mut field = |text: String| fields.push(text);
    let (exits, source) = match case.sender {
        Sender::ExitOwner => (true, Some(format!("\"{OWNER}\""))),
        Sender::ExitDelegate => (true, Some(format!("\"{DELEGATE}\""))),
        Sender::ExitOther => (true, Some("\"momentum\"".to_owned())),
        Sender::ExitNoSource => (true, None),
        Sender::ExitUnreadable => (true, Some(format!("[\"{OWNER}\"]"))),
        Sender::EntryOwner => (false, Some(format!("\"{OWNER}\""))),
        Sender::EntryDelegate => (false, Some(format!("\"{DELEGATE}\""))),
        Sender::EntryUnreadable => (false, Some(format!("[\"{OWNER}\"]"))),
        Sender::EntryOther => (false, Some("\"momentum\"".to_owned())),
        Sender::EntryNoSource => (false, None),
    };
    if let Some(source) = source {
        field(format!("\"source\": {source}"));
    }
    if exits {
        field("\"reduce_only\": true".to_owned());
    }
    if let Some(sent) = aging(case.age).sent {
        let sent = now(case.when).as_micros() + sent;
        field(format!("\"timestamp\": {}", seconds(sent)));
    }
    let symbol = match case.listed {
        Listing::Listed | Listing::ListedPermitted | Listing::NotPermitted => "BTCUSDT",
        Listing::NotListed => "XRPUSDT",
    };
    field(format!("\"symbol\": \"{symbol}\""));
    match case.readability {
        Readability::Unreadable => field("\"payload\": \"{\"".to_owned()),
        Readability::Invalid => field(format!("\"side\": \"BUY\", \"symbol\": \"{symbol}\"")),
        Readability::Ambiguous => field("\"side\": \"HOLD\", \"action\": \"CLOSE\"".to_owned()),
        Readability::Hold => field("\"side\": \"HOLD\"".to_owned()),
        Readability::Unsupported => field("\"side\": \"REVERSE\"".to_owned()),
        Readability::Readable => field("\"side\": \"BUY\"".to_owned()),
    }
    match case.requested {
        RequestedLeverage::Nothing => {}
        RequestedLeverage::Unusable => field("\"leverage\": \"x\"".to_owned()),
        RequestedLeverage::Less | RequestedLeverage::NothingGiven => {
            field("\"leverage\": 5".to_owned())
        }
        RequestedLeverage::Equal => field("\"leverage\": 8".to_owned()),
        RequestedLeverage::More => field("\"leverage\": 10".to_owned()),
    }
    // With the smallest positive number as notional, the margin underflows. With the largest number
    // as margin, the notional overflows.
    let overflows = case.limited == Limited::Overflow;
    let amount = |usual: &str| if overflows { "5e-324" } else { usual }.to_owned();
    match case.size_input {
        SizeInput::Missing => {}
        SizeInput::Unusable => field("\"position_size_usd\": \"nan\"".to_owned()),
        SizeInput::NoPrice => field("\"quantity\": 4".to_owned()),
        SizeInput::Notional => field(format!("\"position_size_usd\": {}", amount("400"))),
        SizeInput::Margin if overflows => field("\"position_usd\": 1.7e308".to_owned()),
        SizeInput::Margin => field("\"position_usd\": 50".to_owned()),
        SizeInput::Product if overflows => field("\"quantity\": 5e-324, \"price\": 1".to_owned()),
        SizeInput::Product => field("\"quantity\": 4, \"price\": 100".to_owned()),
    }
    format!("{{{}}}", fields.join(", "))
}

/// Parses an intent.
pub(crate) fn intent<'a>(
    record: &'a str,
    scratch: &'a mut Scratch,
) -> portcullis::intent::Intent<'a> {
    match read(record, scratch) {
        TapeRecord::Intent(intent) => intent,
        TapeRecord::RecordedDecision(_)
        | TapeRecord::Position(_)
        | TapeRecord::PolicyUpdated(..)
        | TapeRecord::PolicyWithdrawn(_) => {
            panic!("not an intent: {record}")
        }
    }
}
