//! An exit permit proves that the source was checked, so it cannot be written as a literal.

use portcullis::exit::ExitPermit;

fn main() {
    let _permit = ExitPermit {};
}
