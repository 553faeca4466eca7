//! Faults: a reader with a wrong clock.

use portcullis::{
    decide::SkipCode,
    guardrails::Guardrails,
    types::{SignedDuration, Timestamp},
};
use portcullis_store::PolicyStore as _;

use super::{
    super::{Fixture as _, redis},
    denied,
};
use crate::{
    policies::{UNTIL, at, now, publication},
    proxy::random,
    tally::{Count, Tally},
};

const HOUR: i64 = 3_600_000_000;

/// Returns a random duration of at most `hours` in either direction.
fn within(hours: i64) -> SignedDuration {
    let most = u64::try_from(2 * hours * HOUR).unwrap();
    SignedDuration::from_micros(i64::try_from(random() % most).unwrap() - hours * HOUR)
}

/// A policy is in force exactly from its beginning to its expiry by the clock of the reader. A
/// reader whose clock is behind accepts an expired policy for as long as its clock is behind. The
/// policy itself cannot prevent this; for this reason, the bridge compares its clock with the
/// server's if `max_intent_skew_sec` is set.
#[test]
fn a_policy_is_in_force_only_within_its_validity_by_the_reader_clock() {
    let redis = redis();
    let store = redis.open();
    let tally = Tally::of(
        "clock of a reader up to 12 hours off, in either direction",
        300,
    );
    let (from, until) = (now(), at(UNTIL));
    let beginning = format!(r#""valid_from_epoch": {},"#, "1766547134.5");
    store.publish(&publication("1", &beginning), None).unwrap();
    let (behind, taken) = (Count::default(), Count::default());
    for _ in 0..tally.rounds() {
        let truth = from.saturating_add(within(3));
        let by_its_clock: Timestamp = truth.saturating_add(within(12));
        let policy = store.load().unwrap();
        let expected = if by_its_clock < from {
            Some(SkipCode::PolicyNotYetValid)
        } else if by_its_clock > until {
            Some(SkipCode::PolicyStale)
        } else {
            None
        };
        let found = denied(&Guardrails::none(), &policy, by_its_clock);
        tally.answers.add(1);
        tally.refusals.add(usize::from(found.is_some()));
        tally
            .stale
            .add(usize::from(found.is_none() && expected.is_some()));
        assert_eq!(found, expected, "{by_its_clock}");
        taken.add(usize::from(found.is_none()));
        behind.add(usize::from(found.is_none() && truth > until));
    }
    // The policy is tested at the boundaries of its validity.
    let policy = store.load().unwrap();
    let micro = SignedDuration::from_micros(1);
    let before = from.saturating_add(SignedDuration::from_micros(-1));
    for (moment, expected) in [
        (before, Some(SkipCode::PolicyNotYetValid)),
        (from, None),
        (until, None),
        (until.saturating_add(micro), Some(SkipCode::PolicyStale)),
    ] {
        assert_eq!(denied(&Guardrails::none(), &policy, moment), expected);
    }
    note(&format!(
        "clock of a reader off: of {} policies that were in force by the clock of the reader, {} had expired by the true time, because that clock was behind; with `max_intent_skew_sec` in the guardrails, the bridge denies entries in this case",
        taken.get(),
        behind.get()
    ));
    tally.conclude_with_effect();
}

#[expect(clippy::print_stdout, reason = "a note below the table")]
fn note(text: &str) {
    println!("note: {text}");
}
