//! What a proof came to.

mod json;
mod text;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{
    Accepted, Check, Day, Finding,
    file::{Facts, Outcome},
    finding::shown,
    ledger::{Entered, Ledger},
    sarif,
    settings::Settings,
    tree::At,
    walk::{Found, Rule, Source},
};
use crate::domain::Instant;

/// What a proof came to: findings, and everything that was accepted, left out or not read.
///
/// `Display` is for a person (`{:#}` with the colours of a terminal), `Serialize` and [`Self::sarif`] for a machine.
#[derive(Debug, Clone)]
pub struct Report {
    now: Instant,
    settings: Option<PathBuf>,
    findings: Vec<Finding>,
    accepted: Vec<Accepted>,
    stale: Vec<Stale>,
    unread: Vec<Unread>,
    policies: Vec<PathBuf>,
    left_out: Vec<LeftOut>,
    examined: BTreeMap<Language, Examined>,
}

/// What files are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// `*.py`, `*.pyi`
    Python,
    /// `*.rs`
    Rust,
    /// `*.toml`
    Toml,
    /// `*.yaml`, `*.yml`
    Yaml,
    /// `*.json`
    Json,
    /// `.env`, `.env.*`, `*.env`
    Dotenv,
}

/// How much was examined.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Examined {
    /// Files, whole policies among them.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// A file or directory that could not be read or parsed: it fails the proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// As it was reached from a given path.
    #[serde(serialize_with = "shown")]
    pub file: PathBuf,
    /// From 1, where it is known.
    pub line: Option<usize>,
    /// From 1, in characters.
    pub column: Option<usize>,
    /// Why.
    pub message: String,
}

/// What one rule left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// A pattern of names, a path of the settings, or what it is in words.
    pub rule: String,
    /// What is counted.
    pub counted: Counted,
    /// How many.
    pub count: u64,
    /// Why, of a path of the settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Until when, of a path of the settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Day>,
}

/// What a rule leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Counted {
    /// Files.
    Files,
    /// Trees that were not entered.
    Trees,
    /// Functions and modules.
    Items,
    /// Links that lead to where they came from.
    Links,
}

/// An entry of the settings that does nothing. It fails nothing: nothing is hidden by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stale {
    /// `accept` or `leave_out`.
    pub entry: &'static str,
    /// As the settings have it.
    pub file: String,
    /// Of an acceptance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<Check>,
    /// Of an acceptance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// As the settings have it.
    pub reason: String,
    /// As the settings have it.
    pub until: Day,
    /// Why it does nothing.
    pub because: StaleBecause,
}

/// Why an entry of the settings does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StaleBecause {
    /// Its file was examined, and has no such finding on such a line.
    NoFinding,
    /// It is not among what was examined.
    NotExamined,
    /// Its last day is over.
    Expired,
}

impl fmt::Display for StaleBecause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoFinding => "no such finding on such a line",
            Self::NotExamined => "not among what was examined",
            Self::Expired => "expired, and examined again",
        })
    }
}

impl Report {
    pub(super) fn new(
        found: Found,
        outcomes: Vec<Outcome>,
        settings: &Settings,
        now: Instant,
    ) -> Self {
        let left_out = left_out(&found, settings);
        let examined: BTreeSet<_> = found.sources.iter().map(|it| it.real.clone()).collect();
        let mut report = Self {
            now,
            settings: settings.path().map(Path::to_owned),
            findings: Vec::new(),
            accepted: Vec::new(),
            stale: left_out_in_vain(&found, settings, now),
            unread: found.unread,
            policies: Vec::new(),
            left_out,
            examined: BTreeMap::new(),
        };
        let mut ledger = Ledger::new(settings, now);
        let mut test_items = 0;
        for (source, outcome) in found.sources.into_iter().zip(outcomes) {
            match outcome {
                Outcome::Unread(at, message) => report.unread.push(Unread {
                    file: source.path,
                    line: at.map(|at| at.line),
                    column: at.map(|at| at.column),
                    message,
                }),
                Outcome::Read(facts) => {
                    test_items += facts.tests_left_out;
                    report.enter(source, facts, &mut ledger);
                }
            }
        }
        let items = ("#[test], #[cfg(test)]", Counted::Items, count(test_items));
        let others = ("of other kinds", Counted::Files, found.others);
        let by_kind = [items, others].into_iter().filter(|(.., count)| *count > 0);
        report
            .left_out
            .extend(by_kind.map(|(rule, counted, count)| LeftOut {
                rule: rule.to_owned(),
                counted,
                count,
                reason: None,
                until: None,
            }));
        report.unread.sort_by(|a, b| a.file.cmp(&b.file));
        let unspent = ledger.unspent();
        report.stale.extend(unspent.map(|(acceptance, real)| Stale {
            entry: "accept",
            file: acceptance.file.clone(),
            check: Some(acceptance.check),
            code: Some(acceptance.code.clone()),
            reason: acceptance.reason.clone(),
            until: acceptance.until,
            because: if examined.contains(&real) {
                StaleBecause::NoFinding
            } else {
                StaleBecause::NotExamined
            },
        }));
        report
    }

