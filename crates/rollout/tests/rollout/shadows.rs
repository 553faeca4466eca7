//! Tests of shadows.

use portcullis::{IntentBuilder, Policy, SkipCode, answer::Verdict};
use portcullis_rollout::{Agreement, Arm, Key, PolicySet, Role, ShadowAnswer};

use crate::support::{
    NOW_SEC, World, arm, at, entry, exit, now, open, other_hash, policy, row, set, symbol,
};

const DAY: i64 = 86_400;

struct Case {
    world: World,
    set: PolicySet,
}

impl Case {
    /// Creates a case with a live policy of 8x and shadows of 10000 bps with these policies.
    fn new(shadows: impl IntoIterator<Item = Policy>) -> Self {
        let live = policy(8, DAY);
        let shadows: Vec<Policy> = shadows.into_iter().collect();
        let role = Role::Shadow(Key::Symbol);
        let arms: Vec<Arm> = shadows
            .iter()
            .map(|it| arm(role, it.hash(), 10_000))
            .collect();
        Self {
            set: set(live.hash(), &arms, false),
            world: World::new([live].into_iter().chain(shadows)),
        }
    }

    fn answers_at(&self, intent: &portcullis::Intent<'_>, seconds: i64) -> Vec<ShadowAnswer> {
        let rollout = self.world.rollout(&self.set);
        let question = self.world.question(intent, None, at(seconds));
        let decided = rollout.decide(&question);
        rollout.shadows(&question, &decided, 3, None)
    }

    fn agreement(&self, name: &str) -> &'static str {
        self.answers_at(&entry(name), NOW_SEC)[0]
            .agreement()
            .as_str()
    }
}

/// Returns a policy without leverages for some symbols.
fn without(names: &[&str], leverage: u32) -> Policy {
    let mut fields = policy(leverage, DAY).fields().clone();
    let leverages = fields.get_mut("leverage_by_symbol").unwrap();
    for name in names {
        *leverages = leverages.replace(&format!("\"{name}\":{leverage},"), "");
    }
    Policy::from_fields(fields).unwrap()
}

#[test]
fn a_shadow_is_recorded_beside_the_answer() {
    let case = Case::new([policy(5, DAY)]);
    let [shadow] = &case.answers_at(&entry("BTCUSDT"), NOW_SEC)[..] else {
        panic!()
    };
    assert_eq!(shadow.arm(), case.set.arms()[0].hash());
    assert_eq!((shadow.verdict(), shadow.reason()), (Verdict::Trade, None));
    assert_eq!(shadow.agreement(), Agreement::OtherNumbers);
    let (hash, text) = (shadow.arm(), shadow.to_json());
    let start = format!(
        r#"{{"set_seq":1,"arm":"{hash}","agreement":"other_numbers","shadow_answer":{{"n":3,"event":"trade.intent","id":"3","ts":1767571200000,"symbol":"BTCUSDT","side":"BUY","decision":"TRADE","leverage":5.0,"#
    );
    assert!(text.starts_with(&start), "{text}");
    assert!(
        text.ends_with(&format!("\"policy_hash\":\"{hash}\"}}}}")),
        "{text}"
    );
}

#[test]
fn agreement_is_compared_by_kind() {
    let same = policy(8, DAY + 1);
    assert_eq!(Case::new([same]).agreement("BTCUSDT"), "same");
    assert_eq!(
        Case::new([policy(5, DAY)]).agreement("BTCUSDT"),
        "other_numbers"
    );
    let fewer = || without(&["BTCUSDT"], 5);
    assert_eq!(
        Case::new([fewer()]).agreement("BTCUSDT"),
        "only_answer_trades"
    );
    assert_eq!(Case::new([fewer()]).agreement("XRPUSDT"), "same");
    let mut reversed = Case::new([policy(5, DAY)]);
    let live = fewer();
    reversed.set = reversed.set.replace_live(live.hash()).unwrap();
    reversed.world.policies.push((live.hash(), Ok(live)));
    assert_eq!(reversed.agreement("BTCUSDT"), "only_shadow_trades");
    let mut absent = Case::new([policy(5, DAY)]);
    absent.set = absent.set.replace_live(other_hash(9)).unwrap();
    assert_eq!(absent.agreement("BTCUSDT"), "only_shadow_trades");
    assert_eq!(absent.agreement("XRPUSDT"), "other_reason");
    let stale = Case::new([policy(5, 60)]);
    let answers = stale.answers_at(&entry("BTCUSDT"), NOW_SEC + 61);
    assert_eq!(answers[0].agreement(), Agreement::Unusable);
    assert_eq!(answers[0].reason(), Some(SkipCode::PolicyStale));
    assert!(!Agreement::Unusable.is_compared());
    assert!(Agreement::Same.is_compared());
    let mut unknown = Case::new([policy(5, DAY)]);
    unknown.world.policies.truncate(1);
    assert_eq!(unknown.agreement("BTCUSDT"), "unusable");
}

