//! The server and the streams of a bridge, as everybody names them who works beside it.

#[derive(Debug, Clone, clap::Args)]
pub(super) struct StreamArgs {
    /// The server: redis://[[user]:password@]host[:port][/db]. Where it holds a password, give it as the variable
    #[arg(
        long,
        value_name = "URL",
        env = "QUANTUM_REDIS_URL",
        hide_env_values = true,
        default_value = "redis://127.0.0.1:6379"
    )]
    pub(super) redis: String,
    /// The stream of intents
    #[arg(
        long,
        value_name = "STREAM",
        default_value = "quantum:stream:trade.intent"
    )]
    pub(super) intent_stream: String,
    /// The stream of exits, which is read first
    #[arg(
        long,
        value_name = "STREAM",
        default_value = "quantum:stream:trade.exit"
    )]
    pub(super) exit_stream: String,
    /// Where the plans go
    #[arg(
        long,
        value_name = "STREAM",
        default_value = "quantum:stream:apply.plan"
    )]
    pub(super) plan_stream: String,
    /// Where the skip records go
    #[arg(
        long,
        value_name = "STREAM",
        default_value = "quantum:stream:trade.skip"
    )]
    pub(super) skip_stream: String,
    /// The hash that holds the policy
    #[arg(long, value_name = "KEY", default_value = "quantum:policy:current")]
    pub(super) policy_key: String,
    /// What the keys begin with under which the bridge remembers
    #[arg(long, value_name = "PREFIX", default_value = "quantum:bridge")]
    pub(super) key_prefix: String,
}
