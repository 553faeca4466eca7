//! The sizes that a market allows, per symbol.

use std::collections::BTreeMap;

use portcullis::{harvest::SizeRules, types::Symbol};

/// A number for one symbol.
type OfSymbol = (Symbol, f64);

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct SizeArgs {
    /// The lot size of a symbol in units: BTCUSDT=0.001
    ///
    /// Every quantity is rounded down to a multiple of the lot size; without a lot size, to 15 significant digits. Can be
    /// repeated, once per symbol.
    #[arg(long = "lot", value_name = "SYMBOL=UNITS", value_parser = parse_positive)]
    lots: Vec<OfSymbol>,
    /// The smallest quantity that the market allows for a symbol, in units: BTCUSDT=0.001
    ///
    /// If a partial close would leave less than this, a close of the whole position is proposed instead. Can be repeated,
    /// once per symbol.
    #[arg(long = "min-quantity", value_name = "SYMBOL=UNITS", value_parser = parse_positive)]
    min_quantities: Vec<OfSymbol>,
    /// The smallest notional that the market allows for a symbol, in USD, with the same effect as `--min-quantity`:
    /// BTCUSDT=5
    #[arg(long = "min-notional", value_name = "SYMBOL=USD", value_parser = parse_positive)]
    min_notionals: Vec<OfSymbol>,
}

impl SizeArgs {
    /// Returns the sizes of every symbol for which one is given. Of several for one symbol, the last one counts.
    pub(crate) fn by_symbol(&self) -> BTreeMap<Symbol, SizeRules> {
        let mut sizes: BTreeMap<Symbol, SizeRules> = BTreeMap::new();
        for (symbol, units) in &self.lots {
            sizes.entry(*symbol).or_default().lot_size = Some(*units);
        }
        for (symbol, units) in &self.min_quantities {
            sizes.entry(*symbol).or_default().min_quantity = Some(*units);
        }
        for (symbol, usd) in &self.min_notionals {
            sizes.entry(*symbol).or_default().min_notional_usd = Some(*usd);
        }
        sizes
    }
}

fn parse_positive(text: &str) -> Result<OfSymbol, String> {
    let (symbol, number) = text
        .split_once('=')
        .ok_or("the symbol is missing; write symbol and number as in BTCUSDT=0.001")?;
    let symbol = Symbol::new(symbol).map_err(|error| error.to_string())?;
    match number.parse() {
        Ok(number) if number > 0.0 && number <= f64::MAX => Ok((symbol, number)),
        Ok(_) | Err(_) => Err(format!("`{number}` is not a finite number greater than 0")),
    }
}
