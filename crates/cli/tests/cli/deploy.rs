//! Tests that the deployment examples use only options, metrics and alerts that exist.

use std::{collections::BTreeSet, fs, path::Path};

use crate::program::Place;

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns all words of a text that start with `start`.
fn words<'a>(text: &'a str, start: &'a str) -> BTreeSet<&'a str> {
    let ends = |c: char| !(c.is_ascii_lowercase() || matches!(c, '_' | '-'));
    let found = text
        .match_indices(start)
        .filter_map(|(at, _)| text.get(at..));
    found.filter_map(|rest| rest.split(ends).next()).collect()
}

#[test]
fn options_of_units_and_containers_exist() {
    let place = Place::new();
    for (service, files) in [
        ("bridge", ["portcullis-bridge.service", "compose.yaml"]),
        (
            "harvester",
            ["portcullis-harvester.service", "compose.yaml"],
        ),
    ] {
        let help = place.run(&[service, "--help"]).stdout;
        let known = words(&help, "--");
        for file in files {
            let text = read(&format!("examples/deploy/{file}"));
            let start = match file {
                "compose.yaml" => format!("\n  {service}:\n"),
                _ => "\nExecStart=".to_owned(),
            };
            let section = text.split(&start).nth(1).unwrap();
            let section = section.split("\n\n").next().unwrap();
            let section = match file {
                "compose.yaml" => section,
                _ => section.lines().next().unwrap(),
            };
            assert!(
                section.contains(service) && section.contains("--"),
                "{file}"
            );
            for option in words(section, "--") {
                assert!(known.contains(option), "{file}: {option}");
            }
        }
    }
}

#[test]
fn metrics_of_alerts_and_dashboard_exist() {
    let known = [
        "crates/store/src/metrics.rs",
        "crates/service/src/metrics.rs",
    ];
    let known = known.map(read).concat();
    let dashboard = read("examples/deploy/grafana/portcullis.json");
    serde_json::from_str::<serde_json::Value>(&dashboard).unwrap();
    for text in [dashboard, read("examples/deploy/alerts.yml")] {
        let names = words(&text, "portcullis_");
        assert!(names.len() > 5, "{names:?}");
        for name in names {
            let name = name.trim_end_matches("_bucket");
            assert!(known.contains(&format!("\"{name}\"")), "{name}");
        }
    }
}

#[test]
fn every_alert_has_a_section_in_the_runbook() {
    let book = read("docs/operate.md");
    let headings: BTreeSet<&str> = book
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .flat_map(|line| line.split(", "))
        .collect();
    let alerts = read("examples/deploy/alerts.yml");
    let alerts: BTreeSet<&str> = alerts
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
        .collect();
    assert_eq!(headings, alerts);
}
