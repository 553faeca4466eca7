//! Target `intent`: the bytes of the fuzzer are read as an intent: flat, in every envelope, and as
//! the entry of a recorded decision.

use crate::{
    oracle::{
        engine,
        naive::{
            World,
            decide::decide,
            harvest::harvest,
            intent::other_event_type,
            json::{Json, quote, read_by_grammar},
        },
    },
    worlds::{NOW, OPEN, STRICT, assert_same_answer, world},
};
use portcullis::{
    answer::Answer,
    decide::Engine,
    policy::PolicyState,
    record::{Scratch, TapeRecord, read as read_event},
    types::Timestamp,
};

/// Reads the bytes as a line, and the line in every envelope.
pub(crate) fn run(data: &[u8]) {
    let line = String::from_utf8_lossy(data);
    let delegates = ["emergency".to_owned()];
    let (open, strict) = (world(OPEN, &delegates), world(STRICT, &delegates));
    answered(&open, &line, None);
    answered(&strict, &line, Some(NOW));
    answered(
        &open,
        &format!(
            r#"{{"id": "1766550734062-7", "data": {}}}"#,
            quote(&line, false)
        ),
        None,
    );
    // Text that is not JSON makes the whole line unreadable, and `null` is an absent payload; neither tests an
    // envelope.
    if read_by_grammar(&line).is_some_and(|value| value != Json::Null) {
        let enveloped = format!(
            r#"{{"event_type": "trade.intent", "ts": 1766550734062, "source": "ai", "payload": {line}}}"#
        );
        answered(&strict, &enveloped, Some(NOW));
        recorded(&open, &line);
    }
}

/// Checks that both engines give the same answer, and that the general reader gives the same answer as the fast one.
/// White space at the end of a line selects the general reader.
fn answered(world: &World<'_>, line: &str, now: Option<i64>) {
    let general = format!("{line}\t");
    if other_event_type(line).as_deref() == Some("position.snapshot") {
        let (engine, naive) = (engine::harvest(world, line, now), harvest(world, line, now));
        assert_same_answer(&engine, &naive, line);
        assert_same_answer(&engine::harvest(world, &general, now), &engine, line);
    } else {
        let (engine, naive) = (engine::decide(world, line, now), decide(world, line, now));
        assert_same_answer(&engine, &naive, line);
        assert_same_answer(&engine::decide(world, &general, now), &engine, line);
    }
}

/// Checks that a recorded decision is answered as its entry is at the time of the recording.
fn recorded(world: &World<'_>, line: &str) {
    let record = format!(
        r#"{{"event_type": "trade.decided", "decided_at": 1766550734062, "entry": {line}}}"#
    );
    let (mut outer, mut inner) = (Scratch::default(), Scratch::default());
    let TapeRecord::RecordedDecision(decided) = read_event(&record, &mut outer) else {
        panic!("not a recorded decision: {record}");
    };
    let entry = read_event(line, &mut inner);
    if matches!(entry, TapeRecord::RecordedDecision(_)) {
        return;
    }
    let entry = entry.into_intent();
    let policy = engine::policy(world);
    let (engine, state) = (engine::engine(world), engine::state(&policy));
    let now = decided.at().unwrap();
    assert_eq!(now.as_millis(), NOW / 1_000);
    let row = |intent| columns(&engine, state, intent, now);
    assert_same_answer(&row(decided.intent()), &row(&entry), &record);
}

fn columns(
    engine: &Engine,
    state: PolicyState<'_>,
    intent: &portcullis::intent::Intent<'_>,
    now: Timestamp,
) -> crate::oracle::naive::Answer {
    engine::columns(&Answer::decision(&engine.decide(state, intent, now)))
}
