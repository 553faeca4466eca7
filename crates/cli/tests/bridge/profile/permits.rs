//! Tests that a plan and its permit are written together, and that no permit outlives its plan.

use std::{collections::BTreeSet, thread, time::Duration};

use super::{
    super::process::{
        EXITS, GROUP, INTENTS, PLANS, Redis, SKIPS, Server, eventually, since_epoch, text,
    },
    Desk, PERMITS,
    intents::prepare,
};

const TRADE: [(&str, &str); 4] = [
    ("symbol", "BTCUSDT"),
    ("side", "BUY"),
    ("entry_price", "50000"),
    ("position_size_usd", "250"),
];
/// An exit in another symbol, so that it never supersedes a trade.
const EXIT: [(&str, &str); 3] = [
    ("symbol", "ETHUSDT"),
    ("action", "FULL_CLOSE"),
    ("source", "manual_close"),
];

/// Returns the time at which a permit ends, in epoch milliseconds.
fn end_of(redis: &mut Redis, plan_id: &str) -> i64 {
    let key = format!("{PERMITS}{plan_id}");
    redis::cmd("PEXPIRETIME")
        .arg(key)
        .query(&mut redis.0)
        .unwrap()
}

#[test]
fn a_permit_ends_with_its_trade_and_within_a_day() {
    let server = Server::start();
    let mut redis = server.connect();
    prepare(&mut redis);
    let before = i64::try_from(since_epoch().as_millis()).unwrap();
    let desk = Desk::new();
    let _bridge = desk.start(&server, &[]);
    // The first policy ends within the day, the second one later.
    for (n, valid_for) in [60, 200_000].into_iter().enumerate() {
        redis.publish(valid_for);
        redis.add(INTENTS, &TRADE);
        redis.add(EXITS, &EXIT);
        eventually("the plans", || redis.length(PLANS) == 2 * (n + 1));
    }
    let after = i64::try_from(since_epoch().as_millis()).unwrap();
    let day = 86_400_000;
    for plan in redis.records(PLANS) {
        let end = end_of(&mut redis, text(&plan, "plan_id"));
        assert!(end <= after + day, "{plan:?}");
        match plan.get("not_after").map(|at| at.parse::<i64>().unwrap()) {
            Some(not_after) if not_after < before + day => assert_eq!(end, not_after),
            Some(_) | None => assert!(end >= before + day, "{plan:?}"),
        }
    }
}

/// The end of a permit is rounded down to a millisecond. Each policy expires in the last microsecond of a millisecond, so
/// the permit of a trade that is written within this millisecond would have ended already.
#[test]
fn no_trade_is_written_whose_permit_would_have_ended() {
    let server = Server::start();
    let mut redis = server.connect();
    prepare(&mut redis);
    let desk = Desk::new();
    let bridge = desk.start(&server, &[]);
    let mut sent = 0;
    for _ in 0..10 {
        let end = since_epoch() + Duration::from_millis(400);
        let end = Duration::from_millis(u64::try_from(end.as_millis()).unwrap())
            + Duration::from_micros(999);
        let epoch = format!("{}.{:06}", end.as_secs(), end.subsec_micros());
        let version = format!("{sent}");
        let others = [("valid_until_epoch", &*epoch), ("policy_version", &version)];
        redis.publish_with(3600, &others);
        bridge.await_log(&format!("POLICY_LOADED: version={version} "));
        let start = end.saturating_sub(Duration::from_millis(30));
        thread::sleep(start.saturating_sub(since_epoch()));
        while since_epoch() < end + Duration::from_millis(2) {
            redis.add(INTENTS, &TRADE);
            sent += 1;
        }
        eventually("the answers", || {
            redis.length(PLANS) + redis.length(SKIPS) >= sent
        });
    }
    let records: Vec<(String, Vec<String>)> = redis::cmd("XRANGE")
        .arg(PLANS)
        .arg("-")
        .arg("+")
        .query(&mut redis.0)
        .unwrap();
    assert!(!records.is_empty() && redis.length(SKIPS) > 0);
    for (id, items) in records {
        let written: i64 = id.split('-').next().unwrap().parse().unwrap();
        let at = items.iter().position(|item| item == "not_after").unwrap();
        let not_after: i64 = items[at + 1].parse().unwrap();
        assert!(written < not_after, "{id}: {not_after}");
    }
}

#[test]
fn a_repeated_delivery_gives_no_second_plan_and_no_new_permit() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    prepare(&mut redis);
    let desk = Desk::new();
    let bridge = desk.start(&server, &[]);
    let same = |fields: &[(&'static str, &'static str)]| [fields, &[("intent_id", "a")]].concat();
    redis.add(INTENTS, &same(&TRADE));
    redis.add(INTENTS, &same(&EXIT));
    eventually("the plans", || redis.length(PLANS) == 2);
    let (plans, permits) = redis.plan_and_permit_ids();
    assert_eq!(plans, permits);
    // The executor has used the permits.
    for id in &permits {
        redis.run(&["DEL", &format!("{PERMITS}{id}")]);
    }
    redis.add(INTENTS, &same(&TRADE));
    redis.add(INTENTS, &same(&EXIT));
    let repeated = |count| {
        eventually("the repeated deliveries", || {
            bridge.log().matches("REPEATED ").count() >= count
        });
    };
    repeated(2);
    redis.run(&["XGROUP", "SETID", INTENTS, GROUP, "0"]);
    repeated(6);
    let (again, permits) = redis.plan_and_permit_ids();
    assert_eq!(again, plans);
    assert_eq!(permits, Vec::<String>::new());
}

