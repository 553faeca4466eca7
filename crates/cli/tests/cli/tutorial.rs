//! The tutorial's commands print the documented output.

use std::{env, path::Path, process::Command};

use crate::support::Place;

/// Returns the code blocks of a text: language and content.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(kind) = line.strip_prefix("```").filter(|kind| !kind.is_empty()) {
            let inside: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push((kind.to_owned(), inside.join("\n")));
        }
    }
    blocks
}

/// Runs commands in a shell and returns their output without trailing white space.
fn printed(place: &Place, commands: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_portcullis"));
    let folders = env::var("PATH").unwrap();
    let path = format!("{}:{folders}", program.parent().unwrap().display());
    let output = Command::new("sh")
        .args(["-c", &format!("exec 2>&1; {commands}")])
        .current_dir(place.path())
        .env("PATH", path)
        .env("COLUMNS", "100")
        .env_remove("QUANTUM_EXIT_OWNER")
        .env_remove("QUANTUM_EXIT_DELEGATES")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n")
}

#[test]
fn every_command_prints_the_documented_output() {
    let place = Place::new();
    let text = include_str!("../../../../docs/tutorial.md");
    let blocks = blocks(text);
    assert!(blocks.len() > 15, "{}", blocks.len());
    let mut rest = &*blocks;
    while let [(kind, commands), more @ ..] = rest {
        assert_eq!(kind, "sh", "{commands}");
        let found = printed(&place, commands);
        rest = match more {
            [(kind, expected), after @ ..] if kind == "text" => {
                assert_eq!(&found, expected, "{commands}");
                after
            }
            _ => {
                assert_eq!(found, "", "{commands}");
                more
            }
        };
    }
    assert!(place.read("change.html").starts_with("<!doctype html>"));
}
