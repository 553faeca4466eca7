//! Tests of `decide` and `harvest`: each line is answered before the next one is written.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::program::Place;
use crate::records::{
    START, entry, exit, lines, objects, policy, policy_until, position, short, text, updated,
};

/// A client that waits for each answer.
struct Talk {
    child: Child,
    stdin: Option<ChildStdin>,
    answers: Receiver<String>,
}

impl Talk {
    fn new(place: &Place, arguments: &[&str]) -> Self {
        let mut child = place
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (send, answers) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            for line in stdout.lines() {
                let _ = send.send(line.unwrap());
            }
        });
        Self {
            stdin: child.stdin.take(),
            child,
            answers,
        }
    }

    fn ask(&mut self, line: &str) -> Value {
        let stdin = self.stdin.as_mut().unwrap();
        writeln!(stdin, "{line}").unwrap();
        stdin.flush().unwrap();
        let answer = self.answers.recv_timeout(Duration::from_secs(30));
        serde_json::from_str(&answer.expect("no answer before the next line")).unwrap()
    }

    fn end(mut self) {
        drop(self.stdin.take());
        assert!(self.child.wait().unwrap().success());
        assert_eq!(self.answers.recv().ok(), None);
    }
}

#[test]
fn each_intent_is_answered_immediately() {
    let place = Place::new();
    place.put("policy.json", policy("one").to_string());
    let mut talk = Talk::new(&place, &["decide", "--policy", "policy.json"]);
    for n in 1..=3 {
        let answer = talk.ask(&entry(n).to_string());
        assert_eq!(
            (&answer["n"], short(&answer)),
            (&json!(n), "TRADE one".to_owned())
        );
    }
    assert_eq!(short(&talk.ask("not JSON")), "SKIP INTENT_UNREADABLE");
    assert_eq!(short(&talk.ask(&exit(4).to_string())), "EXIT");
    talk.end();
}

#[test]
fn each_position_is_answered_immediately() {
    let place = Place::new();
    place.put("policy.json", policy("one").to_string());
    let mut talk = Talk::new(&place, &["harvest", "--policy", "policy.json"]);
    for n in 1..=3 {
        let answer = talk.ask(&position(n).to_string());
        assert_eq!(
            (&answer["n"], short(&answer)),
            (&json!(n), "HARVEST one".to_owned())
        );
    }
    talk.end();
}

/// Checks the short answers to lines on standard input.
fn check(arguments: &[&str], lines_in: &[Value], expected: &[&str]) {
    let place = Place::new();
    place.put("policy.json", policy("one").to_string());
    place.put("old.json", policy_until("old", START - 1).to_string());
    let run = place.run_with(arguments, lines(lines_in));
    assert_eq!((run.status, &*run.stderr), (0, ""), "{arguments:?}");
    let answers: Vec<String> = objects(&run.stdout).iter().map(short).collect();
    assert_eq!(answers, expected, "{arguments:?}");
}

#[test]
fn without_now_each_record_is_evaluated_at_its_own_time() {
    let intents = [entry(0), entry(3600), entry(3601), exit(9999)];
    let judged = ["TRADE one", "TRADE one", "SKIP POLICY_STALE", "EXIT"];
    check(&["decide", "--policy", "policy.json"], &intents, &judged);
    let positions = [position(0), position(3601)];
    let judged = ["HARVEST one", "SKIP POLICY_STALE"];
    check(&["harvest", "--policy", "policy.json"], &positions, &judged);
}

