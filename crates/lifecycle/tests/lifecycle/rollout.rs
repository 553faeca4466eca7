//! Runs of the updater with arms that have a schedule.

use std::sync::Mutex;

use portcullis::{
    guardrails::{Guardrails, Halt},
    policy::Policy,
    types::{PolicyHash, Timestamp},
};
use portcullis_forge::Templates;
use portcullis_lifecycle::updater::{FeatureSource, UpdaterSettings};
use portcullis_rollout::{Arm, Key, Role, Salt, Schedule};
use portcullis_store::{
    ArmResults, ArmStart, AuditLog, Change, Commit, FieldMap, Head, MemoryStore, Operator,
    PolicySigner, PolicyStore, Publication, RolloutChange, RolloutStep, StoreError, Stored,
};
use serde_json::{Value, json};

use crate::{
    support::{DAY, NOW, at},
    updater::{CALM, QUARTER, VOLATILE, World, templates},
};

const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A store in memory whose arms have the results that a test sets.
struct Measured {
    store: MemoryStore,
    results: Mutex<ArmResults>,
}

impl Measured {
    /// Returns a store with the first policy of the updater.
    fn new(world: &World) -> Self {
        world.candles(NOW, CALM);
        let store = Self {
            store: MemoryStore::new(),
            results: Mutex::default(),
        };
        assert_eq!(world.after(0, &store), "first");
        store
    }

    fn set(&self, results: ArmResults) {
        *self.results.lock().unwrap() = results;
    }

    fn closed(&self, closed_trades: u64) {
        self.set(ArmResults {
            closed_trades,
            ..ArmResults::default()
        });
    }

    /// Returns the shares of the arms.
    fn shares(&self) -> Vec<u16> {
        let set = self.policy_set().unwrap().unwrap();
        set.set().arms().iter().map(|arm| arm.bps().get()).collect()
    }

    /// Returns the event and the code of the last entry about arms.
    fn last(&self) -> (String, Option<String>) {
        let trail = self.audit().unwrap();
        assert!(trail.is_whole());
        let mut entries = trail.entries().iter().rev();
        let of_arm = entries.find(|it| it.event().unwrap().starts_with("rollout."));
        let entry = of_arm.unwrap();
        let owned = |text: &str| text.to_owned();
        (entry.event().unwrap().to_owned(), entry.code().map(owned))
    }
}

impl PolicyStore for Measured {
    fn name(&self) -> String {
        self.store.name()
    }

    fn stored(&self) -> Result<Stored, StoreError> {
        self.store.stored()
    }

    fn head(&self) -> Result<Head, StoreError> {
        self.store.head()
    }

    fn history_records(&self, newest: usize) -> Result<Vec<FieldMap>, StoreError> {
        self.store.history_records(newest)
    }

    fn audit_log(&self) -> Result<AuditLog, StoreError> {
        self.store.audit_log()
    }

    fn halts(&self) -> Result<Halt, StoreError> {
        self.store.halts()
    }

    fn stored_set(&self) -> Result<Option<String>, StoreError> {
        self.store.stored_set()
    }

    fn arm_results(&self, _: PolicyHash) -> Result<ArmResults, StoreError> {
        Ok(*self.results.lock().unwrap())
    }

    fn commit(&self, change: &Change) -> Result<Commit, StoreError> {
        self.store.commit(change)
    }

    fn acquire_lease(&self, token: &str, length: std::time::Duration) -> Result<bool, StoreError> {
        self.store.acquire_lease(token, length)
    }

    fn updater_state(&self) -> Result<Option<String>, StoreError> {
        self.store.updater_state()
    }

    fn save_updater_state(&self, token: &str, state: &str) -> Result<bool, StoreError> {
        self.store.save_updater_state(token, state)
    }
}

/// Returns a schedule with two steps of 15 minutes, with other conditions and another deadline.
fn schedule(conditions: &Value, deadline: i64) -> Schedule {
    let document = json!({
        "format": 1,
        "steps": [
            {"bps": 5000, "min_sec": 900, "min_closed_trades": 2},
            {"bps": 10000, "min_sec": 900, "min_closed_trades": 3},
        ],
        "conditions": conditions,
        "deadline": at(deadline).to_string(),
    });
    Schedule::from_json(&document.to_string()).unwrap()
}

fn plain() -> Schedule {
    schedule(&json!({}), NOW + 20 * DAY)
}

