//! Tests of batches: columns with few and with many symbols and sources.

use portcullis::{
    decide::{
        DecideAt, Decision, DecisionColumns, Engine, EntryRow, IntentColumns, LeverageFrom,
        Outcome, SkipCode,
    },
    intent::{Intent, IntentBuilder, Size},
    policy::{Policy, PolicyState},
    types::{Notional, Side, SignedDuration, Symbol},
};

use super::{NOW, UNTIL, at, engine, sample_policy_json};

fn name(number: usize) -> String {
    format!("COIN{number}USDT")
}

/// Returns a policy with the symbols 0 to `count` - 1, except those that are divisible by 4, each with its own
/// leverage.
fn policy(count: usize) -> Policy {
    let mut fields: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&sample_policy_json(UNTIL)).unwrap();
    let listed = || (0..count).filter(|number| number % 4 != 0);
    let symbols: Vec<_> = listed().map(name).collect();
    let leverages: serde_json::Map<_, _> = listed()
        .map(|number| (name(number), (number + 1).into()))
        .collect();
    fields.insert("universe_symbols".to_owned(), symbols.into());
    fields.insert("leverage_by_symbol".to_owned(), leverages.into());
    Policy::from_json(&serde_json::to_string(&fields).unwrap()).unwrap()
}

fn entry(number: usize, source: Option<&'static str>) -> Intent<'static> {
    let builder = IntentBuilder::new(&name(number))
        .with_side(Side::Buy)
        .with_notional_usd(250.0)
        .with_emitted_at(at(NOW));
    match source {
        Some(source) => builder.with_source(source).build(),
        None => builder.build(),
    }
}

/// Checks that each row of a batch has the answer of its intent alone.
#[track_caller]
fn check_rows(engine: &Engine, policy: &Policy, intents: &[Intent<'_>]) {
    let state = PolicyState::present(policy);
    let (mut columns, mut answers) = (IntentColumns::default(), DecisionColumns::default());
    intents.iter().for_each(|intent| columns.push(intent));
    for now in [Some(at(NOW)), None] {
        engine.decide_columns(state, &columns, now, &mut answers);
        assert_eq!(answers.len(), intents.len());
        for (row, intent) in intents.iter().enumerate() {
            let alone = engine.decide(state, intent, at(NOW));
            super::check_columns(engine, state, intent, now, &alone);
            let outcome = answers.row(row).unwrap().outcome;
            assert_eq!(outcome, outcome_of(&alone), "row {row} at {now:?}: {alone}");
            if let Decision::Trade(trade) = &alone {
                let leverage = answers.row(row).unwrap().leverage;
                let expected = (trade.leverage().value(), LeverageFrom::Policy);
                assert_eq!(leverage, Some(expected), "row {row}");
            }
        }
    }
}

fn outcome_of(decision: &Decision<'_>) -> Outcome {
    match decision.reason() {
        Some(reason) => Outcome::Skip(reason),
        None if decision.verdict() == "EXIT" => Outcome::ExitByOwner,
        None => Outcome::Trade,
    }
}

#[test]
fn rows_have_the_answers_of_single_intents_for_any_number_of_symbols() {
    let engine = engine(r#"{"halt": ["COIN5USDT", "COIN254USDT"]}"#);
    for count in [1, 2, 44, 254, 255, 256, 257, 300] {
        let policy = policy(count.max(2));
        let intents: Vec<_> = (0..count).map(|number| entry(number, None)).collect();
        check_rows(&engine, &policy, &intents);
    }
}

#[test]
fn rows_have_the_answers_of_single_intents_for_one_or_several_sources() {
    let engine = engine("{}");
    let policy = policy(10);
    let sources = [None, Some("momentum"), Some("exitbrain_v3_5")];
    for chosen in [&sources[..1], &sources[1..2], &sources[2..], &sources] {
        let intents: Vec<_> = (0..300)
            .map(|row| entry(row % 10, chosen[row % chosen.len()]))
            .collect();
        check_rows(&engine, &policy, &intents);
    }
}

/// The rows in a range have the same answers as among all rows, also if each has its own time.
#[test]
fn a_range_has_the_answers_of_its_rows() {
    let policy = policy(10);
    let state = PolicyState::present(&policy);
    let seconds =
        |seconds: i64| at(UNTIL).saturating_add(SignedDuration::from_micros(seconds * 1_000_000));
    let times: Vec<_> = (0..700).map(|row| seconds(row - 350)).collect();
    for guardrails in [
        "{}",
        r#"{"max_intent_age_sec": 90, "max_intent_skew_sec": 30}"#,
    ] {
        let engine = engine(guardrails);
        let intents: Vec<_> = (0..700)
            .map(|row| {
                let builder = IntentBuilder::new(&name(row % 10)).with_side(Side::Buy);
                let builder = builder.with_notional_usd(250.0);
                let sent = seconds(i64::try_from(row).unwrap() / 2 * 3 - 400);
                builder.with_emitted_at(sent).build()
            })
            .collect();
        let (mut columns, mut answers) = (IntentColumns::default(), DecisionColumns::default());
        intents.iter().for_each(|intent| columns.push(intent));
        for rows in [
            0..700,
            0..1,
            255..257,
            300..300,
            10..699,
            600..800,
            900..901,
        ] {
            for own_time in [DecideAt::EventTime, DecideAt::Each(&times)] {
                engine.decide_rows(state, &columns, rows.clone(), own_time, &mut answers);
                let expected = intents.iter().zip(&times).skip(rows.start).take(rows.len());
                let expected = expected.map(|(intent, now)| match own_time {
                    DecideAt::EventTime => outcome_of(&engine.decide_recorded(state, intent)),
                    DecideAt::Time(_) | DecideAt::Each(_) => {
                        outcome_of(&engine.decide(state, intent, *now))
                    }
                });
                assert!(answers.outcomes().iter().copied().eq(expected), "{rows:?}");
            }
        }
        // A row without a time must not be decided.
        engine.decide_rows(
            state,
            &columns,
            2..6,
            DecideAt::Each(&times[..4]),
            &mut answers,
        );
        let invalid = Outcome::Skip(SkipCode::IntentInvalid);
        assert_eq!(answers.outcomes()[2..], [invalid; 2]);
        assert_ne!(answers.outcomes()[0], invalid);
    }
}

#[test]
fn an_entry_with_a_number_outside_the_dictionary_is_skipped() {
    let (ambiguous, invalid) = (SkipCode::IntentAmbiguous, SkipCode::IntentInvalid);
    for (symbol, source, expected) in [
        (0, 0, Outcome::Trade),
        (0, 1, Outcome::Skip(ambiguous)),
        (0, 255, Outcome::Skip(ambiguous)),
        (0, u32::MAX, Outcome::Skip(ambiguous)),
        (1, 0, Outcome::Skip(invalid)),
        (255, 0, Outcome::Skip(invalid)),
        (256, 0, Outcome::Skip(invalid)),
        (u32::MAX, 0, Outcome::Skip(invalid)),
    ] {
        let mut columns = IntentColumns::default();
        let known_symbol = columns.symbol_number(Symbol::new(&name(1)).unwrap());
        assert_eq!((known_symbol, columns.source_number(None)), (0, 0));
        let row = EntryRow {
            symbol,
            source,
            leverage: None,
            size: Some(Size::Notional(Notional::new(250.0).unwrap())),
            price_deviation: 0.0,
            stop_distance: 0.0,
            emitted_at: Some(at(NOW)),
            sent: Some((at(NOW), at(NOW))),
        };
        columns.push_entry(&row);
        columns.push_entry(&EntryRow {
            symbol: 0,
            source: 0,
            ..row
        });
        let mut answers = DecisionColumns::default();
        let policy = policy(2);
        let state = PolicyState::present(&policy);
        engine("{}").decide_columns(state, &columns, Some(at(NOW)), &mut answers);
        assert_eq!(answers.outcomes(), [expected, Outcome::Trade], "{row:?}");
    }
}
