//! Strategies for policies in every state: absent, unreadable, invalid, forged, expired, not yet valid, at the edge of
//! validity, in force.

use std::ops::Range;

use portcullis::{policy::PolicyUnavailable, types::PolicyHash};
use proptest::{option::weighted, prelude::*, sample::select};

use super::{
    SYMBOLS, number,
    policy::{Flaw, PolicyDraft, PolicyInput, StatedHash},
};

/// The start and the end of validity, in microseconds relative to the time of the decision. Without
/// a start, the policy is valid at every time up to the end.
type Window = (Option<i64>, i64);

/// One day in microseconds.
const DAY: i64 = 86_400_000_000;

fn at_least(from: i64) -> impl Strategy<Value = i64> {
    let far: Range<i64> = from..DAY;
    prop_oneof![2 => Just(from), 1 => Just(from.max(1)), 2 => far]
}

/// Generates a validity window that contains the time of the decision. The time can be exactly at
/// an edge of the window.
fn open_window() -> BoxedStrategy<Window> {
    let begins = at_least(0).prop_map(|before| -before);
    (weighted(0.5, begins), at_least(0)).boxed()
}

fn past_window() -> BoxedStrategy<Window> {
    let expires = at_least(1).prop_map(|before| -before);
    (weighted(0.3, Just(-2 * DAY)), expires).boxed()
}

fn future_window() -> BoxedStrategy<Window> {
    (at_least(1).prop_map(Some), Just(2 * DAY)).boxed()
}

/// Generates θ with its thresholds in ascending order.
fn theta() -> impl Strategy<Value = Vec<(&'static str, f64)>> {
    let share = || 0.0..=1.0_f64;
    let weight = || prop_oneof![1 => Just(0.0), 4 => 0.0..3.0_f64];
    let step = || prop_oneof![1 => Just(1.0), 1 => Just(0.25), 2 => 0.01..5.0_f64];
    (
        (step(), step(), step(), step()),
        (
            0.0..0.02_f64,
            prop_oneof![Just(12.0), 0.0..50.0_f64],
            weighted(0.4, 0.001..0.1_f64),
        ),
        (weight(), weight(), weight(), weight(), 0.51..0.99_f64),
        (share(), 0.001..0.1_f64, 0.0..3.0_f64),
        (
            -1.0..1.0_f64,
            0.0..1.0_f64,
            prop_oneof![Just(200.0), 1.0..1e6_f64],
        ),
    )
        .prop_map(|(steps, costs, weights, kill, rest)| {
            let (t1, t2, t3) = (steps.0, steps.0 + steps.1, steps.0 + steps.1 + steps.2);
            let mut theta = vec![
                ("harvest_params.T1_R", t1),
                ("harvest_params.T2_R", t2),
                ("harvest_params.T3_R", t3),
                ("harvest_params.lock_R", steps.3),
                ("harvest_params.be_plus_pct", costs.0),
                ("harvest_params.cost_bps", costs.1),
                ("harvest_params.k_regime_flip", weights.0),
                ("harvest_params.k_sigma_spike", weights.1),
                ("harvest_params.k_ts_drop", weights.2),
                ("harvest_params.k_age_penalty", weights.3),
                ("harvest_params.kill_threshold", weights.4),
                ("kill_params.trend_min", kill.0),
                ("kill_params.sigma_ref", kill.1),
                ("kill_params.sigma_spike_cap", kill.2),
                ("kill_params.ts_ref", rest.0),
                ("kill_params.ts_drop_cap", rest.1),
                ("kill_params.max_age_sec", rest.2),
            ];
            theta.extend(
                costs
                    .2
                    .map(|stop| ("harvest_params.fallback_stop_pct", stop)),
            );
            theta
        })
}

fn limits() -> impl Strategy<Value = Vec<(&'static str, f64)>> {
    let age = || weighted(0.1, select(vec![1e-6, 1.0, 59.999_999, 60.0, 86_400.0]));
    let money = || weighted(0.15, number::positive());
    (money(), money(), money(), age(), age(), age()).prop_map(
        |(leverage, margin, notional, intent, market, position)| {
            let limits = [
                ("limits.max_leverage", leverage),
                ("limits.max_position_usd", margin),
                ("limits.max_notional_usd", notional),
                ("limits.max_intent_age_sec", intent),
                ("limits.max_market_age_sec", market),
                ("limits.max_position_age_sec", position),
            ];
            let set = limits.into_iter();
            set.filter_map(|(path, limit)| Some((path, limit?)))
                .collect()
        },
    )
}

/// Generates the universe and its leverages. A symbol of the universe may have no leverage.
fn universe() -> impl Strategy<Value = (Vec<String>, Vec<(String, f64)>)> {
    let leverages = prop::collection::vec(weighted(0.9, number::positive()), SYMBOLS.len() - 1);
    (leverages, 1..SYMBOLS.len()).prop_map(|(leverages, count)| {
        let universe: Vec<String> = SYMBOLS
            .iter()
            .take(count)
            .map(ToString::to_string)
            .collect();
        let leverages = universe.iter().cloned().zip(leverages);
        let given = leverages.filter_map(|(symbol, leverage)| Some((symbol, leverage?)));
        let given = given.collect();
        (universe, given)
    })
}

