//! The streams of a bridge, as everybody names them who works beside it.

#[derive(Debug, Clone, clap::Args)]
pub(super) struct StreamArgs {
    /// The stream of intents
    #[arg(
        long,
        value_name = "STREAM",
        default_value = "quantum:stream:trade.intent"
    )]
    pub(super) intent_stream: String,
    /// The stream of exits, which a bridge reads first
    #[arg(
        long,
        value_name = "STREAM",
        default_value = "quantum:stream:trade.exit"
    )]
    pub(super) exit_stream: String,
    /// The stream of plans
    #[arg(
        long,
        value_name = "STREAM",
        default_value = "quantum:stream:apply.plan"
    )]
    pub(super) plan_stream: String,
    /// The stream of skip records
    #[arg(
        long,
        value_name = "STREAM",
        default_value = "quantum:stream:trade.skip"
    )]
    pub(super) skip_stream: String,
    /// What the keys begin with under which the bridge remembers
    #[arg(long, value_name = "PREFIX", default_value = "quantum:bridge")]
    pub(super) key_prefix: String,
}
