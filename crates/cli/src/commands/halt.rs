//! The commands `portcullis halt` and `portcullis resume`.

use std::collections::BTreeSet;

use portcullis::{guardrails::Halt, types::Symbol};
use portcullis_service::runtime::system_time;

use crate::{
    args::store::{AddressArg, SignOffArgs, warn_of_eviction},
    failure::Failure,
    print::{print, warn},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    address: AddressArg,
    #[command(flatten)]
    sign_off: SignOffArgs,
    #[command(flatten)]
    scope: ScopeArg,
}

/// The symbols of a halt.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct ScopeArg {
    /// Apply the command to all symbols
    #[arg(long)]
    all: bool,
    /// The symbols to which the command applies
    #[arg(value_name = "SYMBOL", value_parser = parse_symbol)]
    symbols: Vec<Symbol>,
}

/// Halts entries. Exits are still allowed.
pub(crate) fn halt(args: &Args) -> Result<(), Failure> {
    let store = args.address.open()?;
    let halted = store
        .halt(
            &args.scope.halt(),
            &args.sign_off.operator(),
            system_time()?,
        )
        .map_err(Failure::error)?;
    print(summary(&halted))?;
    warn_of_eviction(store.as_ref());
    if let Ok(policy) = store.load() {
        for symbol in args
            .scope
            .symbols
            .iter()
            .filter(|symbol| !policy.lists(symbol))
        {
            warn(format_args!(
                "{symbol} is not in the policy's universe; check the spelling of the symbol"
            ));
        }
    }
    Ok(())
}

/// Resumes entries that were halted.
pub(crate) fn resume(args: &Args) -> Result<(), Failure> {
    let store = args.address.open()?;
    let halted = store
        .resume(
            &args.scope.halt(),
            &args.sign_off.operator(),
            system_time()?,
        )
        .map_err(Failure::error)?;
    print(summary(&halted))
}

impl ScopeArg {
    fn halt(&self) -> Halt {
        if self.all {
            Halt::Everything
        } else {
            Halt::Symbols(self.symbols.iter().copied().collect::<BTreeSet<_>>())
        }
    }
}

fn parse_symbol(text: &str) -> Result<Symbol, String> {
    if text == "*" {
        return Err("`*` is not a symbol; use `--all` for every symbol".to_owned());
    }
    Symbol::new(text).map_err(|error| error.to_string())
}

fn summary(halted: &Halt) -> String {
    match halted {
        Halt::Nothing => "halted: nothing\n".to_owned(),
        Halt::Everything => "halted: all entries; exits are still allowed\n".to_owned(),
        Halt::Symbols(symbols) => {
            let names: Vec<&str> = symbols.iter().map(Symbol::as_str).collect();
            format!(
                "halted: entries in {}; exits are still allowed\n",
                names.join(" ")
            )
        }
    }
}
