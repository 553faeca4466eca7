//! Tests of the law kit: each well-known failure is detected by the law that it violates. The tests
//! that the engine itself satisfies the laws are in `tests/laws`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_types,
    reason = "a test fails by panicking; one of the failures is an unordered map"
)]

/// Deciders and harvesters that violate laws.
mod law_kit {
    pub(crate) mod bugs;
    pub(crate) mod deciders;
    pub(crate) mod harvesters;
}

use law_kit::{
    bugs::OTHERS,
    deciders::{self, TENFOLD_FALLBACK},
    harvesters,
};
use portcullis::answer::Answer;
use portcullis_testing::{Decider, Harvester, Law, Laws, Portcullis, Row};

/// Checks a decider with a planted bug against a snapshot: the smallest case of the law that must
/// detect the bug, and the codes of all laws that detect it.
#[track_caller]
fn check_report(name: &str, law: Law, decider: &mut dyn Decider) {
    let violation = Laws::new()
        .with_cases(2_000)
        .check_law(law, decider)
        .unwrap_err();
    assert_eq!(violation.law(), law, "{violation}");
    let laws = Laws::new().with_cases(500).with_shrink_steps(0);
    let all = laws.check(decider).unwrap_err();
    let broken: Vec<&str> = all.violations().iter().map(|it| it.law().code()).collect();
    insta::with_settings!({
        snapshot_path => "../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!(format!("law_kit_{name}"), format!("{violation}\n\nViolated laws: {}", broken.join(" ")));
    });
}

#[test]
fn a_fallback_of_10x_is_reported() {
    let mut bug = TENFOLD_FALLBACK;
    check_report("tenfold_fallback", Law::NoPolicyNoTrade, &mut bug);
}

#[test]
fn a_stale_policy_is_reported() {
    let mut bug = deciders::LAST_POLICY;
    check_report("stale_policy", Law::NoPolicyNoTrade, &mut bug);
}

#[test]
fn a_reduced_size_is_reported() {
    let mut bug = deciders::SIZE_REDUCED;
    check_report("reduced_size", Law::NoNumberWithoutASource, &mut bug);
    check_report("reduced_size_monotone", Law::Monotone, &mut bug);
}

#[test]
fn a_panic_is_reported() {
    let mut bug = deciders::COMPARES_FLOATS;
    check_report("panic", Law::Total, &mut bug);
}

#[test]
fn an_accepted_nan_is_reported() {
    let mut bug = deciders::NAN_IS_NOT_BELOW;
    check_report("nan", Law::UnknownInputsFail, &mut bug);
}

#[test]
fn a_lost_flag_is_reported() {
    let law = Law::ExitsAreNeverBlocked;
    check_report("lost_flag", law, &mut deciders::FLAG_LOST.clone());
    check_report("owner_opens", law, &mut deciders::OWNER_OPENS.clone());
}

/// The order of the map depends on the hasher of the standard library, so the report is not compared with a snapshot.
#[test]
fn an_unordered_map_is_reported() {
    let mut bug = deciders::Unordered::default();
    let demand = "the same question must have the same answer";
    check_decider("unordered", Law::Deterministic, demand, &mut bug);
}

/// A decider that never trades violates no demand of a law, so the kit must report that the law was
/// not tested.
#[test]
fn a_decider_that_never_trades_is_reported() {
    let mut bug = deciders::NEVER_TRADES;
    check_report("never_trades", Law::UnknownInputsFail, &mut bug);
}

/// Checks that a law detects a decider by a demand with this text.
#[track_caller]
fn check_decider(name: &str, law: Law, demand: &str, decider: &mut dyn Decider) {
    let laws = Laws::new().with_cases(4_000).with_shrink_steps(0);
    let Err(violation) = laws.check_law(law, decider) else {
        panic!("{law} does not detect this bug: {name}");
    };
    assert_eq!(violation.law(), law, "{name}: {violation}");
    assert!(violation.demand().contains(demand), "{name}: {violation}");
}

#[track_caller]
fn check_harvester(name: &str, law: Law, demand: &str, harvester: &mut dyn Harvester) {
    let laws = Laws::new().with_cases(4_000).with_shrink_steps(0);
    let Err(violation) = laws.check_harvester_law(law, harvester) else {
        panic!("{law} does not detect this bug: {name}");
    };
    assert_eq!(violation.law(), law, "{name}: {violation}");
    assert!(violation.demand().contains(demand), "{name}: {violation}");
}

#[test]
fn planted_bugs_in_decisions_are_detected() {
    for (name, law, demand, mut bug) in OTHERS {
        check_decider(name, law, demand, &mut bug);
    }
}

