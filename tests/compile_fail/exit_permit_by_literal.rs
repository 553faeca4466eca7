//! An exit permit is proof that the source was checked: nobody can write one down.

use portcullis::exit::ExitPermit;

fn main() {
    let _permit = ExitPermit {};
}
