use portcullis::{Engine, ExitOwnership, Guardrails, Policy, types::Timestamp};
use proptest::prelude::*;

use super::*;
use crate::{replay::Replayer, sample::policy_json, tape::TapeSource};

const START_MS: i64 = 1_767_571_200_000;
const HOUR_MS: i64 = 3_600_000;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

/// A publication at a number of hours after the start, with a leverage of BTCUSDT.
fn publication(hours: i64, leverage: u32) -> Publication {
    let text = policy_json(at(START_MS + 1000 * HOUR_MS));
    let text = text.replace("\"BTCUSDT\": 8", &format!("\"BTCUSDT\": {leverage}"));
    Publication {
        policy: Policy::from_json(&text).unwrap(),
        at: at(START_MS + hours * HOUR_MS),
    }
}

/// An intent of BTCUSDT in each of these hours, for 100 USD of margin.
fn tape(hours: &[i64]) -> String {
    let line = |hour: &i64| {
        let at = START_MS + hour * HOUR_MS + 1;
        format!(
            r#"{{"id":"{hour}","ts":{at},"symbol":"BTCUSDT","side":"BUY","position_usd":100,"leverage":50}}"#
        )
    };
    hours.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn run(
    publications: &[Publication],
    known: &[Part],
    tape: &str,
) -> Result<Backfill, BackfillError> {
    let engine = Engine::new(Guardrails::none(), ExitOwnership::new("exits").unwrap());
    let replayer = Replayer {
        assume_in_force: true,
        ..Replayer::new(engine)
    };
    let settings = BackfillSettings {
        replayer: &replayer,
        simulation: None,
        identity: "a test",
    };
    let tapes = TapeReader::new(vec![TapeSource::Memory {
        name: "a test",
        bytes: tape.as_bytes().into(),
    }]);
    backfill(&settings, publications, known, tapes, &mut |_| {})
}

#[test]
fn intents_are_divided_by_day_and_active_policy() {
    let publications = [publication(10, 4), publication(30, 6)];
    let found = run(&publications, &[], &tape(&[1, 12, 13, 26, 31, 60])).unwrap();
    let of_first = found
        .parts
        .iter()
        .filter(|part| part.policy == publications[0].policy.hash().to_string());
    let hash = |index: usize| Some(publications[index].policy.hash().to_string());
    let parts: Vec<_> = of_first
        .map(|it| (&*it.day, it.active.clone(), it.records, it.notional_usd))
        .collect();
    assert_eq!(
        parts,
        [
            ("2026-01-05", None, 1, 400.0),
            ("2026-01-05", hash(0), 2, 800.0),
            ("2026-01-06", hash(0), 1, 400.0),
            ("2026-01-06", hash(1), 1, 400.0),
            ("2026-01-07", hash(1), 1, 400.0),
        ]
    );
    let effects = effects(&publications, &found.parts);
    assert_eq!(effects[0], None);
    let effect = effects[1].unwrap();
    assert_eq!(
        (effect.records, effect.trades, effect.notional_usd),
        (2, (2, 2), (800.0, 1200.0))
    );
    // The last day is not finished.
    assert_eq!(found.finished.len(), 8);
    assert!(found.finished.iter().all(|part| part.day != "2026-01-07"));
}

#[test]
fn changed_records_of_a_known_part_are_an_error() {
    let publications = [publication(0, 4)];
    let known = run(&publications, &[], &tape(&[1, 26])).unwrap().finished;
    let changed = run(&publications, &known, &tape(&[2, 26])).unwrap_err();
    assert!(matches!(changed, BackfillError::Changed { day } if day == "2026-01-05"));
}

#[test]
fn intents_without_a_time_are_counted() {
    let undated = r#"{"id":"x","symbol":"BTCUSDT","side":"BUY","position_usd":100}"#;
    let found = run(&[publication(0, 4)], &[], undated).unwrap();
    assert_eq!((found.undated, found.parts.len()), (1, 0));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 48, ..ProptestConfig::default() })]

    /// Planted bugs that this test detects: known parts are also returned as new ones; the last day counts as finished;
    /// `<` for `<=` in `active`; parts of another active policy are used.
    #[test]
    fn an_incremental_run_equals_a_full_one(
        hours in proptest::collection::vec(0_i64..120, 1..30), cut in 0_usize..30, leverages in proptest::collection::vec(1_u32..9, 1..4),
    ) {
        let mut hours = hours;
        hours.sort_unstable();
        let publications: Vec<_> = (0..).step_by(24).zip(leverages).map(|(hours, leverage)| publication(hours, leverage)).collect();
        let full = run(&publications, &[], &tape(&hours)).unwrap();
        let (early, _) = hours.split_at(cut.min(hours.len()));
        let known = run(&publications, &[], &tape(early)).unwrap().finished;
        let later = run(&publications, &known, &tape(&hours)).unwrap();
        prop_assert_eq!(&full.parts, &later.parts);
        prop_assert_eq!(full.finished.len(), known.len() + later.finished.len());
    }
}
