//! Tests of the output and exit status of `portcullis proof`.

mod files;
mod sarif;
mod settings;

use std::{fs, process::Stdio};

use serde_json::{Value, json};

use crate::program::{Place, Run, snapshots};
use crate::records::policy;

const CLEAN: &str = "def asked(intent):\n    return intent.leverage\n";
const LEVERAGE: &str = "def open_it(order):\n    order.leverage = 10\n    return order\n";

/// Creates a folder with these files.
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

/// Returns the JSON report, and checks the exit status against it.
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

/// Returns some fields of each element of a list in the report, joined by spaces.
fn fields(report: &Value, list: &str, names: &[&str]) -> Vec<String> {
    let of = |element: &Value| {
        let fields = names.iter().map(|name| {
            let value = &element[name];
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        });
        fields.collect::<Vec<_>>().join(" ")
    };
    report[list].as_array().unwrap().iter().map(of).collect()
}

/// Creates a tree with two findings (one accepted), a file that does not parse, a policy, and for each rule that leaves
/// something out, one thing that it leaves out.
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
             reason = \"removed\"\n\
             until = 9999-12-31\n\
             [[leave_out]]\n\
             path = \"gen\"\n\
             reason = \"generated\"\n\
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
fn text_report() {
    let run = proof(&everything(), &["."]);
    assert_eq!(
        (run.status, &*run.stderr),
        (1, "portcullis: the proof fails\n")
    );
    snapshots().bind(|| insta::assert_snapshot!("cli_proof_text", run.stdout));
}

#[test]
fn json_report() {
    let mut report = report(&everything(), &["."]);
    let at = report["at"].take();
    assert!(at.as_str().unwrap().ends_with('Z'), "{at}");
    snapshots().bind(|| insta::assert_json_snapshot!("cli_proof_json", report));
}

#[test]
fn policy_documents_are_allowed() {
    let mut document = policy("one");
    let place = tree(&[("policy.json", &document.to_string()), ("bot.py", CLEAN)]);
    let reported = report(&place, &["."]);
    assert_eq!(reported["passed"], json!(true));
    assert_eq!(reported["policies"], json!(["policy.json"]));
    // Keys that a policy does not have are examined.
    document["default_leverage"] = json!(10);
    place.put("policy.json", document.to_string());
    assert_eq!(report(&place, &["."])["passed"], json!(false));
    // An incomplete policy is examined.
    let mut half = policy("one");
    half.as_object_mut().unwrap().remove("valid_until_epoch");
    place.put("policy.json", half.to_string());
    let reported = report(&place, &["."]);
    assert_eq!(
        (reported["passed"].clone(), reported["policies"].clone()),
        (json!(false), json!([]))
    );
}

#[test]
fn a_closed_pipe_does_not_change_the_exit_status() {
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
fn control_characters_in_sources_are_escaped() {
    let text = "def f(order):\n    order.leverage = 10  # \x1b[2J\n";
    let place = tree(&[("bot.py", text)]);
    let reported = proof(&place, &["."]).stdout;
    assert!(!reported.contains('\x1b'), "{reported}");
    assert!(
        reported.contains("order.leverage = 10  # \\u{1b}[2J\n"),
        "{reported}"
    );
}
