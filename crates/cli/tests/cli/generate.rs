//! Tests of `generate` and of the built-in sample.

use std::collections::BTreeSet;

use crate::program::Place;
use crate::records::{example_guardrails, generated};
use portcullis::{answer::Verdict, decide::SkipCode, harvest::HarvestAction};

/// Skip reasons that only a policy store, signing keys or earlier intents can cause, or that are newer than the tapes.
const OUT_OF_REACH: [SkipCode; 6] = [
    SkipCode::IntentUnsupported,
    SkipCode::PolicySignatureInvalid,
    SkipCode::PolicyRolledBack,
    SkipCode::PolicyStoreUnavailable,
    SkipCode::IntentDuplicate,
    SkipCode::IntentSuperseded,
];

#[test]
fn a_seed_determines_bytes_and_digest() {
    let place = Place::new();
    let run = |arguments: &[&str]| place.run(&[&["generate"], arguments].concat()).bytes;
    let tape = run(&["--records", "1000", "--seed", "7"]);
    assert_eq!(tape, run(&["--records", "1000", "--seed", "7"]));
    assert_ne!(tape, run(&["--records", "1000", "--seed", "8"]));
    assert_eq!(tape, generated(1000, 7));
    place.put("one", &tape);
    place.put("other", run(&["--records", "1000", "--seed", "8"]));
    assert_eq!(
        place.digest(&["one"]),
        place.digest(&["one", "--threads", "3"])
    );
    assert_ne!(place.digest(&["one"]), place.digest(&["other"]));
}

#[test]
fn the_built_in_sample_equals_the_output_of_generate() {
    let place = Place::new();
    let tape = place.run(&["generate"]).bytes;
    let spelt_out = place.run(&["generate", "--records", "5000", "--seed", "1"]);
    assert_eq!(tape, spelt_out.bytes);
    place.put("tape", tape);
    let guardrails = example_guardrails();
    let guardrails = guardrails.to_str().unwrap();
    let mut replayed = place.summary(&["tape", "--guardrails", guardrails]);
    let mut built_in = place.summary(&[]);
    assert_eq!(replayed["digest"], built_in["digest"]);
    for summary in [&mut replayed, &mut built_in] {
        let fields = summary.as_object_mut().unwrap();
        fields.remove("tapes");
        fields.remove("guardrails");
    }
    assert_eq!(replayed, built_in);
    // Without arguments the program replays the sample, and `--guardrails` still applies.
    assert_eq!(place.run(&[]).stdout, place.run(&["replay"]).stdout);
    place.put("g.json", r#"{"halt": "everything"}"#);
    let halted = place.summary(&["--guardrails", "g.json"]);
    assert_eq!(halted["decisions"]["TRADE"], 0);
    assert_eq!(halted["decisions"]["EXIT"], built_in["decisions"]["EXIT"]);
}

#[test]
fn the_sample_covers_every_reachable_answer() {
    let summary = Place::new().summary(&[]);
    let reached = |name: &str| -> BTreeSet<String> {
        let counts = summary[name].as_object().unwrap().iter();
        let reached = counts.filter(|(_, count)| count.as_u64() != Some(0));
        reached.map(|(name, _)| name.clone()).collect()
    };
    let reasons = SkipCode::ALL
        .iter()
        .filter(|reason| !OUT_OF_REACH.contains(reason));
    assert_eq!(
        reached("reasons"),
        reasons.map(|reason| reason.code().to_owned()).collect()
    );
    assert_eq!(
        reached("decisions"),
        Verdict::ALL
            .iter()
            .map(|verdict| verdict.as_str().to_owned())
            .collect()
    );
    assert_eq!(
        reached("harvest_actions"),
        HarvestAction::ALL
            .iter()
            .map(|action| action.as_str().to_owned())
            .collect()
    );
}
