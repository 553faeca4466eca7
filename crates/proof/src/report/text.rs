//! The report as human-readable text.

use std::fmt::{self, Display};

use anstyle::{AnsiColor, Style};
use indicatif::HumanCount;
use portcullis::types::Shown;

use super::{Examined, LeftOut, Report, Stale};
use crate::{
    check::Check,
    finding::{Finding, Unread},
    language::Language,
    walk::Counted,
};

/// Maximum length of a printed explanation, in characters. An explanation that lists symbols can be
/// longer and is cut.
const WHY_CHARS_MAX: usize = 200;

const PASS: Style = AnsiColor::Green.on_default().bold();
const FAIL: Style = AnsiColor::Red.on_default().bold();
const PLACE: Style = AnsiColor::Cyan.on_default();
const HEADING: Style = Style::new().bold();

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for &check in Check::ALL {
            self.check_line(f, check)?;
        }
        for &check in Check::ALL {
            let mut of_check = self
                .findings
                .iter()
                .filter(|it| it.check == check)
                .peekable();
            if of_check.peek().is_some() {
                head(f, format_args!("{}: {}", check.id(), check.demands()))?;
            }
            of_check.try_for_each(|finding| write_finding(f, finding))?;
        }
        section(f, "not read", &self.unread, write_unread)?;
        section(f, "accepted", &self.accepted, |f, it| {
            let check = it.finding.check.id();
            let (until, reason) = (it.until, printable(&it.reason));
            place_of(f, &it.finding)?;
            writeln!(f, "  {check}, until {until}: {reason}")?;
            writeln!(f, "    {}", printable(&it.finding.code))
        })?;
        section(
            f,
            "settings entries without effect",
            &self.stale,
            write_stale,
        )?;
        section(
            f,
            "policy documents (their policy keys are not checked, because a policy is the place for trading numbers)",
            &self.policies,
            |f, it| writeln!(f, "{}", printable(it.display())),
        )?;
        section(f, "excluded", &self.left_out, write_left_out)?;
        writeln!(f)?;
        self.totals(f)
    }
}

impl Report {
    fn check_line(&self, f: &mut fmt::Formatter<'_>, check: Check) -> fmt::Result {
        let (findings, accepted) = self.counts(check);
        write!(f, "{:>2} ", check.number())?;
        verdict(f, findings == 0)?;
        write!(f, "  {}", check.demands())?;
        let mut separator = ": ";
        if findings > 0 {
            write!(f, "{separator}{}", Quantity(findings, "finding"))?;
            separator = ", ";
        }
        if accepted > 0 {
            write!(f, "{separator}{accepted} accepted")?;
        }
        writeln!(f)
    }

    fn totals(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Examined { files, bytes } = self.total();
        write!(
            f,
            "examined {}, {}",
            Quantity(files, "file"),
            Quantity(bytes, "byte")
        )?;
        for (number, (language, examined)) in self.examined.iter().enumerate() {
            let separator = if number == 0 { ": " } else { ", " };
            write!(
                f,
                "{separator}{} {}",
                HumanCount(examined.files),
                name(*language)
            )?;
        }
        match &self.settings {
            Some(path) => writeln!(f, "; settings from `{}`", printable(path.display()))?,
            None => writeln!(f, "; no settings")?,
        }
        verdict(f, self.passed())?;
        let mut separator = ": ";
        if !self.findings.is_empty() {
            write!(f, "{separator}{}", Quantity(self.findings.len(), "finding"))?;
            separator = ", ";
        }
        if !self.unread.is_empty() {
            write!(
                f,
                "{separator}{} not read",
                Quantity(self.unread.len(), "file")
            )?;
        }
        writeln!(f)
    }
}

fn verdict(f: &mut fmt::Formatter<'_>, passed: bool) -> fmt::Result {
    if passed {
        paint(f, PASS, "PASS")
    } else {
        paint(f, FAIL, "FAIL")
    }
}

fn head(f: &mut fmt::Formatter<'_>, what: impl Display) -> fmt::Result {
    writeln!(f)?;
    paint(f, HEADING, what)?;
    writeln!(f)
}

