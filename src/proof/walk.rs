//! Which files there are, and what is left out of them.

mod rules;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Component, Path, PathBuf},
};

use walkdir::{DirEntry, WalkDir};

use self::rules::Directory;
use super::{Counted, Language, ProofError, Unread, settings::Settings};
use crate::domain::Instant;

/// A file to examine.
#[derive(Debug)]
pub(super) struct Source {
    /// As it was reached from a given path.
    pub(super) path: PathBuf,
    /// Behind all links.
    pub(super) real: PathBuf,
    pub(super) language: Language,
}

/// Why something was left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rule {
    /// A pattern of names, and what its places are.
    Name(String, Counted),
    /// An entry of the settings, by its number.
    Settings(usize),
    /// The settings themselves.
    SettingsFile,
    /// A link that leads to where it came from.
    Circle,
}

/// What lies at and below the given paths.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// By path.
    pub(super) sources: Vec<Source>,
    /// Real places, each with the rule that left it out first.
    pub(super) left_out: BTreeMap<PathBuf, Rule>,
    /// Files of other kinds.
    pub(super) others: u64,
    pub(super) unread: Vec<Unread>,
}

struct Walk {
    /// What the settings leave out today, by its real place.
    left: BTreeMap<PathBuf, usize>,
    settings_file: Option<PathBuf>,
    /// Real directories that were entered, real files that were taken.
    seen: BTreeSet<PathBuf>,
    found: Found,
}

pub(super) fn walk(
    paths: impl IntoIterator<Item = impl AsRef<Path>>,
    settings: &Settings,
    now: Instant,
) -> Result<Found, ProofError> {
    let left = settings.left_out().iter().enumerate();
    let left = left
        .filter(|(_, left)| !left.until.is_over(now))
        .filter_map(|(number, left)| Some((settings.place(&left.path)?, number)));
    let mut walk = Walk {
        left: left.collect(),
        settings_file: settings.path().and_then(|path| path.canonicalize().ok()),
        seen: BTreeSet::new(),
        found: Found::default(),
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
    // Left out on one way, and examined on another.
    found.left_out.retain(|place, _| !seen.contains(place));
    found.sources.sort_by(|a, b| a.path.cmp(&b.path));
    found.unread.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(found)
}

impl Walk {
    /// A path as it was given: no rule of names is for it.
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

    /// Whether there was anything to examine.
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

    /// Whether to enter it, and whether it was entered before.
    fn directory(&mut self, entry: &DirEntry) -> (bool, bool) {
        let path = entry.path();
        let Ok(real) = path.canonicalize() else {
            // Entering it will say why not.
            return (true, false);
        };
        if entry.depth() > 0 {
            let name = entry.file_name().to_string_lossy();
            let pattern = |counted| Rule::Name(format!("{name}/"), counted);
            let number = self.left.get(&real).copied();
            match (rules::of_directory(&name), number) {
                (Directory::Vendored, _) => {
                    self.leave_out(real, pattern(Counted::Trees));
                    return (false, false);
                }
                (_, Some(number)) => {
                    self.leave_out_files(path, &Rule::Settings(number));
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

    /// Every file in there that would be examined elsewhere.
    fn leave_out_files(&mut self, tree: &Path, rule: &Rule) {
        let entries = WalkDir::new(tree).into_iter().filter_entry(|entry| {
            let name = entry.file_name().to_string_lossy();
            entry.depth() == 0 || rules::of_directory(&name) != Directory::Vendored
        });
        for entry in entries.flatten() {
            if entry.file_type().is_file() && rules::language(entry.path()).is_some() {
                let path = entry.path();
                let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
                self.leave_out(real, rule.clone());
            }
        }
    }

    /// What is no directory, below a given path. Whether it is to be examined.
    fn entry(&mut self, entry: &DirEntry) -> bool {
        let path = entry.path();
        let real = match path.canonicalize() {
            Ok(real) => real,
            Err(error) => return self.unread(path, &error),
        };
        let name = entry.file_name().to_string_lossy();
        let rule = match (rules::of_file(&name), self.left.get(&real)) {
            (Some(pattern), _) => Rule::Name(pattern.to_owned(), Counted::Files),
            (None, Some(number)) => Rule::Settings(*number),
            (None, None) => return self.file(path, real),
        };
        self.leave_out(real, rule);
        false
    }

    fn file(&mut self, path: &Path, real: PathBuf) -> bool {
        if self.settings_file.as_ref() == Some(&real) {
            self.leave_out(real, Rule::SettingsFile);
            return false;
        }
        let Some(language) = rules::language(path).or_else(|| rules::language(&real)) else {
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

    fn leave_out(&mut self, place: PathBuf, rule: Rule) {
        self.found.left_out.entry(place).or_insert(rule);
    }

    /// What the walk could not look at. Whether it is a thing that would have been examined.
    fn error(&mut self, error: walkdir::Error, root: &Path) -> bool {
        let path = error.path().unwrap_or(root).to_owned();
        if error.loop_ancestor().is_some() {
            self.leave_out(path, Rule::Circle);
            return false;
        }
        let is_dangling = fs::symlink_metadata(&path).is_ok_and(|it| it.is_symlink())
            && fs::metadata(&path).is_err_and(|it| it.kind() == io::ErrorKind::NotFound);
        if is_dangling && rules::language(&path).is_none() {
            self.found.others += 1;
            return false;
        }
        let why = error
            .into_io_error()
            .unwrap_or_else(|| io::Error::other("cannot be walked"));
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

/// Without the `./` that a walk through `.` puts before it.
fn clean(path: &Path) -> PathBuf {
    let parts = path.components();
    parts
        .filter(|part| !matches!(part, Component::CurDir))
        .collect()
}
