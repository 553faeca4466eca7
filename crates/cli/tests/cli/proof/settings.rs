//! Tests of `portcullis-proof.toml`: acceptances, paths to leave out, additional names, and invalid settings.

use serde_json::json;

use super::{CLEAN, LEVERAGE, fields, proof, report, tree};

/// Returns settings that accept a line of `bot.py`.
fn accepting(code: &str, until: &str) -> String {
    format!(
        "[[accept]]\nfile = \"bot.py\"\ncheck = \"P1-leverage\"\ncode = \"{code}\"\nreason = \"a demo\"\nuntil = \"{until}\"\n"
    )
}

#[test]
fn accepted_findings_pass_and_are_listed() {
    let settings = accepting("order.leverage = 10", "9999-12-31");
    let place = tree(&[("bot.py", LEVERAGE), ("portcullis-proof.toml", &settings)]);
    let reported = report(&place, &["."]);
    assert_eq!(reported["passed"], json!(true));
    assert_eq!(reported["settings"], "portcullis-proof.toml");
    assert_eq!(reported["checks"][0]["accepted"], json!(1));
    let accepted = fields(&reported, "accepted", &["file", "line", "reason", "until"]);
    assert_eq!(accepted, ["bot.py 2 a demo 9999-12-31"]);
    let text = proof(&place, &["."]).stdout;
    assert!(
        text.contains("1 PASS  no leverage from a literal: 1 accepted\n"),
        "{text}"
    );
    assert!(
        text.contains("P1-leverage, until 9999-12-31: a demo\n"),
        "{text}"
    );

    // The acceptance stays valid if the line moves.
    place.put("bot.py", format!("import os\n{LEVERAGE}"));
    assert_eq!(report(&place, &["."])["passed"], json!(true));
    // A second identical line is not accepted.
    place.put("bot.py", LEVERAGE.repeat(2));
    let reported = report(&place, &["."]);
    assert_eq!(fields(&reported, "findings", &["line"]), ["5"]);
    // The acceptance ends if the line is edited.
    place.put("bot.py", LEVERAGE.replace("10", "11"));
    let reported = report(&place, &["."]);
    assert_eq!(fields(&reported, "findings", &["value"]), ["11"]);
    assert_eq!(
        fields(&reported, "stale", &["file", "because"]),
        ["bot.py no_finding"]
    );
}

#[test]
fn an_acceptance_expires_after_its_last_day() {
    let settings = accepting("order.leverage = 10", "2026-01-31");
    let place = tree(&[("bot.py", LEVERAGE), ("portcullis-proof.toml", &settings)]);
    let reported = report(&place, &["."]);
    let expired = json!({ "reason": "a demo", "until": "2026-01-31" });
    assert_eq!(reported["findings"][0]["expired"], expired);
    let text = proof(&place, &["."]).stdout;
    assert!(
        text.contains("    was accepted until 2026-01-31: a demo\n"),
        "{text}"
    );
}

#[test]
fn paths_are_relative_to_the_settings_folder() {
    let settings = accepting("order.leverage = 10", "9999-12-31").replace("bot.py", "../bot.py");
    let place = tree(&[("bot.py", LEVERAGE), ("etc/proof.toml", &settings)]);
    assert_eq!(report(&place, &["."])["passed"], json!(false));
    let reported = report(&place, &["bot.py", "--settings", "etc/proof.toml"]);
    assert_eq!(reported["passed"], json!(true));
}

#[test]
fn an_acceptance_of_an_unexamined_file_passes() {
    let settings = accepting("order.leverage = 10", "9999-12-31");
    let place = tree(&[
        ("bot.py", LEVERAGE),
        ("src/x.py", CLEAN),
        ("portcullis-proof.toml", &settings),
    ]);
    let reported = report(&place, &["src"]);
    assert_eq!(reported["passed"], json!(true));
    assert_eq!(fields(&reported, "stale", &["because"]), ["not_examined"]);
}

