//! Tests of the policy that decides.

use portcullis::{
    Decision, Guardrails, PolicyUnavailable, SignedDuration,
    answer::{Answer, Verdict},
};
use portcullis_rollout::{OpenPosition, PolicySet, Role};

use crate::support::{
    NOW_SEC, World, arm, at, entry, exit, now, open, other_hash, policy, row, set, symbol,
};

const DAY: i64 = 86_400;

/// A live policy with 8x, and a canary with 5x that is assigned to SOLUSDT and DOTUSDT.
struct Case {
    world: World,
    set: PolicySet,
}

impl Case {
    fn new() -> Self {
        Self::with(8, 5, DAY, DAY)
    }

    fn with(live: u32, canary: u32, live_sec: i64, canary_sec: i64) -> Self {
        let (live, canary) = (policy(live, live_sec), policy(canary, canary_sec));
        let arm = arm(Role::Canary, canary.hash(), 2500);
        Self {
            set: set(live.hash(), &[arm], false),
            world: World::new([live, canary]),
        }
    }

    fn canary(&self) -> portcullis::PolicyHash {
        self.set.arms()[0].hash()
    }

    fn killed(mut self) -> Self {
        self.set = self.set.kill().unwrap();
        self
    }

    /// Returns the answer to an entry as short text, such as `TRADE 8 ARM_KILLED`.
    fn answer_at(&self, name: &str, open: Option<OpenPosition>, seconds: i64) -> String {
        let intent = entry(name);
        let rollout = self.world.rollout(&self.set);
        let question = self.world.question(&intent, open, at(seconds));
        let decided = rollout.decide(&question);
        let answer = decided.answer(1, None);
        let result = match (answer.leverage, answer.reason) {
            (Some(leverage), _) => format!("TRADE {leverage}"),
            (None, Some(reason)) => format!("SKIP {reason}"),
            (None, None) => panic!("{}", decided.decision()),
        };
        assert_eq!(
            decided.arm().is_some(),
            decided.arm() == answer.policy_hash && decided.arm().is_some()
        );
        match decided.arm_reason() {
            Some(reason) => format!("{result} {}", reason.code()),
            None => result,
        }
    }

    fn answer(&self, name: &str, open: Option<OpenPosition>) -> String {
        self.answer_at(name, open, NOW_SEC)
    }

    fn ladder_at(&self, opened_under: Option<portcullis::PolicyHash>, seconds: i64) -> String {
        let rollout = self.world.rollout(&self.set);
        let ladder = rollout.ladder(opened_under, at(seconds));
        let version = ladder.policy().policy().map_or("none", |it| it.version());
        let reason = ladder.arm_reason().map_or("", |it| it.code());
        format!("{version} {reason}").trim_end().to_owned()
    }
}

#[test]
fn a_canary_decides_the_symbols_that_its_salt_assigns() {
    let case = Case::new();
    assert_eq!(case.answer("SOLUSDT", None), "TRADE 5 ARM_ASSIGNED");
    assert_eq!(case.answer("dotusdt", None), "TRADE 5 ARM_ASSIGNED");
    for name in ["BTCUSDT", "ETHUSDT", "LINKUSDT"] {
        assert_eq!(case.answer(name, None), "TRADE 8", "{name}");
    }
}

#[test]
fn the_answer_names_the_deciding_policy_and_the_reason() {
    let case = Case::new();
    let intent = entry("SOLUSDT");
    let rollout = case.world.rollout(&case.set);
    let decided = rollout.decide(&case.world.question(&intent, None, now()));
    assert_eq!(decided.arm(), Some(case.canary()));
    let reason = decided.arm_reason().unwrap().to_string();
    assert_eq!(reason, "the arm is assigned: bucket 1947 is below 2500 bps");
    let row = row(&decided);
    let ending = format!(
        "\"policy_hash\":\"{}\",\"arm_reason\":\"ARM_ASSIGNED\"}}",
        case.canary()
    );
    assert!(row.ends_with(&ending), "{row}");
    let Decision::Trade(trade) = decided.into_decision() else {
        panic!()
    };
    assert_eq!(trade.policy_hash(), case.canary());
}

