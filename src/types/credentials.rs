//! Removal of credentials from texts.

use std::borrow::Cow;

/// The beginnings of URL parameters that contain a password.
const PARAMETERS: [&str; 4] = ["?pass=", "&pass=", "?password=", "&password="];

/// The beginning of a URL in a help text, which contains no credentials.
const PLACEHOLDER: &str = "[[user]:password@]";

/// Replaces the credentials of each URL in a text by `…`, so that the text can be printed.
///
/// The credentials are the value of a parameter `pass` or `password`, and everything between `://` and the last `@`
/// before the next white space or backtick. The text is not parsed as a URL, because an invalid URL may contain `/` or
/// `@` in its password.
///
/// ```
/// use portcullis::types::without_credentials;
///
/// let text = "no tape at `redis://me:s3cret@127.0.0.1/a:b`";
/// assert_eq!(without_credentials(text), "no tape at `redis://…@127.0.0.1/a:b`");
/// assert_eq!(without_credentials("unix:/socket?pass=s3cret&db=1"), "unix:/socket?pass=…&db=1");
/// ```
#[must_use]
pub fn without_credentials(text: &str) -> Cow<'_, str> {
    if !text.contains("://") && !PARAMETERS.iter().any(|name| text.contains(name)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        shown.push_str(before);
        shown.push_str("://");
        let end = after.find(|c: char| c.is_whitespace() || c == '`');
        let (url, others) = end
            .and_then(|end| after.split_at_checked(end))
            .unwrap_or((after, ""));
        match url.rsplit_once('@') {
            Some(_) if url.starts_with(PLACEHOLDER) => shown.push_str(url),
            Some((_, place)) => {
                shown.push_str("…@");
                shown.push_str(place);
            }
            // `://:password` without a host.
            None if url.starts_with(':') => shown.push('…'),
            None => shown.push_str(url),
        }
        rest = others;
    }
    shown.push_str(rest);
    for name in PARAMETERS {
        shown = without_parameter(&shown, name);
    }
    Cow::Owned(shown)
}

fn without_parameter(text: &str, name: &str) -> String {
    let mut parts = text.split(name);
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| c.is_whitespace() || matches!(c, '`' | '&'));
        let tail = end.and_then(|end| part.split_at_checked(end));
        shown.push_str(name);
        shown.push('…');
        shown.push_str(tail.map_or("", |(_, tail)| tail));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_removed_wherever_they_occur() {
        for (text, shown) in [
            ("", ""),
            ("a@b", "a@b"),
            (
                "redis://[[user]:password@]host",
                "redis://[[user]:password@]host",
            ),
            ("redis://127.0.0.1:6379/1", "redis://127.0.0.1:6379/1"),
            ("redis://:s3cret@h/1", "redis://…@h/1"),
            ("`rediss://me:s3cret@h` x@y", "`rediss://…@h` x@y"),
            ("redis://:s3/cr@et@h", "redis://…@h"),
            ("redis://:s3cret", "redis://…"),
            ("a://:s3cret@h b://:s3cret@i", "a://…@h b://…@i"),
            ("a://h,b://:s3cret@i", "a://…@i"),
            (
                "redis+unix:///x?db=1&pass=s3cret",
                "redis+unix:///x?db=1&pass=…",
            ),
            ("unix:/x?pass=s3cret y", "unix:/x?pass=… y"),
        ] {
            assert_eq!(without_credentials(text), shown, "{text}");
        }
    }
}
