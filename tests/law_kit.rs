//! The law kit: it lets the engine pass, and finds out each of the well-known failures by the law that it breaks.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_types,
    reason = "a test fails by panicking; one of the failures is an unordered map"
)]

/// One file for each kind of decider that breaks laws.
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
use portcullis::{
    answer::Answer,
    testing::{self, Decider, Harvester, Law, Laws, Portcullis, Row},
};

#[test]
fn the_engine_keeps_the_laws() {
    testing::hold(&mut Portcullis).unwrap();
    testing::hold_harvest(&mut Portcullis).unwrap();
}

#[test]
fn the_engine_keeps_the_laws_from_other_seeds() {
    for seed in 1..3 {
        let laws = Laws::new().cases(100).seed(seed);
        laws.hold(&mut Portcullis).unwrap();
        laws.hold_harvest(&mut Portcullis).unwrap();
    }
}

/// Keeps the smallest case of the law that must find a decider out, and which others do.
fn found_out(name: &str, law: Law, decider: &mut dyn Decider) {
    let violation = Laws::new().hold_one(law, decider).unwrap_err();
    assert_eq!(violation.law(), law, "{violation}");
    let all = Laws::new().cases(100).hold(decider).unwrap_err();
    let broken: Vec<&str> = all.violations().iter().map(|it| it.law().code()).collect();
    insta::with_settings!({
        snapshot_path => "../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!(name, format!("{violation}\n\nBroken in all: {}", broken.join(" ")));
    });
}

#[test]
fn a_fallback_of_10x_is_found_out() {
    found_out(
        "law_kit_tenfold_fallback",
        Law::NoPolicyNoTrade,
        &mut TenfoldFallback,
    );
}

#[test]
fn a_stale_policy_is_found_out() {
    found_out(
        "law_kit_stale_policy",
        Law::NoPolicyNoTrade,
        &mut LastPolicyWillDo,
    );
}

#[test]
fn a_size_that_was_shaved_is_found_out() {
    let law = Law::NoNumberWithoutASource;
    found_out("law_kit_shaved_size", law, &mut LimitsShave);
    found_out(
        "law_kit_shaved_size_monotone",
        Law::Monotone,
        &mut LimitsShave,
    );
}

#[test]
fn a_panic_is_found_out() {
    found_out("law_kit_panic", Law::Total, &mut Ordering);
}

#[test]
fn a_nan_let_through_is_found_out() {
    found_out("law_kit_nan", Law::UnknownIsNotYes, &mut NanIsNotBelow);
}

#[test]
fn a_lost_flag_is_found_out() {
    let law = Law::ClosedIsNotTrapped;
    found_out("law_kit_lost_flag", law, &mut LostFlag);
    found_out("law_kit_lost_flag_opens", law, &mut OwnerOpens);
}

#[test]
fn an_unordered_map_is_found_out() {
    found_out(
        "law_kit_unordered",
        Law::Deterministic,
        &mut Unordered::default(),
    );
}

/// The laws say nothing of it, and this is no praise.
#[test]
fn who_never_trades_is_found_out() {
    found_out("law_kit_never", Law::UnknownIsNotYes, &mut Never);
}

#[test]
fn every_law_of_a_harvest_bites() {
    let harvesters: [(Law, &str, &mut dyn Harvester); 7] = [
        (
            Law::NoPolicyNoTrade,
            "a position without θ in force is a SKIP",
            &mut ThetaOfItsOwn,
        ),
        (
            Law::NoNumberWithoutASource,
            "the inputs of this position make no r_net",
            &mut StopOfTwoPercent,
        ),
        (Law::Total, "r_net is finite", &mut Dividing),
        (
            Law::UnknownIsNotYes,
            "without PMr there is no kill_score",
            &mut NoProbabilityIsZero,
        ),
        (
            Law::ClosedIsNotTrapped,
            "the other part still harvests",
            &mut KillNeedsPrice,
        ),
        (
            Law::Deterministic,
            "the same question has the same answer",
            &mut Counting(0),
        ),
        (
            Law::Monotone,
            "more profit never lowers the stage",
            &mut UpsideDown,
        ),
    ];
    for (law, demand, harvester) in harvesters {
        let violation = Laws::new().hold_harvest_one(law, harvester).unwrap_err();
        assert_eq!(violation.law(), law, "{violation}");
        assert!(violation.demand().contains(demand), "{violation}");
    }
}

