//! The program in a temporary folder, and its output.

use std::{
    fs,
    path::{Path, PathBuf},
    process,
};

use assert_cmd::Command;
use insta::Settings;
use serde_json::Value;
use tempfile::TempDir;

use crate::records::objects;

/// The path of the program.
const PROGRAM: &str = env!("CARGO_BIN_EXE_portcullis");

/// A temporary folder in which the program runs.
pub(crate) struct Place(TempDir);

/// The result of a run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: i32,
    /// Standard output as bytes, because a generated tape has lines that are not UTF-8.
    pub(crate) bytes: Vec<u8>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file.
    pub(crate) fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path().join(name), content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, "")
    }

    /// Runs the program to its end with this standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], stdin: impl Into<Vec<u8>>) -> Run {
        let mut command = Command::from_std(self.command(arguments));
        let output = command.write_stdin(stdin).output().unwrap();
        Run::new(&output)
    }

    /// Returns a command with these arguments and without the environment variables of the program.
    pub(crate) fn command(&self, arguments: &[&str]) -> process::Command {
        let mut command = process::Command::new(PROGRAM);
        command
            .args(arguments)
            .current_dir(self.path())
            .env_remove("QUANTUM_EXIT_OWNER")
            .env_remove("QUANTUM_EXIT_DELEGATES")
            .env("COLUMNS", "100");
        command
    }

    /// Replays with `--out` and returns the answers.
    pub(crate) fn answers(&self, arguments: &[&str]) -> Vec<Value> {
        let arguments = [&["replay", "--out", "answers"], arguments].concat();
        let run = self.run(&arguments);
        assert_eq!((run.status, &*run.stderr), (0, ""), "{arguments:?}");
        objects(&self.read("answers"))
    }

    /// Replays and returns the summary.
    pub(crate) fn summary(&self, arguments: &[&str]) -> Value {
        let arguments = [&["replay", "--format", "json"], arguments].concat();
        let run = self.run(&arguments);
        assert_eq!((run.status, &*run.stderr), (0, ""), "{arguments:?}");
        serde_json::from_str(&run.stdout).unwrap()
    }

    /// Replays and returns the digest.
    pub(crate) fn digest(&self, arguments: &[&str]) -> String {
        self.summary(arguments)["digest"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

impl Run {
    pub(crate) fn new(output: &process::Output) -> Self {
        Self {
            status: output
                .status
                .code()
                .expect("the program was killed by a signal"),
            bytes: output.stdout.clone(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    /// Returns standard output, plus the exit status and standard error if they are not 0 and empty.
    pub(crate) fn printed(&self) -> String {
        let mut text = self.stdout.clone();
        if self.status != 0 {
            text.push_str(&format!("\nexit status {}\n", self.status));
        }
        if !self.stderr.is_empty() {
            text.push_str(&format!("\nstandard error:\n{}", self.stderr));
        }
        text
    }
}

/// Returns the Python interpreter with the packages of the tests.
pub(crate) fn python() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let python = target.join("python-writers/bin/python");
    assert!(
        python.exists(),
        "no Python packages at {}; run scripts/install-python-writers",
        python.display()
    );
    python
}

/// Returns the settings for snapshots in the folder `snapshots` of the workspace.
pub(crate) fn snapshots() -> Settings {
    let mut settings = Settings::clone_current();
    settings.set_snapshot_path("../../../../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}

/// Compares the output of a run with the snapshot of this name.
pub(crate) fn check_snapshot(name: &str, run: &Run) {
    snapshots().bind(|| insta::assert_snapshot!(format!("cli_{name}"), run.printed()));
}
