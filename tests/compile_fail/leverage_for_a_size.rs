//! A leverage cannot be used as a size.

use portcullis::{types::Leverage, guardrails::Guardrails, intent::Size};

fn sized(leverage: Leverage) -> Size {
    Size::Notional(leverage)
}

fn bounded(leverage: Leverage) -> Guardrails {
    Guardrails::none().with_max_notional_usd(leverage)
}

fn main() {}