#[test]
fn without_a_live_policy_no_arm_decides() {
    for (live, expected) in [
        (None, "SKIP POLICY_MISSING ARM_WITHOUT_LIVE"),
        (
            Some(PolicyUnavailable::SignatureInvalid),
            "SKIP POLICY_SIGNATURE_INVALID ARM_WITHOUT_LIVE",
        ),
    ] {
        let mut case = Case::new();
        let hash = case.set.live();
        case.world.policies.retain(|(it, _)| *it != hash);
        case.world
            .policies
            .extend(live.map(|reason| (hash, Err(reason))));
        assert_eq!(case.answer("SOLUSDT", None), expected);
        let pinned = open(Some(case.canary()), None);
        assert_eq!(case.answer("SOLUSDT", Some(pinned)), expected);
        let unassigned = expected.strip_suffix(" ARM_WITHOUT_LIVE").unwrap();
        assert_eq!(case.answer("BTCUSDT", None), unassigned);
    }
    let stale = Case::with(8, 5, 60, DAY);
    let then = NOW_SEC + 61;
    assert_eq!(
        stale.answer_at("SOLUSDT", None, then),
        "SKIP POLICY_STALE ARM_WITHOUT_LIVE"
    );
}

#[test]
fn an_arm_that_cannot_be_used_falls_back_to_the_live_policy() {
    let mut unknown = Case::new();
    let hash = unknown.canary();
    unknown.world.policies.retain(|(it, _)| *it != hash);
    assert_eq!(unknown.answer("SOLUSDT", None), "TRADE 8 POLICY_MISSING");
    unknown
        .world
        .policies
        .push((hash, Err(PolicyUnavailable::SignatureInvalid)));
    assert_eq!(
        unknown.answer("SOLUSDT", None),
        "TRADE 8 POLICY_SIGNATURE_INVALID"
    );
    // A loader that returns another policy does not replace the one that the set names.
    let last = unknown.world.policies.len() - 1;
    unknown.world.policies[last] = (hash, Ok(policy(50, DAY)));
    assert_eq!(unknown.answer("SOLUSDT", None), "TRADE 8 POLICY_MISSING");

    let stale = Case::with(8, 5, DAY, 60);
    assert_eq!(
        stale.answer_at("SOLUSDT", None, NOW_SEC + 60),
        "TRADE 5 ARM_ASSIGNED"
    );
    assert_eq!(
        stale.answer_at("SOLUSDT", None, NOW_SEC + 61),
        "TRADE 8 POLICY_STALE"
    );

    let mut refused = Case::with(8, 5, DAY, 2 * DAY);
    let bound = SignedDuration::from_micros((DAY + 3600) * 1_000_000);
    let guardrails = Guardrails::none().with_max_validity(bound);
    refused.world.engine =
        portcullis::Engine::new(guardrails, refused.world.engine.ownership().clone());
    assert_eq!(
        refused.answer("SOLUSDT", None),
        "TRADE 8 POLICY_CONSTRAINT_VIOLATION"
    );
    assert_eq!(refused.answer("BTCUSDT", None), "TRADE 8");
}

#[test]
fn an_arm_ends_after_its_last_time() {
    let case = Case::with(8, 5, 30 * DAY, 30 * DAY);
    let until = NOW_SEC + 604_800;
    assert_eq!(
        case.answer_at("SOLUSDT", None, until),
        "TRADE 5 ARM_ASSIGNED"
    );
    assert_eq!(
        case.answer_at("SOLUSDT", None, until + 1),
        "TRADE 8 ARM_EXPIRED"
    );
    let pinned = Some(open(Some(case.canary()), None));
    assert_eq!(
        case.answer_at("BTCUSDT", pinned, until),
        "TRADE 5 ARM_PINNED"
    );
    assert_eq!(
        case.answer_at("BTCUSDT", pinned, until + 1),
        "TRADE 8 ARM_EXPIRED"
    );
}

#[test]
fn a_kill_returns_all_entries_to_the_live_policy() {
    let case = Case::new().killed();
    assert_eq!(case.answer("SOLUSDT", None), "TRADE 8 ARM_KILLED");
    let pinned = Some(open(Some(case.canary()), None));
    assert_eq!(case.answer("BTCUSDT", pinned), "TRADE 8 ARM_KILLED");
    assert_eq!(case.answer("BTCUSDT", None), "TRADE 8");
    assert_eq!(
        case.ladder_at(Some(case.canary()), NOW_SEC),
        "5x ARM_PINNED"
    );
}

