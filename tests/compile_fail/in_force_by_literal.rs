//! That a policy is in force is for the policy to say.

use portcullis::policy::{InForce, ThetaInForce};

fn main() {
    let _in_force = InForce {};
    let _theta_in_force = ThetaInForce {};
}
