//! Tests of proposals from positions, without a server.

use portcullis::{exit::ExitOwnership, harvest::SizeRules, policy::Policy, types::Symbol};
use proptest::prelude::*;

use super::*;
use crate::harvester::{
    Authority,
    fields::{Fields, StoredHash},
    position::market,
    proposal::proposal,
};

/// The values that the server would store.
struct World {
    policy: Policy,
    memory: String,
    last: ComparedFields,
    sizes: SizeRules,
}

impl World {
    fn new() -> Self {
        let until = Timestamp::parse_epoch_seconds("1767580000").unwrap();
        Self {
            policy: Policy::from_json(&portcullis_sim::sample::policy_json(until)).unwrap(),
            memory: String::new(),
            last: ComparedFields::default(),
            sizes: SizeRules::default(),
        }
    }

    /// Evaluates a position and stores the proposal. Returns the fields of the proposal, if there is a new one.
    fn look(
        &mut self,
        fields: &[(&str, &str)],
        market_fields: &[(&str, &str)],
    ) -> Option<Vec<String>> {
        let now = Timestamp::parse_epoch_seconds("1767571200").unwrap();
        let of = |base: &[(&'static str, &'static str)], more: &[(&str, &str)]| -> Fields {
            let all = base.iter().chain(more).copied();
            all.collect()
        };
        let position = [
            ("side", "LONG"),
            ("quantity", "1"),
            ("entry_price", "100"),
            ("current_sl", "99"),
            ("opened_at", "1767567600"),
        ];
        let sample = [
            ("sigma", "0.01"),
            ("ts", "0.35"),
            ("p_trend", "0.5"),
            ("p_mr", "0.2"),
            ("p_chop", "0.3"),
        ];
        let risk = StoredHash::Fields([("stop_dist_pct", "0.02")].into_iter().collect());
        let symbol = Symbol::new("BTCUSDT").unwrap();
        let mut seen = ObservedPosition::read(symbol, &of(&position, fields), &risk, now).unwrap();
        seen.position.sizes = self.sizes;
        let memory = Memory::read(self.memory.as_bytes());
        let market = market(&StoredHash::Fields(of(&sample, market_fields)));
        let evaluation = Evaluation {
            policy: PolicyState::present(&self.policy),
            seen: &seen,
            market: market.as_ref(),
            memory,
            last: &self.last,
            now,
        };
        let new = match evaluation.advice() {
            Advice::Unchanged(_) => return None,
            Advice::Propose(new) => new,
            Advice::Skip(skip) => panic!("{skip:?}"),
        };
        let ownership = ExitOwnership::new("exit_service").unwrap();
        let authority = Authority::of(&ownership, "exit_service").unwrap();
        let items = proposal(&new, &seen, &authority, now);
        self.last = ComparedFields::of(&new.harvest, &seen, new.peak, new.harvested);
        if let Some(text) = new.memory {
            self.memory = text;
        }
        Some(items.iter().map(str::to_owned).collect())
    }
}

fn field<'a>(items: &'a [String], name: &str) -> &'a str {
    let mut pairs = items.chunks(2);
    let pair = pairs.find(|pair| pair[0] == name);
    pair.map_or("-", |pair| pair[1].as_str())
}

/// Expected R_net, kill score, action and stop.
type Expected<'a> = (f64, &'a str, &'a str, Option<f64>);

#[track_caller]
fn check(position: &[(&str, &str)], market: &[(&str, &str)], expected: Expected<'_>) {
    let items = World::new().look(position, market).unwrap();
    let (r_net, kill, action, stop) = expected;
    let is_near = |name, expected: f64| {
        let found: f64 = field(&items, name).parse().unwrap();
        assert!((found - expected).abs() < 1e-12, "{name}: {found}");
    };
    is_near("r_net", r_net);
    is_near("risk_unit", 2.0);
    is_near("cost", 0.12);
    assert_eq!(field(&items, "kill_score"), kill);
    assert_eq!(field(&items, "action"), action);
    match stop {
        None => assert_eq!(field(&items, "stop_proposed"), "-"),
        Some(stop) => is_near("stop_proposed", stop),
    }
    assert_eq!(field(&items, "stop_source"), "risk:stop_dist_pct");
}