/// Returns the live policy with another validity and other numbers, which replace a text of the fields.
fn policy(store: &dyn PolicyStore, until: i64, (from, to): (&str, &str)) -> Policy {
    let mut fields = store.load().unwrap().fields().clone();
    for name in ["policy_seq", "policy_hash", "policy_sig"] {
        fields.remove(name);
    }
    for text in fields.values_mut() {
        *text = text.replace(from, to);
    }
    fields.insert("policy_version".to_owned(), "canary".to_owned());
    fields.insert("valid_until_epoch".to_owned(), until.to_string());
    Policy::from_fields(fields).unwrap()
}

/// Starts an arm with a policy. The bucket of BTCUSDT is 3692.
fn start_policy(
    store: &dyn PolicyStore,
    role: Role,
    policy: Policy,
    schedule: Option<Schedule>,
    signer: Option<PolicySigner>,
) -> PolicyHash {
    let guardrails = Guardrails::none();
    let publication = Publication::new(policy, &guardrails, Operator::new("ada"), at(NOW));
    let policy = publication.unwrap().arm_policy().unwrap();
    let salt = Salt::new("canary-7").unwrap();
    let bps = plain().steps().first().unwrap().bps();
    let arm = Arm::new(role, policy.hash(), bps, salt, at(NOW + 10 * DAY)).unwrap();
    let hash = policy.hash();
    let step = RolloutStep::Start(Box::new(ArmStart {
        arm,
        policy,
        schedule,
    }));
    roll(store, step, signer, at(NOW));
    hash
}

fn roll(store: &dyn PolicyStore, step: RolloutStep, signer: Option<PolicySigner>, at: Timestamp) {
    let change = RolloutChange {
        step,
        operator: Operator::new("ada"),
        at,
        signer,
        code: None,
    };
    store.roll(&change).unwrap();
}

