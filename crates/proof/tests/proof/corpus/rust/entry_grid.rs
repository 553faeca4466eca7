//! Grid strategy. It should call load_policy() first, as `entry_ruled` does.

use crate::policy::load_policy; // = import only

const STEPS: usize = 12; // = other compound
const NOTE: &str = "see current_policy() and policy_store.load()"; // = log text

pub async fn lay(venue: &Venue, book: &Book) {
    for price in book.steps(STEPS) {
        emit_intent(venue, price).await; // ! 8 loader never called
    }
    tracing::info!("{NOTE}"); // = log text
}