#[test]
fn reference_values() {
    const K: &str = "0.5024999791668749";
    const FULL: &str = "FULL_CLOSE_PROPOSED";
    let at = |price| [("current_price", price)];
    let lock = Some(100.3);
    check(&at("101"), &[], (0.44, K, "NONE", None));
    check(&at("103"), &[], (1.44, K, "NONE", lock));
    check(&at("103.8"), &[], (1.84, K, "PARTIAL_25", lock));
    check(&at("107.2"), &[], (3.54, K, "PARTIAL_50", lock));
    check(&at("111.8"), &[], (5.84, K, "PARTIAL_75", lock));
    let short = [("side", "SHORT"), ("current_price", "96")];
    check(&short, &[], (1.94, K, "PARTIAL_25", None));
    let short = [&short[..], &[("current_sl", "101")]].concat();
    check(&short, &[], (1.94, K, "PARTIAL_25", Some(99.7)));
    let flip = [("p_trend", "0.1"), ("p_mr", "0.3"), ("p_chop", "0.6")];
    for (market, kill, action) in [
        (&flip[..], "0.6921095043017882", FULL),
        (&[("sigma", "0.03")], "0.7130001627522816", FULL),
        (&[("ts", "0.1")], "0.5274723043445937", "NONE"),
    ] {
        check(&at("103"), market, (1.44, kill, action, lock));
    }
    let old = [&at("103")[..], &[("opened_at", "1767471200")]].concat();
    check(&old, &[], (1.44, "0.549833997312478", "NONE", lock));
}

#[test]
fn a_stage_is_proposed_once_per_position() {
    let mut world = World::new();
    let mut look = |price, more: &[(&str, &str)]| {
        let fields = [&[("current_price", price)], more].concat();
        let items = world.look(&fields, &[])?;
        Some((
            field(&items, "action").to_owned(),
            field(&items, "harvested").to_owned(),
        ))
    };
    let is = |action: HarvestAction, before: HarvestAction| {
        Some((action.to_string(), before.to_string()))
    };
    use HarvestAction::{None as Nothing, Partial25, Partial50, Partial75};
    assert_eq!(look("103.8", &[]), is(Partial25, Nothing));
    // The proposal stays valid at another price that reaches the stage, and ends at a price that
    // does not reach it.
    assert_eq!(look("104", &[]), None);
    assert_eq!(look("103", &[]), is(Nothing, Partial25));
    assert_eq!(look("103.8", &[]), None);
    assert_eq!(look("107.2", &[]), is(Partial50, Partial25));
    // The position itself records the stage as taken.
    let taken = [("harvested", "PARTIAL_50")];
    assert_eq!(look("107.2", &taken), is(Nothing, Partial50));
    assert_eq!(look("111.8", &[]), is(Partial75, Partial50));
    // A later opening time means another position.
    let later = [("opened_at", "1767567601")];
    assert_eq!(look("103.8", &later), is(Partial25, Nothing));
    // Without an opening time, the remembered stage counts.
    assert_eq!(
        look("107.2", &[("opened_at", "?")]),
        is(Partial50, Partial25)
    );
    assert_eq!(look("107.2", &later), is(Nothing, Partial50));
}

#[test]
fn a_stop_that_moved_does_not_bring_a_stage_back() {
    let mut world = World::new();
    let reached = [("current_price", "103.8")];
    let moved = [("current_price", "103.8"), ("current_sl", "100.3")];
    let first = world.look(&reached, &[]).unwrap();
    assert_eq!(field(&first, "action"), "PARTIAL_25");
    let second = world.look(&moved, &[]).unwrap();
    assert_eq!(field(&second, "action"), "NONE");
    assert_eq!(field(&second, "stop_proposed"), "-");
    assert_eq!(world.look(&moved, &[]), None);
}

/// The prices at which the stages are reached, from none to the highest.
const PRICES: [&str; 4] = ["101", "103.8", "107.2", "111.8"];

/// Returns the action, the quantity to close and the largest quantity of a new proposal.
fn close_of(world: &mut World, quantity: &str, stage: usize, more: &[(&str, &str)]) -> String {
    let fields = [("quantity", quantity), ("current_price", PRICES[stage])];
    let Some(items) = world.look(&[&fields[..], more].concat(), &[]) else {
        return "-".to_owned();
    };
    let [action, close, peak] =
        ["action", "close_quantity", "peak_quantity"].map(|name| field(&items, name));
    format!("{action} {close} {peak}")
}

fn in_lots(lot_size: f64) -> World {
    let mut world = World::new();
    world.sizes.lot_size = Some(lot_size);
    world
}

