//! A leverage of 10 is not ten dollars.

use portcullis::{domain::Leverage, guardrails::Guardrails, intent::Size};

fn sized(leverage: Leverage) -> Size {
    Size::Notional(leverage)
}

fn bounded(leverage: Leverage) -> Guardrails {
    Guardrails::none().with_max_notional_usd(leverage)
}

fn main() {}
