//! A hash that another writer writes field by field.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use portcullis::{
    guardrails::Guardrails,
    policy::{Policy, PolicyAbsence, PolicyFault},
    store::{LoadError, PolicyStore as _},
};

use super::{
    super::{
        Fixture as _, POLICY, Redis, redis,
        server::{eventually, tell},
    },
    denied,
};
use crate::{
    policies::{absence, fields_of, now, policy, with_hash},
    tally::{Count, Tally},
};

type Fields = Vec<(String, String)>;

fn kinds() -> [Policy; 2] {
    let long = r#""limits": {"max_leverage": 15}, "generator": "long","#;
    [policy("long", long), policy("short", "")]
}

/// Whether all of it is what one writer wrote.
fn is_whole(policy: &Policy) -> bool {
    let mut fields = policy.fields().clone();
    fields.remove("policy_hash");
    kinds().iter().any(|kind| *kind.fields() == fields)
}

/// Writes one kind over the other, in an order of the round's; where `step` is asked after each field.
fn write(redis: &Redis, fields: &Fields, round: usize, mut step: impl FnMut()) {
    let mut writer = redis.0.client();
    let mut fields = fields.clone();
    // The hash first, in the middle, or last, over the old fields; first, after their removal.
    if round.is_multiple_of(3) {
        let _: u64 = tell(&mut writer, &["DEL", POLICY]);
        fields.sort_by_key(|(name, _)| name != "policy_hash");
    } else {
        let length = fields.len();
        fields.rotate_left(round % length);
    }
    step();
    for (name, value) in &fields {
        let _: u64 = tell(&mut writer, &["HSET", POLICY, name, value]);
        step();
    }
    for name in ["limits", "generator"] {
        if !fields.iter().any(|(other, _)| other == name) {
            let _: u64 = tell(&mut writer, &["HDEL", POLICY, name]);
            step();
        }
    }
}

#[test]
fn with_a_hash_it_is_never_a_policy() {
    let redis = redis();
    let tally = Tally::of(
        "hash torn by another writer, field by field, with a `policy_hash`",
        60,
    );
    let kinds = kinds().map(|kind| with_hash(&kind, None));
    redis.put(&kinds[1]);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let readers = [(); 2].map(|()| {
            scope.spawn(|| {
                let store = redis.open();
                while !done.load(Ordering::SeqCst) {
                    match store.load() {
                        Ok(policy) => {
                            tally.answers.add(1);
                            tally.partial.add(usize::from(!is_whole(&policy)));
                        }
                        Err(LoadError::Absent(PolicyAbsence::Refused(refusal))) => {
                            let fault = refusal.fault();
                            let expected = [PolicyFault::HashMismatch, PolicyFault::MissingField];
                            assert!(expected.contains(&fault), "{refusal}");
                            tally.refusals.add(1);
                        }
                        Err(LoadError::Absent(PolicyAbsence::NotFound)) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            })
        });
        for round in 0..tally.rounds() {
            let seen = tally.refusals.get();
            write(&redis, &kinds[round % 2], round, || {});
            // Torn until somebody has seen it so.
            let torn: u64 = redis.0.tell(&["HSET", POLICY, "kill_params", "{}"]);
            assert_eq!(torn, 0);
            eventually("a reader sees it torn", || {
                tally.refusals.get() > seen || readers.iter().any(|reader| reader.is_finished())
            });
            redis.put(&kinds[round % 2]);
        }
        done.store(true, Ordering::SeqCst);
    });
    tally.conclude_felt();
}

/// Without a hash what is torn may look whole: each state between two writes is looked at, by one who takes
/// what there is, and by one who requires a hash.
#[test]
fn without_a_hash_it_may_be_taken_for_one_unless_a_hash_is_required() {
    let redis = redis();
    let tally = Tally::of(
        "hash torn by another writer without a `policy_hash`, one required",
        12,
    );
    let (states, taken, torn) = (Count::default(), Count::default(), Count::default());
    let required = Guardrails::none().with_required_policy_hash();
    let kinds = kinds();
    redis.put(&fields_of(&kinds[1]));
    let store = redis.open();
    for round in 0..tally.rounds() {
        write(&redis, &fields_of(&kinds[round % 2]), round, || {
            states.add(1);
            let Ok(policy) = store.load() else {
                return tally.refusals.add(1);
            };
            assert!(!policy.states_hash());
            tally.answers.add(1);
            if denied(&Guardrails::none(), &policy, now()).is_none() {
                taken.add(1);
                torn.add(usize::from(!is_whole(&policy)));
            }
            let is_taken = denied(&required, &policy, now()).is_none();
            tally.partial.add(usize::from(is_taken));
            tally.refusals.add(usize::from(!is_taken));
        });
        assert_eq!(
            absence(store.load()),
            format!("a policy: {}", kinds[round % 2].version())
        );
    }
    // This is what the guardrail is for; were it nothing, nothing would be shown here.
    assert!(torn.get() > 0);
    note(&format!(
        "without a `policy_hash`, and none required: of {} states between two writes {} were taken for a policy, {} of them torn",
        states.get(),
        taken.get(),
        torn.get()
    ));
    tally.conclude_felt();
}

#[expect(clippy::print_stdout, reason = "a line under the table")]
fn note(text: &str) {
    println!("note: {text}");
}
