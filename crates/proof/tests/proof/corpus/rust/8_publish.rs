//! Publishing of plans that the grid computed.

use crate::bus::Bus;
use crate::grid::Grid;

/// `load_policy()` belongs here, some day.
pub fn publish_all(bus: &Bus, grid: &Grid) {
    for level in grid.levels() {
        bus.publish_plan(grid.plan_at(level)); // ! 8 publish_plan
    }
    bus.publish("heartbeat", "alive"); // = other stream
}
