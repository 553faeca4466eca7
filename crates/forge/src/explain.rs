//! The text of a derivation.

use std::fmt;

use portcullis::types::{Rounded, Shown};

use crate::{
    derivation::{Derivation, Field, Left, LeftReason, Movement, Source, Value},
    state::RegimeState,
};

impl fmt::Display for Derivation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            window_end, market, ..
        } = self;
        write!(f, "market: {}", InRegime(market))?;
        for (name, value) in &self.market_features {
            write!(f, "; {name} {}", Rounded::new(*value))?;
        }
        writeln!(
            f,
            "; window until {window_end}; templates {}",
            self.templates_sha256
        )?;
        for field in &self.fields {
            writeln!(f, "{field}")?;
        }
        for left in &self.left {
            writeln!(f, "{left}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.strip_prefix("leverage_by_symbol.") {
            Some(symbol) => self.write_leverage(symbol, f)?,
            None => self.write_plain(f)?,
        }
        if let Some(regime) = &self.regime {
            write!(f, "; {}", InRegime(regime))?;
        }
        for clamp in &self.clamps {
            write!(f, "; {clamp}")?;
        }
        Ok(())
    }
}

impl Field {
    fn write_leverage(&self, symbol: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let feature =
            |name: &str| Rounded::new(self.features.get(name).copied().unwrap_or(f64::NAN));
        write!(f, "{} {}x: ", Shown(symbol), self.value)?;
        match (self.source, self.target) {
            (Source::Model, Some(target)) => {
                write!(f, "target {}x of the model", Rounded::new(target))?
            }
            _ => write!(
                f,
                "volatility {} against target {}",
                feature("sigma"),
                feature("target_risk")
            )?,
        }
        match &self.was {
            Some(was) => write!(f, "; was {was}x"),
            None => f.write_str("; was not in the universe"),
        }
    }

    fn write_plain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = if self.field == "valid_until_epoch" {
            " s after the time of the run"
        } else {
            ""
        };
        write!(f, "{} {}{unit}", self.field, self.value)?;
        let is_at_target = matches!((&self.value, self.target), (Value::Number(value), Some(target)) if *value == target);
        if let Some(target) = self.target.filter(|_| !is_at_target) {
            write!(f, ", target {}", Rounded::new(target))?;
        }
        if self.source == Source::Model {
            f.write_str(" of the model")?;
        }
        match (self.movement, &self.was) {
            (Movement::Tighter | Movement::Looser, Some(was)) => write!(f, "; was {was}"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => Rounded::new(*number).fmt(f),
            Self::Text(text) => Shown(text).fmt(f),
            Self::Symbols(symbols) => f.write_str(&Shown(symbols.join(", ")).whole()),
        }
    }
}

struct InRegime<'a>(&'a RegimeState);

impl fmt::Display for InRegime<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RegimeState {
            regime,
            since,
            pending,
        } = self.0;
        write!(f, "regime {} since {since}", Shown(regime))?;
        match pending {
            Some(pending) => write!(
                f,
                " ({} pending for {} windows)",
                Shown(&pending.regime),
                pending.windows
            ),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = if self.was_member {
            "leaves the universe"
        } else {
            "is not in the universe"
        };
        write!(f, "{} {status}: {}", Shown(&self.symbol), self.reason)
    }
}

impl fmt::Display for LeftReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInTemplates => {
                f.write_str("`permitted_symbols` of the templates does not list it")
            }
            Self::NotInGuardrails => f.write_str("the guardrails do not permit it"),
            Self::Missing(feature) => write!(f, "feature `{}` is missing", Shown(feature)),
            Self::ConstantPrice => f.write_str("its price does not change, as in a frozen feed"),
            Self::Below {
                number,
                value,
                bound,
            } => write!(
                f,
                "{} {} is below {bound}",
                Shown(number),
                Rounded::new(*value).compared_with(&[*bound])
            ),
            Self::Above {
                number,
                value,
                bound,
            } => write!(
                f,
                "{} {} is above {bound}",
                Shown(number),
                Rounded::new(*value).compared_with(&[*bound])
            ),
            Self::MaxMembers(max) => {
                write!(f, "{max} symbols have a greater volume (`max_members`)")
            }
            Self::MaxNew(max) => write!(f, "{max} symbols enter in this run (`max_new`)"),
            Self::MaxNew24h(max) => write!(
                f,
                "{max} symbols were not in the policy of 24 hours ago (`max_new_24h`)"
            ),
            Self::Held => f.write_str("loosening is held back"),
        }
    }
}