#[test]
fn planted_bugs_in_harvests_are_detected() {
    for (name, law, demand, mut bug) in harvesters::BUGS {
        check_harvester(name, law, demand, &mut bug);
    }
}

#[test]
fn state_is_detected() {
    let (law, demand) = (
        Law::Deterministic,
        "the same question must have the same answer",
    );
    check_decider("a counter", law, demand, &mut deciders::Counting(0));
    check_decider(
        "a memory",
        law,
        demand,
        &mut deciders::Remembering::default(),
    );
    check_harvester("a counter", law, demand, &mut harvesters::Counting(0));
}

/// The same seed generates the same cases and finds the same violation.
#[test]
fn a_seed_determines_the_cases() {
    let found = |seed| {
        let laws = Laws::new().with_seed(seed);
        let mut bug = TENFOLD_FALLBACK;
        let broken = laws.check_law(Law::NoPolicyNoTrade, &mut bug).unwrap_err();
        broken.to_string()
    };
    assert_eq!(found(5), found(5));
    assert_ne!(found(5), found(6));
}

/// An answer gives the same row with and without a round trip through JSON.
#[test]
fn a_row_survives_a_round_trip_through_json() {
    struct Lines;
    impl Decider for Lines {
        fn decide(
            &mut self,
            question: &portcullis_testing::Question,
        ) -> Result<Row, portcullis_testing::Unanswered> {
            let engine = question.engine()?;
            let policy = question.read_policy();
            let state = portcullis::policy::PolicyState::from(&policy);
            let mut scratch = portcullis::record::Scratch::default();
            let intent = portcullis::record::read(&question.record, &mut scratch).into_intent();
            let decision = engine.decide(state, &intent, question.now);
            let line = serde_json::to_string(&Answer::decision(&decision))?;
            let row = Row::from_json(&line)?;
            assert_eq!(row, Portcullis.decide(question)?);
            assert_eq!(row, Row::from_json(&row.to_string())?);
            Ok(row)
        }
    }
    Laws::new().with_cases(100).check(&mut Lines).unwrap();
}

/// A missing answer violates L3, whichever law is checked.
#[test]
fn a_missing_answer_is_detected() {
    struct Dead;
    impl Decider for Dead {
        fn decide(
            &mut self,
            _: &portcullis_testing::Question,
        ) -> Result<Row, portcullis_testing::Unanswered> {
            Err("the pipe is closed".into())
        }
    }
    let violation = Laws::new()
        .check_law(Law::Deterministic, &mut Dead)
        .unwrap_err();
    assert_eq!(violation.law(), Law::Total);
    let shown = violation.questions().first().unwrap();
    assert_eq!(
        shown.answer,
        Err("returned an error: the pipe is closed".to_owned())
    );
    let all = Laws::new().with_cases(10).check(&mut Dead).unwrap_err();
    assert_eq!(all.violations().len(), 1, "{all}");
}

#[test]
fn a_row_is_parsed_exactly_or_rejected() {
    let number = |text: &str| {
        let line = format!(r#"{{"decision": "TRADE", "leverage": {text}}}"#);
        Row::from_json(&line).map(|row| row.leverage.map(f64::to_bits))
    };
    for text in [
        "8",
        "0.1",
        "2.2250738585072011e-308",
        "123456789.01234567",
        "-0.0",
    ] {
        assert_eq!(
            number(text),
            Ok(Some(text.parse::<f64>().unwrap().to_bits())),
            "{text}"
        );
    }
    assert_eq!(number("null"), Ok(None));
    for (line, fault) in [
        (
            "",
            "an answer must be one JSON object: line 1, column 1: EOF while parsing a value",
        ),
        (
            "[]",
            "an answer must be one JSON object: line 1, column 1: expected a JSON object, found an array",
        ),
        (
            r#"{"reason": "POLICY_STALE"}"#,
            "required column `decision` is missing or null",
        ),
        (
            r#"{"decision": "BUY"}"#,
            "`decision` is `\"BUY\"`, expected `TRADE`, `EXIT`, `SKIP`, `HARVEST` or `POLICY`",
        ),
        (
            r#"{"decision": "SKIP", "decision": "TRADE"}"#,
            "duplicate column `decision`",
        ),
        (
            r#"{"decision": "TRADE", "leverage": "8"}"#,
            "`leverage` is `\"8\"`, expected a number",
        ),
        (
            r#"{"decision": "TRADE", "not_after": 1.5}"#,
            "`not_after` is `1.5`, expected an integer (epoch milliseconds)",
        ),
        (
            r#"{"decision": "SKIP", "reason": 5}"#,
            "`reason` is `5`, expected a string",
        ),
    ] {
        let error = Row::from_json(line).unwrap_err();
        assert_eq!(error.to_string(), fault);
    }
}
