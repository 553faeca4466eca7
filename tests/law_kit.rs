//! Tests of the law kit: the engine passes, and each well-known failure is detected by the law that it violates.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_types,
    reason = "a test fails by panicking; one of the failures is an unordered map"
)]

/// Deciders that violate laws, one file for each kind.
mod law_kit {
    pub(crate) mod failures;
    pub(crate) mod harvests;
}

use law_kit::{
    failures::{
        LastPolicyWillDo, LimitsShave, LostFlag, NanIsNotBelow, Never, Ordering, OwnerOpens,
        TenfoldFallback, Unordered,
    },
    harvests::{
        Counting, Dividing, KillNeedsPrice, NoProbabilityIsZero, StopOfTwoPercent, ThetaOfItsOwn,
        UpsideDown,
    },
};
use portcullis::answer::Answer;
use portcullis_testing::{Decider, Harvester, Law, Laws, Portcullis, Row};

#[test]
fn the_engine_keeps_the_laws() {
    portcullis_testing::hold(&mut Portcullis).unwrap();
    portcullis_testing::hold_harvest(&mut Portcullis).unwrap();
}

#[test]
fn the_engine_keeps_the_laws_with_other_seeds() {
    for seed in 1..3 {
        let laws = Laws::new().with_cases(100).with_seed(seed);
        laws.hold(&mut Portcullis).unwrap();
        laws.hold_harvest(&mut Portcullis).unwrap();
    }
}

/// Snapshots the smallest case of the law that must detect a decider, and the codes of all laws that detect it.
fn found_out(name: &str, law: Law, decider: &mut dyn Decider) {
    let violation = Laws::new().hold_one(law, decider).unwrap_err();
    assert_eq!(violation.law(), law, "{violation}");
    let all = Laws::new().with_cases(100).hold(decider).unwrap_err();
    let broken: Vec<&str> = all.violations().iter().map(|it| it.law().code()).collect();
    insta::with_settings!({
        snapshot_path => "../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!(name, format!("{violation}\n\nViolated laws: {}", broken.join(" ")));
    });
}

#[test]
fn a_fallback_of_10x_is_detected() {
    found_out(
        "law_kit_tenfold_fallback",
        Law::NoPolicyNoTrade,
        &mut TenfoldFallback,
    );
}

#[test]
fn a_stale_policy_is_detected() {
    found_out(
        "law_kit_stale_policy",
        Law::NoPolicyNoTrade,
        &mut LastPolicyWillDo,
    );
}

#[test]
fn a_reduced_size_is_detected() {
    let law = Law::NoNumberWithoutASource;
    found_out("law_kit_shaved_size", law, &mut LimitsShave);
    found_out(
        "law_kit_shaved_size_monotone",
        Law::Monotone,
        &mut LimitsShave,
    );
}

#[test]
fn a_panic_is_detected() {
    found_out("law_kit_panic", Law::Total, &mut Ordering);
}

#[test]
fn an_accepted_nan_is_detected() {
    found_out("law_kit_nan", Law::UnknownIsNotYes, &mut NanIsNotBelow);
}

#[test]
fn a_lost_flag_is_detected() {
    let law = Law::ClosedIsNotTrapped;
    found_out("law_kit_lost_flag", law, &mut LostFlag);
    found_out("law_kit_lost_flag_opens", law, &mut OwnerOpens);
}

#[test]
fn an_unordered_map_is_detected() {
    found_out(
        "law_kit_unordered",
        Law::Deterministic,
        &mut Unordered::default(),
    );
}

/// A decider that never trades violates no other demand, so the kit has to report that the law was not tested.
#[test]
fn a_decider_that_never_trades_is_detected() {
    found_out("law_kit_never", Law::UnknownIsNotYes, &mut Never);
}

#[test]
fn every_harvest_law_detects_a_violation() {
    let harvesters: [(Law, &str, &mut dyn Harvester); 7] = [
        (
            Law::NoPolicyNoTrade,
            "a position without a θ in force must be a SKIP",
            &mut ThetaOfItsOwn,
        ),
        (
            Law::NoNumberWithoutASource,
            "`r_net` must be absent: the inputs of this position do not determine it",
            &mut StopOfTwoPercent,
        ),
        (Law::Total, "`r_net` must be finite", &mut Dividing),
        (
            Law::UnknownIsNotYes,
            "without PMr, `kill_score` must be absent",
            &mut NoProbabilityIsZero,
        ),
        (
            Law::ClosedIsNotTrapped,
            "the answer must still be a HARVEST",
            &mut KillNeedsPrice,
        ),
        (
            Law::Deterministic,
            "the same question must have the same answer",
            &mut Counting(0),
        ),
        (
            Law::Monotone,
            "more profit must not lower the stage",
            &mut UpsideDown,
        ),
    ];
    for (law, demand, harvester) in harvesters {
        let violation = Laws::new().hold_harvest_one(law, harvester).unwrap_err();
        assert_eq!(violation.law(), law, "{violation}");
        assert!(violation.demand().contains(demand), "{violation}");
    }
}

/// The same seed generates the same cases and finds the same violation.
#[test]
fn a_seed_determines_the_cases() {
    let found = |seed| {
        let laws = Laws::new().with_seed(seed);
        let broken = laws
            .hold_one(Law::NoPolicyNoTrade, &mut TenfoldFallback)
            .unwrap_err();
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
            asked: &portcullis_testing::Question,
        ) -> Result<Row, portcullis_testing::Unanswered> {
            let engine = asked.engine()?;
            let policy = asked.read_policy();
            let state = portcullis::policy::PolicyState::from(&policy);
            let mut scratch = portcullis::record::Scratch::default();
            let intent = portcullis::record::read(&asked.record, &mut scratch).into_intent();
            let decision = engine.decide(state, &intent, asked.now);
            let line = serde_json::to_string(&Answer::decision(&decision))?;
            let row = Row::from_json(&line)?;
            assert_eq!(row, Portcullis.decide(asked)?);
            assert_eq!(row, Row::from_json(&row.to_string())?);
            Ok(row)
        }
    }
    Laws::new().with_cases(100).hold(&mut Lines).unwrap();
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
        .hold_one(Law::Deterministic, &mut Dead)
        .unwrap_err();
    assert_eq!(violation.law(), Law::Total);
    let told = violation.told().first().unwrap();
    assert_eq!(
        told.answer,
        Err("returned an error: the pipe is closed".to_owned())
    );
    let all = Laws::new().with_cases(10).hold(&mut Dead).unwrap_err();
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
            "an answer must be one JSON object: line 1, column 1: invalid type: sequence, expected a JSON object",
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
