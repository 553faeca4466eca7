//! Checks of the commands `decide` and `harvest` against the laws. Each call runs the program in a process of its own,
//! as a decision function in another language would be tested.

use portcullis_testing::{Decider, Harvester, Laws, Question, Row, Unanswered};

use crate::program::Place;

/// Runs the program once for every question.
struct Program(Place);

impl Program {
    fn ask(&self, command: &str, question: &Question) -> Result<Row, Unanswered> {
        // The input has one record per line, and the program ignores empty lines.
        if question.record.contains('\n') || question.record.trim().is_empty() {
            return Ok(Row::skip("INTENT_UNREADABLE"));
        }
        let json = serde_json::to_value(question)?;
        let now = json["now"].as_str().unwrap_or_default();
        let mut arguments = vec![command, "--now", now, "--guardrails", "guardrails.json"];
        arguments.extend(["--exit-owner", &question.exit_owner]);
        for delegate in &question.exit_delegates {
            arguments.extend(["--exit-delegate", delegate]);
        }
        self.0.put("guardrails.json", &question.guardrails);
        let mut run = None;
        if let Ok(policy) = &question.policy {
            self.0.put("policy.json", policy);
            let arguments = [&arguments[..], &["--policy", "policy.json"]].concat();
            let with_policy = self.0.run_with(&arguments, question.record.as_str());
            // Exit status 1: the policy is invalid, and the answer has the reason. Exit status 2: the file is not a
            // JSON object; then the program runs without a policy.
            run = Some(with_policy).filter(|run| run.status != 2);
        }
        let run = run.unwrap_or_else(|| self.0.run_with(&arguments, question.record.as_str()));
        Ok(Row::from_json(run.stdout.trim_end())?)
    }
}

impl Decider for Program {
    fn decide(&mut self, question: &Question) -> Result<Row, Unanswered> {
        self.ask("decide", question)
    }
}

impl Harvester for Program {
    fn harvest(&mut self, question: &Question) -> Result<Row, Unanswered> {
        self.ask("harvest", question)
    }
}

#[test]
fn the_program_keeps_the_laws_of_a_decision() {
    let mut program = Program(Place::new());
    Laws::new().with_cases(24).check(&mut program).unwrap();
}

#[test]
fn the_program_keeps_the_laws_of_a_harvest() {
    let mut program = Program(Place::new());
    Laws::new()
        .with_cases(24)
        .check_harvester(&mut program)
        .unwrap();
}