#[test]
fn a_position_keeps_its_policy_until_it_is_flat() {
    let mut case = Case::new();
    let pinned = Some(open(Some(case.canary()), None));
    // BTCUSDT is not assigned to the canary, for example because the share was lower when the position was opened.
    assert_eq!(case.answer("BTCUSDT", pinned), "TRADE 5 ARM_PINNED");
    let live = Some(open(Some(case.set.live()), None));
    assert_eq!(case.answer("SOLUSDT", live), "TRADE 8 ARM_AFTER_FLAT");
    assert_eq!(case.answer("BTCUSDT", live), "TRADE 8");
    let unknown = Some(open(None, None));
    assert_eq!(
        case.answer("SOLUSDT", unknown),
        "TRADE 8 ARM_OPENING_UNKNOWN"
    );
    assert_eq!(case.answer("BTCUSDT", unknown), "TRADE 8");
    let earlier = Some(open(Some(other_hash(9)), None));
    assert_eq!(case.answer("SOLUSDT", earlier), "TRADE 8 ARM_ENDED");

    let canary = case.canary();
    case.set = case.set.abort(canary).unwrap();
    assert_eq!(case.answer("SOLUSDT", pinned), "TRADE 8 ARM_ENDED");
    assert_eq!(case.ladder_at(Some(canary), NOW_SEC), "8x ARM_ENDED");
}

#[test]
fn after_a_promotion_the_former_canary_is_live() {
    let mut case = Case::new();
    let (live, canary) = (case.set.live(), case.canary());
    let full = arm(Role::Canary, canary, 10_000);
    case.set = set(live, &[full], false).promote(canary, now()).unwrap();
    let pinned = |hash| Some(open(Some(hash), None));
    assert_eq!(case.answer("SOLUSDT", pinned(canary)), "TRADE 5");
    assert_eq!(case.answer("SOLUSDT", pinned(live)), "TRADE 5 ARM_ENDED");
    assert_eq!(case.ladder_at(Some(canary), NOW_SEC), "5x");
    assert_eq!(case.ladder_at(Some(live), NOW_SEC), "5x ARM_ENDED");
}

#[test]
fn a_shadow_never_pins_a_position() {
    let case = Case::new();
    let canary = case.canary();
    let role = Role::Shadow(portcullis_rollout::Key::Symbol);
    let shadowed = Case {
        set: set(case.set.live(), &[arm(role, canary, 10_000)], false),
        world: case.world,
    };
    let pinned = Some(open(Some(canary), None));
    assert_eq!(shadowed.answer("SOLUSDT", pinned), "TRADE 8 ARM_ENDED");
    assert_eq!(shadowed.answer("SOLUSDT", None), "TRADE 8");
    assert_eq!(shadowed.ladder_at(Some(canary), NOW_SEC), "8x ARM_ENDED");
}

#[test]
fn an_addition_has_at_most_the_leverage_of_the_position() {
    let case = Case::new();
    let add = |name, leverage| {
        let opened_under = match name {
            "SOLUSDT" => case.canary(),
            _ => case.set.live(),
        };
        case.answer(name, Some(open(Some(opened_under), Some(leverage))))
    };
    assert_eq!(add("SOLUSDT", 3.0), "TRADE 3 ARM_PINNED");
    assert_eq!(add("SOLUSDT", 5.0), "TRADE 5 ARM_PINNED");
    assert_eq!(add("SOLUSDT", 6.0), "TRADE 5 ARM_PINNED");
    assert_eq!(add("BTCUSDT", 7.5), "TRADE 7.5");
    assert_eq!(add("BTCUSDT", 20.0), "TRADE 8");
    // The position was opened with 5x under an arm that was aborted.
    let aborted = case.set.abort(case.canary()).unwrap();
    let intent = entry("SOLUSDT");
    let position = open(Some(case.canary()), Some(5.0));
    let rollout = case.world.rollout(&aborted);
    let decided = rollout.decide(&case.world.question(&intent, Some(position), now()));
    let answer = decided.answer(1, None);
    assert_eq!(answer.leverage, Some(5.0));
    assert_eq!(
        answer.leverage_source.unwrap().to_string(),
        "position:leverage"
    );
    assert_eq!(answer.policy_hash, Some(case.set.live()));
}

