//! Tests of `--plan-maxlen`, which removes no plan that an executor still needs.

use super::process::{Bridge, Fields, GROUP, INTENTS, PLANS, Redis, Server, eventually, text};

const EXECUTORS: &str = "executors";

impl Redis {
    fn trades(&mut self, from: usize, count: usize) {
        for n in from..from + count {
            self.intent(&format!("{n}"), "BTCUSDT");
        }
        eventually("the answers", || {
            let last = format!("{}", from + count - 1);
            let plans = self.records(PLANS);
            plans.iter().any(|plan| text(plan, "intent_id") == last)
        });
        eventually("the acknowledgements", || self.pending(INTENTS) == 0);
    }

    /// Reads all plans that were not delivered, as an executor. Returns their ids.
    fn execute(&mut self, group: &str) -> Vec<String> {
        let mut read = redis::cmd("XREADGROUP");
        read.arg("GROUP").arg(group).arg("one");
        read.arg("STREAMS").arg(PLANS).arg(">");
        type Reply = Option<Vec<(String, Vec<(String, Fields)>)>>;
        let reply: Reply = read.query(&mut self.0).unwrap();
        let plans = reply.into_iter().flatten().flat_map(|(_, plans)| plans);
        plans.map(|(id, _)| id).collect()
    }

    fn acknowledge(&mut self, group: &str, ids: &[String]) {
        let mut command = redis::cmd("XACK");
        command.arg(PLANS).arg(group).arg(ids);
        command.query::<usize>(&mut self.0).unwrap();
    }

    fn exits(&mut self) -> usize {
        let plans = self.records(PLANS);
        let exits = plans.iter().filter(|plan| text(plan, "verdict") == "EXIT");
        exits.count()
    }
}

#[test]
fn without_a_group_only_trades_are_trimmed() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    let bridge = Bridge::start(&server.url(), &["--plan-maxlen", "10"]);
    for round in 0..3 {
        for n in 0..30 {
            redis.exit(&format!("exit {round} {n}"), "BTCUSDT");
        }
        redis.await_answer(&format!("exit {round} 29"));
        std::thread::sleep(std::time::Duration::from_millis(5));
        redis.trades(round * 250, 250);
        assert_eq!(redis.exits(), 30 * (round + 1));
        let trades = redis.length(PLANS) - redis.exits();
        assert!((10..200).contains(&trades), "{trades}");
    }
    bridge.stop();
}

#[test]
fn only_plans_that_every_group_has_acknowledged_are_trimmed() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    for group in [EXECUTORS, "auditors"] {
        redis.run(&["XGROUP", "CREATE", PLANS, group, "0", "MKSTREAM"]);
    }
    let bridge = Bridge::start(&server.url(), &["--plan-maxlen", "10"]);
    redis.exit("exit", "ETHUSDT");
    redis.await_answer("exit");
    redis.trades(0, 250);
    assert_eq!(redis.length(PLANS), 251, "nothing was read");

    // One group has read all plans and acknowledged all but the exit; the other has read nothing.
    let ids = redis.execute(EXECUTORS);
    assert_eq!(ids.len(), 251);
    redis.acknowledge(EXECUTORS, &ids[1..]);
    redis.trades(250, 100);
    assert_eq!(redis.length(PLANS), 351);
    let read = redis.execute("auditors");
    redis.acknowledge("auditors", &read);
    redis.trades(350, 100);
    assert_eq!(redis.length(PLANS), 451, "the exit is pending");

    redis.acknowledge(EXECUTORS, &ids[..1]);
    redis.trades(450, 100);
    let left = redis.length(PLANS);
    assert_eq!(redis.exits(), 0);
    assert!((300..=400).contains(&left), "{left}");
    // Everything that was not acknowledged is still there.
    assert_eq!(redis.execute(EXECUTORS).len(), 300);
    bridge.stop();
    assert_eq!(redis.pending(INTENTS), 0, "{GROUP}");
}
