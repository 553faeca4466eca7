//! The report as text for people.

use std::fmt::{self, Display};

use super::{Check, Counted, Examined, Finding, Language, LeftOut, Report, Stale, Unread};

/// Longest explanation that is printed, in characters. A list of symbols can be longer.
const WHY_CHARS_MAX: usize = 200;

/// The style of a word on a terminal, as an ECMA-48 escape code.
#[derive(Clone, Copy)]
enum Paint {
    Good,
    Bad,
    Place,
    Head,
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for check in Check::ALL {
            self.check_line(f, check)?;
        }
        for check in Check::ALL {
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
            let (until, reason) = (it.until, Printable(&it.reason));
            place_of(f, &it.finding)?;
            writeln!(f, "  {check}, until {until}: {reason}")?;
            writeln!(f, "    {}", Printable(&it.finding.code))
        })?;
        section(
            f,
            "settings entries without effect",
            &self.stale,
            write_stale,
        )?;
        section(
            f,
            "policy documents, whose numbers are allowed because a policy expires",
            &self.policies,
            |f, it| writeln!(f, "{}", Printable(it.display())),
        )?;
        section(f, "left out", &self.left_out, write_left_out)?;
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
            write!(f, "{separator}{}", Many(findings, "finding"))?;
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
            Many(files, "file"),
            Many(bytes, "byte")
        )?;
        for (number, (language, examined)) in self.examined.iter().enumerate() {
            let separator = if number == 0 { ": " } else { ", " };
            write!(
                f,
                "{separator}{} {}",
                Grouped(examined.files),
                name(*language)
            )?;
        }
        match &self.settings {
            Some(path) => writeln!(f, "; settings from `{}`", Printable(path.display()))?,
            None => writeln!(f, "; no settings")?,
        }
        verdict(f, self.passed())?;
        let mut separator = ": ";
        if !self.findings.is_empty() {
            write!(f, "{separator}{}", Many(self.findings.len(), "finding"))?;
            separator = ", ";
        }
        if !self.unread.is_empty() {
            write!(f, "{separator}{} not read", Many(self.unread.len(), "file"))?;
        }
        writeln!(f)
    }
}

fn verdict(f: &mut fmt::Formatter<'_>, passed: bool) -> fmt::Result {
    if passed {
        paint(f, Paint::Good, "PASS")
    } else {
        paint(f, Paint::Bad, "FAIL")
    }
}

fn head(f: &mut fmt::Formatter<'_>, what: impl Display) -> fmt::Result {
    writeln!(f)?;
    paint(f, Paint::Head, what)?;
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
    let file = Printable(finding.file.display());
    let (line, column) = (finding.line, finding.column);
    let place = format_args!("{file}:{line}:{column}");
    paint(f, Paint::Place, place)
}

fn write_finding(f: &mut fmt::Formatter<'_>, finding: &Finding) -> fmt::Result {
    place_of(f, finding)?;
    let cut: String = finding.why.chars().take(WHY_CHARS_MAX).collect();
    let more = if cut.len() < finding.why.len() {
        "…"
    } else {
        ""
    };
    writeln!(f, "  {}{more}", Printable(&cut))?;
    if let Some(expired) = &finding.expired {
        let (until, reason) = (expired.until, Printable(&expired.reason));
        writeln!(f, "    was accepted until {until}: {reason}")?;
    }
    if finding.code.is_empty() {
        return Ok(());
    }
    writeln!(f, "    {}", Printable(&finding.code))?;
    let before: String = finding.code.chars().take(finding.before).collect();
    let width = Printable(&before).to_string().chars().count();
    write!(f, "    {:width$}", "")?;
    paint(f, Paint::Bad, "^")?;
    writeln!(f)
}

fn write_unread(f: &mut fmt::Formatter<'_>, unread: &Unread) -> fmt::Result {
    let file = Printable(unread.file.display());
    match (unread.line, unread.column) {
        (Some(line), Some(column)) => {
            paint(f, Paint::Place, format_args!("{file}:{line}:{column}"))?;
        }
        (Some(_) | None, _) => paint(f, Paint::Place, file)?,
    }
    writeln!(f, "  {}", Printable(&unread.message))
}

fn write_stale(f: &mut fmt::Formatter<'_>, stale: &Stale) -> fmt::Result {
    paint(f, Paint::Place, Printable(&stale.file))?;
    write!(f, "  ")?;
    if let Some(check) = stale.check {
        write!(f, "{}, ", check.id())?;
    }
    let (until, reason) = (stale.until, Printable(&stale.reason));
    writeln!(f, "until {until}: {reason}; {}", stale.because)?;
    match &stale.code {
        Some(code) => writeln!(f, "    {}", Printable(code)),
        None => Ok(()),
    }
}

fn write_left_out(f: &mut fmt::Formatter<'_>, left_out: &LeftOut) -> fmt::Result {
    let what = match left_out.counted {
        Counted::Files => "file",
        Counted::Trees => "tree",
        Counted::Items => "item",
        Counted::Links => "link",
    };
    let count = Many(left_out.count, what).to_string();
    write!(f, "{count:>10}  {}", Printable(&left_out.rule))?;
    if let (Some(until), Some(reason)) = (left_out.until, &left_out.reason) {
        write!(f, ", until {until}: {}", Printable(reason))?;
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
fn paint(f: &mut fmt::Formatter<'_>, paint: Paint, what: impl Display) -> fmt::Result {
    if !f.alternate() {
        return write!(f, "{what}");
    }
    let code = match paint {
        Paint::Good => "1;32",
        Paint::Bad => "1;31",
        Paint::Place => "36",
        Paint::Head => "1",
    };
    write!(f, "\x1b[{code}m{what}\x1b[0m")
}

/// Text from a file with escaped control characters, so that a terminal does not execute them.
struct Printable<T>(T);

impl<T: Display> Display for Printable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.to_string().chars().try_for_each(|c| match c {
            '\t' => f.write_str(" "),
            c if c.is_control() => write!(f, "{}", c.escape_default()),
            c => write!(f, "{c}"),
        })
    }
}

/// A count with its noun, in singular or plural.
struct Many<N>(N, &'static str);

impl<N: TryInto<u64> + Copy> Display for Many<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.try_into().unwrap_or(u64::MAX);
        let plural = if count == 1 { "" } else { "s" };
        write!(f, "{} {}{plural}", Grouped(count), self.1)
    }
}

/// A number with a comma between groups of three digits.
struct Grouped(u64);

impl Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (number, digit) in digits.chars().enumerate() {
            if number > 0 && (digits.len() - number).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}
