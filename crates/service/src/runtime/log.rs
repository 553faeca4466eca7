//! Log lines of a service on standard error.

use std::{fmt, io};

use portcullis::types::Shown;
use tracing::{error, info, level_filters::LevelFilter};
use tracing_subscriber::{
    Layer as _, filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

/// Format of the log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// The message alone, without time and level
    Text,
    /// A JSON object per line, with time and level
    Json,
}

/// Sets the format of the log lines. A second call has no effect.
pub fn log_as(format: LogFormat) {
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(false)
        .with_target(false);
    let lines = match format {
        LogFormat::Text => lines.with_level(false).without_time().boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    // Only the lines of this project are logged, not those of its dependencies.
    let ours = Targets::new().with_target("portcullis", LevelFilter::INFO);
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(ours))
        .try_init();
}

/// Formats a count with its noun: `1 policy`, `2 policies`.
pub fn counted<N: fmt::Display + PartialEq + From<u8>>(count: N, one: &str, many: &str) -> String {
    let noun = if count == N::from(1) { one } else { many };
    format!("{count} {noun}")
}

/// Logs a line about the service itself, with the prefix `portcullis: `.
pub fn log_status(text: impl fmt::Display) {
    line(format_args!("portcullis: {text}"));
}

/// Logs a line at the level of errors. Control characters are escaped as in [`line()`].
pub fn alarm(text: impl fmt::Display) {
    error!("{}", Shown(text).whole());
}

/// Logs a line. Control characters are escaped, so that a sender's text cannot start a new line.
pub fn line(text: impl fmt::Display) {
    info!("{}", Shown(text).whole());
}
