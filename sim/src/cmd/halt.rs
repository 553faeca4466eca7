//! `portcullis halt` and `portcullis resume`

use std::collections::BTreeSet;

use portcullis::{domain::Symbol, guardrails::Halt};

use super::{
    Failure, clock,
    failure::print,
    input::warn,
    store::{AddressArg, SignOff, unusable},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    address: AddressArg,
    #[command(flatten)]
    sign_off: SignOff,
    /// Entries in every symbol
    #[arg(long, conflicts_with = "symbols", required_unless_present = "symbols")]
    all: bool,
    /// Entries in these symbols
    #[arg(value_name = "SYMBOL", value_parser = parse_symbol)]
    symbols: Vec<Symbol>,
}

/// Stops entries; exits go on.
pub(super) fn halt(args: &Args) -> Result<(), Failure> {
    let store = args.address.open()?;
    let halted = store
        .halt(&args.scope(), &args.sign_off.operator(), clock::now()?)
        .map_err(unusable)?;
    print(said(&halted))?;
    if let Ok(policy) = store.load() {
        for symbol in args.symbols.iter().filter(|symbol| !policy.lists(symbol)) {
            warn(format_args!(
                "the policy does not list {symbol}: is that the symbol that you mean?"
            ));
        }
    }
    Ok(())
}

/// Lets entries through again.
pub(super) fn resume(args: &Args) -> Result<(), Failure> {
    let store = args.address.open()?;
    let halted = store
        .resume(&args.scope(), &args.sign_off.operator(), clock::now()?)
        .map_err(unusable)?;
    print(said(&halted))
}

impl Args {
    fn scope(&self) -> Halt {
        if self.all {
            Halt::Everything
        } else {
            Halt::Symbols(self.symbols.iter().copied().collect::<BTreeSet<_>>())
        }
    }
}

fn parse_symbol(text: &str) -> Result<Symbol, String> {
    if text == "*" {
        return Err("for every symbol there is `--all`".to_owned());
    }
    Symbol::new(text).map_err(|error| error.to_string())
}

fn said(halted: &Halt) -> String {
    match halted {
        Halt::Nothing => "halted: nothing\n".to_owned(),
        Halt::Everything => "halted: all entries; exits go on\n".to_owned(),
        Halt::Symbols(symbols) => {
            let names: Vec<&str> = symbols.iter().map(Symbol::as_str).collect();
            format!("halted: entries in {}; exits go on\n", names.join(" "))
        }
    }
}
