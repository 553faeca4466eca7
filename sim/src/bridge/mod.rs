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

mod commit;
mod counted;
mod group;
mod judge;
mod keep;
mod lane;
mod plan;
mod precedence;
mod settings;
mod skew;

use portcullis::decide::Engine;

pub use self::settings::Settings;
use self::{
    lane::{Lane, Role},
    precedence::Precedence,
};
use crate::service::{Health, Link, ServiceError, Stop, follow, run_until_one_ends, say};

/// Answers intents until told to stop.
///
/// # Errors
/// A server that lets nobody in. One that is away is waited for.
pub fn run(engine: &Engine, settings: &Settings, stop: &Stop) -> Result<(), ServiceError> {
    counted::described();
    let health = Health::new(settings.redis.to_string());
    let link = || Link::new(&settings.redis, &health, stop);
    link()?.knock()?;
    let feed = follow(&settings.redis, &settings.trust)?;
    let precedence = Precedence::new();
    let lane = |role| Lane::new(role, engine, settings, &feed, &precedence, stop);
    let (exits_link, entries_link) = (link()?, link()?);
    let (exits, entries) = (lane(Role::Exits), lane(Role::Entries));
    run_until_one_ends(
        vec![
            ("exits", Box::new(|| exits.serve(exits_link))),
            ("entries", Box::new(|| entries.serve(entries_link))),
        ],
        stop,
    )?;
    say("stopped: every intent that was read is answered");
    Ok(())
}
