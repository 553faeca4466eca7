//! Helpers of the tests: running the harvester, its inputs and its proposals.

use std::{process::Command, time::Duration};

pub(crate) use portcullis_service::keys::HARVEST_PROPOSALS as STREAM;
use portcullis_service::keys::{HARVEST_PROPOSAL, MARKET, POSITION, RISK_PROPOSAL};
pub(crate) use portcullis_store::redis::keys::HALTS;

#[path = "../support/rollout.rs"]
pub(crate) mod rollout;
#[path = "../support/redis.rs"]
mod shared;

pub(crate) use shared::{
    Fields, OWNER, POLICY, Redis, Server, Service as Harvester, error_line, eventually, free_port,
    instant_in, sample, send, since_epoch, text,
};

pub(crate) const BTC: &str = "BTCUSDT";

impl Harvester {
    /// Starts the harvester with a short interval.
    pub(crate) fn start(url: &str, options: &[&str]) -> Self {
        let mut command = command(&["--redis", url, "--every", "10"]);
        command.args(options);
        Self::spawn(command)
    }
}

/// Returns a command for the harvester, without the project's environment variables.
pub(crate) fn command(arguments: &[&str]) -> Command {
    shared::command("harvester", arguments)
}

/// Returns the time `seconds` seconds ago, in epoch seconds.
pub(crate) fn ago(seconds: u64) -> String {
    let at = since_epoch() - Duration::from_secs(seconds);
    format!("{}.{:06}", at.as_secs(), at.subsec_micros())
}

pub(crate) fn position_key(symbol: &str) -> String {
    format!("{POSITION}{symbol}")
}

pub(crate) fn proposal_key(symbol: &str) -> String {
    format!("{HARVEST_PROPOSAL}{symbol}")
}

pub(crate) fn market_key(symbol: &str) -> String {
    format!("{MARKET}{symbol}")
}

pub(crate) fn risk_key(symbol: &str) -> String {
    format!("{RISK_PROPOSAL}{symbol}")
}

impl Redis {
    pub(crate) fn set(&mut self, key: &str, fields: &[(&str, &str)]) {
        let mut command = redis::cmd("HSET");
        command.arg(key);
        for (name, value) in fields {
            command.arg(name).arg(value);
        }
        command.query::<()>(&mut self.0).unwrap();
    }

    /// Writes a long position at this price, opened an hour ago, with its market and stop distance. Returns the opening
    /// time.
    pub(crate) fn open(&mut self, symbol: &str, price: &str) -> String {
        let opened_at = ago(3600);
        self.calm(symbol);
        self.set(&risk_key(symbol), &[("stop_dist_pct", "0.02")]);
        self.reopen(symbol, price, &opened_at);
        opened_at
    }

    /// Writes only the position, in one step.
    pub(crate) fn reopen(&mut self, symbol: &str, price: &str, opened_at: &str) {
        self.set(
            &position_key(symbol),
            &[
                ("symbol", symbol),
                ("side", "LONG"),
                ("quantity", "0.5"),
                ("entry_price", "100"),
                ("current_price", price),
                ("current_sl", "99"),
                ("opened_at", opened_at),
            ],
        );
    }

    /// Writes a calm market.
    pub(crate) fn calm(&mut self, symbol: &str) {
        self.set(
            &market_key(symbol),
            &[
                ("sigma", "0.01"),
                ("ts", "0.35"),
                ("p_trend", "0.5"),
                ("p_mr", "0.2"),
                ("p_chop", "0.3"),
            ],
        );
    }

    pub(crate) fn price(&mut self, symbol: &str, price: &str) {
        self.set(&position_key(symbol), &[("current_price", price)]);
    }

    /// Returns the proposal of a symbol; empty if there is none.
    pub(crate) fn proposal(&mut self, symbol: &str) -> Fields {
        redis::cmd("HGETALL")
            .arg(proposal_key(symbol))
            .query(&mut self.0)
            .unwrap()
    }

    /// Waits for a proposal with this action.
    pub(crate) fn await_action(&mut self, symbol: &str, action: &str) -> Fields {
        let mut proposal = Fields::new();
        eventually(&format!("{symbol} {action}"), || {
            proposal = self.proposal(symbol);
            text(&proposal, "action") == action
        });
        proposal
    }

    /// Returns the actions on the stream, oldest first.
    pub(crate) fn actions(&mut self, symbol: &str) -> Vec<String> {
        let records = self.records(STREAM).into_iter();
        records
            .filter(|record| text(record, "symbol") == symbol)
            .map(|record| text(&record, "action").to_owned())
            .collect()
    }

    /// Waits until every position was evaluated again, by adding and removing other positions.
    pub(crate) fn settle(&mut self) {
        for symbol in ["AAA", "ZZZ"] {
            for _ in 0..2 {
                self.open(symbol, "101");
                self.await_action(symbol, "NONE");
                self.run(&["DEL", &position_key(symbol)]);
                eventually("the removal of a proposal", || {
                    self.proposal(symbol).is_empty()
                });
            }
        }
    }
}
