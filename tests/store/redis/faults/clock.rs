//! A reader whose clock is wrong.

use portcullis::{
    decide::Reason,
    domain::{Instant, Span},
    guardrails::Guardrails,
    store::PolicyStore as _,
};

use super::{
    super::{Fixture as _, redis},
    denied,
};
use crate::{
    policies::{UNTIL, at, now, publication},
    proxy::dice,
    tally::{Count, Tally},
};

const HOUR: i64 = 3_600_000_000;

/// Up to so many hours, either way.
fn within(hours: i64) -> Span {
    let most = u64::try_from(2 * hours * HOUR).unwrap();
    Span::from_micros(i64::try_from(dice() % most).unwrap() - hours * HOUR)
}

/// Whatever the clock says, a policy is in force from its beginning to its end by that clock and at no other
/// moment. By the true time a clock that is behind takes one that is over for as long as it is behind, and
/// nothing in a policy can tell it: where that matters, `max_intent_skew_sec` has the bridge compare clocks.
#[test]
fn it_takes_nothing_before_its_beginning_or_after_its_end_by_its_own_clock() {
    let redis = redis();
    let store = redis.open();
    let tally = Tally::of("clock of a reader up to 12 hours off, either way", 300);
    let (from, until) = (now(), at(UNTIL));
    let beginning = format!(r#""valid_from_epoch": {},"#, "1766547134.5");
    store.publish(&publication("1", &beginning), None).unwrap();
    let (behind, taken) = (Count::default(), Count::default());
    for _ in 0..tally.rounds() {
        let truth = from.saturating_add(within(3));
        let by_its_clock: Instant = truth.saturating_add(within(12));
        let policy = store.load().unwrap();
        let expected = if by_its_clock < from {
            Some(Reason::PolicyNotYetValid)
        } else if by_its_clock > until {
            Some(Reason::PolicyStale)
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
    // The ends themselves.
    let policy = store.load().unwrap();
    let micro = Span::from_micros(1);
    let before = from.saturating_add(Span::from_micros(-1));
    for (moment, expected) in [
        (before, Some(Reason::PolicyNotYetValid)),
        (from, None),
        (until, None),
        (until.saturating_add(micro), Some(Reason::PolicyStale)),
    ] {
        assert_eq!(denied(&Guardrails::none(), &policy, moment), expected);
    }
    note(&format!(
        "clock of a reader off: of {} policies in force by that clock {} were over by the true time (a clock behind); in the bridge `max_intent_skew_sec` denies them",
        taken.get(),
        behind.get()
    ));
    tally.conclude_felt();
}

#[expect(clippy::print_stdout, reason = "a line under the table")]
fn note(text: &str) {
    println!("note: {text}");
}
