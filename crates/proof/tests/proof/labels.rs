//! Reading of the labels of a file.

use std::{fs, path::Path};

/// The label of a line.
pub(crate) enum Label {
    /// A violation of these checks. The description after the check numbers is not evaluated.
    Violation(Vec<u8>),
    /// A look-alike of this class.
    LookAlike(String),
}

/// Returns every label of a file with its line.
pub(crate) fn labels(path: &Path, text: &str) -> Vec<(usize, Label)> {
    let beside = path.with_added_extension("labels");
    if let Ok(beside) = fs::read_to_string(&beside) {
        return beside
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| {
                let (number, label) = line.split_once(' ').unwrap();
                (number.parse().unwrap(), Label::read(label).unwrap())
            })
            .collect();
    }
    let lines = text.lines().enumerate();
    lines
        .filter_map(|(at, line)| Some((at + 1, last(line)?)))
        .collect()
}

/// Returns the label in the last comment of a line, if there is one.
fn last(line: &str) -> Option<Label> {
    ["# ", "// "].into_iter().find_map(|begin| {
        let (_, comment) = line
            .rsplit_once(&format!("{begin}! "))
            .map(|it| (it.0, format!("! {}", it.1)))
            .or_else(|| {
                line.rsplit_once(&format!("{begin}= "))
                    .map(|it| (it.0, format!("= {}", it.1)))
            })?;
        Label::read(&comment)
    })
}

impl Label {
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(class) = text.strip_prefix("= ") {
            return Some(Self::LookAlike(class.trim().to_owned()));
        }
        let (checks, _way) = text.strip_prefix("! ")?.trim().split_once(' ')?;
        let checks = checks
            .split(',')
            .map(|number| number.parse().ok())
            .collect::<Option<_>>()?;
        Some(Self::Violation(checks))
    }
}
