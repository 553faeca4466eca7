//! A run of 1,000 intents of all kinds, whose plans and proposals the consumers accept.

use std::collections::BTreeMap;

use super::{
    super::{
        consumers::{Governor, SentOrder, apply, execute},
        process::{
            Bridge, EXITS, Fields, INTENTS, PLANS, Redis, SKIPS, Server, eventually, program, text,
        },
        proxy::random,
    },
    Desk, PROFILE,
    intents::{Expected, KINDS, prepare},
};

const INTENTS_SENT: usize = 1_000;

/// Sends intents of all kinds in random order. Returns the kind of each entry.
fn send_all(redis: &mut Redis) -> BTreeMap<String, usize> {
    let kinds = KINDS.len();
    let mut order: Vec<usize> = (0..INTENTS_SENT).map(|n| n % kinds).collect();
    for n in (1..order.len()).rev() {
        order.swap(n, usize::try_from(random()).unwrap() % (n + 1));
    }
    let sent = order
        .iter()
        .map(|kind| (redis.add(INTENTS, KINDS[*kind].0), *kind));
    sent.collect()
}

/// Checks a plan with the consumers, and against the expected answer.
fn check_plan(plan: &Fields, expected: Expected, governor: &mut Governor, redis: &mut Redis) {
    let permit = redis.permit(text(plan, "plan_id"));
    let order = execute(plan, permit.as_ref()).unwrap();
    governor.admit(plan).unwrap();
    let SentOrder {
        side,
        quantity,
        reduces,
        ..
    } = order;
    let (action, source) = (text(plan, "action"), text(plan, "qty_source"));
    match expected {
        Expected::Trade(expected, expected_source) => {
            assert!((quantity - expected).abs() <= 0.0, "{plan:#?}");
            assert_eq!(
                (reduces, source, action),
                (false, expected_source, "ENTRY_PROPOSED")
            );
        }
        Expected::Exit(expected_side, expected, expected_action) => {
            assert!((quantity - expected).abs() <= 0.0, "{plan:#?}");
            assert_eq!(
                (reduces, &*side, action),
                (true, expected_side, expected_action),
                "{plan:#?}"
            );
        }
        Expected::Skip(_) | Expected::Refused(_) => panic!("{expected:?}: {plan:#?}"),
    }
}

/// Checks a skip record, and returns true if it is that of a refused exit.
fn check_skip(skip: &Fields, expected: Expected) -> bool {
    let (reason, detail) = (text(skip, "reason"), text(skip, "detail"));
    assert!(!detail.is_empty(), "{skip:#?}");
    assert_ne!(text(skip, "source"), "intent_bridge", "{skip:#?}");
    match expected {
        Expected::Skip(expected) => {
            assert_eq!(reason, expected, "{skip:#?}");
            false
        }
        Expected::Refused(part) => {
            assert_eq!(reason, "INTENT_UNSUPPORTED", "{skip:#?}");
            assert!(detail.contains(part), "{detail}");
            true
        }
        Expected::Trade(..) | Expected::Exit(..) => panic!("{expected:?}: {skip:#?}"),
    }
}

/// Starts a harvester with the profile.
fn harvester(server: &Server) -> Bridge {
    let options = [
        "harvester",
        "--every",
        "10",
        "--as",
        "harvest_brain",
        "--redis",
        &server.url(),
    ];
    let mut command = program(&options);
    command.args(PROFILE);
    Bridge::spawn(command)
}

#[test]
fn consumers_accept_every_plan_and_proposal_of_a_mixed_run() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    prepare(&mut redis);
    for (symbol, stop) in [("BTCUSDT", "0.02"), ("ETHUSDT", "0.05")] {
        redis.hash(
            &format!("quantum:risk:proposal:{symbol}"),
            &[("stop_dist_pct", stop)],
        );
    }
    redis.hash(
        "quantum:state:positions:BTCUSDT",
        &[("entry_price", "46000"), ("created_at", "1767567600")],
    );
    let harvester = harvester(&server);
    let desk = Desk::new();
    let bridge = desk.start(&server, &["--mark-max-age", "3600"]);
    let kinds = send_all(&mut redis);
    eventually("the answers", || {
        redis.length(PLANS) + redis.length(SKIPS) >= INTENTS_SENT
    });

    let expected = |record: &Fields| KINDS[kinds[text(record, "entry")]].1;
    let mut governor = Governor::default();
    let (plans, skips) = (redis.records(PLANS), redis.records(SKIPS));
    for plan in &plans {
        check_plan(plan, expected(plan), &mut governor, &mut redis);
    }
    let refused = skips.iter().filter(|skip| check_skip(skip, expected(skip)));
    let refused = refused.count();
    // Each intent has one answer, so the exits that are expected have all arrived.
    assert_eq!(plans.len() + skips.len(), INTENTS_SENT);
    let is_exit = |kind: &&usize| matches!(KINDS[**kind].1, Expected::Exit(..));
    let closes: usize = governor.closes.values().sum();
    assert_eq!(closes, kinds.values().filter(is_exit).count());
    assert_eq!(closes + governor.entries, plans.len());
    let (plan_ids, permit_ids) = redis.plan_and_permit_ids();
    assert_eq!(plan_ids, permit_ids);

    for symbol in ["BTCUSDT", "ETHUSDT"] {
        let key = format!("quantum:harvest:proposal:{symbol}");
        let mut proposal = Fields::new();
        eventually("the proposal", || {
            proposal = redis::cmd("HGETALL").arg(&key).query(&mut redis.0).unwrap();
            !proposal.is_empty()
        });
        assert!(apply(&proposal).unwrap().is_some(), "{proposal:?}");
    }
    for record in redis.records("quantum:stream:harvest.proposal") {
        assert!(apply(&record).unwrap().is_some(), "{record:?}");
    }
    let log = bridge.stop();
    assert_eq!(
        log.matches("ALARM EXIT_REFUSED: INTENT_UNSUPPORTED: ")
            .count(),
        refused,
        "{log}"
    );
    harvester.stop();
}

