//! The program in docs/log.md verifies a log.

use std::{
    io::Write as _,
    num::NonZeroU32,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use portcullis_log::{Settings, verify};

use crate::{
    support::{directory, keys, settings, signer, signer_of, text},
    write,
};

const PAGE: &str = include_str!("../../../../docs/log.md");

/// Returns the Python interpreter with the packages of the tests.
fn python() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let python = target.join("python-writers/bin/python");
    assert!(
        python.exists(),
        "no Python packages at {}; run scripts/install-python-writers",
        python.display()
    );
    python
}

/// Runs the documented program and returns its output; `None` if it fails.
fn run(text: &str, arguments: &[String]) -> Option<String> {
    let (_, program) = PAGE.split_once("```python\n").unwrap();
    let (program, _) = program.split_once("```").unwrap();
    let mut child = Command::new(python())
        .args(["-c", program])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that fails does not read the rest.
    let _ = child.stdin.take().unwrap().write_all(text.as_bytes());
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let is_expected = ["AssertionError", "InvalidSignature"]
        .iter()
        .any(|it| errors.contains(it));
    assert!(output.status.success() || is_expected, "{errors}");
    output
        .status
        .success()
        .then(|| String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_documented_program_verifies_a_log() {
    let key = [signer().public_key()];
    let retain = Settings {
        retain_files: NonZeroU32::new(2),
        ..settings(2, 700)
    };
    for settings in [settings(2, 1 << 20), settings(2, 700), retain] {
        let directory = directory();
        let path = directory.path();
        let last = write(path, settings, 11).pop().unwrap();
        assert!(verify(path, &keys(), Some(&last)).unwrap().is_verified());
        let text = text(path);
        let expected = format!("11 {} {}\n", last.number(), last.head());
        assert_eq!(run(&text, &[]).unwrap(), expected);
        assert_eq!(run(&text, &key).unwrap(), expected);
        assert_eq!(run(&text, &[signer_of('C').public_key()]), None);
        // An edited row, a dropped row, an edited checkpoint.
        assert_eq!(
            run(
                &text.replacen(r#""engine":"0.1.0""#, r#""engine":"0.1.1""#, 1),
                &[]
            ),
            None
        );
        let rows: Vec<&str> = text.split_inclusive('\n').collect();
        let row = rows
            .iter()
            .position(|line| line.starts_with("row "))
            .unwrap();
        assert_eq!(
            run(&[&rows[..row], &rows[row + 1..]].concat().concat(), &[]),
            None
        );
        let edited = text.replacen(r#""checkpoint":"#, r#""checkpoint":1"#, 1);
        assert_eq!(run(&edited, &key), None);
    }
}

/// Each field of a line is documented.
#[test]
fn the_fields_of_each_line_are_documented() {
    let directory = directory();
    let path = directory.path();
    write(path, settings(2, 900), 7);
    let text = text(path);
    let fields = |start: &str| {
        let line = text.lines().find(|line| line.starts_with(start)).unwrap();
        let json = line
            .rsplit_once(" {")
            .map(|(_, json)| format!("{{{json}"))
            .unwrap();
        let object: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&json).unwrap();
        object.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    for name in [fields("row "), fields("checkpoint "), fields("file ")].concat() {
        assert!(PAGE.contains(&format!("`{name}`")), "{name}");
    }
}
