//! Comparison of findings with labels.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Display, Formatter},
    fs,
    path::{Path, PathBuf},
};

use portcullis::types::Timestamp;
use portcullis_proof::{Settings, prove};

use crate::labels::{Label, labels};

/// A file, a line in it, and a check.
type Place = (PathBuf, usize, u8);

/// The confusion matrix of a labelled tree.
pub(crate) struct Table {
    /// The counts by language and check.
    rows: BTreeMap<(&'static str, u8), Row>,
    /// The number of look-alikes by class.
    classes: BTreeMap<String, usize>,
    /// The differences, with file and line.
    pub(crate) wrong: Vec<String>,
}

#[derive(Default)]
struct Row {
    found: usize,
    missed: usize,
    wrong: usize,
}

impl Table {
    pub(crate) fn of(folder: &Path) -> Self {
        let report = prove(
            [folder],
            &Settings::default(),
            Timestamp::from_micros(0).unwrap(),
        )
        .unwrap();
        assert!(report.unread().is_empty(), "{report}");
        let found: BTreeSet<Place> = report
            .findings()
            .iter()
            .map(|it| (it.file.clone(), it.line, it.check.number()))
            .collect();
        let (mut there, mut classes) = (BTreeSet::new(), BTreeMap::new());
        for path in files(folder) {
            let text = fs::read_to_string(&path).unwrap();
            for (line, label) in labels(&path, &text) {
                match label {
                    Label::Violation(checks) => {
                        there.extend(checks.into_iter().map(|check| (path.clone(), line, check)));
                    }
                    Label::LookAlike(class) => *classes.entry(class).or_default() += 1,
                }
            }
        }
        let mut table = Self {
            rows: BTreeMap::new(),
            classes,
            wrong: Vec::new(),
        };
        for place in there.union(&found) {
            let row = table.rows.entry((language(&place.0), place.2)).or_default();
            let described = |what: &str| {
                format!(
                    "{what} check {} at {}:{}",
                    place.2,
                    place.0.display(),
                    place.1
                )
            };
            match (there.contains(place), found.contains(place)) {
                (true, true) => row.found += 1,
                (true, false) => {
                    row.missed += 1;
                    table.wrong.push(described("false negative of"));
                }
                (false, _) => {
                    row.wrong += 1;
                    table.wrong.push(described("false positive of"));
                }
            }
        }
        table
    }

    /// Returns the checks with at least one labelled violation in a language.
    pub(crate) fn checks(&self, language: &str) -> BTreeSet<u8> {
        let there = self
            .rows
            .iter()
            .filter(|((of, _), row)| *of == language && row.found + row.missed > 0);
        there.map(|((_, check), _)| *check).collect()
    }

    /// Returns the number of labelled violations in a language.
    pub(crate) fn labelled(&self, language: &str) -> usize {
        let rows = self.rows.iter().filter(|((of, _), _)| *of == language);
        rows.map(|(_, row)| row.found + row.missed).sum()
    }

    pub(crate) fn look_alikes(&self) -> &BTreeMap<String, usize> {
        &self.classes
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "language  check  found  false negatives  false positives"
        )?;
        let mut sum = Row::default();
        for ((language, check), row) in &self.rows {
            writeln!(
                f,
                "{language:8}  {check:>5}  {:>5}  {:>15}  {:>15}",
                row.found, row.missed, row.wrong
            )?;
            sum.found += row.found;
            sum.missed += row.missed;
            sum.wrong += row.wrong;
        }
        writeln!(
            f,
            "all              {:>5}  {:>15}  {:>15}",
            sum.found, sum.missed, sum.wrong
        )?;
        writeln!(
            f,
            "recall {}/{}, precision {}/{}",
            sum.found,
            sum.found + sum.missed,
            sum.found,
            sum.found + sum.wrong
        )?;
        writeln!(f, "\nlook-alikes: {}", self.classes.values().sum::<usize>())?;
        for (class, count) in &self.classes {
            writeln!(f, "{count:>5}  {class}")?;
        }
        Ok(())
    }
}

fn language(path: &Path) -> &'static str {
    match path.extension().and_then(|it| it.to_str()) {
        Some("py") => "Python",
        Some("rs") => "Rust",
        _ => "settings",
    }
}

/// Returns all files below a folder, except label files.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_none_or(|it| it != "labels") {
                all.push(path);
            }
        }
    }
    all
}
