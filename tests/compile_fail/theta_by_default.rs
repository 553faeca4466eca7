//! There is no default θ.

use portcullis::policy::Theta;

fn main() {
    let _theta: Theta = Default::default();
}
