//! An exit request cannot be converted into a permit.

use portcullis::{exit::ExitPermit, intent::Exit};

fn convert<T: From<Exit>>(exit: Exit) -> T {
    T::from(exit)
}

fn permit<'a>(exit: Exit) -> ExitPermit<'a> {
    convert(exit)
}

fn main() {}
