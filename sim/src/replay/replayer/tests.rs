use portcullis::{answer::Verdict, exit::ExitOwnership, guardrails::Guardrails};

use super::*;

/// The name of each kind of event, and the fields of such a record, without its event type and its time.
const RECORDS: [(&str, &str); 5] = [
    (
        "trade.intent",
        r#""symbol":"BTCUSDT","side":"BUY","size":5"#,
    ),
    ("trade.decided", r#""entry":{}"#),
    ("position.snapshot", r#""symbol":"BTCUSDT""#),
    ("policy.updated", r#""policy":{}"#),
    ("policy.withdrawn", r#""id":"1""#),
];

fn replayer(scope: Scope) -> Replayer {
    let ownership = ExitOwnership::new("exitbrain_v3_5").unwrap();
    Replayer {
        scope,
        ..Replayer::new(Engine::new(Guardrails::none(), ownership))
    }
}

/// Returns the name of the event that is read, or the error.
fn read(scope: Scope, text: &str) -> String {
    let mut scratch = Scratch::default();
    match replayer(scope).read(Line::new(1, text), 1, &mut scratch) {
        TapeRecord::Intent(intent) => match intent.request() {
            Ok(_) => "trade.intent".to_owned(),
            Err(error) => error.to_string(),
        },
        TapeRecord::RecordedDecision(_) => "trade.decided".to_owned(),
        TapeRecord::Position(_) => "position.snapshot".to_owned(),
        TapeRecord::PolicyUpdated(..) => "policy.updated".to_owned(),
        TapeRecord::PolicyWithdrawn(_) => "policy.withdrawn".to_owned(),
    }
}

#[test]
fn records_outside_the_scope_are_unreadable() {
    let is_in_scope = |scope, name| match scope {
        Scope::Tape => true,
        Scope::Intents => name == "trade.intent",
        Scope::Positions => name == "position.snapshot",
    };
    for scope in [Scope::Tape, Scope::Intents, Scope::Positions] {
        for (name, fields) in RECORDS {
            let text = format!(r#"{{"event_type":"{name}","ts":1767571200000,{fields}}}"#);
            let found = read(scope, &text);
            if is_in_scope(scope, name) {
                assert_eq!(found, name, "{scope:?}");
            } else {
                let error = format!("unsupported `event_type` `{name}`");
                assert!(found.contains(&error), "{scope:?}: {found}");
            }
        }
        // The error of an unreadable record does not depend on the scope.
        assert_eq!(read(scope, "{"), read(Scope::Tape, "{"), "{scope:?}");
    }
}

#[test]
fn times_without_an_offset_are_counted_for_each_kind_of_record() {
    let replayer = replayer(Scope::Tape);
    for (name, fields) in RECORDS {
        // The time of a recorded decision is in milliseconds.
        if name == "trade.decided" {
            continue;
        }
        for (offset, expected) in [("", 2), ("Z", 0)] {
            let mut timeline = Timeline::new(Err(PolicyUnavailable::NotFound));
            let mut output = ChunkOutput::default();
            let text = format!(
                r#"{{"event_type":"{name}","timestamp":"2026-01-05T00:00:00{offset}",{fields}}}"#
            );
            for n in 1..=2 {
                let mut scratch = Scratch::default();
                replayer.line(
                    (Line::new(n, &text), n, replayer.now),
                    &mut timeline,
                    &mut scratch,
                    &mut output,
                );
            }
            assert_eq!(output.counts.offset_assumed, expected, "{text}");
        }
    }
}

#[test]
fn an_expired_policy_permits_a_trade_only_if_it_is_assumed_in_force() {
    let expiry = Timestamp::from_millis(1_767_571_199_000).unwrap();
    let policy = Policy::from_json(&crate::sample::policy_json(expiry)).unwrap();
    let mut timeline = Timeline::new(Ok(policy));
    let entry = r#"{"ts":1767571200000,"symbol":"BTCUSDT","side":"BUY","size":5}"#;
    for assume_in_force in [false, true] {
        let replayer = Replayer {
            assume_in_force,
            ..replayer(Scope::Tape)
        };
        let (mut scratch, mut output) = (Scratch::default(), ChunkOutput::default());
        let line = Line::new(1, entry);
        replayer.line(
            (line, 1, replayer.now),
            &mut timeline,
            &mut scratch,
            &mut output,
        );
        let verdicts = output.counts.decisions().filter(|(_, count)| *count > 0);
        let expected = if assume_in_force {
            Verdict::Trade
        } else {
            Verdict::Skip
        };
        assert_eq!(verdicts.collect::<Vec<_>>(), [(expected, 1)]);
    }
}
