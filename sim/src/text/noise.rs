//! Removal of floating-point noise from human-readable text.

/// The number of significant digits to which a number is rounded to find out whether its last digits are noise.
const DIGITS: usize = 14;
/// A number has noise if rounding makes it shorter by at least this number of characters.
const SHORTER: usize = 4;

/// Returns a text in which numbers such as `90269.99999999993` and `0.30000000000000004` are written without the error
/// of binary fractions: `90270` and `0.3`. Other numbers keep all digits, and so does a number that would then be equal
/// to another number on its line, because a message may be about their difference.
#[must_use]
pub fn without_noise(text: &str) -> String {
    text.split_inclusive('\n').map(clean_line).collect()
}

fn clean_line(line: &str) -> String {
    let is_part = |c: char| c.is_ascii_digit() || c == '.';
    let mut pieces: Vec<(&str, Option<String>)> = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let is_number = rest.starts_with(is_part);
        let end = rest.find(|c| is_part(c) != is_number).unwrap_or(rest.len());
        let (piece, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let continues = pieces
            .last()
            .is_some_and(|(last, _)| last.ends_with(char::is_alphanumeric));
        let rounded = if is_number && !continues {
            rounded(piece)
        } else {
            None
        };
        pieces.push((piece, rounded));
        rest = after;
    }
    let is_taken = |number: &str, from: &str| {
        let value = |(piece, rounded): &(&str, Option<String>)| {
            let shown = rounded.as_deref().unwrap_or(piece);
            *piece != from && shown.trim_end_matches('.') == number
        };
        pieces.iter().any(value)
    };
    let shown = pieces.iter().map(|(piece, rounded)| match rounded {
        Some(number) if !is_taken(number, piece) => {
            let stop = if piece.ends_with('.') { "." } else { "" };
            format!("{number}{stop}")
        }
        Some(_) | None => (*piece).to_owned(),
    });
    shown.collect()
}

/// Returns the number without rounding noise, such as `0.3` for `0.30000000000000004`. Returns `None` if the text has no
/// such noise, or is not a decimal fraction.
fn rounded(text: &str) -> Option<String> {
    let text = text.strip_suffix('.').unwrap_or(text);
    if text.len() <= DIGITS || text.matches('.').count() != 1 {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    let short: f64 = format!("{value:.*e}", DIGITS.saturating_sub(1))
        .parse()
        .ok()?;
    let short = short.to_string();
    (short.len().saturating_add(SHORTER) <= text.len()).then_some(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_removed() {
        for (text, expected) in [
            ("90269.99999999999 USD", "90270 USD"),
            ("90269.99999999993", "90270"),
            (
                "a 0.30000000000000004; b 18053.999999999985.",
                "a 0.3; b 18054.",
            ),
            ("-0.06000000000000001", "-0.06"),
            ("(1.1000000000000001x)\n2.2000000000000002", "(1.1x)\n2.2"),
        ] {
            assert_eq!(without_noise(text), expected);
        }
    }

    #[test]
    fn other_texts_are_unchanged() {
        for text in [
            "",
            "1795929009.753276",
            "0.5024999791668749",
            "2026-11-29T05:10:09.753276Z",
            "v1.2.3, 192.168.0.1, ...",
            "1234567890123456789",
            "0.000000001312 12345.678901234567",
            "sha256x0.30000000000000004",
            "leverage 8.000000000000002 exceeds the limit 8 (policy)",
            "1.0000000000000002 is not 1.0000000000000004",
        ] {
            assert_eq!(without_noise(text), text);
        }
    }
}
