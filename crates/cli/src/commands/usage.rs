//! Usage errors: the message of clap on one line.

use std::{env, ffi::OsString};

use clap::{CommandFactory as _, error::ErrorKind};

use super::{Cli, Failure, operator};

/// Returns a failure whose line contains the error, a suggestion if there is one, and the help command.
pub(super) fn failure(error: &clap::Error, arguments: &[OsString]) -> Failure {
    let what = if error.kind() == ErrorKind::InvalidUtf8 {
        not_utf8()
    } else {
        one_line(&error.to_string())
    };
    Failure::unusable(format_args!("{what}; see `{} --help`", command(arguments)))
}

/// Returns a message that names the input that is not UTF-8.
fn not_utf8() -> String {
    let is_none = |name: &&&str| env::var_os(name).is_some_and(|text| text.to_str().is_none());
    match operator::VARIABLES.iter().find(is_none) {
        Some(name) => format!("the environment variable `{name}` is not UTF-8"),
        None => "an argument is not UTF-8".to_owned(),
    }
}

/// Joins the paragraphs before the usage section into one line.
fn one_line(message: &str) -> String {
    let message = message.strip_prefix("error: ").unwrap_or(message);
    let paragraphs = message.split("\n\n").take_while(|paragraph| {
        !paragraph.starts_with("Usage: ") && !paragraph.starts_with("For more information")
    });
    let told = paragraphs.map(|paragraph| {
        let lines = paragraph.lines().map(|line| line.trim());
        lines.collect::<Vec<_>>().join(" ").replace("tip: ", "")
    });
    told.collect::<Vec<_>>()
        .join("; ")
        .replace("similar argument exists", "similar flag exists")
        .replace('\'', "`")
}

/// Returns the command path, up to the last argument that names a command.
fn command(arguments: &[OsString]) -> String {
    let root = Cli::command();
    let mut path = root.get_name().to_owned();
    let mut command = &root;
    for argument in arguments.iter().skip(1) {
        if let Some(sub) = command.find_subcommand(argument) {
            path = format!("{path} {}", sub.get_name());
            command = sub;
        }
    }
    path
}
