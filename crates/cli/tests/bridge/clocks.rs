//! Tests with different clocks of the bridge and the server.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread,
};

use super::{
    process::{Bridge, Server, by_id, since_epoch},
    proxy::random,
    tally::Tally,
};

/// Starts a proxy that shifts the server's time by `seconds`. Returns its port.
pub(crate) fn wrong_clock(port: u16, seconds: i64) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, mut server) = (
                client.unwrap(),
                TcpStream::connect(("127.0.0.1", port)).unwrap(),
            );
            let (mut back, mut out) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut back, &mut out));
            thread::spawn(move || {
                let mut bytes = [0; 65_536];
                while let Ok(count @ 1..) = client.read(&mut bytes) {
                    let sent = &bytes[..count];
                    let written = if sent == b"*1\r\n$4\r\nTIME\r\n" {
                        let time = i64::try_from(since_epoch().as_secs()).unwrap() + seconds;
                        client.write_all(format!("*2\r\n$10\r\n{time}\r\n$1\r\n0\r\n").as_bytes())
                    } else {
                        server.write_all(sent)
                    };
                    if written.is_err() {
                        break;
                    }
                }
            });
        }
    });
    own
}

#[test]
fn untrusted_clocks_deny_entries_but_not_exits() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    let tally = Tally::of(
        "bridge: clock up to 12 hours ahead of or behind the server's",
        4,
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("guardrails.json");
    fs::write(&file, r#"{"max_intent_skew_sec": 20}"#).unwrap();
    let options = ["--guardrails", file.to_str().unwrap()];
    let hours = |n: usize| {
        let seconds = i64::try_from(40 + random() % 43_160).unwrap();
        if n.is_multiple_of(2) {
            seconds
        } else {
            -seconds
        }
    };
    let more = (0..tally.rounds()).map(hours);
    // By the server's clock the policy may have expired; by the bridge's clock it is in force. In this case, the bridge
    // must deny the entry.
    for (n, seconds) in [0, 60, -60].into_iter().chain(more).enumerate() {
        let url = format!("redis://127.0.0.1:{}", wrong_clock(server.port(), seconds));
        let bridge = Bridge::start(&url, &options);
        let id = format!("entry {n}");
        redis.intent(&id, "BTCUSDT");
        let answer = redis.await_answer(&id);
        let id = format!("exit {n}");
        redis.exit(&id, "ETHUSDT");
        assert_eq!(redis.await_answer(&id), "EXIT");
        let log = bridge.stop();
        assert_eq!(
            log.contains("the clocks of this machine and of the Redis server differ by"),
            seconds != 0,
            "{log}"
        );
        tally.answers.add(2);
        if seconds == 0 {
            assert_eq!(answer, "TRADE");
        } else {
            tally.refusals.add(1);
            tally.stale.add(usize::from(answer == "TRADE"));
            assert_eq!(answer, "CLOCK_UNTRUSTED", "{seconds}");
        }
    }
    let answers = redis.await_answers(2 * (tally.rounds() + 3));
    assert_eq!(by_id(&answers).len(), answers.len());
    tally.conclude_with_effect();
}
