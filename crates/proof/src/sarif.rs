//! The report as a SARIF 2.1.0 log, for code scanning services and editors.

mod schema;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::{Component, Path},
};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use self::schema::{
    ArtifactLocation, Driver, Invocation, Location, Log, Message, Notification, PhysicalLocation,
    Region, Result, Rule, Run, Suppression, Text, Tool,
};
use crate::{
    check::Check,
    finding::{Finding, Unread},
    report::{Report, Stale},
};

/// The bytes that a URI reference cannot contain: all except letters, digits and `-._~`.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

impl Report {
    /// Returns the report as a SARIF 2.1.0 log, for code scanning services and editors. It serializes to JSON.
    #[must_use]
    pub fn sarif(&self) -> impl Serialize {
        log(self)
    }
}

fn log(report: &Report) -> Log {
    let mut duplicates = BTreeMap::new();
    let fails = report.findings().iter().map(|finding| (finding, None));
    let accepted = report.accepted().iter().map(|accepted| {
        let (until, reason) = (accepted.until, &accepted.reason);
        let suppression = Suppression {
            kind: "external",
            status: "accepted",
            justification: format!("{reason} (until {until})"),
        };
        (&accepted.finding, Some(suppression))
    });
    let mut results: Vec<_> = fails.chain(accepted).collect();
    results.sort_by_key(|(finding, _)| (&finding.file, finding.line, finding.column));
    let results = results
        .into_iter()
        .map(|(finding, suppression)| result(finding, suppression, &mut duplicates));
    let invocation = Invocation {
        execution_successful: report.unread().is_empty(),
        tool_execution_notifications: report.unread().iter().map(unread).collect(),
        tool_configuration_notifications: report.stale().iter().map(stale).collect(),
    };
    Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "portcullis",
                    full_name: "portcullis proof",
                    semantic_version: env!("CARGO_PKG_VERSION"),
                    rules: Check::ALL.iter().copied().map(rule).collect(),
                },
            },
            column_kind: "unicodeCodePoints",
            invocations: [invocation],
            results: results.collect(),
        }],
    }
}

fn rule(check: Check) -> Rule {
    Rule {
        id: check.id(),
        name: name(check),
        short_description: Text {
            text: check.demands(),
        },
        full_description: Text { text: help(check) },
        help: Text { text: help(check) },
    }
}

fn result(
    finding: &Finding,
    suppression: Option<Suppression>,
    duplicates: &mut BTreeMap<String, usize>,
) -> Result {
    let mut message = finding.why.clone();
    if let Some(expired) = &finding.expired {
        let (until, reason) = (expired.until, &expired.reason);
        // Writing to a `String` does not fail.
        let _ = write!(message, " (was accepted until {until}: {reason})");
    }
    let region = Region {
        start_line: finding.line,
        start_column: Some(finding.column),
        snippet: Some(Message {
            text: finding.code.clone(),
        }),
    };
    Result {
        rule_id: finding.check.id(),
        rule_index: finding.check.number() - 1,
        level: "error",
        message: Message { text: message },
        locations: [location(&finding.file, Some(region))],
        partial_fingerprints: BTreeMap::from([(
            "portcullisProof/v1",
            fingerprint(finding, duplicates),
        )]),
        suppressions: suppression.map(|suppression| [suppression]),
    }
}

/// Returns a fingerprint that stays the same if the line moves within its file, and changes if the line is edited.
/// `duplicates` numbers the findings that would otherwise share a fingerprint.
fn fingerprint(finding: &Finding, duplicates: &mut BTreeMap<String, usize>) -> String {
    let mut hash = Sha256::new();
    let file = uri(&finding.file);
    for part in [finding.check.id(), &file, &finding.code, &finding.value] {
        hash.update(part);
        hash.update([0]);
    }
    let mut text = hex::encode(hash.finalize());
    text.truncate(32);
    let number = duplicates.entry(text.clone()).or_default();
    *number += 1;
    format!("{text}:{number}")
}

fn unread(unread: &Unread) -> Notification {
    let region = unread.line.map(|line| Region {
        start_line: line,
        start_column: unread.column,
        snippet: None,
    });
    Notification {
        level: "error",
        message: Message {
            text: unread.message.clone(),
        },
        locations: vec![location(&unread.file, region)],
    }
}

fn stale(stale: &Stale) -> Notification {
    let Stale {
        entry,
        file,
        reason,
        ..
    } = stale;
    Notification {
        level: "warning",
        message: Message {
            text: format!(
                "[[{entry}]] for `{file}` ({reason}) has no effect: {}",
                stale.because
            ),
        },
        locations: Vec::new(),
    }
}

fn location(file: &Path, region: Option<Region>) -> Location {
    Location {
        physical_location: PhysicalLocation {
            artifact_location: ArtifactLocation { uri: uri(file) },
            region,
        },
    }
}

/// Returns a path as a URI reference. A relative path gives a relative reference.
fn uri(path: &Path) -> String {
    let mut uri = String::new();
    for part in path.components() {
        if matches!(part, Component::RootDir) {
            uri.push_str("file://");
            continue;
        }
        if !uri.is_empty() {
            uri.push('/');
        }
        let bytes = part.as_os_str().as_encoded_bytes();
        uri.extend(percent_encode(bytes, RESERVED));
    }
    uri
}

const fn name(check: Check) -> &'static str {
    match check {
        Check::Leverage => "Leverage",
        Check::MaximumLeverage => "MaximumLeverage",
        Check::HarvestThreshold => "HarvestThreshold",
        Check::KillScore => "KillScore",
        Check::Symbols => "Symbols",
        Check::Size => "Size",
        Check::ExitOwnership => "ExitOwnership",
        Check::PolicyUsed => "PolicyUsed",
        Check::AbsentPolicySkips => "AbsentPolicySkips",
        Check::SilentFallback => "SilentFallback",
    }
}

/// Returns the advice on how to fix a finding.
const fn help(check: Check) -> &'static str {
    match check {
        Check::Leverage => {
            "The leverage must come from the policy in force, not from a number in the source or a settings file. \
             Read it from the policy, and skip the trade if there is no policy."
        }
        Check::MaximumLeverage => {
            "A maximum leverage is an upper bound, not the leverage to use. \
             Read the leverage from the policy, and check it against the bound."
        }
        Check::HarvestThreshold => {
            "Thresholds for taking profit, locking in profit and stopping must come from the policy in force. \
             Read them from its harvest parameters, and do nothing if there are none."
        }
        Check::KillScore => {
            "The weights and thresholds of the kill score must come from the policy in force. \
             Read them from its parameters, and do nothing if there are none."
        }
        Check::Symbols => {
            "The traded symbols and their selection weights must come from the policy in force. \
             Check that the policy lists a symbol before trading it."
        }
        Check::Size => {
            "The size of a trade must come from an intent that a policy allows, not from a number in the source or a \
             settings file. Skip the trade if the intent has no size."
        }
        Check::ExitOwnership => {
            "Only the exit owner may close positions. Check the owner before the exit is emitted, and reject an \
             order without an explicit reduce-only flag."
        }
        Check::PolicyUsed => {
            "A file that emits an entry must load the policy, or receive a decision that was made under a policy."
        }
        Check::AbsentPolicySkips => {
            "Without a policy there must be no entry: leave the function before the entry is emitted."
        }
        Check::SilentFallback => {
            "A failure must not be replaced by a default that trades. Skip the trade and log the reason."
        }
    }
}
