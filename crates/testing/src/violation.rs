//! Violations of the laws, and their texts.

use std::{error::Error, fmt};

use portcullis::types::Shown;

use super::{Law, Question, Row};
use portcullis::decide::SkipCode;

/// A law that a decider violates, with the smallest failing case that was found.
///
/// Its text, also as `{:?}`, contains the law, the demand that failed, and all questions and answers of the case. The
/// parts of a question are printed as the decider received them, so that they can be replayed; control characters are
/// escaped, and a text of more than 2,000 characters is cut.
#[derive(Clone)]
pub struct Violation {
    pub(super) law: Law,
    pub(super) demand: String,
    pub(super) questions: Vec<AnsweredQuestion>,
    pub(super) case: u32,
    pub(super) seed: u64,
}

/// One question and its answer.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AnsweredQuestion {
    /// The difference from the previous question of the case.
    pub what: String,
    /// The question that was asked.
    pub question: Question,
    /// The answer, or the text of the error or panic.
    pub answer: Result<Row, String>,
}

impl Violation {
    /// Returns the law.
    #[must_use]
    pub const fn law(&self) -> Law {
        self.law
    }

    /// Returns the demand of the law that was not met.
    #[must_use]
    pub fn demand(&self) -> &str {
        &self.demand
    }

    /// Returns the questions and answers of the case, in the order in which they were asked.
    #[must_use]
    pub fn questions(&self) -> &[AnsweredQuestion] {
        &self.questions
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} is violated: {}", self.law, self.demand)?;
        let mut before: Vec<(&str, String)> = Vec::new();
        for answered in &self.questions {
            writeln!(f, "- {}", answered.what)?;
            let lines = lines(answered);
            // Lines that are unchanged since the previous question are not repeated.
            for line in lines.iter().filter(|line| !before.contains(line)) {
                writeln!(f, "  {:<11} {}", line.0, short(&line.1))?;
            }
            let answer = match &answered.answer {
                Ok(row) => row.to_string(),
                Err(why) => why.clone(),
            };
            writeln!(f, "  {:<11} {}", "answer", short(&answer))?;
            before = lines;
        }
        write!(
            f,
            "(case {}, seed {}; `Laws::with_seed({})` reproduces it)",
            self.case, self.seed, self.seed
        )
    }
}

fn lines(answered: &AnsweredQuestion) -> Vec<(&'static str, String)> {
    let question = &answered.question;
    let owners = [
        std::slice::from_ref(&question.exit_owner),
        &question.exit_delegates,
    ]
    .concat();
    vec![
        (
            "policy",
            match &question.policy {
                Ok(text) => text.clone(),
                Err(unavailable) => format!("{}: {unavailable}", SkipCode::from(unavailable)),
            },
        ),
        ("guardrails", question.guardrails.clone()),
        ("exit owners", owners.join(", ")),
        ("record", question.record.clone()),
        ("now", question.now.to_string()),
    ]
}

/// Returns a text without control characters, shortened to a readable length.
fn short(text: &str) -> String {
    const CHARS_MAX: usize = 2_000;
    let Some((end, _)) = text.char_indices().nth(CHARS_MAX) else {
        return Shown(text).whole();
    };
    let (head, rest) = text.split_at(end);
    let more = rest.chars().count();
    format!("{}… ({more} more characters)", Shown(head).whole())
}

impl fmt::Debug for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for Violation {}

/// All laws that a decider violates.
#[derive(Clone)]
pub struct LawFailures(pub(super) Vec<Violation>);

impl LawFailures {
    /// Returns the violations: at least one, at most one for each law, in the order of the laws.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.0
    }
}

impl fmt::Display for LawFailures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, violation) in self.0.iter().enumerate() {
            let gap = if i == 0 { "" } else { "\n\n" };
            write!(f, "{gap}{violation}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for LawFailures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for LawFailures {}
