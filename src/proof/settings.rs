//! What the people of a tree say of it: `portcullis-proof.toml`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize, de::Error as _};
use thiserror::Error;

use super::{
    check::Check,
    vocabulary::{Names, Vocabulary},
};
use crate::domain::Instant;

/// Names of a tree's own, findings that are accepted, paths that are left out. By default none of each.
///
/// ```toml
/// [names]                 # further names for the checks
/// leverage = ["gearing"]
///
/// [[accept]]              # one line of a file, for one check
/// file = "src/paper.rs"   # from the folder of this file, with `/`
/// check = "P6-size"       # or 6
/// code = "let size = Usd::new(100.0)?;"
/// reason = "paper account, no order leaves it"
/// until = "2027-06-30"    # the last day, by the clock of UTC
///
/// [[leave_out]]           # a file or a tree
/// path = "gen"
/// reason = "written by protoc"
/// until = "2027-06-30"
/// ```
///
/// An acceptance holds for one line: it survives a move of the line and no edit of it, and of two lines that are alike
/// each needs its own. What has expired is a finding again, or is examined again.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    path: Option<PathBuf>,
    names: Names,
    accepted: Vec<Acceptance>,
    left_out: Vec<Left>,
}

/// A line of a file that may stay as it is, for one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// From the folder of the settings.
    #[serde(deserialize_with = "relative")]
    pub file: String,
    /// The check that finds it.
    #[serde(deserialize_with = "check")]
    pub check: Check,
    /// The line of the source as reports show it, without the blanks around it.
    #[serde(deserialize_with = "text")]
    pub code: String,
    /// Why it may stay.
    #[serde(deserialize_with = "text")]
    pub reason: String,
    /// Its last day.
    pub until: Day,
}

/// A file or tree that is not examined.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Left {
    #[serde(deserialize_with = "relative")]
    pub(super) path: String,
    #[serde(deserialize_with = "text")]
    pub(super) reason: String,
    pub(super) until: Day,
}

/// A day, by the clock of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "Written")]
pub struct Day(Instant);

/// Why settings are none.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("`{}`: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The text is not what settings are written in.
    #[error("`{}:{line}:{column}`: {message}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// What is wrong there.
        message: String,
    },
    /// A name that the checks cannot take.
    #[error("`{}`: [names]: {message}", path.display())]
    Names {
        /// The file.
        path: PathBuf,
        /// Which, and why.
        message: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    names: Names,
    #[serde(default)]
    accept: Vec<Acceptance>,
    #[serde(default)]
    leave_out: Vec<Left>,
}

impl Settings {
    /// Reads a file.
    ///
    /// # Errors
    /// A file that cannot be read, a key that is not known or misses, an empty reason, a day that is none.
    pub fn read(path: &Path) -> Result<Self, SettingsError> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the proof is about files; its settings are one"
        )]
        let text = fs::read_to_string(path);
        let text = text.map_err(|error| SettingsError::Unreadable {
            path: path.to_owned(),
            error,
        })?;
        Self::from_toml(&text, path)
    }

    /// The settings of a text; files are named from the folder of `path`.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn from_toml(text: &str, path: &Path) -> Result<Self, SettingsError> {
        let file: File = toml::from_str(text).map_err(|error| {
            let (line, column) = place(text, error.span().map_or(0, |span| span.start));
            SettingsError::Invalid {
                path: path.to_owned(),
                line,
                column,
                message: error.message().to_owned(),
            }
        })?;
        let settings = Self {
            path: Some(path.to_owned()),
            names: file.names,
            accepted: file.accept,
            left_out: file.leave_out,
        };
        match settings.vocabulary() {
            Ok(_) => Ok(settings),
            Err(message) => Err(SettingsError::Names {
                path: path.to_owned(),
                message,
            }),
        }
    }

    /// The file that they came from.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// What is accepted, expired or not.
    #[must_use]
    pub fn accepted(&self) -> &[Acceptance] {
        &self.accepted
    }

    pub(super) fn left_out(&self) -> &[Left] {
        &self.left_out
    }

    /// The standard names and those of the settings.
    pub(super) fn vocabulary(&self) -> Result<Vocabulary, String> {
        Vocabulary::standard()?.extended(&self.names)
    }

    /// The real place of a path that is named from the folder of the settings; `None` where there is nothing.
    pub(super) fn place(&self, relative: &str) -> Option<PathBuf> {
        let folder = self.path()?.parent().unwrap_or(Path::new(""));
        folder.join(relative).canonicalize().ok()
    }
}

impl Day {
    /// Whether the whole day lies behind.
    #[must_use]
    pub fn is_over(self, now: Instant) -> bool {
        self.0 < now
    }
}

impl std::str::FromStr for Day {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match Instant::parse_iso(&format!("{text}T23:59:59.999999Z")) {
            Ok((last, _)) if Self(last).to_string() == text => Ok(Self(last)),
            Ok(_) | Err(_) => Err(format!("`{text}` is not a day as `2027-06-30`")),
        }
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let last = self.0.to_string();
        f.write_str(last.split('T').next().unwrap_or(&last))
    }
}

impl Serialize for Day {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A day as a text, or as TOML has it.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a day as `2027-06-30`")]
enum Written {
    Text(String),
    Date(toml::value::Datetime),
}

impl TryFrom<Written> for Day {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written::Text(text) => text.parse(),
            Written::Date(date) => date.to_string().parse(),
        }
    }
}

/// A check by its name or its number.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a check by its name or its number")]
enum Named {
    Name(String),
    Number(u8),
}

fn check<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Check, D::Error> {
    let named = Named::deserialize(deserializer)?;
    let is_meant = |check: &Check| match &named {
        Named::Name(name) => check.id() == name,
        Named::Number(number) => check.number() == *number,
    };
    Check::ALL.into_iter().find(is_meant).ok_or_else(|| {
        let names = Check::ALL.map(Check::id).join(", ");
        D::Error::custom(format_args!("no such check; there are {names}"))
    })
}

fn text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.trim() {
        "" => Err(D::Error::custom("must not be empty")),
        text => Ok(text.to_owned()),
    }
}

fn relative<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let path = text(deserializer)?;
    if Path::new(&path).is_absolute() {
        return Err(D::Error::custom(
            "must be a path from the folder of the settings",
        ));
    }
    Ok(path)
}

/// Line and column, from 1, of a byte of a text.
pub(super) fn place(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or(before);
    let lines = before.bytes().filter(|b| *b == b'\n').count();
    (lines + 1, line.chars().count() + 1)
}
