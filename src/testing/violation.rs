//! What is told of a law that is broken.

use std::{error::Error, fmt};

use super::{Law, Question, Row};

/// A law that a decider breaks, with the smallest case of it that was found.
///
/// Its text, also as `{:?}`, names the law, what it demands, and everything that was asked and answered, as JSON that
/// can be asked again.
#[derive(Clone)]
pub struct Violation {
    pub(super) law: Law,
    pub(super) demand: String,
    pub(super) told: Vec<Told>,
    pub(super) case: u32,
    pub(super) seed: u64,
}

/// One question, and what came of it.
#[derive(Debug, Clone)]
pub struct Told {
    /// What sets this question apart from the one before it.
    pub what: String,
    /// The question.
    pub question: Question,
    /// The answer, or why there is none.
    pub answer: Result<Row, String>,
}

impl Violation {
    /// The law.
    #[must_use]
    pub const fn law(&self) -> Law {
        self.law
    }

    /// What it demands, and was not kept.
    #[must_use]
    pub fn demand(&self) -> &str {
        &self.demand
    }

    /// What was asked and answered, in this order.
    #[must_use]
    pub fn told(&self) -> &[Told] {
        &self.told
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} is broken: {}", self.law, self.demand)?;
        let mut before: Vec<(&str, String)> = Vec::new();
        for told in &self.told {
            writeln!(f, "- {}", told.what)?;
            let lines = lines(told);
            // What is as it was need not be read again.
            for line in lines.iter().filter(|line| !before.contains(line)) {
                writeln!(f, "  {:<11} {}", line.0, Short(&line.1))?;
            }
            let answer = match &told.answer {
                Ok(row) => row.to_string(),
                Err(why) => why.clone(),
            };
            writeln!(f, "  {:<11} {}", "answer", Short(&answer))?;
            before = lines;
        }
        write!(f, "(case {}, seed {})", self.case, self.seed)
    }
}

fn lines(told: &Told) -> Vec<(&'static str, String)> {
    let asked = &told.question;
    let owners = [
        std::slice::from_ref(&asked.exit_owner),
        &asked.exit_delegates,
    ]
    .concat();
    vec![
        (
            "policy",
            match &asked.policy {
                Ok(text) => text.clone(),
                Err(absence) => format!("{}: {absence}", absence.code()),
            },
        ),
        ("guardrails", asked.guardrails.clone()),
        ("exit owners", owners.join(", ")),
        ("record", asked.record.clone()),
        ("now", asked.now.to_string()),
    ]
}

/// A text of a length that a person reads, without control characters.
struct Short<'a>(&'a str);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const CHARS_MAX: usize = 2_000;
        for c in self.0.chars().take(CHARS_MAX) {
            if c.is_control() {
                write!(f, "{}", c.escape_default())?;
            } else {
                write!(f, "{c}")?;
            }
        }
        match self.0.chars().count().checked_sub(CHARS_MAX) {
            None | Some(0) => Ok(()),
            Some(more) => write!(f, "… and {more} characters more"),
        }
    }
}

impl fmt::Debug for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for Violation {}

/// Every law that a decider breaks.
#[derive(Clone)]
pub struct Broken(pub(super) Vec<Violation>);

impl Broken {
    /// One violation a law, in the order of the laws; at least one.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.0
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, violation) in self.0.iter().enumerate() {
            let gap = if i == 0 { "" } else { "\n\n" };
            write!(f, "{gap}{violation}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for Broken {}