/// The script turns a plan into a skip record if an earlier answer denies the trade.
#[test]
fn a_denied_trade_has_no_permit_and_names_its_sender() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    prepare(&mut redis);
    let desk = Desk::new();
    let _bridge = desk.start(&server, &[]);
    let of = |usd, source: &[(&'static str, &'static str)]| {
        let price = [
            ("symbol", "BTCUSDT"),
            ("side", "BUY"),
            ("entry_price", "50000"),
        ];
        [
            &price[..],
            &[("position_size_usd", usd), ("intent_id", "a")],
            source,
        ]
        .concat()
    };
    for (n, source) in [&[("source", "bot")][..], &[]].into_iter().enumerate() {
        redis.add(INTENTS, &of("250", source));
        eventually("the plan", || redis.length(PLANS) == n + 1);
        redis.add(INTENTS, &of("300", source));
        eventually("the skip", || redis.length(SKIPS) == n + 1);
        let skip = redis.last(SKIPS);
        assert_eq!(text(&skip, "reason"), "INTENT_DUPLICATE");
        let sender = source.first().map(|(_, name)| (*name).to_owned());
        assert_eq!(skip.get("source"), sender.as_ref());
        for absent in ["intent_source", "signature", "action", "qty"] {
            assert_eq!(skip.get(absent), None, "{absent}");
        }
        let (plans, permits) = redis.plan_and_permit_ids();
        assert_eq!(plans, permits);
    }
}

#[test]
fn without_the_permission_for_permits_nothing_is_planned_until_it_is_given() {
    for denied in ["-hset", "-del", "-pexpireat"] {
        let server = Server::start();
        let mut redis = server.connect();
        redis.publish(3600);
        prepare(&mut redis);
        let user = ["ACL", "SETUSER", "bridge"];
        redis.run(&[&user[..], &["on", ">secret", "allcommands", "allkeys"]].concat());
        let desk = Desk::new();
        let url = server.url().replace("redis://", "redis://bridge:secret@");
        let bridge = desk.start_at(&url, &[]);
        // The policy is stored before the first plan, which needs the same permissions.
        redis.add(INTENTS, &TRADE);
        eventually("the first plan", || redis.length(PLANS) == 1);
        redis.run(&[&user[..], &[denied]].concat());
        redis.add(EXITS, &EXIT);
        redis.add(INTENTS, &TRADE);
        bridge.await_log(&format!("ALARM WRITE_FAILED: `{PERMITS}`: "));
        eventually("both to wait", || {
            redis.pending(INTENTS) == 1 && redis.pending(EXITS) == 1
        });
        let (plans, permits) = redis.plan_and_permit_ids();
        assert_eq!((plans.len(), &plans), (1, &permits), "{denied}");
        redis.run(&[&user[..], &["allcommands"]].concat());
        eventually("the plans", || redis.length(PLANS) == 3);
        let (plans, permits) = redis.plan_and_permit_ids();
        assert_eq!(plans, permits, "{denied}");
        bridge.await_log("ALARM_OVER WRITE_FAILED: ");
    }
}

#[test]
fn a_plan_that_cannot_be_written_leaves_no_permit() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    prepare(&mut redis);
    redis.run(&["SET", PLANS, "no stream"]);
    let desk = Desk::new();
    let bridge = desk.start(&server, &[]);
    redis.add(EXITS, &EXIT);
    redis.add(INTENTS, &TRADE);
    for stream in [INTENTS, EXITS] {
        bridge.await_log(&format!(
            "answers to entries of `{stream}` wait for this key"
        ));
        assert_eq!(redis.pending(stream), 1);
    }
    let permits: Vec<String> = redis::cmd("KEYS")
        .arg(format!("{PERMITS}*"))
        .query(&mut redis.0)
        .unwrap();
    assert_eq!(permits, Vec::<String>::new());
    redis.run(&["DEL", PLANS]);
    eventually("the plans", || redis.length(PLANS) == 2);
    let (plans, permits) = redis.plan_and_permit_ids();
    assert_eq!(plans, permits);
}

#[test]
fn a_killed_server_keeps_plans_and_permits_together() {
    let mut server = Server::start_with(&["--appendonly", "yes", "--appendfsync", "always"]);
    let desk = Desk::new();
    let bridge = desk.start(&server, &["--batch", "3", "--claim-after", "50"]);
    let mut sent = BTreeSet::new();
    for round in 0..6 {
        let mut redis = server.connect();
        redis.publish(3600);
        prepare(&mut redis);
        for n in 0..40 {
            let id = format!("{round} {n}");
            let fields: &[(&str, &str)] = if n % 3 == 0 { &EXIT } else { &TRADE };
            let stream = if n % 2 == 0 { INTENTS } else { EXITS };
            redis.add(stream, &[fields, &[("intent_id", &id)]].concat());
            sent.insert(id);
        }
        eventually("some plans", || redis.length(PLANS) > 40 * round + 5);
        server.restart();
        let (plans, permits) = server.connect().plan_and_permit_ids();
        assert_eq!(plans, permits, "round {round}");
    }
    let mut redis = server.connect();
    eventually("the answers", || {
        redis.length(PLANS) + redis.length(SKIPS) >= sent.len()
            && redis.pending(INTENTS) + redis.pending(EXITS) == 0
    });
    let plans = redis.records(PLANS);
    let answered: Vec<&str> = plans.iter().map(|plan| text(plan, "intent_id")).collect();
    let unique: BTreeSet<&str> = answered.iter().copied().collect();
    assert_eq!(unique.len(), answered.len(), "an intent has two plans");
    let (plans, permits) = redis.plan_and_permit_ids();
    assert_eq!(plans, permits);
    drop(bridge);
}
