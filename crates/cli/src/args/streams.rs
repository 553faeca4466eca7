//! Arguments for the stream names and keys of a bridge, shared by the commands that use them.

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct StreamArgs {
    /// The Redis stream of intents
    #[arg(
        long,
        value_name = "STREAM",
        default_value = "quantum:stream:trade.intent"
    )]
    pub(crate) intent_stream: String,
    /// The Redis stream of exits, which the bridge reads first
    #[arg(
        long,
        value_name = "STREAM",
        default_value = "quantum:stream:trade.exit"
    )]
    pub(crate) exit_stream: String,
    /// The Redis stream of plans
    #[arg(
        long,
        value_name = "STREAM",
        default_value = "quantum:stream:apply.plan"
    )]
    pub(crate) plan_stream: String,
    /// The Redis stream of skip records
    #[arg(
        long,
        value_name = "STREAM",
        default_value = "quantum:stream:trade.skip"
    )]
    pub(crate) skip_stream: String,
    /// The prefix of the Redis keys in which the bridge stores its state
    #[arg(long, value_name = "PREFIX", default_value = "quantum:bridge")]
    pub(crate) key_prefix: String,
}
