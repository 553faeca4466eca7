//! Arguments for the stream names and keys of a bridge, shared by the commands that use them.

use portcullis_service::keys;

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct StreamArgs {
    /// The Redis stream of intents
    #[arg(long, value_name = "STREAM", default_value = keys::INTENTS)]
    pub(crate) intent_stream: String,
    /// The Redis stream of exits, which the bridge reads first
    #[arg(long, value_name = "STREAM", default_value = keys::EXITS)]
    pub(crate) exit_stream: String,
    /// The Redis stream of plans
    #[arg(long, value_name = "STREAM", default_value = keys::PLANS)]
    pub(crate) plan_stream: String,
    /// The Redis stream of skip records
    #[arg(long, value_name = "STREAM", default_value = keys::SKIPS)]
    pub(crate) skip_stream: String,
    /// The prefix of the Redis keys in which the bridge stores its state
    #[arg(long, value_name = "PREFIX", default_value = keys::BRIDGE)]
    pub(crate) key_prefix: String,
}
