//! Usage errors: the message of clap on one line.

use std::{env, ffi::OsString};

use clap::error::ErrorKind;

use crate::{args::operator, failure::Failure};

/// Returns a failure whose line contains the error, a suggestion if there is one, and the help command.
pub(crate) fn failure(
    error: &clap::Error,
    arguments: &[OsString],
    root: &clap::Command,
) -> Failure {
    let message = if error.kind() == ErrorKind::InvalidUtf8 {
        not_utf8()
    } else {
        one_line(&error.to_string())
    };
    let command = command_path(arguments, root);
    Failure::error(format_args!("{message}; see `{command} --help`"))
}

/// Returns a message that names the input that is not UTF-8.
fn not_utf8() -> String {
    let is_not_utf8 =
        |name: &&&str| env::var_os(name).is_some_and(|value| value.to_str().is_none());
    match operator::VARIABLES.iter().find(is_not_utf8) {
        Some(name) => format!("the environment variable `{name}` is not UTF-8"),
        None => "an argument is not UTF-8".to_owned(),
    }
}

/// Joins the paragraphs before the usage section into one line.
fn one_line(message: &str) -> String {
    let message = message.strip_prefix("error: ").unwrap_or(message);
    let paragraphs = message
        .split("\n\n")
        .take_while(|paragraph| {
            !paragraph.starts_with("Usage: ") && !paragraph.starts_with("For more information")
        })
        .map(|paragraph| {
            let lines: Vec<&str> = paragraph.lines().map(str::trim).collect();
            lines.join(" ").replace("tip: ", "")
        });
    paragraphs
        .collect::<Vec<_>>()
        .join("; ")
        .replace("similar argument exists", "similar flag exists")
        .replace('\'', "`")
}

/// Returns the command path, up to the last argument that names a command.
fn command_path(arguments: &[OsString], root: &clap::Command) -> String {
    let mut path = root.get_name().to_owned();
    let mut command = root;
    for argument in arguments.iter().skip(1) {
        if let Some(subcommand) = command.find_subcommand(argument) {
            path = format!("{path} {}", subcommand.get_name());
            command = subcommand;
        }
    }
    path
}
