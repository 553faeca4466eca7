//! The report as JSON.

use serde::{Serialize, Serializer};

use super::{Examined, LeftOut, Report, Stale};
use crate::{
    check::Check,
    finding::{Accepted, Finding, Unread},
    language::Language,
};

/// Version of the JSON format. A reader must reject a version that it does not support.
const FORMAT: u8 = 1;

#[derive(Serialize)]
struct Document<'a> {
    format: u8,
    passed: bool,
    at: String,
    settings: Option<String>,
    checks: Vec<CheckRow>,
    findings: &'a [Finding],
    accepted: &'a [Accepted],
    stale: &'a [Stale],
    unread: &'a [Unread],
    policies: Vec<String>,
    left_out: &'a [LeftOut],
    examined: Vec<LanguageRow>,
    files: u64,
    bytes: u64,
}

#[derive(Serialize)]
struct CheckRow {
    check: Check,
    number: u8,
    demands: &'static str,
    passed: bool,
    findings: usize,
    accepted: usize,
}

#[derive(Serialize)]
struct LanguageRow {
    language: Language,
    #[serde(flatten)]
    examined: Examined,
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let checks = Check::ALL.iter().map(|&check| {
            let (findings, accepted) = self.counts(check);
            CheckRow {
                check,
                number: check.number(),
                demands: check.demands(),
                passed: findings == 0,
                findings,
                accepted,
            }
        });
        let examined = self
            .examined
            .iter()
            .map(|(language, examined)| LanguageRow {
                language: *language,
                examined: *examined,
            });
        let Examined { files, bytes } = self.total();
        let document = Document {
            format: FORMAT,
            passed: self.passed(),
            at: self.now.to_string(),
            settings: self.settings().map(|path| path.display().to_string()),
            checks: checks.collect(),
            findings: &self.findings,
            accepted: &self.accepted,
            stale: &self.stale,
            unread: &self.unread,
            policies: self
                .policies
                .iter()
                .map(|it| it.display().to_string())
                .collect(),
            left_out: &self.left_out,
            examined: examined.collect(),
            files,
            bytes,
        };
        document.serialize(serializer)
    }
}