#[test]
fn left_out_paths_are_examined_after_their_last_day() {
    let settings = |until: &str| {
        format!("[[leave_out]]\npath = \"gen/\"\nreason = \"generated\"\nuntil = {until}\n")
    };
    let place = tree(&[("gen/bot.py", LEVERAGE), ("src/x.py", CLEAN)]);
    place.put("portcullis-proof.toml", settings("9999-12-31"));
    let reported = report(&place, &["."]);
    assert_eq!(reported["passed"], json!(true));
    let left_out = fields(&reported, "left_out", &["rule", "count", "reason"]);
    assert!(
        left_out.contains(&"gen/ 1 generated".to_owned()),
        "{left_out:?}"
    );
    place.put("portcullis-proof.toml", settings("2026-01-31"));
    let reported = report(&place, &["."]);
    assert_eq!(fields(&reported, "findings", &["file"]), ["gen/bot.py"]);
    assert_eq!(
        fields(&reported, "stale", &["file", "because"]),
        ["gen/ expired"]
    );
}

#[test]
fn names_from_the_settings_are_added() {
    let place = tree(&[("bot.py", "def f(order):\n    order.gearing = 10\n")]);
    assert_eq!(report(&place, &["."])["passed"], json!(true));
    place.put(
        "portcullis-proof.toml",
        "[names]\nleverage = [\"gearing\"]\n",
    );
    let reported = report(&place, &["."]);
    assert_eq!(
        fields(&reported, "findings", &["check", "value"]),
        ["P1-leverage 10"]
    );
}

#[test]
fn invalid_settings_are_rejected() {
    let accept = accepting("x = 1", "2027-06-30");
    let without = |line: &str| {
        let lines = accept.lines().filter(|it| !it.starts_with(line));
        lines.collect::<Vec<_>>().join("\n")
    };
    let check = |text: &str, expected: &str| {
        let place = tree(&[("bot.py", CLEAN), ("portcullis-proof.toml", text)]);
        let run = proof(&place, &["."]);
        assert_eq!((run.status, &*run.stdout), (2, ""), "{text}");
        let line = run.stderr.strip_suffix('\n').unwrap();
        assert!(!line.contains('\n'), "{line}");
        assert!(line.contains(expected), "{text}\n{line}");
    };
    check("x", "`portcullis-proof.toml:1:2`: ");
    check(
        "[name]\n",
        "`portcullis-proof.toml:1:2`: unknown field `name`",
    );
    check(
        "[names]\nlevrage = []\n",
        "`portcullis-proof.toml:2:1`: unknown variant `levrage`",
    );
    check(
        "[names]\nleverage = [\"\"]\n",
        "`portcullis-proof.toml`: [names]: ",
    );
    check(&without("reason"), "missing field `reason`");
    check(&without("until"), "missing field `until`");
    check(&without("code"), "missing field `code`");
    check(
        &accept.replace("a demo", " "),
        "`portcullis-proof.toml:5:10`: must not be empty",
    );
    check(
        &accept.replace("2027-06-30", "2027-06-31"),
        "`2027-06-31` is not a day; write it as `YYYY-MM-DD`, for example `2027-06-30`",
    );
    check(
        &accept.replace("2027-06-30", "soon"),
        "`portcullis-proof.toml:6:9`: `soon` is not a day",
    );
    check(
        &accept.replace("P1-leverage", "P1"),
        "`portcullis-proof.toml:3:9`: unknown check",
    );
    check(
        &accept.replace("\"P1-leverage\"", "11"),
        "unknown check; use a number from 1 to 10 or one of P1-leverage, ",
    );
    check(
        &accept.replace("bot.py", "/bot.py"),
        "must be a path relative to the folder of the settings file",
    );
    check(
        &format!("{accept}because = 1\n"),
        "`portcullis-proof.toml:7:1`: unknown field `because`",
    );
    let place = tree(&[("bot.py", CLEAN)]);
    let run = proof(&place, &[".", "--settings", "nope.toml"]);
    assert_eq!(run.status, 2);
    assert!(
        run.stderr.starts_with("portcullis: `nope.toml`: "),
        "{}",
        run.stderr
    );
}
