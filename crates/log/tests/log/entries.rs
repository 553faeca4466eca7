//! Entries: repeated, out of order, in conflict and invalid ones; the time.

use std::{fs, num::NonZeroU32};

use portcullis_log::{
    DecisionLog, Digest, Entry, Fault, LogError, Settings, StreamPosition, verify,
};

use crate::{
    append,
    support::{answers, at, directory, keys, position, settings, signer, text},
    write,
};

#[test]
fn a_repeated_entry_is_not_written_again() {
    let directory = directory();
    let path = directory.path();
    // Each file has two rows.
    write(path, settings(2, 700), 9);
    let mut log = DecisionLog::open(path, signer(), settings(2, 700)).unwrap();
    for first in 1..=9 {
        let appended = append(&mut log, first, 9, 30).unwrap();
        assert_eq!((appended.written, appended.repeated), (0, 10 - first));
    }
    let appended = append(&mut log, 3, 12, 30).unwrap();
    assert_eq!((appended.written, appended.repeated), (3, 7));
    assert_eq!(answers(path).len(), 12);
    drop(log);
    assert!(verify(path, &keys(), None).unwrap().is_verified());
}

#[test]
fn an_entry_may_be_repeated_in_one_append() {
    let directory = directory();
    let mut log = DecisionLog::open(directory.path(), signer(), settings(9, 1 << 20)).unwrap();
    let appended =
        crate::support::with_entries([1, 2, 1, 2, 3], |entries| log.append(entries, at(0)));
    let appended = appended.unwrap();
    assert_eq!((appended.written, appended.repeated), (3, 2));
}

#[test]
fn an_earlier_entry_that_is_not_in_the_log_is_an_error() {
    for rotate_bytes in [1, 1 << 20] {
        let directory = directory();
        let path = directory.path();
        let mut log = DecisionLog::open(path, signer(), settings(2, rotate_bytes)).unwrap();
        for absent in [1, 4] {
            append(&mut log, absent + 1, absent + 2, 1).unwrap();
            let error = append(&mut log, absent, absent + 3, 2).unwrap_err();
            let last = position(absent + 2);
            assert_eq!(
                error,
                LogError::NotInOrder {
                    position: position(absent),
                    last
                }
            );
            // Nothing is written, and the log continues.
            assert_eq!(log.last_position(), Some(last));
            log.append(&[], at(3)).unwrap();
        }
    }
}

#[test]
fn another_answer_for_a_known_position_is_an_error() {
    let directory = directory();
    let path = directory.path();
    let mut log = DecisionLog::open(path, signer(), settings(1, 1)).unwrap();
    append(&mut log, 1, 4, 0).unwrap();
    let entry = Entry {
        position: position(2),
        answer: "{}",
        guardrails_hash: None,
        engine: "0.1.0",
        policy_hash: None,
    };
    let error = log.append(&[entry], at(1)).unwrap_err();
    assert_eq!(
        error,
        LogError::Conflict {
            position: position(2)
        }
    );
}