/// The same laws, the same cases: what a seed found, it finds again.
#[test]
fn a_seed_tells_the_cases() {
    let found = |seed| {
        let laws = Laws::new().seed(seed);
        let broken = laws
            .hold_one(Law::NoPolicyNoTrade, &mut TenfoldFallback)
            .unwrap_err();
        broken.to_string()
    };
    assert_eq!(found(5), found(5));
    assert_ne!(found(5), found(6));
}

/// An answer is the same row whether it went through a line of JSON or not.
#[test]
fn a_row_is_an_answer() {
    struct Lines;
    impl Decider for Lines {
        fn decide(&mut self, asked: &testing::Question) -> Result<Row, testing::Unanswered> {
            let engine = asked.engine()?;
            let policy = asked.read_policy();
            let state = match &policy {
                Ok(policy) => portcullis::policy::PolicyState::present(policy),
                Err(absence) => portcullis::policy::PolicyState::absent(absence),
            };
            let mut scratch = portcullis::event::Scratch::default();
            let intent = portcullis::event::read(&asked.record, &mut scratch).into_intent();
            let decision = engine.decide(state, &intent, asked.now);
            let line = serde_json::to_string(&Answer::decision(&decision))?;
            let row = Row::from_json(&line)?;
            assert_eq!(row, Portcullis.decide(asked)?);
            assert_eq!(row, Row::from_json(&row.to_string())?);
            Ok(row)
        }
    }
    Laws::new().cases(100).hold(&mut Lines).unwrap();
}

/// Whatever law it was asked for: without an answer none of them can be kept.
#[test]
fn no_answer_is_found_out() {
    struct Dead;
    impl Decider for Dead {
        fn decide(&mut self, _: &testing::Question) -> Result<Row, testing::Unanswered> {
            Err("the pipe is closed".into())
        }
    }
    let violation = Laws::new()
        .hold_one(Law::Deterministic, &mut Dead)
        .unwrap_err();
    assert_eq!(violation.law(), Law::Total);
    let told = violation.told().first().unwrap();
    assert_eq!(told.answer, Err("no answer: the pipe is closed".to_owned()));
    let all = Laws::new().cases(10).hold(&mut Dead).unwrap_err();
    assert_eq!(all.violations().len(), 1, "{all}");
}

#[test]
fn a_row_is_read_to_the_bit_or_not_at_all() {
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
            "an answer is one JSON object: line 1, column 1: EOF while parsing a value",
        ),
        (
            "[]",
            "an answer is one JSON object: line 1, column 1: invalid type: sequence, expected a JSON object",
        ),
        (r#"{"reason": "POLICY_STALE"}"#, "`decision` is absent"),
        (
            r#"{"decision": "BUY"}"#,
            "`decision`: `BUY` is not a verdict",
        ),
        (
            r#"{"decision": "SKIP", "decision": "TRADE"}"#,
            "`decision` stands twice",
        ),
        (
            r#"{"decision": "TRADE", "leverage": "8"}"#,
            "`leverage`: `\"8\"` is not a number",
        ),
        (
            r#"{"decision": "TRADE", "not_after": 1.5}"#,
            "`not_after`: `1.5` is not epoch milliseconds",
        ),
        (
            r#"{"decision": "SKIP", "reason": 5}"#,
            "`reason`: `5` is not a text",
        ),
    ] {
        let error = Row::from_json(line).unwrap_err();
        assert_eq!(error.to_string(), fault);
    }
}