#[test]
fn a_climb_leaves_as_much_as_a_jump() {
    let mut climb = in_lots(0.001);
    assert_eq!(
        close_of(&mut climb, "0.010", 1, &[]),
        "PARTIAL_25 0.002 0.01"
    );
    assert_eq!(close_of(&mut climb, "0.008", 1, &[]), "NONE - 0.01");
    assert_eq!(
        close_of(&mut climb, "0.008", 2, &[]),
        "PARTIAL_50 0.003 0.01"
    );
    assert_eq!(
        close_of(&mut climb, "0.005", 3, &[]),
        "PARTIAL_75 0.002 0.01"
    );
    assert_eq!(close_of(&mut climb, "0.003", 3, &[]), "NONE - 0.01");
    let mut jump = in_lots(0.001);
    assert_eq!(
        close_of(&mut jump, "-0.010", 0, &[("side", "SHORT")]),
        "NONE - 0.01"
    );
    let short = [
        ("side", "SHORT"),
        ("current_price", "88"),
        ("current_sl", "101"),
    ];
    assert_eq!(
        close_of(&mut jump, "-0.010", 3, &short),
        "PARTIAL_75 0.007 0.01"
    );
    let mut small = in_lots(0.001);
    assert_eq!(close_of(&mut small, "0.003", 1, &[]), "NONE - 0.003");
    assert_eq!(
        close_of(&mut small, "0.003", 2, &[]),
        "PARTIAL_50 0.001 0.003"
    );
    assert_eq!(
        close_of(&mut small, "0.002", 3, &[]),
        "PARTIAL_75 0.001 0.003"
    );
    // The position was reduced before a stage was proposed; the reduction counts as a stage.
    let mut reduced = in_lots(0.001);
    assert_eq!(close_of(&mut reduced, "0.010", 0, &[]), "NONE - 0.01");
    assert_eq!(close_of(&mut reduced, "0.005", 2, &[]), "NONE - 0.01");
    assert_eq!(
        close_of(&mut reduced, "0.005", 3, &[]),
        "PARTIAL_75 0.002 0.01"
    );
}

#[test]
fn a_position_that_grows_starts_anew() {
    let mut world = in_lots(1.0);
    assert_eq!(close_of(&mut world, "8", 1, &[]), "PARTIAL_25 2 8");
    assert_eq!(close_of(&mut world, "6", 1, &[]), "NONE - 8");
    assert_eq!(close_of(&mut world, "7", 1, &[]), "-");
    assert_eq!(close_of(&mut world, "12", 1, &[]), "PARTIAL_25 3 12");
    assert_eq!(close_of(&mut world, "9", 1, &[]), "NONE - 12");
    // Another position.
    let later = [("opened_at", "1767567601")];
    assert_eq!(close_of(&mut world, "4", 1, &later), "PARTIAL_25 1 4");
    assert_eq!(close_of(&mut world, "4", 0, &later), "NONE - 4");
}

#[test]
fn a_position_that_was_reduced_before_the_first_scan_has_no_largest_quantity() {
    let taken = [("harvested", "PARTIAL_25")];
    let mut world = in_lots(1.0);
    assert_eq!(close_of(&mut world, "6", 1, &taken), "NONE - -");
    assert_eq!(close_of(&mut world, "6", 2, &taken), "PARTIAL_50 2 -");
    // Without a quantity, only the share is proposed.
    let mut world = in_lots(1.0);
    let fields = [("quantity", "x"), ("current_price", "103.8")];
    let items = world.look(&fields, &[]).unwrap();
    assert!(field(&items, "reasons").contains("ladder_unavailable"));
}

proptest! {
    /// For any sequence of prices, stops and ascending opening times, each proposed stage of a position is higher than the
    /// previous one, and no proposal is repeated.
    #[test]
    fn stages_rise(looks in prop::collection::vec((0..6_usize, 0..4_usize, any::<bool>()), 1..40)) {
        let mut world = World::new();
        let mut opened = 1_767_560_000;
        let mut highest = "NONE".to_owned();
        for (price, opening, is_moved) in looks {
            let price = ["99", "101", "103", "103.8", "107.2", "111.8"][price];
            if opening == 0 {
                opened += 1;
                highest = "NONE".to_owned();
            }
            let text = if opening == 1 { "?".to_owned() } else { opened.to_string() };
            let stop = if is_moved { "100.5" } else { "99" };
            let fields = [("current_price", price), ("opened_at", &text), ("current_sl", stop)];
            let Some(items) = world.look(&fields, &[]) else { continue };
            let action = field(&items, "action");
            if action != "NONE" {
                prop_assert!(*action > *highest, "{action} after {highest}");
                highest = action.to_owned();
            }
            prop_assert_eq!(world.look(&fields, &[]), None);
        }
    }
}