    fn enter(&mut self, source: Source, facts: Facts, ledger: &mut Ledger<'_>) {
        let examined = self.examined.entry(source.language).or_default();
        examined.files += 1;
        examined.bytes += facts.bytes;
        for (evidence, line) in facts.evidence {
            let At { line: row, column } = evidence.at;
            let finding = Finding {
                check: evidence.check,
                file: source.path.clone(),
                line: row,
                column,
                value: evidence.value,
                why: evidence.why,
                code: line.code,
                expired: None,
                before: line.before,
            };
            match ledger.enter(&source.real, finding) {
                Entered::Fails(finding) => self.findings.push(finding),
                Entered::Accepted(accepted) => self.accepted.push(accepted),
            }
        }
        if facts.is_policy {
            self.policies.push(source.path);
        }
    }

    /// Whether all ten checks hold, and everything could be read.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.findings.is_empty() && self.unread.is_empty()
    }

    /// What fails the proof, by file, line and column.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What was found, and may stay.
    #[must_use]
    pub fn accepted(&self) -> &[Accepted] {
        &self.accepted
    }

    /// Entries of the settings that do nothing.
    #[must_use]
    pub fn stale(&self) -> &[Stale] {
        &self.stale
    }

    /// What could not be read or parsed.
    #[must_use]
    pub fn unread(&self) -> &[Unread] {
        &self.unread
    }

    /// Documents that are a whole policy: they expire by themselves, and are no numbers that are written down.
    #[must_use]
    pub fn policies(&self) -> &[PathBuf] {
        &self.policies
    }

    /// What was left out by rule. Of test trees and of the settings' paths it counts the files that would have been
    /// examined elsewhere.
    #[must_use]
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// How much was examined of each language.
    #[must_use]
    pub fn examined(&self) -> &BTreeMap<Language, Examined> {
        &self.examined
    }

    /// The log that forges and editors read: SARIF 2.1.0, as JSON.
    #[must_use]
    pub fn sarif(&self) -> impl Serialize {
        sarif::log(self)
    }

    pub(super) fn settings(&self) -> Option<&Path> {
        self.settings.as_deref()
    }

    fn total(&self) -> Examined {
        let all = self.examined.values();
        all.fold(Examined::default(), |sum, it| Examined {
            files: sum.files + it.files,
            bytes: sum.bytes + it.bytes,
        })
    }

    /// Findings that fail a check, and findings of it that are accepted.
    fn counts(&self, check: Check) -> (usize, usize) {
        let fail = self.findings.iter().filter(|it| it.check == check);
        let accepted = self.accepted.iter();
        let accepted = accepted.filter(|it| it.finding.check == check);
        (fail.count(), accepted.count())
    }
}

fn left_out(found: &Found, settings: &Settings) -> Vec<LeftOut> {
    let mut counts: BTreeMap<&Rule, u64> = BTreeMap::new();
    for rule in found.left_out.values() {
        *counts.entry(rule).or_default() += 1;
    }
    let left_out = counts.into_iter().map(|(rule, count)| {
        let (rule, counted, entry) = match rule {
            Rule::Name(pattern, counted) => (pattern.clone(), *counted, None),
            Rule::SettingsFile => ("the settings".to_owned(), Counted::Files, None),
            Rule::Circle => ("links in a circle".to_owned(), Counted::Links, None),
            Rule::Settings(number) => {
                let entry = settings.left_out().get(*number);
                let path = entry.map(|it| it.path.clone());
                (path.unwrap_or_default(), Counted::Files, entry)
            }
        };
        LeftOut {
            rule,
            counted,
            count,
            reason: entry.map(|it| it.reason.clone()),
            until: entry.map(|it| it.until),
        }
    });
    left_out.collect()
}

/// Paths of the settings by which nothing was left out.
fn left_out_in_vain(found: &Found, settings: &Settings, now: Instant) -> Vec<Stale> {
    let used: BTreeSet<&Rule> = found.left_out.values().collect();
    let entries = settings.left_out().iter().enumerate();
    let in_vain = entries.filter(|(number, _)| !used.contains(&Rule::Settings(*number)));
    let stale = in_vain.map(|(_, entry)| Stale {
        entry: "leave_out",
        file: entry.path.clone(),
        check: None,
        code: None,
        reason: entry.reason.clone(),
        until: entry.until,
        because: if entry.until.is_over(now) {
            StaleBecause::Expired
        } else {
            StaleBecause::NotExamined
        },
    });
    stale.collect()
}

fn count(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}