#[test]
fn the_first_canary_that_applies_decides() {
    let policies = [policy(8, DAY), policy(5, DAY), policy(3, DAY)];
    let [live, first, second] = policies.each_ref().map(portcullis::Policy::hash);
    let by_source = arm(Role::Canary, first, 10_000)
        .with_source("momentum")
        .unwrap();
    let by_symbol = arm(Role::Canary, second, 10_000).with_symbol(symbol("BTCUSDT"));
    let mut case = Case {
        world: World::new(policies),
        set: set(live, &[by_source.clone(), by_symbol.clone()], false),
    };
    assert_eq!(case.answer("BTCUSDT", None), "TRADE 5 ARM_ASSIGNED");
    case.set = set(live, &[by_symbol.clone(), by_source], false);
    assert_eq!(case.answer("BTCUSDT", None), "TRADE 3 ARM_ASSIGNED");
    assert_eq!(case.answer("ETHUSDT", None), "TRADE 5 ARM_ASSIGNED");
    let other = arm(Role::Canary, first, 10_000)
        .with_source("reversal")
        .unwrap();
    case.set = set(live, &[other.clone(), by_symbol.clone()], false);
    assert_eq!(case.answer("BTCUSDT", None), "TRADE 3 ARM_ASSIGNED");
    assert_eq!(case.answer("ETHUSDT", None), "TRADE 8");
    // If the first one cannot be used, the second one is not tried.
    case.set = set(live, &[by_symbol, arm(Role::Canary, first, 10_000)], false);
    case.world.policies.retain(|(hash, _)| *hash != second);
    assert_eq!(case.answer("BTCUSDT", None), "TRADE 8 POLICY_MISSING");
    assert_eq!(case.answer("ETHUSDT", None), "TRADE 5 ARM_ASSIGNED");
}

#[test]
fn an_exit_is_decided_as_without_a_set() {
    let plain = Case::new();
    let expected = {
        let intent = exit("SOLUSDT");
        let decision = plain.world.engine.decide(
            portcullis::PolicyState::unavailable(&PolicyUnavailable::NotFound),
            &intent,
            now(),
        );
        assert_eq!(Answer::decision(&decision).decision, Verdict::Exit);
        serde_json::to_string(&Answer::decision(&decision).to(1, None, Some(now()))).unwrap()
    };
    let mut empty = Case::new().killed();
    empty.world.policies.clear();
    for case in [Case::new(), Case::new().killed(), empty] {
        let intent = exit("SOLUSDT");
        let rollout = case.world.rollout(&case.set);
        for open in [
            None,
            Some(open(Some(case.canary()), Some(3.0))),
            Some(open(None, None)),
        ] {
            let decided = rollout.decide(&case.world.question(&intent, open, now()));
            assert_eq!(decided.arm_reason(), None);
            assert_eq!(row(&decided), expected);
        }
    }
}

#[test]
fn the_ladder_of_a_position_is_that_of_its_opening() {
    let case = Case::with(8, 5, DAY, 60);
    let (live, canary) = (case.set.live(), case.canary());
    assert_eq!(case.ladder_at(Some(live), NOW_SEC), "8x");
    assert_eq!(case.ladder_at(None, NOW_SEC), "8x ARM_OPENING_UNKNOWN");
    assert_eq!(case.ladder_at(Some(other_hash(9)), NOW_SEC), "8x ARM_ENDED");
    // θ stays in force for 600 s after the expiry of the policy.
    assert_eq!(case.ladder_at(Some(canary), NOW_SEC + 660), "5x ARM_PINNED");
    assert_eq!(
        case.ladder_at(Some(canary), NOW_SEC + 661),
        "8x POLICY_STALE"
    );
    let long = Case::with(8, 5, 30 * DAY, 30 * DAY);
    let canary = long.canary();
    assert_eq!(
        long.ladder_at(Some(canary), NOW_SEC + 604_800),
        "5x ARM_PINNED"
    );
    assert_eq!(
        long.ladder_at(Some(canary), NOW_SEC + 604_801),
        "8x ARM_EXPIRED"
    );
}

#[test]
fn a_missing_live_policy_does_not_take_the_ladder_of_a_canary() {
    let mut case = Case::new();
    let (live, canary) = (case.set.live(), case.canary());
    case.world.policies.retain(|(hash, _)| *hash != live);
    assert_eq!(case.ladder_at(Some(canary), NOW_SEC), "5x ARM_PINNED");
    assert_eq!(case.ladder_at(Some(live), NOW_SEC), "none");
    case.world.policies.clear();
    assert_eq!(case.ladder_at(Some(canary), NOW_SEC), "none POLICY_MISSING");
}
