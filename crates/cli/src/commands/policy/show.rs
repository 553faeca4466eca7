//! The command `portcullis policy show`.

use std::{borrow::Cow, collections::BTreeMap};

use portcullis::{
    policy::{Listing, Policy},
    types::{Rounded, Shown, Symbol},
};
use portcullis_sim::report::with_time;
use serde_json::{json, value::RawValue};

use crate::{
    commands::policy::{
        check::{print_violations, validity},
        source::PolicyArgs,
    },
    failure::Failure,
    input::policy::PolicyInput,
    print::{Format, print, print_json},
};

/// The length of a JSON number, in characters, up to which its notation is kept. A longer number is rounded.
const DIGITS_MAX: usize = 12;

pub(super) fn run(args: &PolicyArgs) -> Result<(), Failure> {
    let policy = match args.source.read()? {
        PolicyInput::Valid(policy) => policy,
        PolicyInput::Unavailable(unavailable) => {
            return print_violations(&args.source.name()?, args.format, &unavailable);
        }
    };
    match args.format {
        Format::Json => print_json(&json!({
            "policy_hash": policy.hash(),
            "fields": policy.fields(),
        })),
        Format::Text => print(text(&policy)),
    }
}

fn text(policy: &Policy) -> String {
    let mut text = format!(
        "version  {}\nhash     {}\n{}\n\nleverage\n",
        Shown(policy.version()).whole(),
        policy.hash(),
        validity(policy)
    );
    // The numbers are only printed, so the policy need not be in force.
    let numbers = policy.assume_in_force(policy.valid_until());
    for symbol in policy.symbols() {
        text.push_str(&format!(
            "  {symbol:<20} {}\n",
            leverage(numbers.listing(&symbol), &symbol)
        ));
    }
    for (name, value) in policy.fields() {
        if !matches!(
            name.as_str(),
            "policy_version" | "policy_hash" | "universe_symbols" | "leverage_by_symbol"
        ) {
            text.push_str(&field(name, value));
        }
    }
    text
}

fn leverage(listing: Listing, symbol: &Symbol) -> String {
    match listing {
        Listing::Leverage(leverage) => format!("{}x", Rounded::new(leverage.get())),
        Listing::NoLeverage | Listing::NotInUniverse => {
            format!("none: entries in {symbol} are always skipped")
        }
    }
}

/// Formats one field. An object is printed with one entry per line. A number keeps its notation, unless it is longer
/// than [`DIGITS_MAX`].
fn field(name: &str, value: &str) -> String {
    let name = Shown(name).whole();
    // Raw values keep the notation of numbers.
    match serde_json::from_str::<BTreeMap<String, &RawValue>>(value) {
        Err(_) => format!("\n{name}  {}\n", with_time(&name, Shown(value).whole())),
        Ok(entries) => {
            let lines = entries.iter().map(|(key, value)| {
                let key = Shown(key).whole();
                format!("  {key:<20} {}\n", Shown(number(value.get())).whole())
            });
            format!("\n{name}\n{}", lines.collect::<String>())
        }
    }
}

/// Returns a JSON value as text. A number with many digits is rounded.
fn number(json: &str) -> Cow<'_, str> {
    match json.parse() {
        Ok(number) if json.len() > DIGITS_MAX => Rounded::new(number).to_string().into(),
        Ok(_) | Err(_) => json.into(),
    }
}
