//! Tests that relative links of the Markdown pages lead to files and headings that exist.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::root;

fn pages() -> Vec<PathBuf> {
    let folders = [root(), root().join("docs"), root().join("fuzz")];
    let mut pages: Vec<_> = folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.sort();
    pages
}

/// Returns the lines of a page outside of code blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
            return false;
        }
        !is_code
    })
}

/// Returns the anchors of the headings: in lower case, without punctuation, and with hyphens
/// instead of spaces.
fn anchors(text: &str) -> BTreeSet<String> {
    prose(text)
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            let heading = line.trim_start_matches('#').trim().to_lowercase();
            let kept = heading
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

/// Returns the targets of inline links and of reference definitions.
fn targets(text: &str) -> Vec<String> {
    let mut targets = Vec::new();
    for line in prose(text) {
        for part in line.split("](").skip(1) {
            targets.extend(part.split(')').next().map(str::to_owned));
        }
        if let Some((name, target)) = line.split_once("]: ")
            && name.starts_with('[')
        {
            targets.push(target.trim().to_owned());
        }
    }
    targets
}

fn broken_link(page: &Path, target: &str) -> Option<String> {
    if target.starts_with("http") || target.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let file = match path {
        "" => page.to_owned(),
        path => page.parent().unwrap().join(path),
    };
    if !file.exists() {
        return Some(format!("{}: no file `{path}`", page.display()));
    }
    let has_heading =
        anchor.is_empty() || anchors(&fs::read_to_string(file).unwrap()).contains(anchor);
    (!has_heading).then(|| format!("{}: no heading for `{target}`", page.display()))
}

#[test]
fn every_relative_link_has_a_target() {
    let mut count = 0;
    let mut broken = Vec::new();
    for page in pages() {
        for target in targets(&fs::read_to_string(&page).unwrap()) {
            count += 1;
            broken.extend(broken_link(&page, &target));
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(count > 100, "{count}");
}

#[test]
fn a_broken_link_is_found() {
    let page = root().join("README.md");
    assert!(broken_link(&page, "docs/no-such-page.md").is_some());
    assert!(broken_link(&page, "docs/glossary.md#no-such-term").is_some());
    assert!(broken_link(&page, "docs/glossary.md#intent").is_none());
}
