//! Tests of `--out`: output files, replaced files and interrupted runs.

use std::{
    fs::{self, File},
    io::Write as _,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use crate::program::{Place, Run};
use crate::records::{entry, exit, generated, gzip, lines, objects, policy};

fn place() -> Place {
    let place = Place::new();
    place.put("policy.json", policy("one").to_string());
    place.put("g.json", "{}");
    place.put("tape.jsonl", lines(&[entry(1), exit(2)]));
    place
}

/// Returns the names of all files in the folder.
fn names(place: &Place) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(place.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Runs the program with a file of the folder as standard input.
fn run_from(place: &Place, arguments: &[&str], stdin: &str) -> Run {
    let stdin = File::open(place.path().join(stdin)).unwrap();
    Run::new(&place.command(arguments).stdin(stdin).output().unwrap())
}

#[test]
fn an_input_is_recognised_under_every_name() {
    for input in ["tape.jsonl", "policy.json", "g.json"] {
        let place = place();
        fs::hard_link(place.path().join(input), place.path().join("hard")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(input, place.path().join("soft")).unwrap();
        let before = place.read(input);
        let files = names(&place);
        for out in [input, "hard", "soft"] {
            let message = format!("portcullis: cannot write `{out}`: it is an input of this run\n");
            for from in ["", input] {
                // The input is given by name or on standard input.
                let [tape, policy, guardrails] = ["tape.jsonl", "policy.json", "g.json"]
                    .map(|name| if name == from { "-" } else { name });
                let arguments = [
                    "replay",
                    tape,
                    "--policy",
                    policy,
                    "--guardrails",
                    guardrails,
                    "--out",
                    out,
                ];
                let run = run_from(&place, &arguments, input);
                assert_eq!((run.status, &*run.stdout, &run.stderr), (2, "", &message));
                assert_eq!(place.read(input), before);
            }
        }
        assert_eq!(names(&place), files);
    }
}

#[test]
fn standard_output_that_is_an_input_is_refused() {
    let place = place();
    let before = place.read("tape.jsonl");
    let appending = fs::OpenOptions::new()
        .append(true)
        .open(place.path().join("tape.jsonl"))
        .unwrap();
    let arguments = ["replay", "tape.jsonl", "--out", "-"];
    let output = place.command(&arguments).stdout(appending).output();
    let run = Run::new(&output.unwrap());
    let message = "portcullis: cannot write `-`: it is an input of this run\n";
    assert_eq!((run.status, &*run.stderr), (2, message));
    assert_eq!(place.read("tape.jsonl"), before);
}

#[test]
fn a_dash_is_standard_output_and_the_summary_goes_to_standard_error() {
    let place = place();
    let reported = place.run(&["replay", "tape.jsonl"]).stdout;
    place.answers(&["tape.jsonl"]);
    let answers = place.read("answers");
    let run = place.run(&["replay", "tape.jsonl", "--out", "-"]);
    assert_eq!(
        (run.status, run.stdout, run.stderr),
        (0, answers.clone(), reported.clone())
    );
    assert!(!names(&place).contains(&"-".to_owned()));
    let json = place.run(&["replay", "tape.jsonl", "--out", "-", "--format", "json"]);
    assert_eq!((json.status, &json.stdout), (0, &answers));
    assert_eq!(objects(&json.stderr.replace('\n', ""))[0]["records"], 2);
    // If the answers and the summary are written to the same file, the file contains both.
    let both = File::create(place.path().join("both")).unwrap();
    let arguments = ["replay", "tape.jsonl", "--out", "/dev/stdout"];
    assert!(
        place
            .command(&arguments)
            .stdout(both)
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(place.read("both"), format!("{answers}{reported}"));
}

#[test]
fn a_replaced_file_keeps_its_links_and_permissions() {
    let place = place();
    place.answers(&["tape.jsonl"]);
    let answers = place.read("answers");
    place.put("old", "old");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(place.path().join("old"), fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("old", place.path().join("link")).unwrap();
        std::os::unix::fs::symlink("none", place.path().join("dangling")).unwrap();
        for link in ["link", "dangling"] {
            let run = place.run(&["replay", "tape.jsonl", "--out", link]);
            assert_eq!((run.status, &*run.stderr), (0, ""));
            assert!(place.path().join(link).is_symlink());
            assert_eq!(place.read(link), answers);
        }
        let mode = |name: &str| {
            let metadata = fs::metadata(place.path().join(name)).unwrap();
            metadata.permissions().mode() & 0o777
        };
        assert_eq!(mode("old"), 0o640);
        // A new file has the default permissions.
        place.put("any", "");
        assert_eq!(mode("answers"), mode("any"));
    }
    assert!(names(&place).iter().all(|name| !name.starts_with('.')));
}

#[test]
fn answers_before_a_truncated_archive_are_kept() {
    let place = place();
    let archive = gzip(&generated(2000, 9));
    place.put("cut", &archive[..archive.len() / 2]);
    place.put("old", "old");
    let run = place.run(&["replay", "cut", "--out", "old"]);
    assert_eq!(run.status, 2);
    assert!(objects(&place.read("old")).len() > 100);
}

/// Stops a run with a signal after it has started, and checks that it leaves all files unchanged.
#[cfg(unix)]
fn check_stopped(signal: &str, arguments: &[&str]) {
    let place = place();
    place.put("policy", policy("1").to_string());
    place.put("tape", generated(3000, 9));
    let run = place.run(&["replay", "tape", "--out", "answers"]);
    assert_eq!(run.status, 0);
    place.put("old", "old");
    let before = names(&place);
    let mut child = place
        .command(arguments)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&generated(3000, 9)).unwrap();
    // The run has started as soon as its temporary file exists.
    let is_at_work = (0..15_000).any(|_| {
        thread::sleep(Duration::from_millis(2));
        names(&place) != before
    });
    assert!(is_at_work);
    let kill = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    let stderr = String::from_utf8(output.stderr).unwrap();
    let records = stderr
        .strip_prefix("portcullis: interrupted after ")
        .and_then(|rest| rest.strip_suffix(" records; `old` is unchanged\n"));
    let records: Option<u64> = records.and_then(|records| records.parse().ok());
    assert!(records.is_some_and(|records| records <= 3000), "{stderr}");
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(place.read("old"), "old");
    assert_eq!(names(&place), before);
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_leaves_all_files_unchanged() {
    check_stopped("-INT", &["replay", "-", "--out", "old", "--threads", "1"]);
    check_stopped("-TERM", &["replay", "-", "--out", "old", "--threads", "2"]);
    let same = ["--policy", "policy", "--policy", "policy"];
    check_stopped(
        "-INT",
        &[&["diff", "-", "--minimal", "old"], &same[..]].concat(),
    );
    let answers = ["diff", "--answers", "answers", "-", "--report", "old"];
    check_stopped("-TERM", &answers);
}
