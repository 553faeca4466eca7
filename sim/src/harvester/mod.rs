//! The service that follows open positions and proposes what to do with them.
//!
//! Positions and market states are hashes of a Redis server that others write. At an interval each position is
//! judged by the engine's harvest under the policy of that moment, and what comes of it is proposed in a hash
//! and on a stream: only by the exit owner or a listed delegate, and only when it changes. A proposal, what is
//! remembered of it and its entry on the stream are one step of the server, taken only where nobody proposed
//! anything else meanwhile: whoever dies leaves all of it or nothing, and two at once propose nothing twice.
//!
//! Halts are for entries: no halt stops a harvest. Open positions without harvest parameters in force are an
//! alarm.

mod advice;
mod alarm;
mod authority;
mod commit;
mod fields;
mod follow;
mod memory;
mod meter;
mod on_change;
mod opening;
mod position;
mod proposal;
mod reading;
mod settings;
mod words;

use self::{
    alarm::{Alarm, Board},
    follow::Follower,
};
pub use self::{authority::Authority, settings::Settings};
use crate::service::{Health, Link, ServiceError, Stop, follow, run_until_one_ends, say};

/// Follows positions until told to stop.
///
/// # Errors
/// A server that lets nobody in. One that is away is waited for.
pub fn run(settings: &Settings, stop: &Stop) -> Result<(), ServiceError> {
    let health = Health::new(settings.redis.to_string());
    let positions_link = Link::new(&settings.redis, &health, stop)?;
    positions_link.knock()?;
    let feed = follow(&settings.redis, &settings.trust)?;
    let board = Board::default();
    let follower = Follower::new(settings, &feed, &board, stop);
    let alarm = Alarm::new(&feed, &board, stop);
    run_until_one_ends(
        vec![
            ("positions", Box::new(|| follower.serve(positions_link))),
            ("alarm", Box::new(|| alarm.watch())),
        ],
        stop,
    )?;
    say("stopped: every proposal that was begun is whole");
    Ok(())
}
