//! Only a policy can create the proof that it is in force.

use portcullis::policy::{InForce, ThetaInForce};

fn main() {
    let _in_force = InForce {};
    let _theta_in_force = ThetaInForce {};
}