#[test]
fn an_answer_that_is_not_an_object_on_one_line_is_an_error() {
    let directory = directory();
    let path = directory.path();
    let mut log = DecisionLog::open(path, signer(), settings(1, 1)).unwrap();
    let long = format!(r#"{{"detail":"{}"}}"#, "x".repeat(16 << 20));
    for (answer, why) in [
        ("", "the answer is not JSON"),
        ("{} {}", "the answer is not JSON"),
        ("[]", "the answer is not a JSON object"),
        ("{\n}", "the answer has a line break"),
        (&long, "the answer has 16777229 bytes"),
    ] {
        let entry = Entry {
            position: position(1),
            answer,
            guardrails_hash: None,
            engine: "0.1.0",
            policy_hash: None,
        };
        let error = log.append(&[entry], at(1)).unwrap_err().to_string();
        let place = format!("the entry at position {} cannot be written: ", position(1));
        assert!(error.starts_with(&format!("{place}{why}")), "{error}");
        assert_eq!(log.rows(), 0);
    }
    // The longest answer can be read again.
    let longest = format!(r#"{{"detail":"{}"}}"#, "\u{7f}".repeat((16 << 20) - 13));
    let entry = Entry {
        position: position(1),
        answer: &longest,
        guardrails_hash: None,
        engine: &"\u{1}".repeat(256),
        policy_hash: None,
    };
    log.append(&[entry], at(1)).unwrap();
    drop(log);
    assert!(verify(path, &keys(), None).unwrap().is_verified());
    assert_eq!(
        DecisionLog::open(path, signer(), settings(1, 1))
            .unwrap()
            .rows(),
        1
    );
}

#[test]
fn a_position_has_one_text() {
    for text in [
        "",
        "5",
        "5-",
        "-5",
        "05-0",
        "5-00",
        "+5-0",
        "5-0 ",
        "5-0-0",
        "18446744073709551616-0",
    ] {
        assert!(text.parse::<StreamPosition>().is_err(), "{text}");
    }
    let [nine, ten] = ["9-0", "10-0"].map(|text| text.parse::<StreamPosition>().unwrap());
    assert!(nine < ten);
}

/// The writer never writes such a row.
#[test]
fn a_row_with_an_earlier_position_is_a_fault() {
    let directory = directory();
    let path = directory.path();
    write(path, settings(9, 1 << 20), 3);
    let text = text(path);
    let row = text.lines().last().unwrap();
    let head: Digest = text
        .lines()
        .nth(2)
        .unwrap()
        .split(' ')
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    for (number, is_later) in [(1, false), (2, false), (4, true)] {
        let old = format!(r#""position":"{}""#, position(3));
        let new = format!(r#""position":"{}""#, position(number));
        let json = row.splitn(3, ' ').last().unwrap().replacen(&old, &new, 1);
        let changed = text.replace(row, &format!("row {} {json}", head.then(json.as_bytes())));
        fs::write(path.join("decisions-00000001.log"), changed).unwrap();
        let faults = verify(path, &keys(), None).unwrap().faults;
        let fault = Fault::PositionOutOfOrder {
            file: "decisions-00000001.log".to_owned(),
            row: 3,
            position: position(number),
        };
        assert_eq!(faults, if is_later { vec![] } else { vec![fault] });
    }
}

/// A row has the fields of its entry, in the documented order.
#[test]
fn the_fields_of_a_row() {
    let directory = directory();
    let mut log = DecisionLog::open(directory.path(), signer(), settings(9, 1 << 20)).unwrap();
    append(&mut log, 1, 2, 0).unwrap();
    let text = text(directory.path());
    let rows: Vec<&str> = text
        .lines()
        .filter_map(|line| Some(line.strip_prefix("row ")?.split_once(' ')?.1))
        .collect();
    assert_eq!(
        rows,
        [
            r#"{"row":1,"position":"1767571200000-1","written_at":1767571200000,"engine":"0.1.0","guardrails_hash":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","answer":{"event":"trade.intent","id":"1767571200000-1","decision":"SKIP","reason":"POLICY_MISSING","detail":"no policy é “x” \n"}}"#,
            r#"{"row":2,"position":"1767571200000-2","written_at":1767571200000,"engine":"0.1.0","guardrails_hash":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","policy_hash":"abababababababababababababababababababababababababababababababab","answer":{"id":"1767571200000-2","decision":"SKIP"}}"#,
        ]
    );
}

#[test]
fn checkpoints_are_written_after_rows_and_after_a_time() {
    let directory = directory();
    let mut log = DecisionLog::open(directory.path(), signer(), settings(3, 1 << 20)).unwrap();
    let rows = |checkpoints: &[portcullis_log::Checkpoint]| {
        checkpoints
            .iter()
            .map(portcullis_log::Checkpoint::row)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        rows(&append(&mut log, 1, 8, 0).unwrap().checkpoints),
        [3, 6]
    );
    assert_eq!(rows(&log.append(&[], at(59)).unwrap().checkpoints), [0; 0]);
    let appended = log.append(&[], at(60)).unwrap();
    assert_eq!(rows(&appended.checkpoints), [8]);
    assert_eq!(appended.checkpoints[0].at(), at(60));
    assert_eq!(appended.checkpoints[0].number(), 3);
    assert_eq!(appended.checkpoints[0].position(), position(8));
    // Without a new row there is no checkpoint.
    assert_eq!(rows(&log.append(&[], at(600)).unwrap().checkpoints), [0; 0]);
}

#[test]
fn a_clock_that_goes_back_stops_no_checkpoint_and_no_rotation() {
    let directory = directory();
    let path = directory.path();
    let settings = Settings {
        retain_sec: NonZeroU32::new(1),
        ..settings(100, 1 << 20)
    };
    let mut log = DecisionLog::open(path, signer(), settings).unwrap();
    append(&mut log, 1, 1, 100_000).unwrap();
    let appended = append(&mut log, 2, 2, 50_000).unwrap();
    assert_eq!((appended.checkpoints.len(), appended.sealed.len()), (1, 1));
    append(&mut log, 3, 3, 50_001).unwrap();
    let appended = append(&mut log, 4, 4, 40_000).unwrap();
    assert_eq!((appended.checkpoints.len(), appended.sealed.len()), (1, 1));
    // No file is removed because of a time in the future.
    assert_eq!(appended.removed, [""; 0]);
    drop(log);
    assert!(verify(path, &keys(), None).unwrap().is_verified());
}
