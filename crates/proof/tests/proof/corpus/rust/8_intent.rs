//! Mean reversion.

use crate::signal::{Signal, emit_intent};

pub async fn on_signal(signal: Signal) -> anyhow::Result<()> {
    let Some(side) = signal.side() else {
        return Ok(());
    };
    emit_intent(&signal.symbol, side).await // ! 8 emit_intent
}
