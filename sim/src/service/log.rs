//! What a service says, a line at a time, on standard error.

use std::io::Write as _;

/// A line of the service itself.
pub(crate) fn say(text: impl std::fmt::Display) {
    line(format_args!("portcullis: {text}"));
}

/// A line that operators search for. What senders wrote stays on it.
pub(crate) fn line(text: impl std::fmt::Display) {
    let text: String = text
        .to_string()
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    // Nobody is left to tell if this fails.
    let _ = anstream::stderr().write_all(format!("{text}\n").as_bytes());
}
