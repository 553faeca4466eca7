//! Faults: a policy that another writer writes field by field.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use portcullis::{
    guardrails::Guardrails,
    policy::{Policy, PolicyFault, PolicyUnavailable},
};
use portcullis_store::{LoadError, PolicyStore as _};

use super::{
    super::{
        Fixture as _, POLICY, Redis, redis,
        server::{eventually, query},
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

/// Returns true if all fields are from one write.
fn is_whole(policy: &Policy) -> bool {
    let mut fields = policy.fields().clone();
    fields.remove("policy_hash");
    kinds().iter().any(|kind| *kind.fields() == fields)
}

/// Writes one policy over the other in an order that depends on the round, and calls `step` after each field.
fn write(redis: &Redis, fields: &Fields, round: usize, mut step: impl FnMut()) {
    let mut writer = redis.0.client();
    let mut fields = fields.clone();
    // Every third round: delete the old fields, then write the hash first. Other rounds: overwrite the old fields,
    // with the hash first, in the middle or last.
    if round.is_multiple_of(3) {
        let _: u64 = query(&mut writer, &["DEL", POLICY]);
        fields.sort_by_key(|(name, _)| name != "policy_hash");
    } else {
        let length = fields.len();
        fields.rotate_left(round % length);
    }
    step();
    for (name, value) in &fields {
        let _: u64 = query(&mut writer, &["HSET", POLICY, name, value]);
        step();
    }
    for name in ["limits", "generator"] {
        if !fields.iter().any(|(other, _)| other == name) {
            let _: u64 = query(&mut writer, &["HDEL", POLICY, name]);
            step();
        }
    }
}

#[test]
fn a_partial_policy_with_a_hash_is_rejected() {
    let redis = redis();
    let tally = Tally::of(
        "policy written field by field by another writer, with a `policy_hash`",
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
                        Err(LoadError::Absent(PolicyUnavailable::Invalid(refusal))) => {
                            let fault = refusal.fault();
                            let expected = [PolicyFault::HashMismatch, PolicyFault::MissingField];
                            assert!(expected.contains(&fault), "{refusal}");
                            tally.refusals.add(1);
                        }
                        Err(LoadError::Absent(PolicyUnavailable::NotFound)) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            })
        });
        for round in 0..tally.rounds() {
            let seen = tally.refusals.get();
            write(&redis, &kinds[round % 2], round, || {});
            // Keep the policy incomplete until a reader has seen it.
            let torn: u64 = redis.0.query(&["HSET", POLICY, "kill_params", "{}"]);
            assert_eq!(torn, 0);
            eventually("a reader that sees the partial policy", || {
                tally.refusals.get() > seen || readers.iter().any(|reader| reader.is_finished())
            });
            redis.put(&kinds[round % 2]);
        }
        done.store(true, Ordering::SeqCst);
    });
    tally.conclude_with_effect();
}

/// Without a hash a partial policy may look complete. Each state between two writes is checked by an engine without a
/// required hash and by one with it.
#[test]
fn a_partial_policy_without_a_hash_is_rejected_if_a_hash_is_required() {
    let redis = redis();
    let tally = Tally::of(
        "policy written field by field without a `policy_hash`, which is required",
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
    // Without the guardrail, partial policies must be accepted, or this test would prove nothing.
    assert!(torn.get() > 0);
    note(&format!(
        "without a `policy_hash`, and without `require_policy_hash`: of {} states between two writes, {} were accepted as a policy, and {} of these were partial",
        states.get(),
        taken.get(),
        torn.get()
    ));
    tally.conclude_with_effect();
}

#[expect(clippy::print_stdout, reason = "a note below the table")]
fn note(text: &str) {
    println!("note: {text}");
}
