//! The copy of the workspace that contains the mutants, and its builds.

use std::{
    collections::BTreeMap,
    error::Error,
    fs,
    ops::Range,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde::Deserialize;

/// A copy of the workspace.
pub(crate) struct Workspace {
    original: PathBuf,
    copy: PathBuf,
    files: Vec<String>,
}

/// The result of a build.
pub(crate) enum Build {
    Programs(Vec<Program>),
    Errors(Vec<CompileError>),
}

/// A program with tests.
#[derive(Debug)]
pub(crate) struct Program {
    /// The name of the target, for example `gates`, or the name of the crate if the tests are in its source.
    pub(crate) target: String,
    pub(crate) executable: PathBuf,
    /// The folder in which the tests run.
    pub(crate) folder: PathBuf,
}

#[derive(Debug, Deserialize)]
pub(crate) struct CompileError {
    pub(crate) rendered: String,
    level: String,
    spans: Vec<ErrorSpan>,
}

#[derive(Debug, Deserialize)]
struct ErrorSpan {
    file_name: String,
    byte_start: usize,
    byte_end: usize,
    is_primary: bool,
}

impl CompileError {
    /// Returns the files and bytes that the compiler names as the cause.
    pub(crate) fn places(&self) -> impl Iterator<Item = (&str, Range<usize>)> {
        let causes = self.spans.iter().filter(|it| it.is_primary);
        causes.map(|it| (&*it.file_name, it.byte_start..it.byte_end))
    }
}

impl Workspace {
    /// Creates a copy with all files that belong to the repository.
    pub(crate) fn new(original: &Path, copy: PathBuf) -> Result<Self, Box<dyn Error>> {
        let files = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others"])
            .arg("--exclude-standard")
            .current_dir(original)
            .output()?;
        let files = String::from_utf8(files.stdout)?;
        Ok(Self {
            original: original.to_owned(),
            copy,
            files: files.split_terminator('\0').map(str::to_owned).collect(),
        })
    }

    pub(crate) fn has(&self, file: &str) -> bool {
        self.original.join(file).is_file()
    }

    pub(crate) fn source(&self, file: &str) -> Result<String, Box<dyn Error>> {
        Ok(fs::read_to_string(self.original.join(file))?)
    }

    /// Writes all files, with these contents instead of the original ones. Files that do not change keep their times, so
    /// that only changed crates are built again.
    pub(crate) fn write(&self, changed: &BTreeMap<String, String>) -> Result<(), Box<dyn Error>> {
        for file in &self.files {
            let (from, to) = (self.original.join(file), self.copy.join(file));
            let content = match changed.get(file) {
                Some(text) => text.clone().into_bytes(),
                None if from.is_file() => fs::read(&from)?,
                None => continue,
            };
            if fs::read(&to).is_ok_and(|old| old == content) {
                continue;
            }
            fs::create_dir_all(to.parent().ok_or("a file without a folder")?)?;
            fs::write(&to, content)?;
            fs::set_permissions(&to, fs::metadata(&from)?.permissions())?;
        }
        Ok(())
    }

    /// Builds the tests of the workspace, or only those of some targets. The libraries are built first, because nearly all
    /// mutants are in them.
    pub(crate) fn build(&self, targets: &[String]) -> Result<Build, Box<dyn Error>> {
        let mut programs = Vec::new();
        let tests: Vec<_> = targets.iter().map(|it| target_option(it)).collect();
        for (command, options) in [("build", &["--lib".to_owned()][..]), ("test", &tests)] {
            let output = Command::new("cargo")
                .arg(command)
                .args((command == "test").then_some("--no-run"))
                .args(options)
                .args(["--workspace", "--all-features", "--locked"])
                .arg("--message-format=json")
                .env("CARGO_TARGET_DIR", self.copy.with_file_name("target"))
                .current_dir(&self.copy)
                .stderr(Stdio::null())
                .output()?;
            let messages = String::from_utf8(output.stdout)?;
            let mut errors = Vec::new();
            for message in messages.lines() {
                match serde_json::from_str(message)? {
                    Message::Diagnostic { message } if message.level == "error" => {
                        errors.push(message);
                    }
                    Message::Artifact(it) => programs.extend(it.program()),
                    Message::Diagnostic { .. } | Message::Other => {}
                }
            }
            if !output.status.success() {
                return Ok(Build::Errors(errors));
            }
        }
        Ok(Build::Programs(programs))
    }
}

/// Returns the option of cargo for a test target; `lib` means the tests in the sources of all crates.
fn target_option(target: &str) -> String {
    match target {
        "lib" => "--lib".to_owned(),
        name => format!("--test={name}"),
    }
}

/// A message of cargo.
#[derive(Deserialize)]
#[serde(tag = "reason")]
enum Message {
    #[serde(rename = "compiler-message")]
    Diagnostic { message: CompileError },
    #[serde(rename = "compiler-artifact")]
    Artifact(Artifact),
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Artifact {
    manifest_path: PathBuf,
    target: Target,
    profile: Profile,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

impl Artifact {
    fn program(self) -> Option<Program> {
        let executable = self.executable.filter(|_| self.profile.test)?;
        Some(Program {
            target: self.target.name,
            executable,
            folder: self.manifest_path.parent()?.to_owned(),
        })
    }
}
