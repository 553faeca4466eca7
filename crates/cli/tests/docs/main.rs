//! Tests that the command blocks of README and docs run as printed, and that links lead to existing
//! targets.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod links;
#[path = "../support/redis.rs"]
#[expect(dead_code, reason = "other tests use the rest of it")]
mod redis;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::redis::Server;

/// Address of the Redis server in the documentation. The tests replace it by the address of their
/// own server.
const REDIS: &str = "redis://127.0.0.1:6379";
/// Marks blocks that are not run here, because they build the project or run all of its checks, and therefore this test.
const BUILDS: [&str; 3] = ["cargo ", "scripts/", "git clone"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A fenced code block.
struct Block {
    language: String,
    text: String,
}

/// Returns the code blocks of a Markdown text. Indented fences are included.
fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        if let Some(language) = line.trim_start().strip_prefix("```") {
            let inside = lines
                .by_ref()
                .take_while(|line| line.trim_start() != "```")
                .map(|line| line.get(indent..).unwrap_or_default());
            blocks.push(Block {
                language: language.to_owned(),
                text: inside.collect::<Vec<_>>().join("\n"),
            });
        }
    }
    blocks
}

/// A directory that looks to the commands of a page like a fresh clone, and a Redis server if the
/// page needs one.
struct Clone {
    folder: tempfile::TempDir,
    server: Option<Server>,
}

impl Clone {
    fn new(page: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["examples", "src", "portcullis-proof.toml"] {
            std::os::unix::fs::symlink(
                fs::canonicalize(root().join(name)).unwrap(),
                folder.path().join(name),
            )
            .unwrap();
        }
        let server = page.contains(REDIS).then(Server::start);
        Self { folder, server }
    }

    /// Runs a block in a shell with these options. Returns whether the last command succeeded, and the output.
    fn run(&self, options: &str, block: &str) -> (bool, String) {
        let program = Path::new(env!("CARGO_BIN_EXE_portcullis"));
        let path = format!(
            "{}:{}",
            program.parent().unwrap().display(),
            env::var("PATH").unwrap()
        );
        let block = match &self.server {
            Some(server) => block.replace(REDIS, &server.url()),
            None => block.to_owned(),
        };
        let script = format!(
            "exec 2>&1; {options}; trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n{block}"
        );
        let output = Command::new("bash")
            .args(["-c", &script])
            .current_dir(self.folder.path())
            .env("PATH", path)
            .env("COLUMNS", "100")
            .env_remove("QUANTUM_EXIT_OWNER")
            .env_remove("QUANTUM_EXIT_DELEGATES")
            .env_remove("QUANTUM_REDIS_URL")
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        (output.status.success(), lines.join("\n"))
    }
}

/// Runs all command blocks of a page in order. Returns the number of blocks that were run.
fn run_page(name: &str) -> usize {
    let page = fs::read_to_string(root().join(name)).unwrap();
    let clone = Clone::new(&page);
    let commands = blocks(&page).into_iter().filter(|block| {
        block.language == "sh" && !BUILDS.iter().any(|start| block.text.starts_with(start))
    });
    commands
        .map(|block| {
            let (succeeded, output) = clone.run("set -e", &block.text);
            assert!(succeeded, "{name}:\n{}\n---\n{output}", block.text);
        })
        .count()
}

#[test]
fn readme_blocks_run_as_pasted() {
    assert_eq!(run_page("README.md"), 4);
}

#[test]
fn docs_blocks_run_as_pasted() {
    let mut count = 0;
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        // The tutorial has a test of its own, which also compares the outputs.
        if name.ends_with(".md") && name != "tutorial.md" {
            count += run_page(&format!("docs/{name}"));
        }
    }
    assert!(count >= 10, "{count}");
}

#[test]
fn tutorial_commands_print_the_documented_output() {
    let page = fs::read_to_string(root().join("docs/tutorial.md")).unwrap();
    let clone = Clone::new(&page);
    let blocks = blocks(&page);
    assert!(blocks.len() > 15, "{}", blocks.len());
    let mut rest = &*blocks;
    while let [commands, more @ ..] = rest {
        assert_eq!(commands.language, "sh", "{}", commands.text);
        // Some commands fail on purpose.
        let (_, found) = clone.run("set +e", &commands.text);
        rest = match more {
            [expected, after @ ..] if expected.language == "text" => {
                assert_eq!(found, expected.text, "{}", commands.text);
                after
            }
            _ => {
                assert_eq!(found, "", "{}", commands.text);
                more
            }
        };
    }
    let page = fs::read_to_string(clone.folder.path().join("change.html")).unwrap();
    assert!(page.starts_with("<!doctype html>"));
}