/// Starts a canary with half the leverage of the live policy.
fn start(store: &dyn PolicyStore, schedule: Schedule) -> PolicyHash {
    let policy = policy(store, NOW + 30 * DAY, (r#""BTCUSDT":2"#, r#""BTCUSDT":1"#));
    start_policy(store, Role::Canary, policy, Some(schedule), None)
}

/// Runs with new candles, a quarter of an hour after the last run.
fn quarter(world: &World, store: &dyn PolicyStore) -> &'static str {
    world.candles(world.now.get() + QUARTER, CALM);
    world.after(QUARTER, store)
}

#[test]
fn an_arm_is_raised_on_schedule_and_promoted_at_the_end() {
    let world = World::new();
    let store = Measured::new(&world);
    start(&store, plain());
    store.closed(1);
    quarter(&world, &store);
    assert_eq!(store.shares(), [5000]);
    store.closed(2);
    assert_eq!(world.after(60, &store), "unchanged");
    assert_eq!(store.shares(), [10_000]);
    let raised = (
        "rollout.raised".to_owned(),
        Some("STEP_COMPLETE".to_owned()),
    );
    assert_eq!(store.last(), raised);
    // Each share counts its own trades.
    store.closed(4);
    quarter(&world, &store);
    assert_eq!(store.shares(), [10_000]);
    store.closed(5);
    quarter(&world, &store);
    assert_eq!(store.shares(), [0_u16; 0]);
    let promoted = (
        "rollout.promoted".to_owned(),
        Some("STEP_COMPLETE".to_owned()),
    );
    assert_eq!(store.last(), promoted);
    let live = store.load().unwrap();
    assert_eq!(live.version(), "canary");
    assert_eq!(live.fields()["leverage_by_symbol"], r#"{"BTCUSDT":1}"#);
    assert_eq!(live.valid_until(), at(world.now.get() + 3600));
    let entry = &store.history(1).unwrap()[0];
    assert_eq!(entry.by(), Some("updater"));
    let reason = "the step of 10000 bps is complete, and all conditions hold";
    assert_eq!(entry.reason(), Some(reason));
}

#[test]
fn a_breach_aborts_an_arm() {
    let drawdown = json!({"max_drawdown_bps": 500});
    let agreement = json!({"agreement": {"min_bps": 8000, "min_compared": 10}});
    let results = ArmResults::default();
    for (schedule, results, code) in [
        (
            schedule(&drawdown, NOW + DAY),
            ArmResults {
                drawdown: Some(0.051),
                ..results
            },
            "DRAWDOWN_EXCEEDED",
        ),
        (
            schedule(&drawdown, NOW + DAY),
            ArmResults {
                drawdown: Some(f64::NAN),
                ..results
            },
            "DRAWDOWN_EXCEEDED",
        ),
        (
            schedule(&agreement, NOW + DAY),
            ArmResults {
                compared: 10,
                agreed: 7,
                ..results
            },
            "AGREEMENT_TOO_LOW",
        ),
        (schedule(&json!({}), NOW + 60), results, "DEADLINE"),
    ] {
        let world = World::new();
        let store = Measured::new(&world);
        start(&store, schedule);
        store.set(results);
        quarter(&world, &store);
        assert_eq!(store.shares(), [0_u16; 0], "{code}");
        assert_eq!(
            store.last(),
            ("rollout.aborted".to_owned(), Some(code.to_owned()))
        );
    }
}

#[test]
fn an_unknown_result_waits() {
    let world = World::new();
    let store = Measured::new(&world);
    let conditions = json!({
        "agreement": {"min_bps": 8000, "min_compared": 10},
        "max_drawdown_bps": 500,
    });
    start(&store, schedule(&conditions, NOW + DAY));
    store.closed(9);
    quarter(&world, &store);
    assert_eq!(store.shares(), [5000]);
}

#[test]
fn an_arm_ends_with_its_policy() {
    let world = World::new();
    let store = Measured::new(&world);
    let policy = policy(&store, NOW + 60, ("canary", "canary"));
    start_policy(&store, Role::Canary, policy, Some(plain()), None);
    quarter(&world, &store);
    let aborted = (
        "rollout.aborted".to_owned(),
        Some("ARM_POLICY_EXPIRED".to_owned()),
    );
    assert_eq!(store.last(), aborted);
}

#[test]
fn a_halt_holds_back_raises_but_not_aborts() {
    let world = World::new();
    let store = Measured::new(&world);
    start(&store, schedule(&json!({}), NOW + 40 * 60));
    store.closed(9);
    let operator = Operator::new("tests");
    store.halt(&Halt::Everything, &operator, at(NOW)).unwrap();
    quarter(&world, &store);
    assert_eq!(store.shares(), [5000]);
    quarter(&world, &store);
    quarter(&world, &store);
    assert_eq!(store.shares(), [0_u16; 0]);
    assert_eq!(store.last().1.as_deref(), Some("DEADLINE"));
}

#[test]
fn a_failed_run_holds_back_raises_but_not_aborts() {
    let world = World::new();
    let store = Measured::new(&world);
    start(&store, schedule(&json!({}), NOW + 3600));
    store.closed(9);
    let settings = UpdaterSettings {
        source: FeatureSource::File("absent.json".into()),
        ..world.settings("one")
    };
    world.now.set(NOW + QUARTER);
    world.cycle_with(&store, &settings).unwrap_err();
    assert_eq!(store.shares(), [5000]);
    world.now.set(NOW + 3601);
    world.cycle_with(&store, &settings).unwrap_err();
    assert_eq!(store.shares(), [0_u16; 0]);
}

#[test]
fn a_clock_that_goes_back_raises_nothing() {
    let world = World::new();
    let store = Measured::new(&world);
    start(&store, plain());
    store.closed(9);
    world.now.set(NOW - 600);
    // The run may also fail, because the window of the features goes back.
    let _ = world.cycle(&store, "one");
    assert_eq!(store.shares(), [5000]);
}

#[test]
fn without_a_live_policy_nothing_is_recorded() {
    let world = World::new();
    let store = Measured::new(&world);
    start(&store, schedule(&json!({}), NOW + 60));
    store.release(1, &Operator::new("ada"), at(NOW)).unwrap();
    let entries = store.audit().unwrap().entries().len();
    world.now.set(NOW + QUARTER);
    world.cycle(&store, "one").unwrap_err();
    assert_eq!(store.audit().unwrap().entries().len(), entries);
    assert_eq!(store.shares(), [5000]);
}

#[test]
fn without_the_lease_no_arm_is_changed() {
    let world = World::new();
    let store = Measured::new(&world);
    start(&store, schedule(&json!({}), NOW + 60));
    world.now.set(NOW + QUARTER);
    world.candles(NOW + QUARTER, CALM);
    assert_eq!(world.cycle(&store, "two").unwrap().name(), "standby");
    assert_eq!(store.shares(), [5000]);
}

#[test]
fn an_arm_without_a_schedule_is_not_followed() {
    let world = World::new();
    let store = Measured::new(&world);
    let policy = policy(&store, NOW + 60, ("canary", "canary"));
    start_policy(&store, Role::Canary, policy, None, None);
    quarter(&world, &store);
    assert_eq!(store.shares(), [5000]);
}

/// The numbers of the canary are those of the calm regime, which are looser than the targets of the volatile one.
#[test]
fn a_tightening_aborts_a_canary_but_no_shadow() {
    let world = World::new();
    let store = Measured::new(&world);
    let same = policy(&store, NOW + 30 * DAY, ("canary", "canary"));
    start_policy(&store, Role::Canary, same.clone(), None, None);
    let mut fields = same.fields().clone();
    fields.insert("policy_version".to_owned(), "shadow".to_owned());
    let shadow = Policy::from_fields(fields).unwrap();
    let role = Role::Shadow(Key::Symbol);
    let shadow = start_policy(&store, role, shadow, None, None);
    for _ in 0..3 {
        quarter(&world, &store);
        assert_eq!(store.shares(), [5000, 5000]);
    }
    world.candles(world.now.get() + QUARTER, VOLATILE);
    assert_eq!(world.after(QUARTER, &store), "tightening");
    let aborted = (
        "rollout.aborted".to_owned(),
        Some("DRAFT_TIGHTER".to_owned()),
    );
    assert_eq!(store.last(), aborted);
    let set = store.policy_set().unwrap().unwrap();
    assert_eq!(set.set().arms()[0].hash(), shadow);
    assert_eq!(set.set().live(), store.load().unwrap().hash());
}

/// The draft is below the canary as long as its steps are bounded, but its target is not.
#[test]
fn a_canary_between_the_draft_and_its_target_continues() {
    let world = World::new();
    let store = Measured::new(&world);
    let wide = policy(&store, NOW + 30 * DAY, ("canary", "canary"));
    let (from, to) = (r#""max_notional_usd":20000"#, r#""max_notional_usd":1000"#);
    let live = policy(&store, NOW + 30 * DAY, (from, to));
    assert_ne!(live.fields()["limits"], wide.fields()["limits"]);
    let guardrails = Guardrails::none();
    let publication = Publication::new(live, &guardrails, Operator::new("ada"), at(NOW));
    let current = store.current_hash().unwrap();
    store.publish(&publication.unwrap(), current).unwrap();
    start_policy(&store, Role::Canary, wide, None, None);
    for _ in 0..3 {
        quarter(&world, &store);
        let live = store.load().unwrap();
        let limits = &live.fields()["limits"];
        assert!(!limits.contains("20000"), "{limits}");
        assert_eq!(store.shares(), [5000]);
    }
}

#[test]
fn a_signed_set_is_only_loosened_with_a_key() {
    let world = World::new();
    let store = Measured::new(&world);
    let signer = PolicySigner::from_base64(SECRET).unwrap();
    let policy = policy(&store, NOW + 30 * DAY, ("canary", "canary"));
    let schedule = schedule(&json!({}), NOW + 40 * 60);
    start_policy(
        &store,
        Role::Canary,
        policy,
        Some(schedule),
        Some(signer.clone()),
    );
    store.closed(9);
    quarter(&world, &store);
    assert_eq!(store.shares(), [5000]);
    let refused = (
        "rollout.refused".to_owned(),
        Some("ROLLOUT_NO_SIGNER".to_owned()),
    );
    assert_eq!(store.last(), refused);
    let settings = UpdaterSettings {
        signer: Some(signer),
        ..world.settings("one")
    };
    world.candles(world.now.get() + 60, CALM);
    world.now.set(world.now.get() + 60);
    world.cycle_with(&store, &settings).unwrap();
    assert_eq!(store.shares(), [10_000]);
    world.now.set(NOW + 41 * 60);
    world.candles(NOW + 41 * 60, CALM);
    world.cycle(&store, "one").unwrap();
    assert_eq!(store.shares(), [0_u16; 0]);
}

/// The guardrails have changed since the start of the arm, and no policy without `market` may be published.
#[test]
fn a_promotion_outside_the_guardrails_is_refused() {
    let world = World::new();
    let store = Measured::new(&world);
    start(&store, plain());
    let market = templates().replacen("format = 1\n", "format = 1\nmarket = \"usdm\"\n", 1);
    let settings = UpdaterSettings {
        templates: Templates::from_toml(&market).unwrap(),
        guardrails: Guardrails::none().with_market("usdm"),
        ..world.settings("one")
    };
    let run = |closed| {
        store.closed(closed);
        world.now.set(world.now.get() + QUARTER);
        world.candles(world.now.get(), CALM);
        world.cycle_with(&store, &settings).unwrap();
    };
    run(2);
    assert_eq!(store.shares(), [10_000]);
    let live = store.load().unwrap();
    run(5);
    assert_eq!(store.shares(), [10_000]);
    let code = Some("POLICY_CONSTRAINT_VIOLATION".to_owned());
    assert_eq!(store.last(), ("rollout.refused".to_owned(), code));
    assert_eq!(store.load().unwrap().hash(), live.hash());
}
