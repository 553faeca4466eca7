//! Tests of the SARIF 2.1.0 log, which is validated against the official schema.

use jsonschema::Validator;
use serde_json::{Value, json};

use super::{CLEAN, LEVERAGE, everything, proof, tree};
use crate::program::Place;

fn schema() -> Validator {
    let schema = include_str!("../../vectors/sarif-schema-2.1.0.json");
    // The pattern has an unbalanced bracket, which JSON Schema does not allow.
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
fn a_log_with_findings() {
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
fn paths_are_uris() {
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
fn a_fingerprint_survives_a_move_of_its_line() {
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
