//! Recognition of files that are given to the wrong argument.

use std::{collections::BTreeMap, fs::File, io::Read as _, path::Path};

use portcullis::guardrails::Guardrails;
use serde::de::IgnoredAny;

use crate::{failure::Failure, input::file::shown_path};

/// The number of bytes from which the kind of a file is recognised.
const BYTES_READ: u64 = 1 << 20;

/// The kind of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display)]
pub(crate) enum FileKind {
    #[strum(serialize = "a policy")]
    Policy,
    #[strum(serialize = "a policy set")]
    PolicySet,
    #[strum(serialize = "a guardrails file")]
    Guardrails,
    #[strum(serialize = "a candle file")]
    Candles,
    #[strum(serialize = "a file of answers")]
    Answers,
    #[strum(serialize = "a tape")]
    Tape,
}

impl FileKind {
    /// Returns an error if a file is recognised as another kind than `expected`. A file that cannot be read or is not
    /// recognised is not an error here; its reader reports the error.
    pub(crate) fn check(path: &Path, expected: Self) -> Result<(), Failure> {
        match Self::of(path) {
            Some(kind) if kind != expected => Err(kind.mistaken(path, expected)),
            Some(_) | None => Ok(()),
        }
    }

    /// Returns the error for a file of this kind that was given as `expected`.
    fn mistaken(self, path: &Path, expected: Self) -> Failure {
        let name = shown_path(path);
        // The option may already be given, with another file, so the hint only names the option.
        let option = match (expected, self) {
            (Self::Policy, _) => " (`portcullis policy sample` prints one)",
            (Self::PolicySet, _) => " (a JSON object with `live` and `arms`)",
            (Self::Guardrails, _) => " (a JSON object with limits such as `max_leverage`)",
            (Self::Tape, Self::Policy) => "; a policy is given with `--policy`",
            (Self::Tape, Self::PolicySet) => "; a policy set is given with `--policy-set`",
            (Self::Tape, Self::Guardrails) => "; guardrails are given with `--guardrails`",
            (Self::Tape, Self::Candles) => {
                "; candles are given with `--candles` of `portcullis simulate`"
            }
            (Self::Tape, Self::Answers) => {
                "; answers are given with `--answers` of `portcullis diff`"
            }
            (Self::Tape, Self::Tape) | (Self::Candles | Self::Answers, _) => "",
        };
        Failure::error(format_args!(
            "`{name}` is {self}, not {expected}: give {expected} here{option}"
        ))
    }

    /// Recognises a regular file by its beginning.
    fn of(path: &Path) -> Option<Self> {
        if !path.metadata().ok()?.is_file() {
            return None;
        }
        let mut bytes = Vec::new();
        let file = File::open(path).ok()?;
        file.take(BYTES_READ).read_to_end(&mut bytes).ok()?;
        Self::of_text(String::from_utf8_lossy(&bytes).trim_start_matches('\u{feff}'))
    }

    fn of_text(text: &str) -> Option<Self> {
        if !text.trim_start().starts_with('{') {
            return is_candles(text).then_some(Self::Candles);
        }
        let mut values = serde_json::Deserializer::from_str(text).into_iter();
        let first: BTreeMap<String, IgnoredAny> = values.next()?.ok()?;
        let has = |names: &[&str]| {
            names
                .iter()
                .filter(|name| first.contains_key(**name))
                .count()
        };
        if has(&["n", "decision", "event"]) == 3 || has(&["n", "decision", "reason"]) == 3 {
            Some(Self::Answers)
        } else if has(&["event", "event_type", "symbol", "payload", "data"]) > 0 {
            Some(Self::Tape)
        } else if has(&["universe_symbols", "leverage_by_symbol", "harvest_params"]) > 0 {
            Some(Self::Policy)
        } else if has(&["seq", "live", "arms"]) == 3 {
            Some(Self::PolicySet)
        } else if !first.is_empty() && Guardrails::from_json(text).is_ok() {
            Some(Self::Guardrails)
        } else {
            None
        }
    }
}

/// Returns true if the first line is the header of a candle file.
fn is_candles(text: &str) -> bool {
    let header = text.lines().next().unwrap_or_default().to_ascii_lowercase();
    let columns: Vec<&str> = header
        .split([',', ';', '\t'])
        .map(|name| name.trim().trim_matches('"'))
        .collect();
    ["open", "high", "low", "close"]
        .iter()
        .all(|name| columns.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_recognised_by_their_content() {
        let sample = portcullis_sim::sample::policy_json(portcullis::types::Timestamp::MIN);
        let update = format!(r#"{{"event_type":"policy.updated","ts":1,"policy":{sample}}}"#);
        for (text, kind) in [
            (&*sample, Some(FileKind::Policy)),
            (
                r#"{"universe_symbols": "[\"BTCUSDT\"]", "policy_version": "1"}"#,
                Some(FileKind::Policy),
            ),
            (
                r#"{"format": 1, "seq": 7, "live": "", "arms": [], "kill": false}"#,
                Some(FileKind::PolicySet),
            ),
            (r#"{"max_leverage": 5}"#, Some(FileKind::Guardrails)),
            (
                r#"{"halt": ["BTCUSDT"], "market": "usdm"}"#,
                Some(FileKind::Guardrails),
            ),
            ("timestamp,Open,High,Low,Close\n", Some(FileKind::Candles)),
            (
                "\"open_time\";\"open\";\"high\";\"low\";\"close\"\n",
                Some(FileKind::Candles),
            ),
            (
                r#"{"n":1,"event":"trade.intent","decision":"TRADE"}"#,
                Some(FileKind::Answers),
            ),
            (
                r#"{"n":1,"id":"1","decision":"SKIP","reason":"INTENT_UNREADABLE"}"#,
                Some(FileKind::Answers),
            ),
            (
                "{\"symbol\": \"BTCUSDT\"}\n{\"symbol\"",
                Some(FileKind::Tape),
            ),
            (&*update, Some(FileKind::Tape)),
            (r#"{"id":"1-0","payload":"{}"}"#, Some(FileKind::Tape)),
            (r#"{"policy_version": "1"}"#, None),
            (r#"{"max_levrage": 5}"#, None),
            ("{}", None),
            ("", None),
            ("no JSON", None),
            ("open,close\n", None),
            ("{\"universe_symbols\": [", None),
        ] {
            assert_eq!(FileKind::of_text(text), kind, "{text}");
        }
    }
}
