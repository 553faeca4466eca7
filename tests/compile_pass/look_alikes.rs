//! The forgeries compile with unsealed types of the same names. This shows that they fail to compile because of the
//! seal and not because of a mistake in the test.

// The forgeries import these types from `portcullis`, the name of the real crate.
extern crate self as portcullis;

pub mod decide {
    #[derive(serde::Deserialize)]
    pub struct Unsealed {}

    pub type Trade<'a> = Unsealed;

    impl From<crate::intent::Entry> for Trade<'_> {
        fn from(_: crate::intent::Entry) -> Self {
            Self {}
        }
    }
}

pub mod exit {
    #[derive(serde::Deserialize)]
    pub struct Unsealed {}

    pub type ExitPermit<'a> = Unsealed;

    impl From<crate::intent::Exit> for ExitPermit<'_> {
        fn from(_: crate::intent::Exit) -> Self {
            Self {}
        }
    }
}

pub mod intent {
    pub struct Entry;
    pub struct Exit;
}

#[path = "../compile_fail/exit_permit_by_deserialize.rs"]
mod exit_permit_by_deserialize;
#[path = "../compile_fail/exit_permit_by_from.rs"]
mod exit_permit_by_from;
#[path = "../compile_fail/exit_permit_by_literal.rs"]
mod exit_permit_by_literal;
#[path = "../compile_fail/trade_by_deserialize.rs"]
mod trade_by_deserialize;
#[path = "../compile_fail/trade_by_from.rs"]
mod trade_by_from;
#[path = "../compile_fail/trade_by_literal.rs"]
mod trade_by_literal;

fn main() {}