#[test]
fn a_record_without_a_timestamp_gets_a_warning() {
    let place = Place::new();
    place.put("policy.json", policy("one").to_string());
    let timeless = json!({"symbol": "BTCUSDT", "side": "BUY", "size": 1});
    let mut position = position(1);
    position.as_object_mut().unwrap().remove("id");
    let warning = "portcullis: warning: skipped a record without a timestamp; use `--now` to set the evaluation time\n";
    let now = START.to_string();
    for (command, record, reason, judged) in [
        ("decide", timeless, "INTENT_INVALID", "TRADE one"),
        ("harvest", position, "HARVEST_INVALID_INPUT", "HARVEST one"),
    ] {
        let arguments = [command, "--policy", "policy.json"];
        let tape = lines(&[record.clone(), record]);
        let run = place.run_with(&arguments, &*tape);
        let skip = format!("SKIP {reason}");
        let answers: Vec<String> = objects(&run.stdout).iter().map(short).collect();
        assert_eq!((run.status, &*run.stderr), (0, warning));
        assert_eq!(answers, [&*skip, &*skip]);
        let run = place.run_with(&[&arguments[..], &["--now", &now]].concat(), tape);
        let answers: Vec<String> = objects(&run.stdout).iter().map(short).collect();
        assert_eq!((run.status, &*run.stderr), (0, ""));
        assert_eq!(answers, [judged, judged]);
    }
}

#[test]
fn now_is_the_time_of_all_records() {
    let now = |seconds: i64| (START + seconds).to_string();
    let intents = [
        entry(0),
        entry(9999),
        json!({"symbol": "BTCUSDT", "side": "BUY", "size": 1}),
    ];
    check(
        &["decide", "--policy", "policy.json", "--now", &now(3600)],
        &intents,
        &["TRADE one"; 3],
    );
    check(
        &[
            "decide",
            "--policy",
            "policy.json",
            "--now",
            &format!("{}.000001", now(3600)),
        ],
        &intents,
        &["SKIP POLICY_STALE"; 3],
    );
    check(
        &["harvest", "--policy", "policy.json", "--now", &now(0)],
        &[position(9999), json!({"symbol": "BTCUSDT", "side": "FLAT"})],
        &["HARVEST one", "SKIP HARVEST_NO_POSITION"],
    );
    check(
        &["decide", "--policy", "old.json", "--now", "-62135596800"],
        &intents,
        &["TRADE old"; 3],
    );
}

#[test]
fn without_a_policy_everything_that_needs_one_is_skipped() {
    check(
        &["decide"],
        &[entry(1), exit(1)],
        &["SKIP POLICY_MISSING", "EXIT"],
    );
    check(&["harvest"], &[position(1)], &["SKIP POLICY_MISSING"]);
}

#[test]
fn events_of_other_commands_are_unreadable() {
    let unreadable = "SKIP INTENT_UNREADABLE";
    let mut intent = entry(1);
    intent["event_type"] = "trade.intent".into();
    let mut untyped = position(1);
    untyped.as_object_mut().unwrap().remove("event_type");
    let update = updated(0, &policy("two"));
    check(
        &["decide", "--policy", "policy.json"],
        &[update.clone(), position(1), intent.clone()],
        &[unreadable, unreadable, "TRADE one"],
    );
    check(
        &["harvest", "--policy", "policy.json"],
        &[update, intent, untyped, json!({"event_type": "x"})],
        &[unreadable, unreadable, "HARVEST one", unreadable],
    );
}

#[test]
fn guardrails_and_blank_lines_work_as_in_a_replay() {
    let place = Place::new();
    place.put("policy.json", policy("one").to_string());
    place.put("g.json", r#"{"halt": "everything"}"#);
    let input = format!("\n{}\r\n\n{}", entry(1), exit(2));
    let run = place.run_with(
        &[
            "decide",
            "--policy",
            "policy.json",
            "--guardrails",
            "g.json",
        ],
        input,
    );
    let answers = objects(&run.stdout);
    let reported: Vec<_> = answers
        .iter()
        .map(|a| (&a["n"], short(a), text(a, "id")))
        .collect();
    assert_eq!(
        reported,
        [
            (&json!(1), "SKIP TRADING_HALTED".to_owned(), "1"),
            (&json!(2), "EXIT".to_owned(), "2")
        ]
    );
}
