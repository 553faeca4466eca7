//! Splitting of identifiers into words.

use crate::work::steps;

/// Splits an identifier into lower-case words. `maxLeverage`, `MAX_LEVERAGE` and `max-leverage` are all `max`,
/// `leverage`.
pub(crate) fn words(identifier: &str) -> Vec<String> {
    steps(1 + identifier.len() / 16);
    let mut words = Vec::new();
    let mut word = String::new();
    let mut letters = identifier.chars().peekable();
    let mut before = None;
    while let Some(letter) = letters.next() {
        if !letter.is_alphanumeric() {
            words.extend(take(&mut word));
        } else {
            let ends_a_run = letters.peek().is_some_and(|next| next.is_lowercase())
                && before.is_some_and(char::is_uppercase);
            let rises =
                before.is_some_and(|before: char| before.is_lowercase() || before.is_numeric());
            if letter.is_uppercase() && (rises || ends_a_run) {
                words.extend(take(&mut word));
            }
            word.extend(letter.to_lowercase());
        }
        before = Some(letter);
    }
    words.extend(take(&mut word));
    words
}

fn take(word: &mut String) -> Option<String> {
    (!word.is_empty()).then(|| std::mem::take(word))
}

/// Returns true if `word` is equal to `name` or is its plural.
pub(crate) fn same_word(word: &str, name: &str) -> bool {
    word == name || word.strip_suffix('s') == Some(name)
}

/// Returns true if any of `words` is one of the names in `of`, or the plural of one.
pub(crate) fn contains_any(words: &[String], of: &[&str]) -> bool {
    words
        .iter()
        .any(|word| of.iter().any(|name| same_word(word, name)))
}
