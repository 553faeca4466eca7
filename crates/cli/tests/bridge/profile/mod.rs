//! Tests of the profile `quantum-trader`, with consumers that are written from the description of its services.

mod intents;
mod mixed_run;
mod permits;
mod recorded;
mod start;
mod switches;

use std::fs;

use tempfile::TempDir;

use super::{
    consumers::Permit,
    process::{Bridge, Fields, PLANS, Redis, Server, since_epoch},
};

pub(crate) const PROFILE: [&str; 2] = ["--profile", "quantum-trader"];
const PERMITS: &str = "quantum:permit:p33:";

/// A bridge with the profile, and its guardrails.
struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        Self::with_guardrails(r#"{"max_stop_distance": 0.2}"#)
    }

    fn with_guardrails(guardrails: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("guardrails.json"), guardrails).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn start(&self, server: &Server, options: &[&str]) -> Bridge {
        self.start_at(&server.url(), options)
    }

    fn start_at(&self, url: &str, options: &[&str]) -> Bridge {
        let guardrails = self.path("guardrails.json");
        let all = [&PROFILE[..], &["--guardrails", &guardrails], options].concat();
        Bridge::start(url, &all)
    }
}

impl Redis {
    fn hash(&mut self, key: &str, fields: &[(&str, &str)]) {
        let mut command = redis::cmd("HSET");
        command.arg(key);
        for (name, value) in fields {
            command.arg(name).arg(value);
        }
        command.query::<()>(&mut self.0).unwrap();
    }

    /// Writes a position with a mark price of this age.
    fn hold(&mut self, symbol: &str, side: &str, quantity: &str, mark: &str, age_sec: u64) {
        let amount = if side == "SHORT" {
            format!("-{quantity}")
        } else {
            quantity.to_owned()
        };
        let at = (since_epoch().as_secs() - age_sec).to_string();
        let fields = [
            ("symbol", symbol),
            ("side", side),
            ("position_amt", &amount),
            ("quantity", quantity),
            ("entry_price", mark),
            ("mark_price", mark),
            ("current_price", mark),
            ("ts_epoch", &at),
            ("source", "venue"),
        ];
        self.hash(&format!("quantum:state:positions:{symbol}"), &fields);
    }

    /// Returns the permit of a plan.
    fn permit(&mut self, plan_id: &str) -> Option<Permit> {
        let key = format!("{PERMITS}{plan_id}");
        let fields: Fields = redis::cmd("HGETALL").arg(&key).query(&mut self.0).unwrap();
        let lifetime_ms = redis::cmd("PTTL").arg(&key).query(&mut self.0).unwrap();
        (!fields.is_empty()).then_some(Permit {
            fields,
            lifetime_ms,
        })
    }

    /// Returns the ids of all plans and of all permits at one moment, sorted.
    fn plan_and_permit_ids(&mut self) -> (Vec<String>, Vec<String>) {
        let mut both = redis::pipe();
        both.atomic().cmd("XRANGE").arg(PLANS).arg("-").arg("+");
        both.cmd("KEYS").arg(format!("{PERMITS}*"));
        let (plans, keys): (Vec<(String, Vec<String>)>, Vec<String>) =
            both.query(&mut self.0).unwrap();
        let id = |items: &Vec<String>| {
            let at = items.iter().position(|item| item == "plan_id").unwrap();
            items[at + 1].clone()
        };
        let mut plans: Vec<String> = plans.iter().map(|(_, items)| id(items)).collect();
        let mut permits: Vec<String> = keys.iter().map(|key| key.replace(PERMITS, "")).collect();
        plans.sort();
        permits.sort();
        (plans, permits)
    }

    /// Returns the last entry of a stream.
    fn last(&mut self, stream: &str) -> Fields {
        self.records(stream).pop().unwrap()
    }
}
