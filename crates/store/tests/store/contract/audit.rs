//! The audit log and the halts.

use std::collections::BTreeSet;

use portcullis::{guardrails::Halt, types::Symbol};
use portcullis_store::{AuditLog, AuditRecord, AuditTrail, FieldMap};

use super::Fixture;
use crate::policies::{UNTIL, ada, now, publication, publish};

pub(crate) fn the_audit_log_records_every_change(fixture: &dyn Fixture) {
    let store = fixture.open();
    let first = store
        .publish(&publication("1", r#""generator": "a model","#), None)
        .unwrap();
    let trail = store.audit().unwrap();
    let hash = first.hash().to_string();
    let zeros = "0".repeat(64);
    let expected = FieldMap::new([
        ("entry", "1"),
        ("event", "policy.published"),
        ("previous", zeros.as_str()),
        ("policy_version", "1"),
        ("policy_hash", &hash),
        ("policy_seq", "1"),
        ("valid_until_epoch", UNTIL),
        ("created_at_epoch", "1766547134.500000"),
        ("generator", "a model"),
        ("universe_count", "10"),
        ("leverage_range", "6-15"),
        ("by", "ada"),
        ("reason", "it is time"),
    ]);
    assert_eq!(*trail.entries()[0].record(), expected);
    publish(&*store, "2");
    let trail = store.audit().unwrap();
    let second = trail.entries()[1].record();
    assert_eq!(second.get("previous"), Some(expected.digest().as_str()));
    assert_eq!(second.get("replaces"), Some(hash.as_str()));
}

pub(crate) fn gaps_and_edits_of_the_audit_log_are_detected(fixture: &dyn Fixture) {
    let store = fixture.open();
    for n in 1..=5 {
        publish(&*store, &format!("v{n}"));
    }
    let log = store.audit_log().unwrap();
    assert_eq!(log.records.len(), 5);
    let check = |change: &dyn Fn(&mut AuditLog), faults: &[&str]| {
        let mut log = log.clone();
        change(&mut log);
        let trail = AuditTrail::of(log);
        let found: Vec<_> = trail.faults().iter().map(ToString::to_string).collect();
        assert_eq!(found, faults);
        assert_eq!(trail.is_verified(), faults.is_empty());
        trail
    };
    let edited = |record: &AuditRecord| {
        let pairs = record.fields.pairs().map(|(k, v)| match k {
            "by" => (k, "mallory"),
            _ => (k, v),
        });
        AuditRecord {
            id: record.id.clone(),
            fields: FieldMap::new(pairs),
        }
    };
    check(&|_| {}, &[]);
    check(
        &|log| log.records[2] = edited(&log.records[2]),
        &["entry 3 was edited: its digest differs from the recorded one"],
    );
    check(
        &|log| log.records[4] = edited(&log.records[4]),
        &["entry 5 was edited: its digest differs from the recorded one"],
    );
    check(&|log| drop(log.records.remove(2)), &["entry 3 is missing"]);
    // Trimming removes the first entries, and the rest is verified.
    let trim = |log: &mut AuditLog, may_be_trimmed| {
        log.may_be_trimmed = may_be_trimmed;
        log.records.drain(..2);
    };
    check(&|log| trim(log, false), &["entries 1 to 2 are missing"]);
    let trimmed = check(&|log| trim(log, true), &[]);
    assert_eq!((trimmed.trimmed(), trimmed.is_whole()), (2, false));
    let edited_as_well = |log: &mut AuditLog| {
        log.may_be_trimmed = true;
        log.records[3] = edited(&log.records[3]);
        log.records.remove(0);
    };
    check(
        &edited_as_well,
        &[
            "entry 1 is missing",
            "entry 4 was edited: its digest differs from the recorded one",
        ],
    );
    check(&|log| drop(log.records.pop()), &["entry 5 is missing"]);
    check(&|log| log.records.clear(), &["entries 1 to 5 are missing"]);
    check(
        &|log| log.records.swap(1, 2),
        &["entry 2 is missing", "entry 2 is out of order"],
    );
    // Another program writes to the same stream.
    let foreign = |id: &str, pairs: &[(&str, &str)]| AuditRecord {
        id: id.to_owned(),
        fields: FieldMap::new(pairs.iter().copied()),
    };
    let shared = check(
        &|log| {
            log.records
                .insert(1, foreign("7-1", &[("event", "something else")]));
            log.records.push(foreign("9-1", &[("entry", "many\u{1b}")]));
            log.records.push(foreign("9-2", &[("entry", "6")]));
        },
        &[],
    );
    assert!(shared.is_whole());
    let named: Vec<_> = shared.foreign().iter().map(|r| (r.id(), r.why())).collect();
    assert_eq!(
        named,
        [
            ("7-1", "it has no field `entry`"),
            ("9-1", "its field `entry` is `many\\u{1b}`, not a number"),
            ("9-2", "it has no field `previous`"),
        ]
    );
    // An entry that was made to look like a foreign record is missing.
    let disguised = |log: &mut AuditLog| {
        let fields = log.records[2].fields.clone();
        let pairs = fields.pairs().filter(|(name, _)| *name != "previous");
        log.records[2].fields = FieldMap::new(pairs);
    };
    check(&disguised, &["entry 3 is missing"]);
    check(
        &|log| log.records.push(log.records[0].clone()),
        &["entry 1 is out of order"],
    );
}

pub(crate) fn halts_add_up_and_are_audited(fixture: &dyn Fixture) {
    let store = fixture.open();
    let symbols = |names: &[&str]| {
        let symbols = names.iter().map(|name| Symbol::new(name).unwrap());
        Halt::Symbols(symbols.collect::<BTreeSet<_>>())
    };
    let halt = |scope: &Halt| store.halt(scope, &ada(), now()).unwrap();
    let resume = |scope: &Halt| store.resume(scope, &ada(), now()).unwrap();
    assert_eq!(
        halt(&symbols(&["btcusdt", "ETHUSDT"])),
        symbols(&["BTCUSDT", "ETHUSDT"])
    );
    assert_eq!(
        halt(&symbols(&["SOLUSDT"])),
        symbols(&["BTCUSDT", "ETHUSDT", "SOLUSDT"])
    );
    assert_eq!(
        resume(&symbols(&["ETHUSDT"])),
        symbols(&["BTCUSDT", "SOLUSDT"])
    );
    assert_eq!(halt(&Halt::Everything), Halt::Everything);
    assert_eq!(fixture.open().halts(), Ok(Halt::Everything));
    // Resuming one symbol does not end a halt of everything.
    assert_eq!(resume(&symbols(&["BTCUSDT"])), Halt::Everything);
    assert_eq!(resume(&Halt::Everything), Halt::Nothing);
    assert_eq!(halt(&Halt::Nothing), Halt::Nothing);
    // A publication does not end a halt.
    halt(&symbols(&["BTCUSDT"]));
    publish(&*store, "1");
    assert_eq!(store.halts(), Ok(symbols(&["BTCUSDT"])));

    let trail = store.audit().unwrap();
    assert!(trail.is_whole(), "{:?}", trail.faults());
    let texts: Vec<_> = trail
        .entries()
        .iter()
        .map(|entry| (entry.event().unwrap(), entry.symbols()))
        .collect();
    assert_eq!(
        texts,
        [
            ("trading.halted", Some("BTCUSDT ETHUSDT")),
            ("trading.halted", Some("SOLUSDT")),
            ("trading.resumed", Some("ETHUSDT")),
            ("trading.halted", Some("*")),
            ("trading.resumed", Some("BTCUSDT")),
            ("trading.resumed", Some("*")),
            ("trading.halted", Some("BTCUSDT")),
            ("policy.published", None),
        ]
    );
    let numbers: Vec<_> = trail.entries().iter().map(|entry| entry.number()).collect();
    assert_eq!(numbers, (1..=8).map(Some).collect::<Vec<_>>());
    assert_eq!(trail.entries()[0].by(), Some("ada"));
    assert_eq!(trail.entries()[0].reason(), Some("it is time"));
    assert_eq!(trail.entries()[0].at(), Some(now()));
}
