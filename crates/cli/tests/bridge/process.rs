//! Helpers of the tests: running the bridge and reading its answers.

use std::{collections::BTreeMap, process::Command};

pub(crate) use portcullis_service::keys::{BRIDGE, EXITS, GROUP, INTENTS, PLANS, SKIPS};
pub(crate) use portcullis_store::redis::keys::HALTS;
use redis::Value;

#[path = "../support/rollout.rs"]
pub(crate) mod rollout;
#[path = "../support/redis.rs"]
mod shared;

pub(crate) use shared::{
    Fields, OWNER, POLICY, Redis, Server, Service as Bridge, error_line, eventually, free_port,
    instant_in, sample, send, since_epoch, text,
};

impl Redis {
    /// Appends to a stream. Returns the id of the entry.
    pub(crate) fn add(&mut self, stream: &str, fields: &[(&str, &str)]) -> String {
        self.add_at(stream, "*", fields)
    }

    /// Appends to a stream with this id. Returns the id of the entry.
    pub(crate) fn add_at(&mut self, stream: &str, id: &str, fields: &[(&str, &str)]) -> String {
        let mut command = redis::cmd("XADD");
        command.arg(stream).arg(id);
        for (name, value) in fields {
            command.arg(name).arg(value);
        }
        command.query(&mut self.0).unwrap()
    }

    pub(crate) fn intent(&mut self, id: &str, symbol: &str) -> String {
        self.intent_at("*", id, symbol)
    }

    pub(crate) fn intent_at(&mut self, entry: &str, id: &str, symbol: &str) -> String {
        let fields = [
            ("intent_id", id),
            ("symbol", symbol),
            ("side", "BUY"),
            ("size", "250"),
        ];
        self.add_at(INTENTS, entry, &fields)
    }

    pub(crate) fn exit(&mut self, id: &str, symbol: &str) -> String {
        let fields = [
            ("intent_id", id),
            ("symbol", symbol),
            ("side", "SELL"),
            ("reduceOnly", "true"),
            ("source", OWNER),
        ];
        self.add(EXITS, &fields)
    }

    /// Returns all plans and skip records.
    pub(crate) fn answers(&mut self) -> Vec<Fields> {
        let mut answers = self.records(PLANS);
        answers.extend(self.records(SKIPS));
        answers
    }

    /// Waits for `count` answers and returns them.
    pub(crate) fn await_answers(&mut self, count: usize) -> Vec<Fields> {
        eventually("the answers", || {
            self.length(PLANS) + self.length(SKIPS) >= count
        });
        let answers = self.answers();
        assert_eq!(answers.len(), count, "{answers:#?}");
        answers
    }

    /// Waits for the answer to this intent. Returns `TRADE`, `EXIT` or the skip reason.
    pub(crate) fn await_answer(&mut self, id: &str) -> String {
        let mut found = None;
        eventually(id, || {
            let answers = self.answers();
            found = answers
                .iter()
                .find(|it| text(it, "intent_id") == id)
                .map(short);
            found.is_some()
        });
        found.unwrap()
    }

    /// Returns the number of pending entries.
    pub(crate) fn pending(&mut self, stream: &str) -> usize {
        let reply: Result<(usize, Value, Value, Value), _> = redis::cmd("XPENDING")
            .arg(stream)
            .arg(GROUP)
            .query(&mut self.0);
        reply.unwrap().0
    }

    /// Returns the serialized value of a key.
    pub(crate) fn dump(&mut self, key: &str) -> Vec<u8> {
        redis::cmd("DUMP").arg(key).query(&mut self.0).unwrap()
    }

    pub(crate) fn restore(&mut self, key: &str, dump: &[u8]) {
        let mut command = redis::cmd("RESTORE");
        command.arg(key).arg(0).arg(dump).arg("REPLACE");
        command.query::<()>(&mut self.0).unwrap();
    }

    /// Reads entries as another consumer that never answers them.
    pub(crate) fn take_and_die(&mut self, count: usize) {
        self.run(&["XGROUP", "CREATE", INTENTS, GROUP, "0", "MKSTREAM"]);
        let count = count.to_string();
        self.run(&[
            "XREADGROUP",
            "GROUP",
            GROUP,
            "dead",
            "COUNT",
            &count,
            "STREAMS",
            INTENTS,
            ">",
        ]);
    }
}

impl Bridge {
    pub(crate) fn start(url: &str, options: &[&str]) -> Self {
        Self::start_knowing(url, options, &[])
    }

    /// Starts the bridge with these environment variables.
    pub(crate) fn start_knowing(url: &str, options: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = command(&["--redis", url]);
        command
            .envs(variables.iter().copied())
            .args(options)
            .args((!options.contains(&"--guardrails")).then_some("--no-guardrails"));
        Self::spawn(command)
    }
}

/// Returns a command for the bridge, without the project's environment variables.
pub(crate) fn command(arguments: &[&str]) -> Command {
    program(&[&["bridge"], arguments].concat())
}

/// Returns a command for the program, without the project's environment variables.
pub(crate) fn program(arguments: &[&str]) -> Command {
    let (name, arguments) = arguments.split_first().unwrap();
    shared::command(name, arguments)
}

/// Returns the verdict of a plan, or the reason of a skip record.
pub(crate) fn short(record: &Fields) -> String {
    text(
        record,
        if text(record, "decision") == "SKIP" {
            "reason"
        } else {
            "verdict"
        },
    )
    .to_owned()
}

/// Returns the verdict or reason of each intent by its id, and checks that each intent has one answer.
pub(crate) fn by_id(answers: &[Fields]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for answer in answers {
        let before = found.insert(text(answer, "intent_id").to_owned(), short(answer));
        assert_eq!(before, None, "two answers: {answer:#?}");
    }
    found
}