#[test]
fn an_entry_passes_on_the_values_of_its_intent() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    redis.add(INTENTS, KINDS[0].0);
    let close = KINDS
        .iter()
        .find(|kind| matches!(kind.1, Expected::Exit(_, _, "PARTIAL_50")));
    let stated = close.unwrap().0;
    let desk = Desk::new();
    let _bridge = desk.start(&server, &[]);
    redis.await_answers(1);
    redis.add(EXITS, stated);
    redis.await_answers(2);
    let plans = redis.records(PLANS);
    let find = |reduces: &str| {
        plans
            .iter()
            .find(|plan| text(plan, "reduceOnly") == reduces)
            .unwrap()
    };
    let (trade, exit) = (find("false"), find("true"));
    for (name, value) in [
        ("decision", "EXECUTE"),
        ("action", "ENTRY_PROPOSED"),
        ("type", "MARKET"),
        ("source", "intent_bridge"),
        ("signature", "intent_bridge"),
        ("intent_source", "engine"),
        ("leverage", "5"),
        ("entry_price", "50000.00000000"),
        ("stop_loss", "49000.00000000"),
        ("take_profit", "52000.00000000"),
        ("confidence", "0.91"),
        ("volatility_factor", "1.2"),
        ("regime", "TREND"),
    ] {
        assert_eq!(text(trade, name), value, "{name}");
    }
    // `NaN` is not passed on, and the intent has no `breakeven_price`.
    for absent in ["atr_value", "breakeven_price", "funding_rate"] {
        assert_eq!(trade.get(absent), None, "{absent}");
    }
    assert_eq!(text(exit, "qty_source"), "intent:quantity*qty_fraction");
    for absent in ["leverage", "confidence", "not_after", "quantity_fraction"] {
        assert_eq!(exit.get(absent), None, "{absent}");
    }
}

#[test]
fn an_old_or_future_mark_gives_no_quantity() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    let usd_only = |symbol| {
        [
            ("symbol", symbol),
            ("side", "BUY"),
            ("position_size_usd", "250"),
        ]
    };
    redis.hold("BTCUSDT", "FLAT", "0", "50000", 60);
    redis.hold("ETHUSDT", "FLAT", "0", "2000", 0);
    let later = (super::since_epoch().as_secs() + 600).to_string();
    redis.hash("quantum:state:positions:ETHUSDT", &[("ts_epoch", &later)]);
    redis.hold("SOLUSDT", "FLAT", "0", "100", 0);
    redis.hash("quantum:state:positions:SOLUSDT", &[("ts_epoch", "soon")]);
    let desk = Desk::new();
    let bridge = desk.start(&server, &[]);
    for (symbol, detail) in [
        ("BTCUSDT", "at most 10 s is allowed (`--mark-max-age`)"),
        (
            "ETHUSDT",
            "the time of `position:mark_price` is ahead of the clock by ",
        ),
        (
            "SOLUSDT",
            "the mark price is unreadable: `ts_epoch` of `position:mark_price` is ",
        ),
        ("BNBUSDT", "there is no mark price of BNBUSDT"),
    ] {
        let entry = redis.add(INTENTS, &usd_only(symbol));
        let mut skip = None;
        eventually(symbol, || {
            skip = redis
                .records(SKIPS)
                .into_iter()
                .find(|skip| text(skip, "entry") == entry);
            skip.is_some()
        });
        let skip = skip.unwrap();
        assert_eq!(text(&skip, "reason"), "INTENT_UNSUPPORTED");
        assert!(
            text(&skip, "detail").contains(detail),
            "{}",
            text(&skip, "detail")
        );
    }
    assert_eq!(redis.length(PLANS), 0);
    let log = bridge.stop();
    assert!(!log.contains("ALARM"), "{log}");

    // The bound is an option.
    let _bridge = desk.start(&server, &["--mark-max-age", "600"]);
    redis.add(INTENTS, &usd_only("BTCUSDT"));
    eventually("the plan", || redis.length(PLANS) == 1);
    assert_eq!(text(&redis.last(PLANS), "qty"), "0.005");
}
