//! A service that watches open positions and proposes partial closes, stops and full closes.
//!
//! Other services write positions and market states as Redis hashes. At a fixed interval, the
//! harvester evaluates each position with the engine's harvest function under the active policy. It
//! writes each changed proposal to a hash and to a stream, in the name of the exit owner or of a
//! listed delegate. One atomic script writes the proposal, the memory of the position (its largest
//! quantity and the highest proposed stage) and the stream entry. It writes nothing if another
//! instance changed the proposal in the meantime. So a crash leaves either all three or none of
//! them, and two instances do not duplicate a proposal.
//!
//! Halts apply to entries only and do not stop a harvest. Open positions without harvest parameters
//! in force raise an alarm.

mod advice;
mod alarm;
mod authority;
mod change_detector;
mod commit;
mod dialect;
mod fields;
mod log_texts;
mod memory;
mod metrics;
mod opening_policy;
mod opening_time;
mod position;
mod proposal;
mod reading;
mod settings;
mod watcher;

use portcullis_store::redis::Switches;

use self::{
    alarm::{Alarm, OpenPositions},
    watcher::Watcher,
};
pub use self::{authority::Authority, settings::Settings};
use crate::runtime::{
    Connections, Reconnecting, ServiceError, Stop, follow, log_status, run_until_one_ends,
};

/// Watches positions until `stop` is set.
///
/// # Errors
/// Returns an error if the server rejects the connection, if the policy store cannot be opened, or if a thread
/// cannot be started or panics. An unreachable server is not an error: the service reconnects until it succeeds.
pub fn run(settings: &Settings, stop: &Stop) -> Result<(), ServiceError> {
    let connections = Connections::new(settings.redis.clone());
    connections.check_credentials()?;
    let connection = Reconnecting::new(&connections, stop);
    let feed = follow(&settings.redis, &settings.trust, Switches::NONE)?;
    let open_positions = OpenPositions::default();
    let watcher = Watcher::new(settings, &feed, &open_positions, stop);
    let alarm = Alarm::new(&feed, &open_positions, stop);
    run_until_one_ends(
        vec![
            ("positions", Box::new(|| watcher.serve(connection))),
            ("alarm", Box::new(|| alarm.watch())),
        ],
        stop,
    )?;
    log_status("stopped: all proposals are complete");
    Ok(())
}