fn section<T>(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    items: &[T],
    mut write: impl FnMut(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    if items.is_empty() {
        return Ok(());
    }
    head(f, what)?;
    items.iter().try_for_each(|item| write(f, item))
}

fn place_of(f: &mut fmt::Formatter<'_>, finding: &Finding) -> fmt::Result {
    let file = printable(finding.file.display());
    let (line, column) = (finding.line, finding.column);
    let place = format_args!("{file}:{line}:{column}");
    paint(f, PLACE, place)
}

fn write_finding(f: &mut fmt::Formatter<'_>, finding: &Finding) -> fmt::Result {
    place_of(f, finding)?;
    let cut: String = finding.why.chars().take(WHY_CHARS_MAX).collect();
    let more = if cut.len() < finding.why.len() {
        "…"
    } else {
        ""
    };
    writeln!(f, "  {}{more}", printable(&cut))?;
    if let Some(expired) = &finding.expired {
        let (until, reason) = (expired.until, printable(&expired.reason));
        writeln!(f, "    was accepted until {until}: {reason}")?;
    }
    if finding.code.is_empty() {
        return Ok(());
    }
    writeln!(f, "    {}", printable(&finding.code))?;
    let before: String = finding.code.chars().take(finding.before).collect();
    let width = printable(&before).chars().count();
    write!(f, "    {:width$}", "")?;
    paint(f, FAIL, "^")?;
    writeln!(f)
}

fn write_unread(f: &mut fmt::Formatter<'_>, unread: &Unread) -> fmt::Result {
    let file = printable(unread.file.display());
    match (unread.line, unread.column) {
        (Some(line), Some(column)) => {
            paint(f, PLACE, format_args!("{file}:{line}:{column}"))?;
        }
        (Some(_) | None, _) => paint(f, PLACE, file)?,
    }
    writeln!(f, "  {}", printable(&unread.message))
}

fn write_stale(f: &mut fmt::Formatter<'_>, stale: &Stale) -> fmt::Result {
    paint(f, PLACE, printable(&stale.file))?;
    write!(f, "  ")?;
    if let Some(check) = stale.check {
        write!(f, "{}, ", check.id())?;
    }
    let (until, reason) = (stale.until, printable(&stale.reason));
    writeln!(f, "until {until}: {reason} (no effect: {})", stale.because)?;
    match &stale.code {
        Some(code) => writeln!(f, "    {}", printable(code)),
        None => Ok(()),
    }
}

fn write_left_out(f: &mut fmt::Formatter<'_>, left_out: &LeftOut) -> fmt::Result {
    let what = match left_out.counted {
        Counted::Files => "file",
        Counted::Trees => "folder",
        Counted::Items => "item",
        Counted::Links => "link",
    };
    let count = Quantity(left_out.count, what).to_string();
    write!(f, "{count:>10}  {}", printable(&left_out.rule))?;
    if let (Some(until), Some(reason)) = (left_out.until, &left_out.reason) {
        write!(f, ", until {until}: {}", printable(reason))?;
    }
    writeln!(f)
}

const fn name(language: Language) -> &'static str {
    match language {
        Language::Python => "Python",
        Language::Rust => "Rust",
        Language::Toml => "TOML",
        Language::Yaml => "YAML",
        Language::Json => "JSON",
        Language::Dotenv => ".env",
    }
}

/// Writes `what`, in colour if the format is `{:#}`.
fn paint(f: &mut fmt::Formatter<'_>, style: Style, what: impl Display) -> fmt::Result {
    if f.alternate() {
        write!(f, "{style}{what}{style:#}")
    } else {
        write!(f, "{what}")
    }
}

/// Returns text from a file on one line, safe for a terminal. A tab becomes a space, so that one column is one character.
fn printable(text: impl Display) -> String {
    Shown(text.to_string().replace('\t', " ")).whole()
}

/// A count and its noun, printed in singular or plural.
struct Quantity<N>(N, &'static str);

impl<N: TryInto<u64> + Copy> Display for Quantity<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.try_into().unwrap_or(u64::MAX);
        let plural = if count == 1 { "" } else { "s" };
        write!(f, "{} {}{plural}", HumanCount(count), self.1)
    }
}
