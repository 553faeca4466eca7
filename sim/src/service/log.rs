//! What a service says, a line at a time, on standard error.

use std::io;

use tracing::{info, level_filters::LevelFilter};
use tracing_subscriber::{
    Layer as _, filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

/// How a service writes its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// The line alone: whoever keeps it knows the time.
    Text,
    /// A JSON object a line, with its time and its level
    Json,
}

/// Writes lines so from now on. A second call changes nothing.
pub(crate) fn log_as(format: LogFormat) {
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(false)
        .with_target(false);
    let lines = match format {
        LogFormat::Text => lines.with_level(false).without_time().boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    // Ours, and not what the libraries beneath say to each other.
    let ours = Targets::new().with_target("portcullis", LevelFilter::INFO);
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(ours))
        .try_init();
}

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
    info!("{text}");
}
