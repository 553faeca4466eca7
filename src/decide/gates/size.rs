//! Gate 9: the intent gives a size.

use crate::{
    decide::Denial,
    intent::{Entry, Size},
    provenance::Sourced,
};

pub(in crate::decide) fn check<'a>(entry: &Entry) -> Result<Sourced<Size>, Denial<'a>> {
    match entry.size {
        None => Err(Denial::NoSize),
        Some(Err(fault)) => Err(Denial::SizeUnusable(fault)),
        Some(Ok(size)) => Ok(size),
    }
}
