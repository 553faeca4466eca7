//! Gate 9: the intent has a usable size.

use crate::{
    decide::Denial,
    intent::{Entry, Size},
};

#[inline]
pub(in crate::decide) fn check<'a>(entry: &Entry) -> Result<Size, Denial<'a>> {
    match entry.size_asked() {
        None => Err(Denial::NoSize),
        Some(Err(fault)) => Err(Denial::SizeUnusable(fault)),
        Some(Ok(size)) => Ok(size),
    }
}
