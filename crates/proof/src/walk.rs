//! The directory walk: the files to examine, and the files and trees that are left out.

mod rules;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Component, Path, PathBuf},
};

use portcullis::types::Timestamp;
use serde::Serialize;
use walkdir::{DirEntry, WalkDir};

use self::rules::Directory;
use crate::{error::ProofError, finding::Unread, language::Language, settings::Settings};

/// A file to examine.
#[derive(Debug)]
pub(super) struct Source {
    /// The path, which begins with the path that was passed to [`prove`](crate::prove).
    pub(super) path: PathBuf,
    /// The canonical path, with all links resolved.
    pub(super) real: PathBuf,
    pub(super) language: Language,
}

/// The reason why something was left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LeaveOutRule {
    /// A name pattern, and the unit in which its matches are counted.
    Name(String, Counted),
    /// An entry of the settings, by index.
    Settings(usize),
    /// The file is the settings file of the proof itself.
    SettingsFile,
    /// A symbolic link to one of its own parent directories.
    LinkCycle,
}

/// The kind of thing that a rule leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Counted {
    /// Files.
    Files,
    /// Directory trees that were not entered.
    Trees,
    /// Functions and modules in a file.
    Items,
    /// Symbolic links that point to one of their own parent directories.
    Links,
}

/// The files at and below the given paths.
#[derive(Debug, Default)]
pub(super) struct FoundFiles {
    /// The files to examine, ordered by path.
    pub(super) sources: Vec<Source>,
    /// Canonical paths, each with the first rule that left it out.
    pub(super) left_out: BTreeMap<PathBuf, LeaveOutRule>,
    /// The number of files whose type is not examined.
    pub(super) others: u64,
    pub(super) unread: Vec<Unread>,
}

struct Walk {
    /// The `leave_out` entries that have not expired, by canonical path.
    leave_outs: BTreeMap<PathBuf, usize>,
    settings_file: Option<PathBuf>,
    /// Canonical paths of the directories that were entered and of the files that are examined.
    seen: BTreeSet<PathBuf>,
    found: FoundFiles,
}

pub(super) fn walk(
    paths: impl IntoIterator<Item = impl AsRef<Path>>,
    settings: &Settings,
    now: Timestamp,
) -> Result<FoundFiles, ProofError> {
    let leave_outs = (settings.left_out().iter().enumerate())
        .filter(|(_, entry)| !entry.until.has_expired(now))
        .filter_map(|(number, entry)| Some((settings.canonical(&entry.path)?, number)));
    let mut walk = Walk {
        leave_outs: leave_outs.collect(),
        settings_file: settings.path().and_then(|path| path.canonicalize().ok()),
        seen: BTreeSet::new(),
        found: FoundFiles::default(),
    };
    let mut is_any = false;
    for path in paths {
        is_any = true;
        walk.path(path.as_ref())?;
    }
    if !is_any {
        return Err(ProofError::NoPath);
    }
    let Walk {
        seen, mut found, ..
    } = walk;
    // A file can be left out on one path and examined on another.
    found.left_out.retain(|place, _| !seen.contains(place));
    found.sources.sort_by(|a, b| a.path.cmp(&b.path));
    found.unread.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(found)
}

impl Walk {
    /// Walks a given path. The name rules do not apply to the path itself.
    fn path(&mut self, path: &Path) -> Result<(), ProofError> {
        let cannot = |error| ProofError::Path {
            path: path.to_owned(),
            error,
        };
        let before = (self.found.left_out.len(), self.found.others);
        let metadata = fs::metadata(path).map_err(cannot)?;
        let has_any = if metadata.is_dir() {
            self.tree(path)
        } else {
            let real = path.canonicalize().map_err(cannot)?;
            self.file(path, real)
        };
        if has_any {
            return Ok(());
        }
        Err(ProofError::NoFile {
            path: path.to_owned(),
            left_out: self.found.left_out.len() - before.0,
            others: self.found.others - before.1,
        })
    }

    /// Walks a directory tree. Returns true if it contains anything to examine.
    fn tree(&mut self, root: &Path) -> bool {
        let mut has_any = false;
        let mut entries = WalkDir::new(root)
            .follow_links(true)
            .sort_by_file_name()
            .into_iter();
        while let Some(entry) = entries.next() {
            match entry.map_err(|error| self.error(error, root)) {
                Err(is_unread) => has_any |= is_unread,
                Ok(entry) if entry.file_type().is_dir() => {
                    let (enters, is_seen) = self.directory(&entry);
                    has_any |= is_seen;
                    if !enters {
                        entries.skip_current_dir();
                    }
                }
                Ok(entry) => has_any |= self.entry(&entry),
            }
        }
        has_any
    }