#[test]
fn exits_and_invalid_intents_have_no_shadows() {
    let case = Case::new([policy(5, DAY)]);
    assert_eq!(case.answers_at(&exit("BTCUSDT"), NOW_SEC), []);
    assert_eq!(
        case.answers_at(&IntentBuilder::new("BTCUSDT").build(), NOW_SEC),
        []
    );
}

#[test]
fn a_shadow_ends_after_its_last_time_and_ignores_the_kill_switch() {
    let mut case = Case::new([policy(5, 30 * DAY)]);
    let count = |case: &Case, seconds| case.answers_at(&entry("BTCUSDT"), seconds).len();
    assert_eq!(count(&case, NOW_SEC + 604_800), 1);
    assert_eq!(count(&case, NOW_SEC + 604_801), 0);
    case.set = case.set.kill().unwrap();
    assert_eq!(count(&case, NOW_SEC), 1);
}

#[test]
fn shadows_can_be_keyed_and_matched_by_source_and_id() {
    let shadow = policy(5, DAY);
    let covered = |arm: Arm, intent: &portcullis::Intent<'_>| {
        let mut case = Case::new([shadow.clone()]);
        case.set = set(case.set.live(), &[arm], false);
        !case.answers_at(intent, NOW_SEC).is_empty()
    };
    let by = |key, share| arm(Role::Shadow(key), shadow.hash(), share);
    let bucket = |key: &str| u64::from(portcullis_rollout::bucket("canary-7", key).get());
    let intent = entry("BTCUSDT");
    for (key, text) in [
        (Key::Symbol, "BTCUSDT"),
        (Key::Source, "momentum"),
        (Key::Id, "i-1"),
    ] {
        assert!(!covered(by(key, bucket(text)), &intent), "{key:?}");
        assert!(covered(by(key, bucket(text) + 1), &intent), "{key:?}");
    }
    let plain = IntentBuilder::new("BTCUSDT")
        .with_side(portcullis::Side::Buy)
        .with_notional_usd(250.0);
    let plain = plain.build();
    assert!(covered(by(Key::Symbol, 10_000), &plain));
    for key in [Key::Source, Key::Id] {
        assert!(
            !covered(by(key, 10_000), &plain),
            "a record without the key has no bucket"
        );
    }
    let all = by(Key::Symbol, 10_000);
    assert!(covered(
        all.clone().with_source("momentum").unwrap(),
        &intent
    ));
    assert!(!covered(
        all.clone().with_source("momentum").unwrap(),
        &plain
    ));
    assert!(!covered(
        all.clone().with_source("Momentum").unwrap(),
        &intent
    ));
    assert!(covered(all.clone().with_symbol(symbol("btcusdt")), &intent));
    assert!(!covered(all.with_symbol(symbol("ETHUSDT")), &intent));
}

#[test]
fn a_shadow_is_evaluated_with_the_open_position() {
    let case = Case::new([policy(5, DAY)]);
    let intent = entry("BTCUSDT");
    let rollout = case.world.rollout(&case.set);
    let position = open(Some(case.set.live()), Some(3.0));
    let question = case.world.question(&intent, Some(position), now());
    let decided = rollout.decide(&question);
    assert!(row(&decided).contains("\"leverage\":3.0,\"leverage_source\":\"position:leverage\""));
    let shadows = rollout.shadows(&question, &decided, 1, None);
    assert_eq!(shadows[0].agreement(), Agreement::Same);
}
