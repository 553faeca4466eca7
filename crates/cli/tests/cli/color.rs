//! Tests of colours, and of the last lines of a summary.

use crate::program::{Place, Run, snapshots};

const GREEN: &str = "\u{1b}[32m";
const RED: &str = "\u{1b}[31m";

fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Run {
    let place = Place::new();
    let mut command = place.command(arguments);
    command
        .env_remove("NO_COLOR")
        .envs(variables.iter().copied());
    Run::new(&command.output().unwrap())
}

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

#[test]
fn trades_are_green_and_skips_are_red() {
    let run = run(&["--color", "always"], &[]);
    assert_eq!(run.status, 0);
    for (line, color) in run.stdout.lines().filter_map(|line| {
        let word = plain(line).split_whitespace().next()?.to_owned();
        let color = match &*word {
            "TRADE" => GREEN,
            "SKIP" | "POLICY_UNIVERSE_FILTER" | "INTENT_INVALID" | "TRADING_HALTED" => RED,
            "EXIT" | "records" => return Some((line, "")),
            _ => return None,
        };
        Some((line, color))
    }) {
        assert!(line.starts_with(color), "{line:?}");
        assert_eq!(line.contains('\u{1b}'), !color.is_empty(), "{line:?}");
    }
    assert!(run.stdout.contains(GREEN) && run.stdout.contains(RED));
}

/// The text is the same without the colours, and an output that is not a terminal has none.
#[test]
fn colors_are_an_option() {
    for command in [&["replay"][..], &["policy", "sample"]] {
        let with = |color: &str, variables: &[(&str, &str)]| {
            let run = run(&[command, &["--color", color]].concat(), variables);
            assert_eq!(run.status, 0);
            run.stdout
        };
        let never = with("never", &[]);
        assert!(!never.contains('\u{1b}'));
        if command == ["replay"] {
            assert_eq!(plain(&with("always", &[])), never);
            assert_eq!(with("auto", &[]), never);
            assert_eq!(with("auto", &[("NO_COLOR", "1")]), never);
        }
    }
    let run = run(&["replay", "--color", "pink"], &[]);
    assert_eq!(run.status, 2);
    assert!(
        run.stderr
            .contains("[possible values: auto, always, never]"),
        "{}",
        run.stderr
    );
}

/// JSON has no colours, whatever the option.
#[test]
fn json_is_never_colored() {
    let run = run(&["replay", "--format", "json", "--color", "always"], &[]);
    assert!(!run.stdout.contains('\u{1b}'));
}

/// A terminal of 80 columns and 24 rows shows the totals at the end of a long summary.
#[test]
fn the_totals_are_the_last_lines() {
    let run = run(&["replay"], &[]);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert!(lines.len() > 24, "{}", run.stdout);
    let shown = lines[lines.len() - 23..].join("\n");
    snapshots().bind(|| {
        insta::assert_snapshot!(
            "cli_summary_last_lines",
            lines[lines.len() - 3..].join("\n")
        )
    });
    for verdict in ["TRADE", "EXIT", "SKIP", "HARVEST"] {
        assert!(shown.contains(verdict), "{shown}");
    }
}
