//! The service between a stream of intents and a stream of plans.
//!
//! Intents come from two streams of a Redis server, exits from one of their own. Each is answered by the
//! engine at the bridge's clock, under the policy of that moment. A trade or an exit becomes a plan, anything
//! else a skip record. Plan, mark and acknowledgement are one step of the server, so that an
//! intent is answered once however often it is delivered, and whoever dies leaves either an answer or an
//! intent that somebody else will claim.
//!
//! Two lanes, each with a connection of its own: an exit never waits for an entry, and no entry is read while
//! an exit is known to wait.

mod clock;
mod commit;
mod entry;
mod lane;
mod link;
mod log;
mod plan;
mod policy_source;
mod precedence;
mod reply;
mod settings;
mod stop;

use std::{sync::Arc, thread};

use portcullis::decide::Engine;
use thiserror::Error;

use self::{
    lane::{Lane, Role},
    link::{Health, Link},
    log::say,
    policy_source::RedisPolicySource,
    precedence::Precedence,
};
pub use self::{settings::Settings, stop::Stop};

/// Why the bridge does not run.
#[derive(Debug, Error)]
pub enum BridgeError {
    /// The address is none.
    #[error(
        "the Redis URL cannot be used: {0} (expected redis://[[user]:password@]host[:port][/db])"
    )]
    Url(&'static str),
    /// The server lets nobody in with these credentials.
    #[error("Redis at {address} refuses the connection: {why}")]
    Refused {
        /// Where the server is.
        address: String,
        /// In its own words.
        why: String,
    },
    /// A thread could not be started, or ended as none should.
    #[error("a thread of the bridge {0}")]
    Thread(&'static str),
}

/// Answers intents until told to stop.
///
/// # Errors
/// An address that is none, or a server that lets nobody in. A server that is away is waited for.
pub fn run(engine: &Engine, settings: &Settings, stop: &Arc<Stop>) -> Result<(), BridgeError> {
    let health = Health::new(settings.address()?);
    let link = || Link::new(settings, &health, stop);
    let source = RedisPolicySource::new(settings);
    let precedence = Precedence::new();
    let lane = |role| Lane::new(role, engine, settings, &source, &precedence, stop);
    thread::scope(|scope| {
        let policy_link = link()?;
        let (exits_link, entries_link) = (link()?, link()?);
        let spawn = |name: &str| thread::Builder::new().name(name.to_owned());
        let threads = [
            spawn("policy").spawn_scoped(scope, || stop.with(|| source.watch(policy_link, stop))),
            spawn("exits")
                .spawn_scoped(scope, || stop.with(|| lane(Role::Exits).serve(exits_link))),
            spawn("entries").spawn_scoped(scope, || {
                stop.with(|| lane(Role::Entries).serve(entries_link))
            }),
        ];
        let mut outcome = Ok(());
        for thread in threads {
            let ended = match thread {
                Err(_) => {
                    stop.now();
                    Err(BridgeError::Thread("could not be started"))
                }
                Ok(thread) => match thread.join() {
                    Ok(ended) => ended,
                    Err(_) => Err(BridgeError::Thread("panicked")),
                },
            };
            outcome = outcome.and(ended);
        }
        if outcome.is_ok() {
            say("stopped: every intent that was read is answered");
        }
        outcome
    })
}
