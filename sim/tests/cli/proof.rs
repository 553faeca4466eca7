//! `portcullis proof`: what it says of trees, and how it ends.

use std::{fs, process::Stdio};

use insta::Settings;
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::support::{Place, Run, policy};

const CLEAN: &str = "def asked(intent):\n    return intent.leverage\n";
const LEVERAGE: &str = "def open_it(order):\n    order.leverage = 10\n    return order\n";

/// A folder with these files.
fn tree(files: &[(&str, &str)]) -> Place {
    let place = Place::new();
    for (name, text) in files {
        let path = place.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    place
}

fn proof(place: &Place, arguments: &[&str]) -> Run {
    place.run(&[&["proof"], arguments].concat())
}

/// The report for a machine, and the exit status that goes with it.
fn report(place: &Place, arguments: &[&str]) -> Value {
    let run = proof(place, &[arguments, &["--format", "json"]].concat());
    let report: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run:?}"));
    let expected = if report["passed"] == json!(true) {
        (0, "")
    } else {
        (1, "portcullis: the proof fails\n")
    };
    assert_eq!((run.status, &*run.stderr), expected);
    report
}

/// Of each element of a list of the report some fields, joined.
fn fields(report: &Value, list: &str, names: &[&str]) -> Vec<String> {
    let of = |element: &Value| {
        let fields = names.iter().map(|name| match &element[name] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        fields.collect::<Vec<_>>().join(" ")
    };
    report[list].as_array().unwrap().iter().map(of).collect()
}

fn snapshots() -> Settings {
    let mut settings = Settings::clone_current();
    settings.set_snapshot_path("../../../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}

/// Two findings, one of them accepted; a file that does not parse, a policy, and everything that is left out.
fn everything() -> Place {
    tree(&[
        ("src/bot.py", LEVERAGE),
        ("src/size.py", "position_size_usd = 250.0\n"),
        ("src/broken.py", "def x(:\n"),
        ("src/test_bot.py", LEVERAGE),
        ("src/lib.rs", "#[cfg(test)]\nmod tests {}\n"),
        ("tests/bot.py", LEVERAGE),
        ("node_modules/a/index.json", "{\"leverage\": 10}\n"),
        ("gen/out.py", LEVERAGE),
        ("poetry.lock", ""),
        ("README.md", ""),
        ("policy.json", &policy("one").to_string()),
        (
            "portcullis-proof.toml",
            "[[accept]]\n\
             file = \"src/size.py\"\n\
             check = \"P6-size\"\n\
             code = \"position_size_usd = 250.0\"\n\
             reason = \"paper account\"\n\
             until = \"9999-12-31\"\n\
             [[accept]]\n\
             file = \"src/gone.py\"\n\
             check = 1\n\
             code = \"leverage = 3\"\n\
             reason = \"has gone\"\n\
             until = 9999-12-31\n\
             [[leave_out]]\n\
             path = \"gen\"\n\
             reason = \"written by a generator\"\n\
             until = 9999-12-31\n",
        ),
    ])
}

#[test]
fn help() {
    let run = proof(&Place::new(), &["--help"]);
    snapshots().bind(|| insta::assert_snapshot!("cli_help_proof", run.stdout));
}

#[test]
fn a_tree_without_a_trading_number_passes() {
    let place = tree(&[("src/bot.py", CLEAN)]);
    let run = proof(&place, &["src"]);
    assert_eq!((run.status, &*run.stderr), (0, ""));
    assert!(
        run.stdout.ends_with("; no settings\nPASS\n"),
        "{}",
        run.stdout
    );
    assert_eq!(run.stdout.matches(" PASS  ").count(), 10);
}

#[test]
fn a_report_for_a_person() {
    let run = proof(&everything(), &["."]);
    assert_eq!(
        (run.status, &*run.stderr),
        (1, "portcullis: the proof fails\n")
    );
    snapshots().bind(|| insta::assert_snapshot!("cli_proof_text", run.stdout));
}

#[test]
fn a_report_for_a_machine() {
    let mut report = report(&everything(), &["."]);
    let at = report["at"].take();
    assert!(at.as_str().unwrap().ends_with('Z'), "{at}");
    snapshots().bind(|| insta::assert_json_snapshot!("cli_proof_json", report));
}

fn schema() -> Validator {
    let schema = include_str!("../vectors/sarif-schema-2.1.0.json");
    // A bracket too many is no regular expression by the rules of JSON Schema.
    let schema = schema.replace("-[a-zA-Z]{2}]?$", "-[a-zA-Z]{2}$");
    jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap()
}

fn sarif(place: &Place, arguments: &[&str]) -> Value {
    let run = proof(place, &[arguments, &["--format", "sarif"]].concat());
    let log: Value = serde_json::from_str(&run.stdout).unwrap();
    let errors: Vec<String> = schema()
        .iter_errors(&log)
        .map(|it| it.to_string())
        .collect();
    assert_eq!(errors, [""; 0], "{log:#}");
    log["runs"][0].clone()
}

#[test]
fn a_log_for_a_forge() {
    let run = sarif(&everything(), &["."]);
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), 10);
    for result in run["results"].as_array().unwrap() {
        let number = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[number]["id"], result["ruleId"]);
    }
    let places = run["results"].as_array().unwrap().iter().map(|result| {
        let place = &result["locations"][0]["physicalLocation"];
        (
            place["artifactLocation"]["uri"].as_str().unwrap(),
            place["region"]["startLine"].as_u64().unwrap(),
            place["region"]["snippet"]["text"].as_str().unwrap(),
            result["suppressions"][0]["justification"].as_str(),
        )
    });
    assert_eq!(
        places.collect::<Vec<_>>(),
        [
            ("src/bot.py", 2, "order.leverage = 10", None),
            (
                "src/size.py",
                1,
                "position_size_usd = 250.0",
                Some("paper account (until 9999-12-31)")
            ),
        ]
    );
    let invocation = &run["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], json!(false));
    let unread = &invocation["toolExecutionNotifications"][0]["locations"][0];
    let uri = &unread["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(uri, "src/broken.py");
    let stale = invocation["toolConfigurationNotifications"].as_array();
    assert_eq!(stale.unwrap().len(), 1);
}

#[test]
fn a_log_of_a_tree_that_passes() {
    let run = sarif(&tree(&[("bot.py", CLEAN)]), &["."]);
    assert_eq!(run["results"], json!([]));
    assert_eq!(run["invocations"], json!([{ "executionSuccessful": true }]));
}

#[test]
fn paths_in_a_log_are_uris() {
    let place = tree(&[("a b/ü#%.py", LEVERAGE)]);
    let uri = |path: &str| {
        let run = sarif(&place, &[path]);
        let place = &run["results"][0]["locations"][0]["physicalLocation"];
        place["artifactLocation"]["uri"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(uri("."), "a%20b/%C3%BC%23%25.py");
    let absolute = uri(place.path().to_str().unwrap());
    assert!(absolute.starts_with("file:///"), "{absolute}");
    assert!(absolute.ends_with("/a%20b/%C3%BC%23%25.py"), "{absolute}");
}

#[test]
fn a_fingerprint_moves_with_its_line() {
    let prints = |text: &str| {
        let run = sarif(&tree(&[("bot.py", text)]), &["."]);
        let results = run["results"].as_array().unwrap().iter();
        let prints = results.map(|it| it["partialFingerprints"].to_string());
        prints.collect::<Vec<_>>()
    };
    let here = prints(LEVERAGE);
    assert_eq!(here.len(), 1);
    assert_eq!(prints(&format!("import os\n\n\n{LEVERAGE}")), here);
    assert_ne!(prints(&LEVERAGE.replace("10", "11")), here);
    let twice = prints(&LEVERAGE.repeat(2));
    assert_eq!(twice[..1], here);
    assert_ne!(twice[1], here[0]);
}

/// An acceptance of the line in `LEVERAGE`.
fn accepting(code: &str, until: &str) -> String {
    format!(
        "[[accept]]\nfile = \"bot.py\"\ncheck = \"P1-leverage\"\ncode = \"{code}\"\nreason = \"a demo\"\nuntil = \"{until}\"\n"
    )
}

#[test]
fn what_is_accepted_fails_nothing_and_is_listed() {
    let settings = accepting("order.leverage = 10", "9999-12-31");
    let place = tree(&[("bot.py", LEVERAGE), ("portcullis-proof.toml", &settings)]);
    let told = report(&place, &["."]);
    assert_eq!(told["passed"], json!(true));
    assert_eq!(told["settings"], "portcullis-proof.toml");
    assert_eq!(told["checks"][0]["accepted"], json!(1));
    let accepted = fields(&told, "accepted", &["file", "line", "reason", "until"]);
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

    // The line moves: still accepted.
    place.put("bot.py", format!("import os\n{LEVERAGE}"));
    assert_eq!(report(&place, &["."])["passed"], json!(true));
    // Another like it is not.
    place.put("bot.py", LEVERAGE.repeat(2));
    let told = report(&place, &["."]);
    assert_eq!(fields(&told, "findings", &["line"]), ["5"]);
    // Nor is the line after an edit.
    place.put("bot.py", LEVERAGE.replace("10", "11"));
    let told = report(&place, &["."]);
    assert_eq!(fields(&told, "findings", &["value"]), ["11"]);
    assert_eq!(
        fields(&told, "stale", &["file", "because"]),
        ["bot.py no_finding"]
    );
}

#[test]
fn an_acceptance_expires_after_its_day() {
    let settings = accepting("order.leverage = 10", "2026-01-31");
    let place = tree(&[("bot.py", LEVERAGE), ("portcullis-proof.toml", &settings)]);
    let told = report(&place, &["."]);
    let expired = json!({ "reason": "a demo", "until": "2026-01-31" });
    assert_eq!(told["findings"][0]["expired"], expired);
    let text = proof(&place, &["."]).stdout;
    assert!(
        text.contains("    was accepted until 2026-01-31: a demo\n"),
        "{text}"
    );
}

#[test]
fn files_are_named_from_the_folder_of_the_settings() {
    let settings = accepting("order.leverage = 10", "9999-12-31").replace("bot.py", "../bot.py");
    let place = tree(&[("bot.py", LEVERAGE), ("etc/proof.toml", &settings)]);
    assert_eq!(report(&place, &["."])["passed"], json!(false));
    let told = report(&place, &["bot.py", "--settings", "etc/proof.toml"]);
    assert_eq!(told["passed"], json!(true));
}

#[test]
fn an_acceptance_of_what_was_not_examined_fails_nothing() {
    let settings = accepting("order.leverage = 10", "9999-12-31");
    let place = tree(&[
        ("bot.py", LEVERAGE),
        ("src/x.py", CLEAN),
        ("portcullis-proof.toml", &settings),
    ]);
    let told = report(&place, &["src"]);
    assert_eq!(told["passed"], json!(true));
    assert_eq!(fields(&told, "stale", &["because"]), ["not_examined"]);
}

#[test]
fn what_the_settings_leave_out_is_examined_after_its_day() {
    let settings = |until: &str| {
        format!("[[leave_out]]\npath = \"gen/\"\nreason = \"generated\"\nuntil = {until}\n")
    };
    let place = tree(&[("gen/bot.py", LEVERAGE), ("src/x.py", CLEAN)]);
    place.put("portcullis-proof.toml", settings("9999-12-31"));
    let told = report(&place, &["."]);
    assert_eq!(told["passed"], json!(true));
    let left_out = fields(&told, "left_out", &["rule", "count", "reason"]);
    assert!(
        left_out.contains(&"gen/ 1 generated".to_owned()),
        "{left_out:?}"
    );
    place.put("portcullis-proof.toml", settings("2026-01-31"));
    let told = report(&place, &["."]);
    assert_eq!(fields(&told, "findings", &["file"]), ["gen/bot.py"]);
    assert_eq!(
        fields(&told, "stale", &["file", "because"]),
        ["gen/ expired"]
    );
}

#[test]
fn names_of_a_tree_are_added() {
    let place = tree(&[("bot.py", "def f(order):\n    order.gearing = 10\n")]);
    assert_eq!(report(&place, &["."])["passed"], json!(true));
    place.put(
        "portcullis-proof.toml",
        "[names]\nleverage = [\"gearing\"]\n",
    );
    let told = report(&place, &["."]);
    assert_eq!(
        fields(&told, "findings", &["check", "value"]),
        ["P1-leverage 10"]
    );
}

#[test]
fn settings_that_are_none() {
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
        "`portcullis-proof.toml:2:1`: unknown field `levrage`",
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
        "`2027-06-31` is not a day as `2027-06-30`",
    );
    check(
        &accept.replace("2027-06-30", "soon"),
        "`portcullis-proof.toml:6:9`: `soon` is not a day",
    );
    check(
        &accept.replace("P1-leverage", "P1"),
        "`portcullis-proof.toml:3:9`: no such check",
    );
    check(
        &accept.replace("\"P1-leverage\"", "11"),
        "no such check; there are P1-leverage, ",
    );
    check(
        &accept.replace("bot.py", "/bot.py"),
        "must be a path from the folder of the settings",
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

#[test]
fn what_cannot_be_read_fails() {
    let place = tree(&[("ok.py", CLEAN), ("broken.py", "def x(:\n")]);
    place.put("utf16.py", b"x = 1\n\xff\xfe");
    place.put("long.json", "1".repeat((16 << 20) + 1));
    #[cfg(unix)]
    std::os::unix::fs::symlink("nowhere", place.path().join("gone.py")).unwrap();
    let told = report(&place, &["."]);
    assert_eq!(told["passed"], json!(false));
    assert_eq!(told["findings"], json!([]));
    let unread = fields(&told, "unread", &["file", "line", "column", "message"]);
    assert!(unread[0].starts_with("broken.py 1 7 "), "{unread:?}");
    let rest: &[&str] = &[
        #[cfg(unix)]
        "gone.py null null No such file or directory (os error 2)",
        "long.json null null longer than 16 MiB",
        "utf16.py 2 1 not UTF-8",
    ];
    assert_eq!(unread[1..], *rest);
    let text = proof(&place, &["."]).stdout;
    assert!(text.contains("\nutf16.py:2:1  not UTF-8\n"), "{text}");
}

#[test]
fn every_language_is_examined() {
    let place = tree(&[
        ("a.py", CLEAN),
        ("b.pyi", "def f() -> int: ...\n"),
        ("c.rs", "fn main() {}\n"),
        ("d.toml", "a = 1\n"),
        ("e.yaml", "a: 1\n"),
        ("f.yml", "a: 1\n"),
        ("g.json", "{\"a\": 1}\n"),
        (".env", "A=1\n"),
        (".env.local", "A=1\n"),
        ("prod.env", "A=1\n"),
        (".hidden/x.py", CLEAN),
    ]);
    let told = report(&place, &["."]);
    assert_eq!(told["passed"], json!(true), "{told:#}");
    assert_eq!(
        fields(&told, "examined", &["language", "files"]),
        [
            "python 3", "rust 1", "toml 1", "yaml 2", "json 1", "dotenv 3"
        ]
    );
    assert_eq!(told["files"], json!(11));
}

#[test]
fn what_is_left_out_is_counted() {
    let place = tree(&[
        ("bot.py", CLEAN),
        ("test_a.py", LEVERAGE),
        ("a_test.py", LEVERAGE),
        ("a_test.rs", "broken("),
        ("tests.rs", "broken("),
        ("conftest.py", LEVERAGE),
        ("a/tests/b/x.py", LEVERAGE),
        ("a/tests/b/y.json", "{"),
        ("a/tests/readme.txt", ""),
        ("fixtures/x.yaml", "leverage: 10\n"),
        ("a/node_modules/x.py", LEVERAGE),
        ("b/node_modules/x.py", LEVERAGE),
        (".git/x.py", LEVERAGE),
        ("package-lock.json", "{}"),
        ("Cargo.lock", ""),
        ("a.txt", ""),
        ("Makefile", ""),
    ]);
    #[cfg(unix)]
    std::os::unix::fs::symlink("..", place.path().join("a/up")).unwrap();
    let told = report(&place, &["."]);
    assert_eq!(told["passed"], json!(true), "{told:#}");
    assert_eq!(told["files"], json!(1));
    assert_eq!(
        fields(&told, "left_out", &["count", "counted", "rule"]),
        [
            "1 files *.lock",
            "1 files *_test.py",
            "1 files *_test.rs",
            "1 trees .git/",
            "1 files conftest.py",
            "1 files fixtures/",
            "2 trees node_modules/",
            "1 files package-lock.json",
            "1 files test_*.py",
            "1 files tests.rs",
            "2 files tests/",
            #[cfg(unix)]
            "1 links links in a circle",
            "2 files of other kinds",
        ]
    );
    // A rule is for what lies below a path, not for the path.
    let told = report(&place, &["a/tests/b/x.py", "test_a.py"]);
    let files = fields(&told, "findings", &["file"]);
    assert_eq!(files, ["a/tests/b/x.py", "test_a.py"]);
}

#[test]
fn a_file_is_examined_once() {
    let place = tree(&[("src/a/bot.py", LEVERAGE), ("src/ok.py", CLEAN)]);
    #[cfg(unix)]
    std::os::unix::fs::symlink("a", place.path().join("src/b")).unwrap();
    let told = report(&place, &["src", "./src/a", "src/a/bot.py", "src"]);
    assert_eq!(fields(&told, "findings", &["file"]), ["src/a/bot.py"]);
    assert_eq!(told["files"], json!(2));
    // What one path leaves out and another names is examined, and not counted as left out.
    let place = tree(&[
        ("a.py", CLEAN),
        ("tests/x.py", LEVERAGE),
        ("tests/y.py", CLEAN),
    ]);
    let told = report(&place, &[".", "tests/x.py"]);
    assert_eq!(fields(&told, "findings", &["file"]), ["tests/x.py"]);
    assert_eq!(fields(&told, "left_out", &["rule", "count"]), ["tests/ 1"]);
}

#[test]
fn a_whole_policy_is_no_number_in_a_file() {
    let mut document = policy("one");
    let place = tree(&[("policy.json", &document.to_string()), ("bot.py", CLEAN)]);
    let told = report(&place, &["."]);
    assert_eq!(told["passed"], json!(true));
    assert_eq!(told["policies"], json!(["policy.json"]));
    // What is none of a policy's is examined.
    document["default_leverage"] = json!(10);
    place.put("policy.json", document.to_string());
    assert_eq!(report(&place, &["."])["passed"], json!(false));
    // Half a policy is none.
    let mut half = policy("one");
    half.as_object_mut().unwrap().remove("valid_until_epoch");
    place.put("policy.json", half.to_string());
    let told = report(&place, &["."]);
    assert_eq!(
        (told["passed"].clone(), told["policies"].clone()),
        (json!(false), json!([]))
    );
}

#[test]
fn nothing_to_examine_is_unusable() {
    let place = tree(&[
        ("README.md", ""),
        ("tests/x.py", LEVERAGE),
        ("bot.py", CLEAN),
    ]);
    fs::create_dir(place.path().join("empty")).unwrap();
    let check = |arguments: &[&str], expected: &str| {
        let run = proof(&place, arguments);
        assert_eq!((run.status, &*run.stdout), (2, ""), "{arguments:?}");
        assert_eq!(run.stderr, format!("portcullis: {expected}\n"));
    };
    check(
        &["bot.py", "nope"],
        "`nope`: No such file or directory (os error 2)",
    );
    check(
        &["bot.py", "README.md"],
        "`README.md` holds no file to examine (0 left out, 1 of other kinds)",
    );
    check(
        &["empty"],
        "`empty` holds no file to examine (0 left out, 0 of other kinds)",
    );
    fs::remove_file(place.path().join("bot.py")).unwrap();
    check(
        &["."],
        "`.` holds no file to examine (1 left out, 1 of other kinds)",
    );
    let run = proof(&place, &[]);
    assert_eq!(run.status, 2);
    assert!(
        run.stderr.ends_with("see `portcullis proof --help`\n"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_reader_that_goes_away_changes_no_answer() {
    let place = tree(&[("bot.py", &LEVERAGE.repeat(2_000))]);
    for format in ["text", "json", "sarif"] {
        let mut child = place
            .command(&["proof", "bot.py", "--format", format])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(stderr, "portcullis: the proof fails\n", "{format}");
        assert_eq!(output.status.code(), Some(1), "{format}");
    }
}

#[test]
fn what_a_source_holds_is_shown_and_not_obeyed() {
    let text = "def f(order):\n    order.leverage = 10  # \x1b[2J\n";
    let place = tree(&[("bot.py", text)]);
    let told = proof(&place, &["."]).stdout;
    assert!(!told.contains('\x1b'), "{told}");
    assert!(
        told.contains("order.leverage = 10  # \\u{1b}[2J\n"),
        "{told}"
    );
}