    /// Decides whether to enter a directory. The first value is true if it is to be entered, the
    /// second if it was entered before.
    fn directory(&mut self, entry: &DirEntry) -> (bool, bool) {
        let path = entry.path();
        let Ok(real) = path.canonicalize() else {
            // Entering the directory then reports the error.
            return (true, false);
        };
        if entry.depth() > 0 {
            let name = entry.file_name().to_string_lossy();
            let pattern = |counted| LeaveOutRule::Name(format!("{name}/"), counted);
            let number = self.leave_outs.get(&real).copied();
            match (rules::of_directory(&name), number) {
                (Directory::Vendored, _) => {
                    self.leave_out(real, pattern(Counted::Trees));
                    return (false, false);
                }
                (_, Some(number)) => {
                    self.leave_out_files(path, &LeaveOutRule::Settings(number));
                    return (false, false);
                }
                (Directory::Tests, None) => {
                    self.leave_out_files(path, &pattern(Counted::Files));
                    return (false, false);
                }
                (Directory::Entered, None) => {}
            }
        }
        let is_new = self.seen.insert(real);
        (is_new, !is_new)
    }

    /// Records each source file of a tree that this rule leaves out, except the files in vendored directories.
    fn leave_out_files(&mut self, tree: &Path, rule: &LeaveOutRule) {
        let entries = WalkDir::new(tree).into_iter().filter_entry(|entry| {
            let name = entry.file_name().to_string_lossy();
            entry.depth() == 0 || rules::of_directory(&name) != Directory::Vendored
        });
        for entry in entries.flatten() {
            if entry.file_type().is_file() && Language::of(entry.path()).is_some() {
                let path = entry.path();
                let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
                self.leave_out(real, rule.clone());
            }
        }
    }

    /// Handles an entry below a given path that is not a directory. Returns true if it is to be examined.
    fn entry(&mut self, entry: &DirEntry) -> bool {
        let path = entry.path();
        let real = match path.canonicalize() {
            Ok(real) => real,
            Err(error) => return self.unread(path, &error),
        };
        let name = entry.file_name().to_string_lossy();
        let rule = match (rules::of_file(&name), self.leave_outs.get(&real)) {
            (Some(pattern), _) => LeaveOutRule::Name(pattern.to_owned(), Counted::Files),
            (None, Some(number)) => LeaveOutRule::Settings(*number),
            (None, None) => return self.file(path, real),
        };
        self.leave_out(real, rule);
        false
    }

    fn file(&mut self, path: &Path, real: PathBuf) -> bool {
        if self.settings_file.as_ref() == Some(&real) {
            self.leave_out(real, LeaveOutRule::SettingsFile);
            return false;
        }
        let Some(language) = Language::of(path).or_else(|| Language::of(&real)) else {
            self.found.others += 1;
            return false;
        };
        if self.seen.insert(real.clone()) {
            self.found.sources.push(Source {
                path: clean(path),
                real,
                language,
            });
        }
        true
    }

    fn leave_out(&mut self, place: PathBuf, rule: LeaveOutRule) {
        self.found.left_out.entry(place).or_insert(rule);
    }

    /// Handles an entry that the walk could not access. Returns true if it might have been examined.
    fn error(&mut self, error: walkdir::Error, root: &Path) -> bool {
        let path = error.path().unwrap_or(root).to_owned();
        if error.loop_ancestor().is_some() {
            self.leave_out(path, LeaveOutRule::LinkCycle);
            return false;
        }
        let is_dangling = fs::symlink_metadata(&path).is_ok_and(|it| it.is_symlink())
            && fs::metadata(&path).is_err_and(|it| it.kind() == io::ErrorKind::NotFound);
        if is_dangling && Language::of(&path).is_none() {
            self.found.others += 1;
            return false;
        }
        let why = error
            .into_io_error()
            .unwrap_or_else(|| io::Error::other("cannot access this entry"));
        self.unread(&path, &why)
    }

    fn unread(&mut self, path: &Path, why: &io::Error) -> bool {
        self.found.unread.push(Unread {
            file: clean(path),
            line: None,
            column: None,
            message: why.to_string(),
        });
        true
    }
}

/// Removes the leading `./` that a walk of `.` adds.
fn clean(path: &Path) -> PathBuf {
    let parts = path.components();
    parts
        .filter(|part| !matches!(part, Component::CurDir))
        .collect()
}
