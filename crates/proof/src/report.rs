//! The result of a proof.

mod json;
mod text;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::{Path, PathBuf},
};

use portcullis::types::Timestamp;
use serde::Serialize;

use crate::{
    acceptances::{Acceptances, Applied},
    check::Check,
    file::{Facts, Outcome},
    finding::{Accepted, Finding, Unread},
    language::Language,
    settings::{Day, Settings},
    tree::At,
    walk::{Counted, FoundFiles, LeaveOutRule, Source},
};

/// The result of a proof: the findings, and everything that was accepted, left out or not read.
///
/// `Display` prints human-readable text (`{:#}` adds terminal colours). `Serialize` and [`Self::sarif`] are for
/// programs.
#[derive(Debug, Clone)]
pub struct Report {
    now: Timestamp,
    settings: Option<PathBuf>,
    findings: Vec<Finding>,
    accepted: Vec<Accepted>,
    stale: Vec<Stale>,
    unread: Vec<Unread>,
    policies: Vec<PathBuf>,
    left_out: Vec<LeftOut>,
    examined: BTreeMap<Language, Examined>,
}

/// The amount of source that was examined.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Examined {
    /// The number of files, including policy documents.
    pub files: u64,
    /// The total size of these files in bytes.
    pub bytes: u64,
}

/// The number of things that one rule left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LeftOut {
    /// A name pattern, a path from the settings, or a description.
    pub rule: String,
    /// The unit of `count`.
    pub counted: Counted,
    /// The number of things left out.
    pub count: u64,
    /// The reason as written in the settings; `None` for other rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The last day of the settings entry; `None` for other rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Day>,
}

/// An entry of the settings that has no effect. It does not fail the proof because it hides nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Stale {
    /// `accept` or `leave_out`.
    pub entry: &'static str,
    /// The path as written in the settings.
    pub file: String,
    /// The accepted check; `None` for `leave_out` entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<Check>,
    /// The accepted source line; `None` for `leave_out` entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The reason as written in the settings.
    pub reason: String,
    /// The last day as written in the settings.
    pub until: Day,
    /// The reason why the entry has no effect.
    pub because: StaleBecause,
}

/// The reason why an entry of the settings has no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StaleBecause {
    /// The file was examined, but it has no finding of the accepted check on the accepted line.
    NoFinding,
    /// The path was not among the examined files.
    NotExamined,
    /// The last day of the entry has passed.
    Expired,
}

impl fmt::Display for StaleBecause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoFinding => "no finding of this check on such a line",
            Self::NotExamined => "not among the examined files",
            Self::Expired => "expired, so the path is examined again",
        })
    }
}

impl Report {
    pub(super) fn new(
        found: FoundFiles,
        outcomes: Vec<Outcome>,
        settings: &Settings,
        now: Timestamp,
    ) -> Self {
        let left_out = left_out(&found, settings);
        let examined: BTreeSet<_> = found.sources.iter().map(|it| it.real.clone()).collect();
        let mut report = Self {
            now,
            settings: settings.path().map(Path::to_owned),
            findings: Vec::new(),
            accepted: Vec::new(),
            stale: unused_leave_outs(&found, settings, now),
            unread: found.unread,
            policies: Vec::new(),
            left_out,
            examined: BTreeMap::new(),
        };
        let mut acceptances = Acceptances::new(settings, now);
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
                    report.enter(source, facts, &mut acceptances);
                }
            }
        }
        let items = ("#[test], #[cfg(test)]", Counted::Items, count(test_items));
        let others = ("of other types", Counted::Files, found.others);
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
        let unused = acceptances.unused();
        report.stale.extend(unused.map(|(acceptance, real)| Stale {
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

    fn enter(&mut self, source: Source, facts: Facts, acceptances: &mut Acceptances<'_>) {
        let examined = self.examined.entry(source.language).or_default();
        examined.files += 1;
        examined.bytes += facts.bytes;
        for (violation, line) in facts.violations {
            let At { line: row, column } = violation.at;
            let finding = Finding {
                check: violation.check,
                file: source.path.clone(),
                line: row,
                column,
                value: violation.value,
                why: violation.why,
                code: line.code,
                expired: None,
                before: line.before,
            };
            match acceptances.apply(&source.real, finding) {
                Applied::Fails(finding) => self.findings.push(finding),
                Applied::Accepted(accepted) => self.accepted.push(accepted),
            }
        }
        if facts.is_policy {
            self.policies.push(source.path);
        }
    }

    /// Returns true if all ten checks pass and every file could be read.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.findings.is_empty() && self.unread.is_empty()
    }

    /// Returns the findings that fail the proof, ordered by file, line and column.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Returns the accepted findings.
    #[must_use]
    pub fn accepted(&self) -> &[Accepted] {
        &self.accepted
    }

    /// Returns the entries of the settings that have no effect.
    #[must_use]
    pub fn stale(&self) -> &[Stale] {
        &self.stale
    }

    /// Returns the files and directories that could not be read or parsed.
    #[must_use]
    pub fn unread(&self) -> &[Unread] {
        &self.unread
    }

    /// Returns the documents that are complete policies. Their numbers are allowed because a policy expires.
    #[must_use]
    pub fn policies(&self) -> &[PathBuf] {
        &self.policies
    }

    /// Returns the counts of the files and directories that were left out, by rule. For test trees and paths from the
    /// settings, the count is the number of files that would otherwise have been examined.
    #[must_use]
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// Returns the amount of source examined in each language.
    #[must_use]
    pub fn examined(&self) -> &BTreeMap<Language, Examined> {
        &self.examined
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

    /// Returns the number of failing findings of a check, and the number of its accepted findings.
    fn counts(&self, check: Check) -> (usize, usize) {
        let fail = self.findings.iter().filter(|it| it.check == check);
        let accepted = self.accepted.iter();
        let accepted = accepted.filter(|it| it.finding.check == check);
        (fail.count(), accepted.count())
    }
}

fn left_out(found: &FoundFiles, settings: &Settings) -> Vec<LeftOut> {
    let mut counts: BTreeMap<&LeaveOutRule, u64> = BTreeMap::new();
    for rule in found.left_out.values() {
        *counts.entry(rule).or_default() += 1;
    }
    let left_out = counts.into_iter().map(|(rule, count)| {
        let (rule, counted, entry) = match rule {
            LeaveOutRule::Name(pattern, counted) => (pattern.clone(), *counted, None),
            LeaveOutRule::SettingsFile => ("the settings file".to_owned(), Counted::Files, None),
            LeaveOutRule::LinkCycle => ("symbolic link cycle".to_owned(), Counted::Links, None),
            LeaveOutRule::Settings(number) => {
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

/// Returns the `leave_out` entries of the settings that left nothing out.
fn unused_leave_outs(found: &FoundFiles, settings: &Settings, now: Timestamp) -> Vec<Stale> {
    let used: BTreeSet<&LeaveOutRule> = found.left_out.values().collect();
    let entries = settings.left_out().iter().enumerate();
    let unused = entries.filter(|(number, _)| !used.contains(&LeaveOutRule::Settings(*number)));
    let stale = unused.map(|(_, entry)| Stale {
        entry: "leave_out",
        file: entry.path.clone(),
        check: None,
        code: None,
        reason: entry.reason.clone(),
        until: entry.until,
        because: if entry.until.has_expired(now) {
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