fn draft(
    window: BoxedStrategy<Window>,
    stated_hash: BoxedStrategy<StatedHash>,
    flaw: BoxedStrategy<Option<Flaw>>,
) -> BoxedStrategy<PolicyInput> {
    (
        (universe(), theta(), limits(), window),
        (
            stated_hash,
            flaw,
            (0..8_u8).prop_map(|roll| roll == 0),
            0..4_u64,
        ),
        (
            weighted(0.1, 0..100_u32),
            weighted(0.3, select(vec!["usdm", "spot"])),
        ),
    )
        .prop_map(|(content, form, rest)| {
            let ((universe, leverages), theta, limits, (begins, expires)) = content;
            let (stated_hash, flaw, as_map, order) = form;
            PolicyInput::Draft(PolicyDraft {
                universe,
                leverages,
                numbers: [theta, limits].concat(),
                begins,
                expires,
                about: 0,
                grace_sec: rest.0,
                market: rest.1,
                stated_hash,
                as_map,
                order,
                flaw,
            })
        })
        .boxed()
}

fn honest_hash() -> BoxedStrategy<StatedHash> {
    select(vec![StatedHash::None, StatedHash::None, StatedHash::Own]).boxed()
}

/// Generates a policy that is valid, authentic and in force at the time of the decision, which can
/// be exactly at an edge of the validity window.
pub fn in_force() -> BoxedStrategy<PolicyInput> {
    draft(open_window(), honest_hash(), Just(None).boxed())
}

/// Generates a policy in force without limits, in which every symbol has the same ordinary
/// leverage.
pub fn sound() -> BoxedStrategy<PolicyInput> {
    (in_force(), number::usual())
        .prop_map(|(mut policy, leverage)| {
            if let Some(draft) = policy.draft_mut() {
                draft
                    .numbers
                    .retain(|(path, _)| !path.starts_with("limits."));
                let listed = SYMBOLS.iter().take(SYMBOLS.len() - 1);
                draft.universe = listed.map(ToString::to_string).collect();
                let each = draft.universe.iter().cloned();
                draft.leverages = each.map(|symbol| (symbol, leverage)).collect();
            }
            policy
        })
        .boxed()
}

/// Generates a policy that is not in force, for any reason.
pub fn not_in_force() -> BoxedStrategy<PolicyInput> {
    let whole = || Just(None).boxed();
    let forged = Just(StatedHash::OfAnother).boxed();
    prop_oneof![
        3 => absent(),
        1 => unreadable(),
        3 => draft(open_window(), Just(StatedHash::None).boxed(), flaw().prop_map(Some).boxed()),
        2 => draft(open_window(), forged, whole()),
        4 => draft(past_window(), honest_hash(), whole()),
        2 => draft(future_window(), honest_hash(), whole()),
    ]
    .boxed()
}

/// Generates a policy that is in force or not.
pub fn any_state() -> BoxedStrategy<PolicyInput> {
    prop_oneof![2 => in_force(), 1 => not_in_force()].boxed()
}

fn absent() -> impl Strategy<Value = PolicyInput> {
    let hash = any::<[u8; 32]>()
        .prop_map(|bytes| PolicyUnavailable::HashUnknown(PolicyHash::from_bytes(bytes)));
    prop_oneof![
        2 => Just(PolicyUnavailable::NotFound),
        1 => Just(PolicyUnavailable::StoreUnavailable),
        1 => Just(PolicyUnavailable::SignatureInvalid),
        1 => (any::<u64>(), any::<Option<u64>>())
            .prop_map(|(seen, offered)| PolicyUnavailable::RolledBack { seen, offered }),
        1 => hash,
    ]
    .prop_map(PolicyInput::Absent)
}

fn unreadable() -> impl Strategy<Value = PolicyInput> {
    let texts = vec![
        "",
        "null",
        "[]",
        "{}",
        "200",
        "10",
        "\"10x\"",
        "{\"leverage\": 10}",
        "{{",
        "\u{feff}",
    ];
    select(texts).prop_map(|text| PolicyInput::Unreadable(text.to_owned()))
}

fn flaw() -> impl Strategy<Value = Flaw> {
    let missing = vec![
        "universe_symbols",
        "leverage_by_symbol",
        "harvest_params",
        "kill_params",
        "valid_until_epoch",
        "policy_version",
        "harvest_params.T1_R",
        "harvest_params.kill_threshold",
        "kill_params.max_age_sec",
    ];
    let held = vec![
        ("universe_symbols", "[]"),
        ("universe_symbols", "[\"BTCUSDT\", \"btcusdt\"]"),
        ("leverage_by_symbol", "{\"BTCUSDT\": 0}"),
        ("leverage_by_symbol", "{\"BTCUSDT\": 1e999}"),
        ("leverage_by_symbol", "{\"BTCUSDT\": \"10\"}"),
        ("leverage_by_symbol", "{\"BTCUSDT\": 8, \"BTCUSDT\": 10}"),
        ("valid_until_epoch", "1e999"),
        ("valid_until_epoch", "\"nan\""),
        ("valid_until_epoch", "9999999999999"),
        ("policy_version", "\"\""),
        ("policy_version", "2"),
        ("limits", "{\"max_levrage\": 5}"),
        ("harvest_params.T2_R", "0.001"),
        ("harvest_params.T3_R", "-1e999"),
        ("harvest_params.kill_threshold", "0.5"),
        ("harvest_params.cost_bps", "\"12\""),
        ("kill_params.sigma_ref", "0"),
    ];
    prop_oneof![
        2 => select(missing).prop_map(Flaw::Missing),
        3 => select(held).prop_map(|(name, json)| Flaw::Holds(name, json)),
        1 => any::<u8>().prop_map(Flaw::Cut),
    ]
}
