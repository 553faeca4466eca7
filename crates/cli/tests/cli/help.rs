//! Tests of the help of each command.

use crate::program::{Place, check_snapshot};

#[test]
fn help() {
    let place = Place::new();
    for command in [
        "",
        "replay",
        "merge",
        "decide",
        "convert",
        "diff",
        "simulate",
        "harvest",
        "explain",
        "bridge",
        "harvester",
        "updater",
        "history",
        "record",
        "generate",
        "policy",
        "policy sample",
        "policy check",
        "policy show",
        "policy hash",
        "policy schema",
        "policy publish",
        "policy history",
        "policy explain",
        "policy verify-gate",
        "policy diff",
        "policy rollback",
        "policy rollout",
        "policy rollout start",
        "policy rollout raise",
        "policy rollout promote",
        "policy rollout abort",
        "policy rollout kill",
        "policy rollout unkill",
        "policy rollout status",
        "policy watch",
        "policy release",
        "policy audit",
        "halt",
        "resume",
    ] {
        let mut arguments: Vec<&str> = command.split_whitespace().collect();
        arguments.push("--help");
        let name = format!("help_{command}").replace(' ', "_");
        check_snapshot(name.trim_end_matches('_'), &place.run(&arguments));
    }
}
