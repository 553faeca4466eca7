//! Checks the laws in a program that answers questions on its standard input, such as a port of the engine to another
//! language, and compares each answer with that of the engine, byte for byte.
//!
//! ```sh
//! cargo run -p portcullis-testing --example law_process -- 1000 python3 python/tests/law_process.py
//! ```
//!
//! Each question is a line: `decide` or `harvest`, a space, and the question as JSON. Each answer is a line: the row as
//! JSON, without `n`, and without `id` if the record has none. A policy that is not valid counts as absent. A program may
//! refuse a time of the decision outside the years 2000 to 2099, so it is not asked about other years.

use std::{
    env,
    error::Error,
    io::{BufRead as _, BufReader, Write as _},
    process::{ChildStdin, ChildStdout, Command, Stdio},
};

use portcullis::{
    Answer, PolicyUnavailable,
    harvest::{Snapshot, harvest},
    policy::PolicyState,
    record::{Scratch, TapeRecord, Untyped, read, read_as},
};
use portcullis_testing::{Decider, Harvester, Laws, Portcullis, Question, Row, Unanswered};

/// A program that answers questions.
struct Process {
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
    compared: usize,
}

impl Process {
    fn answer(
        &mut self,
        kind: &str,
        question: &Question,
        expected: Option<String>,
    ) -> Result<Row, Unanswered> {
        let asked = serde_json::to_string(question)?;
        writeln!(self.questions, "{kind} {asked}")?;
        self.questions.flush()?;
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            return Err("the program has ended".into());
        }
        let line = line.trim_end();
        if let Some(expected) = expected {
            if line != expected {
                return Err(
                    format!("the engine answers {expected}, but the program {line}").into(),
                );
            }
            self.compared += 1;
        }
        Ok(Row::from_json(line)?)
    }
}

/// Returns true if the program is asked about this time.
fn is_asked(question: &Question) -> bool {
    (946_684_800_000..4_102_444_800_000).contains(&question.now.as_millis())
}

/// Returns a row as the program must write it.
fn line_of(answer: &Answer<'_>, has_id: bool) -> String {
    let mut line = Vec::new();
    answer.write_json(&mut line);
    let line = String::from_utf8_lossy(&line).into_owned();
    if has_id {
        line
    } else {
        line.replacen("\"id\":\"0\",", "", 1)
    }
}

impl Decider for Process {
    fn decide(&mut self, question: &Question) -> Result<Row, Unanswered> {
        if !is_asked(question) {
            return Portcullis.decide(question);
        }
        let engine = question.engine()?;
        let policy = question
            .read_policy()
            .map_err(|_| PolicyUnavailable::NotFound);
        let mut scratch = Scratch::default();
        let intent = read(&question.record, &mut scratch).into_intent();
        let decision = engine.decide(PolicyState::from(&policy), &intent, question.now);
        let answer = Answer::decision(&decision).to(0, intent.id(), intent.event_time());
        let expected = line_of(&answer, intent.id().is_some());
        self.answer("decide", question, Some(expected))
    }
}

impl Harvester for Process {
    fn harvest(&mut self, question: &Question) -> Result<Row, Unanswered> {
        if !is_asked(question) {
            return Portcullis.harvest(question);
        }
        let policy = question
            .read_policy()
            .map_err(|_| PolicyUnavailable::NotFound);
        let state = PolicyState::from(&policy);
        let mut scratch = Scratch::default();
        let expected = match read_as(&question.record, Untyped::Position, &mut scratch) {
            TapeRecord::Position(record) => {
                let snapshot = Snapshot::from_json(record.text(), record.emitted_at());
                snapshot.ok().map(|snapshot| {
                    let (position, market) = (&snapshot.position, &snapshot.market);
                    let decision = harvest(state, position, market.as_ref(), question.now);
                    let answer = Answer::harvest(&decision, state).about(position);
                    let answer = answer.to(0, record.id(), record.event_time());
                    line_of(&answer, record.id().is_some())
                })
            }
            TapeRecord::Intent(_)
            | TapeRecord::RecordedDecision(_)
            | TapeRecord::PolicyUpdated(..)
            | TapeRecord::PolicyWithdrawn(_) => None,
        };
        self.answer("harvest", question, expected)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let usage = "usage: law_process CASES PROGRAM [ARGUMENT]...";
    let mut arguments = env::args().skip(1);
    let cases: u32 = arguments.next().ok_or(usage)?.parse()?;
    let program = arguments.next().ok_or(usage)?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut process = Process {
        questions: child.stdin.take().ok_or("the program has no input")?,
        answers: BufReader::new(child.stdout.take().ok_or("the program has no output")?),
        compared: 0,
    };
    let laws = Laws::new().with_cases(cases);
    laws.check(&mut process)?;
    laws.check_harvester(&mut process)?;
    let Process {
        questions,
        compared,
        ..
    } = process;
    drop(questions);
    child.wait()?;
    let mut out = std::io::stdout();
    writeln!(
        out,
        "L1 to L7 hold; {compared} answers equal those of the engine"
    )?;
    Ok(())
}
