//! The Redis keys of the services. The keys of the policy store are in
//! [`portcullis_store::redis::keys`].

use portcullis::types::{PolicyHash, Symbol};

/// The default stream of intents.
pub const INTENTS: &str = "quantum:stream:trade.intent";
/// The default stream of exits.
pub const EXITS: &str = "quantum:stream:trade.exit";
/// The default stream of plans.
pub const PLANS: &str = "quantum:stream:apply.plan";
/// The default stream of skip records.
pub const SKIPS: &str = "quantum:stream:trade.skip";
/// The default consumer group of bridges.
pub const GROUP: &str = "quantum:group:portcullis";
/// The default prefix of the keys in which a bridge stores its state.
pub const BRIDGE: &str = "quantum:bridge";

/// The stream of proposals.
pub const HARVEST_PROPOSALS: &str = "quantum:stream:harvest.proposal";
/// The prefix of the keys of positions. The symbol follows the prefix, as for all prefixes below.
pub const POSITION: &str = "quantum:state:positions:";
/// The prefix of the keys of market states.
pub const MARKET: &str = "quantum:marketstate:";
/// The prefix of the keys of risk proposals, which hold stop distances.
pub const RISK_PROPOSAL: &str = "quantum:risk:proposal:";
/// The prefix of the keys of harvest proposals.
pub const HARVEST_PROPOSAL: &str = "quantum:harvest:proposal:";
/// The prefix of the keys of the harvester's memory: the largest quantity of a position and the highest proposed stage.
pub const REMEMBERED_STAGE: &str = "quantum:harvester:";

/// The stream of the records of shadow arms.
pub const SHADOWS: &str = "quantum:stream:policy.shadow";
/// The last trade of each symbol: a hash with the policy hash and the leverage of its plan.
pub const LAST_TRADES: &str = "quantum:policy:traded";
/// The prefix of the keys with the policy under which an open position was opened.
pub const OPENING: &str = "quantum:harvester:opening:";

/// Returns the key of the last checkpoint of the decision log of a stream.
#[must_use]
pub fn log_checkpoint(stream: &str) -> String {
    format!("quantum:log:checkpoint:{stream}")
}

/// Returns the key of a symbol under one of the prefixes above.
pub(crate) fn of_symbol(prefix: &str, symbol: Symbol) -> String {
    format!("{prefix}{}", symbol.as_str())
}

/// Returns the key that marks an intent as answered.
pub(crate) fn answered_mark(bridge: &str, intent: &str) -> String {
    format!("{bridge}:answered:{intent}")
}

/// Returns the key of the permit of a plan. The executor, which is another service, waits for this key before it
/// executes the plan.
pub(crate) fn permit(prefix: &str, plan_id: &str) -> String {
    format!("{prefix}{plan_id}")
}

/// Returns the key of the last exit of a symbol.
pub(crate) fn last_exit(bridge: &str, symbol: &str) -> String {
    format!("{bridge}:exit:{symbol}")
}

/// Returns the key of the last trade of a symbol.
pub(crate) fn last_trade(bridge: &str, symbol: &str) -> String {
    format!("{bridge}:trade:{symbol}")
}

/// Returns the key of the highest id that was answered in a stream.
pub(crate) fn last_answered(bridge: &str, stream: &str) -> String {
    format!("{bridge}:last:{stream}")
}

/// Returns the key that stores the id up to which a plan stream without a consumer group was trimmed.
pub(crate) fn trimmed(bridge: &str, plans: &str) -> String {
    format!("{bridge}:trimmed:{plans}")
}

/// Returns the key under which a bridge stores a policy that a decision used.
pub(crate) fn used_policy(bridge: &str, hash: PolicyHash) -> String {
    format!("{bridge}:policy:{hash}")
}
